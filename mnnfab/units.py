"""Unit conversions of input and output. The internal units are mm, N and MPa (N/mm²)."""

from __future__ import annotations

from typing import Final

NEWTON_PER_GF: Final = 9.8e-3
"""Weight of one gram with g = 9.8 m/s², the value used in the paper."""

MM3_PER_CM3: Final = 1000.0
