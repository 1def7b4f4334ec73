"""Measurement: displacements and elongations of every load step, with their uncertainties."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import block_diag

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import InputError
from mnnfab.io.short_repr import short_repr
from mnnfab.lab.experiment.reading import ElongationBy, Reading
from mnnfab.lab.experiment.shots import Positions, check_steps, rows_by_step
from mnnfab.lab.experiment.steps import LOADED, Step, base_rows
from mnnfab.lab.measurement.alignment import align, check_shots_at_rest, fit_similarity
from mnnfab.lab.measurement.noise import Noise, estimate_noise
from mnnfab.network.compatibility import compatibility_matrix
from mnnfab.network.network import Network

#: Largest number of displacements with a covariance matrix; more would take gigabytes.
MAX_COVARIANCE_SIZE = 8000
#: Factor on the unmodelled share at a node with an applied weight.
WEIGHT_NODE_FACTOR = 2.0


@dataclass(frozen=True, eq=False)
class Measurement:
    """Displacements measured in an experiment, in the axes of the design.

    Args:
        network: network of the measured part.
        steps: load steps with weights.
        zero_mm: nodes of the unloaded part, (n_nodes, 2).
        displacements_mm: displacement of every node in every load step, (n_steps, n_nodes, 2).
        n_shots: number of shots of every load step with the node, (n_steps, n_nodes).
        n_zero: number of shots of the unloaded part with the node, (n_nodes,).
        noise: noise of one shot.
        unmodelled_mm: standard deviation of the unmodelled error, (n_steps, n_nodes); that of a
            probe is added to that of its forward step.
        unmodelled_share: the same as a share of the displacement.
        base: row of the forward step that each load step is added to, (n_steps,); -1 if none.
        rigid_mm: nodes after rigid-body motion, (n_rigid, n_nodes, 2), one row per shot.
        elongation_by: definition of elongations, "length" or "projection".
        positions_mm: nodes in every shot, (n_shots, n_nodes, 2).
        order: row of each node among the positions as they were read, (n_nodes,).
        scale: mm per unit of the positions.
        size: size of the part relative to its design, by that scale.
    """

    network: Network
    steps: tuple[Step, ...]
    zero_mm: FloatArray
    displacements_mm: FloatArray
    n_shots: IntArray
    n_zero: IntArray
    noise: Noise
    unmodelled_mm: FloatArray
    unmodelled_share: float
    base: IntArray
    rigid_mm: FloatArray
    elongation_by: ElongationBy
    positions_mm: FloatArray
    order: IntArray
    scale: float
    size: float

    __repr__ = short_repr

    @property
    def has_probes(self) -> bool:
        """Whether weights were added to those of a load step, to measure the loaded part."""
        return bool((self.base >= 0).any())

    @property
    def _variance_factors(self) -> FloatArray:
        """Variance of a difference to the zero, in variances of one shot, (n_steps, n_nodes)."""
        shares: FloatArray = 1.0 / self.n_shots + 1.0 / self.n_zero
        return shares

    @property
    def displacement_sd_mm(self) -> FloatArray:
        """Standard deviation of each coordinate of a displacement, (n_steps, n_nodes)."""
        size = np.hypot(self.noise.node_mm, self.noise.shift_mm)
        sd: FloatArray = np.hypot(size * np.sqrt(self._variance_factors), self._all_unmodelled_mm)
        return sd

    @property
    def _all_unmodelled_mm(self) -> FloatArray:
        """Standard deviation of the unmodelled error of displacements, (n_steps, n_nodes)."""
        sd: FloatArray = np.hypot(self.unmodelled_mm, self._of_base(self.unmodelled_mm, axis=0))
        return sd

    def _of_base(self, values: FloatArray, axis: int) -> FloatArray:
        """Return the values of the forward step that each step is added to; 0 if none."""
        known = np.expand_dims(self.base >= 0, tuple(range(1, values.ndim - axis)))
        taken: FloatArray = np.where(known, np.take(values, self.base, axis=axis), 0.0)
        return taken

    @property
    def elongation_sd_mm(self) -> FloatArray:
        """Standard deviation of an elongation, (n_steps, n_bonds).

        Includes the errors of both nodes and the effect of large displacements.
        """
        both_nodes = self._variance_factors[:, self.network.bonds].sum(axis=2)
        noise = both_nodes * self.noise.node_mm**2
        unmodelled = (self._all_unmodelled_mm**2)[:, self.network.bonds].sum(axis=2)
        sd: FloatArray = np.sqrt(noise + unmodelled + self._nonlinearity_sd_mm[:, None] ** 2)
        return sd

    @cached_property
    def rotation_elongation_mm(self) -> FloatArray:
        """Root mean square difference of elongations by length from linear theory, (n_steps,).

        A bond of length a whose ends move by u relative to each other, perpendicular to the bond,
        is longer by u²/2a than in linear theory; in addition, the forces are redistributed. Over
        the bonds of a lattice, both effects together have about the root mean square of the first.
        The value of an individual bond is not known without a model (`tests/test_lab_large.py`:
        bars, and rubber).
        """
        ends = np.array(
            [self._without_frame_rotation(displacements) for displacements in self.displacements_mm]
        )
        ends = ends[:, self.network.bonds]
        transverse = (ends[:, :, 1] - ends[:, :, 0]) @ np.array([[0.0, -1.0], [1.0, 0.0]])
        rotation_elongations = np.vecdot(transverse, self.network.directions[None]) ** 2 / (
            2 * self.network.lengths
        )
        rms: FloatArray = np.sqrt((rotation_elongations**2).mean(axis=1))
        return rms

    def _without_frame_rotation(self, displacements_mm: FloatArray) -> FloatArray:
        """Return displacements without the rotation of the fixed nodes, which strains nothing."""
        fixed = self.network.fixed
        if len(fixed) < 2:
            return displacements_mm
        frame = fit_similarity(
            (self.zero_mm + displacements_mm)[fixed], self.zero_mm[fixed], scale=1.0
        )
        return frame.apply(self.zero_mm + displacements_mm) - self.zero_mm

    @property
    def _nonlinearity_sd_mm(self) -> FloatArray:
        """Standard deviation of elongations due to large displacements, (n_steps,).

        With probes, elongations are those of the loaded part and not compared with linear theory.
        """
        if self.elongation_by == "length" and not self.has_probes:
            return self.rotation_elongation_mm
        return np.zeros(len(self.steps))

    @property
    def elongations_mm(self) -> FloatArray:
        """Elongation of every bond in every load step, (n_steps, n_bonds)."""
        return self.elongations_of(self.zero_mm, self.displacements_mm)

    def elongations_of(self, zero_mm: FloatArray, displacements_mm: FloatArray) -> FloatArray:
        """Return the elongations, (…, n_bonds), of displacements from a zero, (…, n_nodes, 2)."""
        if self.elongation_by == "projection":
            flat = displacements_mm.reshape(*displacements_mm.shape[:-2], -1)
            compatibility = compatibility_matrix(self.network)
            rows = (compatibility @ flat.reshape(-1, flat.shape[-1]).T).T
            elongations: FloatArray = rows.reshape(*displacements_mm.shape[:-2], -1)
            return elongations
        return bond_lengths(self.network, zero_mm + displacements_mm) - bond_lengths(
            self.network, zero_mm
        )

    def covariance_mm2(self, dofs: IntArray) -> FloatArray:
        """Return the covariance of displacements, (n, n) mm², n = n_steps · len(dofs).

        All load steps share the error of the zero, and all nodes of a load step share the common
        translation of its shots.

        Args:
            dofs: 2 node + axis, of the displacements of each load step to include.

        Raises:
            InputError: if there are too many displacements.
        """
        if len(self.steps) * len(dofs) > MAX_COVARIANCE_SIZE:
            given = f"{len(self.steps) * len(dofs):,} displacements"
            raise InputError(
                "identification", given, f"up to {MAX_COVARIANCE_SIZE:,}: use fewer steps"
            )
        nodes, n_steps = dofs // 2, len(self.steps)
        zero = self._shot_covariance(1.0 / self.n_zero[nodes], dofs)
        loaded = [self._shot_covariance(1.0 / n_shots[nodes], dofs) for n_shots in self.n_shots]
        unmodelled = self._all_unmodelled_mm[:, nodes].ravel() ** 2
        covariance: FloatArray = np.tile(zero, (n_steps, n_steps)) + block_diag(*loaded)
        covariance += np.diag(unmodelled)
        return covariance

    def _shot_covariance(self, shares: FloatArray, dofs: IntArray) -> FloatArray:
        """Return the covariance of a mean of shots, (n, n) mm²; shares are 1 / n_shots by dof.

        Two nodes have the translations of those shots in common that show both of them.
        """
        covariance: FloatArray = np.diag(self.noise.node_mm**2 * shares) + (
            self.noise.shift_mm**2 * np.minimum.outer(shares, shares)
        ) * (dofs[:, None] % 2 == dofs % 2)
        return covariance

    def draws(self, count: int, generator: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Return random realisations of displacements and elongations, with the estimated errors.

        Returns:
            Displacements, (count, n_steps, n_nodes, 2), and elongations, (count, n_steps,
            n_bonds); all load steps of a draw share the error of the zero.
        """
        zero = self._errors((count, 1), self.n_zero[None], generator)
        loaded = self._errors((count, len(self.steps)), self.n_shots, generator)
        unmodelled = self.unmodelled_mm[..., None] * generator.standard_normal(loaded.shape)
        loaded = loaded + unmodelled + self._of_base(unmodelled, axis=1)
        displacements = self.displacements_mm + loaded - zero
        elongations = self.elongations_of(self.zero_mm + zero, displacements)
        nonlinearity = self._nonlinearity_sd_mm[:, None] * generator.standard_normal(
            elongations.shape
        )
        return displacements, elongations + nonlinearity

    def _errors(
        self, shape: tuple[int, int], n_shots: IntArray, generator: np.random.Generator
    ) -> FloatArray:
        scale = 1.0 / np.sqrt(n_shots)[None, :, :, None]
        node_errors = generator.standard_normal((*shape, self.network.n_nodes, 2))
        translations = generator.standard_normal((*shape, 1, 2))
        return scale * (self.noise.node_mm * node_errors + self.noise.shift_mm * translations)


