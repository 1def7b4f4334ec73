"""A program of its own: equilibria and width gradients of a frame by JAX, with nothing of mnnfab.

`python jax_frame.py QUESTION.npz ANSWER.npz`. The elements are those of
`fem/frames/kernels/planar_elements.py`, here as their energy alone: forces, tangents and
sensitivities are derived by JAX. All samples are iterated together; the interior points of the
chains are eliminated one after the other for all chains and samples at once, and the rest is
solved by one batched dense solver. The gradient is that of the adjoint equation.
"""

from __future__ import annotations

import os

os.environ |= {"OMP_NUM_THREADS": "1", "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"}

import sys
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)
REPEATS, MAX_ITERATIONS = 5, 30
#: Samples that are solved without elimination of the chains; the time is extrapolated.
WHOLE_SAMPLES = 5


def element_energy(ends: Any, vector: Any, length: Any, section: Any, law: Any) -> Any:
    """Return the strain energy of an element; `ends` has u_x, u_y, θ of both points, (6,)."""
    axial, shear, bending, shortening = section
    x, y = (vector + ends[3:5] - ends[:2]) / length
    middle = 0.5 * (ends[2] + ends[5])
    cosine, sine = jnp.cos(middle) / length, jnp.sin(middle) / length
    c, s = cosine * vector[0] - sine * vector[1], sine * vector[0] + cosine * vector[1]
    v1, v2 = c * x + s * y, c * y - s * x
    k = (ends[5] - ends[2]) / length
    e = v1 - 1.0 + shortening * v2**2 + length**2 * k**2 / 24
    normal = axial * (e**2 / 2 - law[0] * e**3 / 3 + law[1] * e**4 / 4)
    bent = 0.5 * bending * k**2 * (1 - 2 * law[0] * e + 3 * law[1] * e**2)
    return length * (normal + 0.5 * shear * v2**2 + bent)


def product(first: Any, second: Any) -> Any:
    """Return products of small matrices as sums, which XLA fuses."""
    return (first[..., :, :, None] * second[..., None, :, :]).sum(-2)


def inverse(matrix: Any) -> Any:
    """Return the inverses of 3 × 3 matrices."""
    a, b, c = (matrix[..., i, :] for i in range(3))
    columns = jnp.stack([jnp.cross(b, c), jnp.cross(c, a), jnp.cross(a, b)], axis=-1)
    return columns / (a * columns[..., 0]).sum(-1)[..., None, None]


def condense(tangents: Any, forces: Any) -> tuple[Any, Any, list[Any]]:
    """Eliminate the interior points of all chains.

    Args:
        tangents: (..., n_elements, 6, 6).
        forces: right-hand sides at all points of the chains, (..., n_elements + 1, 3).

    Returns:
        Tangents, (..., 6, 6), and right-hand sides, (..., 6), of the ends, and what `expand` needs.
    """
    own, start = tangents[..., 0, 3:, 3:], tangents[..., 0, 3:, :3]
    first, first_force = tangents[..., 0, :3, :3], 0 * forces[..., 0, :, None]
    force, kept = forces[..., 1, :, None], []
    for element in range(1, tangents.shape[-3]):
        block = tangents[..., element, :, :]
        pivot = inverse(own + block[..., :3, :3])
        right = jnp.concatenate([start, block[..., :3, 3:], force], axis=-1)
        solved = product(pivot, right)
        kept.append(solved)
        back, onward = jnp.swapaxes(start, -1, -2), block[..., 3:, :3]
        first = first - product(back, solved[..., :3])
        first_force = first_force - product(back, solved[..., 6:])
        changed = product(onward, solved)
        start, own = -changed[..., :3], block[..., 3:, 3:] - changed[..., 3:6]
        force = forces[..., element + 1, :, None] - changed[..., 6:]
    top = jnp.concatenate([first, jnp.swapaxes(start, -1, -2)], axis=-1)
    bottom = jnp.concatenate([start, own], axis=-1)
    matrix = jnp.concatenate([top, bottom], axis=-2)
    return matrix, jnp.concatenate([first_force, force], axis=-2)[..., 0], kept


def expand(start: Any, end: Any, kept: list[Any]) -> Any:
    """Return the changes of the interior points, (..., n_elements - 1, 3)."""
    changes, after = [], end
    for solved in reversed(kept):
        known = jnp.concatenate([start, after], axis=-1)[..., None, :]
        after = solved[..., 6] - (solved[..., :6] * known).sum(-1)
        changes.append(after)
    return jnp.stack(changes[::-1], axis=-2)


