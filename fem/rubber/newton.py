"""Newton's method for a rubber body, with a line search and factors that are used again."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fem.rubber.body import RubberBody
from mnnfab.arrays import FloatArray
from mnnfab.errors import ToolError
from mnnfab.linalg.cholesky import Factor

#: Convergence: force residual divided by the load, in the maximum norm, or divided by the rounding
#: error of the internal forces of single elements, which cancel.
TOLERANCE, ROUNDING_FACTOR = 1e-11, 4.0
#: Largest number of steps of one solution.
MAX_STEPS = 40
#: A factor is replaced by that of the present state if it reduces the residual by less.
SLOW = 0.2
#: Line search: allowed ratio of the directional derivatives after and before a step, and the
#: largest number of trials.
SEARCH_RATIO, MAX_TRIALS = 0.8, 8


@dataclass(eq=False)
class Tangent:
    """The factor of a tangent stiffness, used for neighbouring states until it is replaced.

    Args:
        body: the rubber body.
        factor: factor; None if the last tangent was not positive definite.
        n_factorisations: number of factorisations so far.
    """

    body: RubberBody
    factor: Factor | None = None
    n_factorisations: int = 0
    _at: FloatArray | None = field(default=None, repr=False)

    def factorise(self, field: FloatArray) -> bool:
        """Factorise the tangent of a field, (n_dofs,); return True if it is positive definite."""
        self.n_factorisations += 1
        self._at = field.copy()
        try:
            self.factor = self.body.factoriser.factorise(self.body.tangent(field))
        except ToolError:
            self.factor = None
        return self.factor is not None

    def small_displacements(self, field: FloatArray, loads: FloatArray) -> FloatArray:
        """Return the displacements by small additional loads on a field, both (n_dofs,).

        Raises:
            ToolError: if the field is unstable.
        """
        if not (self.is_at(field) and self.factor is not None) and not self.factorise(field):
            msg = "the rubber model is unstable in its plane"
            raise ToolError(msg)
        assert self.factor is not None
        free = self.body.system.free
        displacements = np.zeros_like(field)
        displacements[free] = self.factor.solve(loads[free])
        return displacements

    def is_at(self, field: FloatArray) -> bool:
        """Return True if the factor is that of a field."""
        return self._at is not None and np.array_equal(self._at, field)


def solve(tangent: Tangent, loads: FloatArray, start: FloatArray) -> FloatArray | None:
    """Return the stable equilibrium near a starting field, (n_dofs,) mm.

    The steps use the factor of an earlier state as long as they converge fast. At the end the
    tangent of the equilibrium itself is factorised: it is stable if that is positive definite.

    Args:
        tangent: factor of a state near the start; it has the factor of the equilibrium after.
        loads: dead loads, (n_dofs,) N.
        start: displacements to start from, (n_dofs,) mm.

    Returns:
        The displacements; None if no stable equilibrium was reached from the start.
    """
    body, free = tangent.body, tangent.body.system.free
    displacements = start.copy()
    _, forces = body.forces(displacements)
    residual = (loads - forces)[free]
    size, before = float(np.abs(loads).max()), np.inf
    for _ in range(MAX_STEPS):
        norm = float(np.abs(residual).max())
        if norm <= max(TOLERANCE * size, _rounding_error(body, displacements)):
            if tangent.is_at(displacements) or tangent.factorise(displacements):
                return displacements
            return None
        stale = not tangent.is_at(displacements)
        if (tangent.factor is None or (stale and norm > SLOW * before)) and not tangent.factorise(
            displacements
        ):
            return None
        before = norm
        assert tangent.factor is not None
        step = np.zeros_like(displacements)
        step[free] = tangent.factor.solve(residual)
        found = _search(body, loads, displacements, step, float(residual @ step[free]))
        if found is None:
            if not stale:
                return None
            tangent.factor = None  # the factor of the present state is tried instead
            continue
        displacements, residual = found
    return None


def _search(
    body: RubberBody, loads: FloatArray, start: FloatArray, step: FloatArray, slope: float
) -> tuple[FloatArray, FloatArray] | None:
    """Return displacements and residual where the work of the residual on the step is small.

    The residual does the work `slope` on the step at its start, and none where the potential
    energy along the step is least. The share of the step is found by regula falsi.
    """
    free = body.system.free
    share, low, low_slope, high, high_slope = 1.0, 0.0, slope, np.inf, 0.0
    for _ in range(MAX_TRIALS):
        displacements = start + share * step
        energy, forces = body.forces(displacements)
        if not np.isfinite(energy):  # an element is inverted
            high, high_slope, share = share, -np.inf, (low + share) / 2
            continue
        residual = (loads - forces)[free]
        work = float(residual @ step[free])
        if abs(work) <= SEARCH_RATIO * slope:
            return displacements, residual
        if work > 0:
            low, low_slope = share, work
        else:
            high, high_slope = share, work
        if not np.isfinite(high):
            share = 2 * share
        elif not np.isfinite(high_slope):
            share = (low + high) / 2
        else:
            middle = low + (high - low) * low_slope / (low_slope - high_slope)
            share = float(np.clip(middle, low + 0.1 * (high - low), high - 0.1 * (high - low)))
    return None


def _rounding_error(body: RubberBody, displacements: FloatArray) -> float:
    """Return the error of the internal forces by rounding of displacements and strains, N."""
    elements = body.elements
    slope = float(np.abs(elements.gradients).max())
    force = elements.shear * slope * float(elements.volumes.max())
    strain_error = np.finfo(float).eps * max(1.0, slope * float(np.abs(displacements).max()))
    rounding = force * strain_error
    return ROUNDING_FACTOR * max(rounding, body.ground_rounding(displacements))
