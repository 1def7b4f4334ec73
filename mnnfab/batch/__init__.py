"""Batches: many designs, each in a separate process, on one machine or a cluster."""
