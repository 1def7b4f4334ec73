"""Verification and validation report of a run, in the terms of ASME V&V 10 and V&V 20."""
