"""Printability: checks of a part against the profile of its printer."""