class Frame:
    """Newton's method and the adjoint equation for all samples at once."""

    def __init__(self, question: dict[str, Any]) -> None:
        self.given = {name: jnp.asarray(value) for name, value in question.items()}
        ends = question["ends"]
        self.first, self.last = ends.T
        dofs = (3 * ends[:, :, None] + np.arange(3)).reshape(len(ends), 6)
        self.rows, self.columns = np.repeat(dofs, 6, axis=1), np.tile(dofs, 6)
        self.dofs, self.free = dofs, np.flatnonzero(~question["held"].ravel())
        self.n_nodes, self.n_elements = len(question["held"]), question["vectors"].shape[1]

    def sections(self, widths: Any) -> Any:
        """Return EA, GA, EI and shortening of all elements, (4, n_chains, n_elements)."""
        given, wide = self.given, widths[:, None]
        axial, bending = given["axial"] * wide, given["bending"] * wide**3
        residual = given["lengths"] ** 2 / (12 * bending)
        shear = 1 / (1 / (given["shear"] * wide) + residual)
        return jnp.stack([axial, shear, bending, 0.6 * (shear * residual) ** 2])

    def chain_points(self, nodes: Any, interior: Any) -> Any:
        """Return the points along all chains, (n_samples, n_chains, n_elements + 1, 3)."""
        first, last = nodes[:, self.first, None], nodes[:, self.last, None]
        return jnp.concatenate([first, interior, last], axis=2)

    def over_elements(self, function: Any, points: Any, widths: Any) -> Any:
        """Return a function of the elements, (n_samples, n_chains, n_elements, …)."""
        ends = jnp.concatenate([points[:, :, :-1], points[:, :, 1:]], axis=-1)
        own = (self.given["vectors"], self.given["lengths"], self.sections(widths))
        law = self.given["law"]

        def one(ends: Any, vector: Any, length: Any, section: Any) -> Any:
            return function(ends, vector, length, section, law)

        along = jax.vmap(jax.vmap(one, (0, 0, 0, 1)), (0, 0, 0, 1))
        return jax.vmap(along, (0, None, None, None))(ends, *own)

    def residual(self, points: Any, widths: Any) -> tuple[Any, Any]:
        """Return minus the internal forces on nodes, (n_samples, n_nodes, 3), and interior."""
        forces = self.over_elements(jax.grad(element_energy), points, widths)
        nodes = jnp.zeros((len(points), self.n_nodes, 3))
        nodes = nodes.at[:, self.first].add(-forces[:, :, 0, :3])
        nodes = nodes.at[:, self.last].add(-forces[:, :, -1, 3:])
        return nodes, -(forces[:, :, 1:, :3] + forces[:, :, :-1, 3:])

    def solve(self, points: Any, widths: Any, nodes: Any, interior: Any) -> tuple[Any, Any]:
        """Return the changes of nodes and interior points by small additional loads."""
        tangents = self.over_elements(jax.hessian(element_energy), points, widths)
        tangents = jax.lax.optimization_barrier(tangents)  # or XLA computes them several times
        nothing = jnp.zeros_like(interior[:, :, :1])
        padded = jnp.concatenate([nothing, interior, nothing], axis=2)
        condensed, forces, kept = condense(tangents, padded)
        n_samples, size = len(points), 3 * self.n_nodes
        matrix = jnp.zeros((n_samples, size, size))
        entries = condensed.reshape(n_samples, len(self.dofs), 36)
        matrix = matrix.at[:, self.rows, self.columns].add(entries)
        right = nodes.reshape(n_samples, size).at[:, self.dofs].add(forces)
        free = self.free
        within = matrix[:, free[:, None], free]
        found = jnp.linalg.solve(within, right[:, free, None])[..., 0]
        moved = jnp.zeros((n_samples, size)).at[:, free].set(found).reshape(-1, self.n_nodes, 3)
        return moved, expand(moved[:, self.first], moved[:, self.last], kept)

    def equilibria(self, widths: Any, loads: Any) -> tuple[Any, Any]:
        """Return the states of all samples under loads on nodes, (n_samples, n_nodes, 3)."""
        shape = (len(loads), *self.given["lengths"].shape)
        scale = jnp.array([1.0, 1.0, 1.0 / self.given["length_mm"]])
        held = self.given["held"]

        def norm(nodes: Any, interior: Any) -> Any:
            squares = (jnp.where(held, 0.0, nodes * scale) ** 2).sum((1, 2))
            return jnp.sqrt(squares + ((interior * scale) ** 2).sum((1, 2, 3)))

        allowed = self.given["tolerance"] * norm(loads, jnp.zeros((1, 1, 1, 3)))

        def unbalanced(nodes: Any, interior: Any) -> tuple[Any, Any]:
            node_forces, forces = self.residual(self.chain_points(nodes, interior), widths)
            return loads + node_forces, forces

        def going_on(state: Any) -> Any:
            iteration, _, forces = state
            return (iteration < MAX_ITERATIONS) & (norm(*forces) > allowed).any()

        def step(state: Any) -> Any:
            iteration, values, forces = state
            changes = self.solve(self.chain_points(*values), widths, *forces)
            values = tuple(a + b for a, b in zip(values, changes, strict=True))
            return iteration + 1, values, unbalanced(*values)

        start = (jnp.zeros_like(loads), jnp.zeros((shape[0], shape[1], shape[2] - 1, 3)))
        _, values, _ = jax.lax.while_loop(going_on, step, (0, start, unbalanced(*start)))
        nodes, interior = values
        return nodes, interior

    def gradient(self, widths: Any, loads: Any, slope: Any) -> tuple[Any, Any]:
        """Return the nodes' displacements, and the gradient of a loss in the widths.

        Args:
            widths: (n_bonds,) mm.
            loads: (n_samples, n_nodes, 3) N.
            slope: derivative of the loss in the nodes' displacements, as `loads`.
        """
        nodes, interior = self.equilibria(widths, loads)
        points = self.chain_points(nodes, interior)
        adjoint = self.solve(points, widths, slope, jnp.zeros_like(interior))
        change = self.chain_points(*adjoint)

        def work(widths: Any) -> Any:
            def energy(points: Any) -> Any:
                return self.over_elements(element_energy, points, widths).sum()

            return jax.jvp(energy, (points,), (change,))[1]

        return nodes, -jax.grad(work)(widths)