def bond_lengths(network: Network, positions_mm: FloatArray) -> FloatArray:
    """Return bond lengths, (…, n_bonds), for node positions, (…, n_nodes, 2)."""
    vectors = positions_mm[..., network.bonds[:, 1], :] - positions_mm[..., network.bonds[:, 0], :]
    return np.hypot(vectors[..., 0], vectors[..., 1])


def measure(
    where: str,
    positions: Positions,
    steps: tuple[Step, ...],
    network: Network,
    reading: Reading | None = None,
) -> Measurement:
    """Return the displacements measured in an experiment.

    Args:
        where: location named in error messages.
        positions: positions of the nodes in every shot.
        steps: load steps of the shots; those without a shot are ignored.
        network: the design.
        reading: options for evaluating the positions.

    Raises:
        InputError: if the nodes do not fit the design, no shot has a load, or the noise is
            unknown.
    """
    reading = reading or Reading()
    check_steps(where, positions.shots, steps)
    for step in steps:
        for weight in step.weights:
            if weight.port.node >= network.n_nodes:
                given = f"a weight on node {weight.port.node}"
                raise InputError(f"step {step.name}", given, f"nodes 0 to {network.n_nodes - 1}")
    rows = rows_by_step(positions.shots)
    role = {step.name: step.role for step in steps}
    zeros = [n for name, numbers in rows.items() if role[name] == "zero" for n in numbers]
    oriented = positions.coordinates * [1.0, -1.0 if positions.y_axis == "down" else 1.0]
    at_rest = [(positions.shots[n].source, oriented[n]) for n in zeros]
    check_shots_at_rest(where, at_rest, network, positions.unit_mm, by_place=reading.by_place)
    alignment, order = align(
        where, oriented[zeros].mean(axis=0), network, positions.unit_mm, by_place=reading.by_place
    )
    aligned = alignment.apply(oriented[:, order])
    loaded = tuple(s for s in steps if s.role in LOADED and s.name in rows)
    if not loaded:
        raise InputError(where, "no shot with a load", "shots of load steps with weights")
    _check_probes(where, loaded, reading)
    zero = aligned[zeros].mean(axis=0)
    groups = [zeros, *(rows[step.name] for step in loaded)]
    read = np.ones(aligned.shape[:2], dtype=bool)
    if positions.left_out is not None:
        read = ~positions.left_out[:, order]
    rigid = [n for name, numbers in rows.items() if role[name] == "rigid" for n in numbers]
    displacements = np.array([aligned[rows[step.name]].mean(axis=0) - zero for step in loaded])
    return Measurement(
        network=network,
        steps=loaded,
        zero_mm=zero,
        displacements_mm=displacements,
        n_shots=np.array([read[rows[step.name]].sum(axis=0) for step in loaded]),
        n_zero=read[zeros].sum(axis=0),
        noise=estimate_noise(where, aligned, read, groups, reading.stated_sd_mm),
        unmodelled_mm=_unmodelled_sd_mm(loaded, displacements, reading.unmodelled_share),
        base=base_rows(loaded),
        unmodelled_share=reading.unmodelled_share,
        rigid_mm=aligned[rigid],
        elongation_by=reading.elongation_by,
        positions_mm=aligned,
        order=order,
        scale=alignment.scale,
        size=1 / fit_similarity(zero, network.nodes).scale,
    )


