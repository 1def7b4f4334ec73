"""The lattices of [network], one module each; adding one requires no other change."""
