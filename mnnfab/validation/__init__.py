"""Validation: the checks of a design and its part, and the findings that they make."""
