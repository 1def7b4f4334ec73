"""The lattice "delaunay"."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mnnfab.design.lattice import Lattice
from mnnfab.design.section import Positive, section_error
from mnnfab.network.lattices import delaunay
from mnnfab.network.network import Network

#: Larger networks are refused as a mistake.
MAX_NODES = 1_000_000


class DelaunayLattice(Lattice):
    """[network] the Delaunay triangulation of random points in a rectangle.

    Args:
        lattice: "delaunay".
        width_mm: width of the rectangle, mm.
        height_mm: height of the rectangle, mm.
        spacing_mm: minimum distance between nodes, mm.
        seed: seed of the random points.
    """

    lattice: Literal["delaunay"]
    width_mm: Annotated[float, Field(gt=0, le=10_000)]
    height_mm: Annotated[float, Field(gt=0, le=10_000)]
    spacing_mm: Positive
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0

    @model_validator(mode="after")
    def _check_n_nodes(self) -> Self:
        n_nodes = self.width_mm * self.height_mm / self.spacing_mm**2
        if n_nodes > MAX_NODES:
            raise section_error(
                "spacing_mm",
                f"{self.spacing_mm:g}, which gives about {n_nodes:.0g} nodes",
                f"at most {MAX_NODES} nodes",
            )
        return self

    def network(self) -> Network:
        """Return the lattice without damage."""
        return delaunay(self.width_mm, self.height_mm, self.spacing_mm, self.seed, self.fixed)


LATTICE = DelaunayLattice
