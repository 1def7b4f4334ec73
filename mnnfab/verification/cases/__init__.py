"""Verification cases, one module per family; a new module requires no other change."""
