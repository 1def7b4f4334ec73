"""Commands: one function each, one module per topic; `mnnfab.cli` assembles them.

Slow imports are deferred to the commands that need them, so that `--help` is fast.
"""
