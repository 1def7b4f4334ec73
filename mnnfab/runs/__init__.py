"""Runs: the files of a run, and their reading and comparison."""
