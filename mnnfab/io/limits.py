"""Limits of what is read from files, checked before it is parsed.

A parser can need a thousand times the size of a file in memory. These limits are far above any real
input: a network of 200,000 bonds is a JSON file of 20 MB with 300,000 lists.
"""

from __future__ import annotations

MB = 1024 * 1024
#: Largest file that is read, such as a photograph (bytes).
MAX_FILE_BYTES = 256 * MB
#: Largest text that is read: tables and JSON (bytes).
MAX_TEXT_BYTES = 64 * MB
#: Largest TOML file: designs, profiles, experiments (bytes).
MAX_TOML_BYTES = 4 * MB
#: Largest number of keys of a TOML file.
MAX_TOML_KEYS = 100_000
#: Largest number of parts of a dotted key in TOML.
MAX_KEY_PARTS = 16
#: Largest number of lists and objects of a JSON file.
MAX_JSON_LISTS = 5_000_000
#: Largest number of cells of a Parquet file, whose size does not bound them: it is compressed.
MAX_CELLS = 20_000_000
#: Largest number of lists and objects within each other, in TOML and JSON.
MAX_DEPTH = 50
#: Largest absolute value of an integer, in TOML and JSON: that of 64 bits.
MAX_INTEGER = 2**63 - 1
