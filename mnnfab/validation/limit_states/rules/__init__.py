"""Checks of limit states, one module each; a new module requires no other change."""
