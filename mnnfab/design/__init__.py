"""The design file: its sections, reading, writing, errors and sweeps."""
