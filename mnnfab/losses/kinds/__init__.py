"""The losses, one module each; adding one requires no other change."""
