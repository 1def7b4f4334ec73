"""The problem: a design worked out, with its hashes, port placement and new designs."""
