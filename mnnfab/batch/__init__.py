"""Batches: many designs, each in a process of its own, on this machine or many."""