def _check_probes(where: str, loaded: tuple[Step, ...], reading: Reading) -> None:
    """Refuse probes without shots of the load that they are added to, or without lengths."""
    names = {step.name for step in loaded}
    for step in loaded:
        if step.added_to is not None and step.added_to.name not in names:
            given = f"no shot of {step.added_to.name}, to which the probe {step.name} is added"
            raise InputError(where, given, "shots of the load alone, between those of its probes")
    if reading.elongation_by != "length" and any(step.role == "probe" for step in loaded):
        given = f'probes with elongation = "{reading.elongation_by}"'
        allowed = 'elongation = "length": probes act on the deformed part'
        raise InputError(where, given, allowed)


def _unmodelled_sd_mm(
    steps: tuple[Step, ...], displacements_mm: FloatArray, unmodelled_share: float
) -> FloatArray:
    """Return the standard deviation of the unmodelled error, (n_steps, n_nodes) mm.

    A probe strains the hubs little more than its forward step does, whose error it shares; its own
    error is a share of the displacement that it adds.
    """
    share = np.full(displacements_mm.shape[:2], float(unmodelled_share))
    moved = displacements_mm.copy()
    for row, (step, base) in enumerate(zip(steps, base_rows(steps).tolist(), strict=True)):
        share[row, [weight.port.node for weight in step.weights]] *= WEIGHT_NODE_FACTOR
        moved[row] -= displacements_mm[base] if base >= 0 else 0.0
    return share * np.hypot(moved[..., 0], moved[..., 1])
