"""The printability checks, one module each; adding one requires no other change."""
