"""Readers of network files, one module each; a new module requires no other change."""
