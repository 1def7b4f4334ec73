"""Readers of network files: each returns a `RawNetwork`."""
