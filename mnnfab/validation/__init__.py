"""Validation: checks of a design and its part, and their findings."""
