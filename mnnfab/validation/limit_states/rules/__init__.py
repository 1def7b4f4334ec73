"""The checks of limit states, one module each; adding one requires no other change."""
