"""The [network] section of a design file: a lattice, or a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from pydantic import Discriminator, Tag

from mnnfab.design import lattices
from mnnfab.design.lattice import Lattice, NetworkBase
from mnnfab.design.section import FileName, Many, Node, Positive
from mnnfab.io.registry import by_name, subclasses
from mnnfab.network.node_ids import Numbering


class NetworkFile(NetworkBase):
    """[network] from a file: mnnfab or networkx JSON, the lines of a mesh, or a drawing.

    Args:
        file: .json, .vtu, .vtk, .vtp, .msh, .inp, any other mesh format that meshio reads, or a
            drawing of straight lines: .dxf, .svg, .step. Nodes of drawings are numbered row by row
            from the top, from left to right; `mnnfab show` draws them with their numbers.
        fixed: the fixed nodes, if the file does not define them.
        numbering: meaning of the nodes in this design: "file", their ids in the file, or
            "position", numbers from 0 in the order of the file. Only required where an integer
            can be both.
        merge_mm: points of the file that are as close as this are merged into one node; 0.01 in
            drawings if not given.
        unit_mm: length of one unit of the file, mm: 25.4 for inches; required for drawings that
            do not state their unit.
        crossings: lines of a drawing that cross, or end on another one, are refused ("refuse", if
            not given) or split there by a node ("split").
    """

    later_keys = NetworkBase.later_keys | {"unit_mm", "crossings"}

    file: FileName
    fixed: Many[Node] | None = None
    numbering: Numbering | None = None
    merge_mm: Positive | None = None
    unit_mm: Positive | None = None
    crossings: Literal["refuse", "split"] | None = None


#: The class of each lattice by its name in the file.
LATTICES: dict[str, type[Lattice]] = by_name(
    (lattice.key(), lattice)
    for lattice in subclasses(lattices, "LATTICE", Lattice)  # type: ignore[type-abstract]
)


def _tag(value: Any) -> str:  # noqa: ANN401 - pydantic passes the unvalidated value
    if not isinstance(value, dict):
        return "file" if isinstance(value, NetworkFile) else getattr(value, "lattice", "")
    return "file" if "file" in value else str(value.get("lattice", ""))


if TYPE_CHECKING:
    NetworkSection = Lattice | NetworkFile
else:  # one member for each module of `mnnfab.design.lattices`
    NetworkSection = Annotated[
        Union[
            (
                *(Annotated[lattice, Tag(name)] for name, lattice in LATTICES.items()),
                Annotated[NetworkFile, Tag("file")],
            )
        ],
        Discriminator(
            _tag,
            custom_error_type="network_kind",
            custom_error_message="lattice = "
            + ", ".join(f'"{name}"' for name in LATTICES)
            + ', or file = "network.json"',
        ),
    ]
