"""Moduli of known lattices of slender bars, by their relative density.

Source: Gibson and Ashby, Cellular Solids (1997), chapter 4; Fleck, Deshpande and Ashby, Proc. R.
Soc. A 466:2495 (2010), table 1; bound of Hashin and Shtrikman for sheets with holes, Torquato,
Gibiansky, Silva and Gibson, Int. J. Mech. Sci. 40:71 (1998).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class KnownLattice:
    """An isotropic lattice.

    Args:
        name: name for people.
        youngs_modulus: Young's modulus over that of the material, by the relative density.
        poisson_ratio: Poisson's ratio; None if it is not known.
    """

    name: str
    youngs_modulus: Callable[[float], float]
    poisson_ratio: float | None


KNOWN_LATTICES = (
    KnownLattice("triangular", lambda density: density / 3, 1 / 3),
    KnownLattice("kagome", lambda density: density / 3, 1 / 3),
    KnownLattice("honeycomb", lambda density: 1.5 * density**3, 1.0),
    KnownLattice("upper bound of isotropic sheets", lambda r: r / (3 - 2 * r), None),
)
