"""The table of finding codes, apart from those that registered checks bring with them.

A printability check or a check of a limit state declares its codes in its own file;
`mnnfab.validation.finding_codes.all_codes` has all of them.
"""

from __future__ import annotations

from typing import Final

from mnnfab.findings.codes.inputs import INPUTS
from mnnfab.findings.codes.lab import LAB
from mnnfab.findings.codes.parts import PARTS
from mnnfab.findings.codes.training import TRAINING

CODES: Final = (*INPUTS, *PARTS, *TRAINING, *LAB)
