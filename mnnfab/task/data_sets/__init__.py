"""The built-in data sets, one module each; adding one requires no other change."""
