"""The models of the hierarchy, one module each; adding one requires no other change."""
