"""The commands: one function each, in a module a theme; `mnnfab.cli` puts them together.

Nothing heavy is imported before a command needs it: `--help` answers at once.
"""
