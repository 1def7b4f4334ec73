"""Exact gradients of losses of loaded frames in the widths of their bonds.

At an equilibrium the tangent K is symmetric. With K λ = ∂L/∂u,

    dL/dw = Σ λᵀ (∂f_ext/∂w - ∂f_int/∂w)

over the samples: it depends on the final states alone, not on the way to them.
"""

from __future__ import annotations

import numpy as np

from fem.frames.frame import BeamFrame
from fem.frames.kernels.arrays import Points, make_factors
from fem.frames.kernels.newton import linearise
from fem.frames.kernels.sensitivities import add_sensitivities
from fem.frames.load_steps import copy_points
from fem.frames.model import FrameEquilibrium, LoadedFrame
from fem.frames.planar import PlanarStates
from mnnfab.arrays import FloatArray


def width_gradient(
    equilibrium: FrameEquilibrium, widths_mm: FloatArray, output_gradient: FloatArray
) -> FloatArray:
    """Return the derivative of a loss in the width of each bond, (n_bonds,) per mm.

    Args:
        equilibrium: states of the frame of a network, made by `NetworkFrames.frame`.
        widths_mm: its widths, (n_bonds,).
        output_gradient: derivative of the loss in the outputs, (n_samples, n_out) per mm.
    """
    model = equilibrium.model
    sums = _work(model, equilibrium.states, output_gradient)
    if model.weight:  # outputs are relative to the state under weight, which has these widths too
        sums -= _work(model, model.unloaded, output_gradient.sum(axis=0)[None])
    return by_widths(model, widths_mm, sums)


def by_widths(model: LoadedFrame, widths_mm: FloatArray, work: FloatArray) -> FloatArray:
    """Return the derivative of a function in the widths by the state alone, (n_bonds,).

    Args:
        model: the frame.
        widths_mm: its widths, (n_bonds,).
        work: work of the adjoint displacements of the function, (n_elements, 5); see
            `kernels.sensitivities`.
    """
    derivatives = _by_width(model.frame, np.repeat(widths_mm, np.diff(model.frame.offsets)))
    if not model.weight:
        derivatives[4] = 0.0
    by_element = (derivatives * work.T * [[-1.0], [-1.0], [-1.0], [-1.0], [1.0]]).sum(axis=0)
    gradient: FloatArray = np.add.reduceat(by_element, model.frame.offsets[:-1])
    return gradient


def _work(model: LoadedFrame, states: PlanarStates, output_gradient: FloatArray) -> FloatArray:
    """Return the work of the adjoint displacements of all samples, (n_elements, 5)."""
    frame, sums = model.frame, np.zeros((len(model.frame.vectors), 5))
    adjoint = FrameEquilibrium(model, states).adjoint_displacements(output_gradient)
    for sample in range(len(output_gradient)):
        state, change = (
            Points(points.nodes[sample], points.interior[sample])
            for points in (states.points, adjoint)
        )
        add_sensitivities(frame.chains, frame.planar, state, change, sums)
    return sums


def _by_width(frame: BeamFrame, widths_mm: FloatArray) -> FloatArray:
    """Return the derivatives of EA, GA, EI, shortening and weight in the width, (5, n_elements).

    EA, the GA of shear alone and the weight are proportional to the width, EI to its third power;
    GA and the shortening include the residual bending flexibility of `with_residual_bending`.
    """
    planar, lengths = frame.planar, frame.lengths
    residual = lengths**2 / (12 * planar.bending)
    share = planar.shear * residual
    shear = planar.shear * ((1 - share) + 3 * share) / widths_mm
    share_by_width = shear * residual - 3 * share / widths_mm
    weight = np.broadcast_to(frame.sections.weight, lengths.shape)
    return np.array(
        [
            planar.axial / widths_mm,
            shear,
            3 * planar.bending / widths_mm,
            1.2 * share * share_by_width,
            weight / widths_mm,
        ]
    )


def design_gradient(
    equilibrium: FrameEquilibrium,
    output_gradient: FloatArray,
    more: BeamFrame,
    less: BeamFrame,
) -> float:
    """Return the change of a loss between two frames of a slightly changed design.

    The changes of forces and weight are differences at the states of the design itself; no state
    of a changed design is solved. Divided by the change of the variable it is the derivative in
    it, as of the joint ratio.

    Args:
        equilibrium: states of the frame of the design.
        output_gradient: derivative of the loss in the outputs, (n_samples, n_out) per mm.
        more: frame of the design with a small change.
        less: frame of the design with the opposite change.
    """
    model = equilibrium.model
    change = _residual_work(model, equilibrium.states, output_gradient, more, less)
    if model.weight:
        common = output_gradient.sum(axis=0)[None]
        change -= _residual_work(model, model.unloaded, common, more, less)
    return change


def _residual_work(
    model: LoadedFrame,
    states: PlanarStates,
    output_gradient: FloatArray,
    more: BeamFrame,
    less: BeamFrame,
) -> float:
    """Return the work of the adjoint displacements on the difference of the residuals."""
    adjoint, total = FrameEquilibrium(model, states).adjoint_displacements(output_gradient), 0.0
    for sample in range(len(output_gradient)):
        state = Points(states.points.nodes[sample], states.points.interior[sample])
        for frame, sign in ((more, 1.0), (less, -1.0)):
            residual = copy_points(frame.weight if model.weight else frame.no_loads)
            linearise(frame.chains, frame.planar, state, make_factors(frame.chains, 0), residual)
            residual.nodes[frame.held] = 0.0
            work = np.vdot(adjoint.nodes[sample], residual.nodes)
            total += sign * float(work + np.vdot(adjoint.interior[sample], residual.interior))
    return total