class WholeFrame(Frame):
    """The same with the tangents of all points, as one would write it first."""

    def solve(self, points: Any, widths: Any, nodes: Any, interior: Any) -> tuple[Any, Any]:
        """Return the changes of nodes and interior points by small additional loads."""
        tangents = self.over_elements(jax.hessian(element_energy), points, widths)
        n_chains, n_elements = self.given["lengths"].shape
        inner = self.n_nodes + np.arange(n_chains * (n_elements - 1)).reshape(n_chains, -1)
        along = np.concatenate([self.first[:, None], inner, self.last[:, None]], axis=1)
        pairs = np.stack([along[:, :-1], along[:, 1:]], axis=-1)
        dofs = (3 * pairs[..., None] + np.arange(3)).reshape(-1, 6)
        rows, columns = np.repeat(dofs, 6, axis=1), np.tile(dofs, 6)
        size = 3 * (self.n_nodes + inner.size)
        free = np.concatenate([self.free, np.arange(3 * self.n_nodes, size)])

        def one(given: Any) -> Any:
            entries, right = given
            matrix = jnp.zeros((size, size)).at[rows, columns].add(entries.reshape(-1, 36))
            found = jnp.linalg.solve(matrix[free[:, None], free], right[free])
            return jnp.zeros(size).at[free].set(found)

        n_samples = len(points)
        right = [values.reshape(n_samples, -1) for values in (nodes, interior)]
        moved = jax.lax.map(one, (tangents, jnp.concatenate(right, axis=1)))
        moved = moved.reshape(n_samples, -1, 3)
        return moved[:, : self.n_nodes], moved[:, self.n_nodes :].reshape(interior.shape)


def seconds(run: Any) -> float:
    """Return the shortest time of some runs, after one that compiles."""
    jax.block_until_ready(run())
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        jax.block_until_ready(run())
        times.append(time.process_time() - start)
    return min(times)


def main(asked: str, answer: str) -> None:
    """Answer a question, and measure the times."""
    with np.load(asked, allow_pickle=False) as given:
        question = dict(given)
    loads, slope, widths = (jnp.asarray(question.pop(n)) for n in ("loads", "slope", "widths"))
    frame = Frame(question)
    equilibria, gradient = jax.jit(frame.equilibria), jax.jit(frame.gradient)
    nodes, by_width = gradient(widths, loads, slope)
    whole, few = jax.jit(WholeFrame(question).gradient), slice(0, WHOLE_SAMPLES)
    moved, _ = whole(widths, loads[few], slope[few])
    np.testing.assert_allclose(moved, nodes[few], atol=1e-8)
    share = WHOLE_SAMPLES / len(loads)
    np.savez(
        answer,
        allow_pickle=False,
        nodes=np.asarray(nodes),
        gradient=np.asarray(by_width),
        equilibria_s=seconds(lambda: equilibria(widths, loads)),
        gradient_s=seconds(lambda: gradient(widths, loads, slope)),
        whole_s=seconds(lambda: whole(widths, loads[few], slope[few])) / share,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
