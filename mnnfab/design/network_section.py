"""The [network] section of a design file: one class per lattice, and one for files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from mnnfab.design.section import FileName, Many, NodeNumber, Positive, Section, section_error
from mnnfab.network.lattices import (
    delaunay,
    kagome_braced,
    square_braced,
    triangular_hexagon,
    triangular_parallelogram,
    triangular_patch,
)
from mnnfab.network.network import Network

#: Networks with more nodes than this are rejected as input errors.
MOST_NODES = 1_000_000
Rows = Annotated[int, Field(ge=1, le=1000)]
Cut = Annotated[tuple[NodeNumber, NodeNumber], Field(strict=False)]


class NetworkBase(Section):
    """[network] keys shared by lattices and files.

    Args:
        damage: bonds that are cut, each given by its two nodes: [[5, 9]].
    """

    damage: Many[Cut] = ()


class Lattice(NetworkBase, ABC):
    """[network] keys shared by all lattices.

    Args:
        fixed: the fixed nodes.
    """

    fixed: Many[NodeNumber]

    @abstractmethod
    def network(self) -> Network:
        """Return the lattice without damage."""


class TriangularPatch(Lattice):
    """[network] the triangular patch of the paper: rows of rows + 1, rows, … 2 nodes."""

    lattice: Literal["triangular-patch"]
    rows: Rows
    bond_length_mm: Positive

    def network(self) -> Network:
        """Return the lattice without damage."""
        return triangular_patch(self.rows, self.bond_length_mm, self.fixed)


class TriangularParallelogram(Lattice):
    """[network] a triangular lattice of rows × columns nodes."""

    lattice: Literal["triangular-parallelogram"]
    rows: Rows
    columns: Rows
    bond_length_mm: Positive

    def network(self) -> Network:
        """Return the lattice without damage."""
        return triangular_parallelogram(self.rows, self.columns, self.bond_length_mm, self.fixed)


class TriangularHexagon(Lattice):
    """[network] a hexagon of a triangular lattice, side bonds along each side."""

    lattice: Literal["triangular-hexagon"]
    side: Rows
    bond_length_mm: Positive

    def network(self) -> Network:
        """Return the lattice without damage."""
        return triangular_hexagon(self.side, self.bond_length_mm, self.fixed)


class SquareBraced(Lattice):
    """[network] a square lattice of rows × columns nodes, one brace per cell."""

    lattice: Literal["square-braced"]
    rows: Rows
    columns: Rows
    bond_length_mm: Positive

    def network(self) -> Network:
        """Return the lattice without damage."""
        return square_braced(self.rows, self.columns, self.bond_length_mm, self.fixed)


class KagomeBraced(Lattice):
    """[network] a kagome lattice of rows × columns hexagons with three braces each."""

    lattice: Literal["kagome-braced"]
    rows: Rows
    columns: Rows
    bond_length_mm: Positive

    def network(self) -> Network:
        """Return the lattice without damage."""
        return kagome_braced(self.rows, self.columns, self.bond_length_mm, self.fixed)


class DelaunayLattice(Lattice):
    """[network] the Delaunay triangulation of random points in a rectangle."""

    lattice: Literal["delaunay"]
    width_mm: Annotated[float, Field(gt=0, le=10_000)]
    height_mm: Annotated[float, Field(gt=0, le=10_000)]
    spacing_mm: Positive
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0

    @model_validator(mode="after")
    def _has_an_end(self) -> Self:
        room = self.width_mm * self.height_mm / self.spacing_mm**2
        if room > MOST_NODES:
            raise section_error(
                "spacing_mm",
                f"{self.spacing_mm:g}, which gives about {room:.0g} nodes",
                f"at most {MOST_NODES} nodes",
            )
        return self

    def network(self) -> Network:
        """Return the lattice without damage."""
        return delaunay(self.width_mm, self.height_mm, self.spacing_mm, self.seed, self.fixed)


class NetworkFile(NetworkBase):
    """[network] from a file: mnnfab or networkx JSON, or the line cells of a mesh.

    Args:
        file: .json, or any mesh format that meshio reads.
        fixed: the fixed nodes, if the file does not define them.
    """

    file: FileName
    fixed: Many[NodeNumber] | None = None


#: The class of each lattice by its name in the file.
LATTICES: dict[str, type[Lattice]] = {
    "triangular-patch": TriangularPatch,
    "triangular-parallelogram": TriangularParallelogram,
    "triangular-hexagon": TriangularHexagon,
    "square-braced": SquareBraced,
    "kagome-braced": KagomeBraced,
    "delaunay": DelaunayLattice,
}


def _tag(value: Any) -> str:  # noqa: ANN401 - pydantic passes the unvalidated value
    if not isinstance(value, dict):
        return "file" if isinstance(value, NetworkFile) else getattr(value, "lattice", "")
    return "file" if "file" in value else str(value.get("lattice", ""))


NetworkSection = Annotated[
    Annotated[TriangularPatch, Tag("triangular-patch")]
    | Annotated[TriangularParallelogram, Tag("triangular-parallelogram")]
    | Annotated[TriangularHexagon, Tag("triangular-hexagon")]
    | Annotated[SquareBraced, Tag("square-braced")]
    | Annotated[KagomeBraced, Tag("kagome-braced")]
    | Annotated[DelaunayLattice, Tag("delaunay")]
    | Annotated[NetworkFile, Tag("file")],
    Discriminator(
        _tag,
        custom_error_type="network_kind",
        custom_error_message="lattice = "
        + ", ".join(f'"{name}"' for name in LATTICES)
        + ', or file = "network.json"',
    ),
]
