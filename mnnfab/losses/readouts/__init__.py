"""Readouts, one module each; a new module requires no other change."""
