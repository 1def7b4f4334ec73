"""Runs: what a run leaves in its folder, and reading it back."""
