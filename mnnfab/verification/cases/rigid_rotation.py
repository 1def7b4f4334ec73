"""Rigid rotations of loaded states: they change no energy, no displacement's size, no spectrum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fem.frames.frame import BeamFrame, Member, Sections, make_frame
from fem.frames.kernels.arrays import Points
from fem.frames.planar import solve_planar
from mnnfab.arrays import FloatArray
from mnnfab.verification.case import Case, Quantity
from mnnfab.verification.cases.rubber_squares import CONSTANTS, equilibrium, rubber
from mnnfab.verification.frame_matrices import planar_system, space_matrix
from mnnfab.verification.squares import edge_loads, square_system

#: Angle of the rotations, and rounding.
ANGLE, ROUNDING = 2.5, 1e-10


def rotation(angle: float) -> FloatArray:
    """Return the matrix that rotates column vectors."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine], [sine, cosine]])


def elbow(angle: float) -> BeamFrame:
    """Return an elbow of two members of unlike sections, rotated by an angle."""
    nodes = np.array([[0, 0], [3, 1], [4, 4.0]]) @ rotation(angle).T
    members = [
        Member(0, 1, np.linspace(nodes[0], nodes[1], 4), Sections(50, 20, 3, 15, 2, 4)),
        Member(1, 2, np.linspace(nodes[1], nodes[2], 3), Sections(50, 20, 2, 15, 2, 4)),
    ]
    held = np.zeros((3, 3), dtype=bool)
    held[0] = True
    return make_frame(nodes, members, held)


def loaded_elbow(angle: float) -> tuple[BeamFrame, Points]:
    """Return the elbow and its state under a force and a moment that are rotated with it."""
    frame, loads = elbow(angle), np.zeros((1, 3, 3))
    loads[0, 2, :2], loads[0, 2, 2] = rotation(angle) @ [0.3, -0.5], 0.4
    states = solve_planar(frame, loads).points
    return frame, Points(states.nodes[0], states.interior[0])


def unchanged(name: str, states: Sequence[np.ndarray]) -> Quantity:
    """Return the relative change of some numbers by a rotation, from before and after."""
    before, after = states
    change = float(np.abs(after - before).max() / np.abs(before).max())
    return Quantity(f"change of {name}", change, 0.0, ROUNDING, scale=1.0)


def planar_elbow() -> list[Quantity]:
    """Return the changes of a loaded frame in its plane."""
    energies, sizes, spectra = [], [], []
    for angle in (0.0, ANGLE):
        frame, points = loaded_elbow(angle)
        energy, _, tangent = planar_system(frame, points)
        energies.append(np.array([energy]))
        moved = np.concatenate([points.nodes, points.interior])[:, :2]
        sizes.append(np.linalg.norm(moved, axis=1))
        spectra.append(np.linalg.eigvalsh(tangent))
    return [
        unchanged("the strain energy", energies),
        unchanged("the sizes of all displacements", sizes),
        unchanged("the spectrum of the tangent", spectra),
    ]


def elbow_out_of_plane() -> list[Quantity]:
    """Return the change of the spectrum out of the plane of a loaded frame."""
    spectra = [np.linalg.eigvalsh(space_matrix(*loaded_elbow(angle))) for angle in (0.0, ANGLE)]
    return [unchanged("the spectrum of the tangent", spectra)]


def rubber_square() -> list[Quantity]:
    """Return the changes of a stretched square of rubber."""
    held = square_system(2, CONSTANTS, "symmetry", distorted=True)
    field = equilibrium(held, edge_loads(held, 0, 0.8) + edge_loads(held, 1, 0.3))
    body = rubber(square_system(2, CONSTANTS, "nothing", distorted=True))
    places = held.basis.doflocs.T
    energies, sizes, spectra = [], [], []
    for angle in (0.0, ANGLE):
        turned = ((places + field.reshape(-1, 2)) @ rotation(angle).T - places).ravel()
        energy, forces = body.forces(turned)
        energies.append(np.array([energy]))
        sizes.append(np.linalg.norm(forces.reshape(-1, 2), axis=1))
        spectra.append(np.linalg.eigvalsh(body.stiffness(turned).toarray()))
    return [
        unchanged("the strain energy", energies),
        unchanged("the sizes of all internal forces", sizes),
        unchanged("the spectrum of the tangent", spectra),
    ]


_SOURCE = "exact: objectivity"

CASES = (
    Case(
        "rotated-frame",
        "Loaded elbow, rotated by 2.5 rad with its loads",
        "frame in the plane",
        _SOURCE,
        planar_elbow,
    ),
    Case(
        "rotated-frame-out-of-plane",
        "Loaded elbow, rotated by 2.5 rad with its loads",
        "frame out of plane",
        _SOURCE,
        elbow_out_of_plane,
    ),
    Case(
        "rotated-rubber",
        "Stretched square of rubber, rotated by 2.5 rad",
        "rubber",
        _SOURCE,
        rubber_square,
    ),
)
