"""Measures of a state: sums over the elements, and their derivatives by central differences.

A measure of an element is a function of the displacements of its two points and of its section:
15 numbers. The differences take no solution, and their relative error is about 1e-10.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fem.frames.kernels.arrays import Chains, Points
from fem.frames.kernels.planar_elements import kinematics
from fem.frames.kernels.second_variation import planar_variation, space_variation
from mnnfab.arrays import FloatArray
from mnnfab.compiling.decorator import compiled

#: Kinds of measures: xᵀ K x - μ xᵀ M x of a mode x in the plane and out of it, with the eigenvalue
#: μ as parameter; and the squared excess of the strain over a limit, which is its parameter.
IN_PLANE, OUT_OF_PLANE, STRAIN = 0, 1, 2
#: Relative step of the differences; displacements are relative to the length of the element.
STEP = 1e-5
#: Numbers of a section: EA, GA, EI and shortening in the plane; GA, GJ, EI and shortening out of
#: it; and the half width, 0 where the strain is not of interest.
N_SECTION = 9


class Measure(NamedTuple):
    """A measure.

    Args:
        kind: one of the kinds above.
        parameter: its parameter.
        law: coefficients of the axial law.
    """

    kind: int
    parameter: float
    law: tuple[float, float]


class Element(NamedTuple):
    """An element, its state and its mode; the arrays are changed and restored by differences.

    Args:
        vector: undeformed element, (2,) mm.
        length: its length, mm.
        section: numbers of its section, (9,).
        ends: u_x, u_y, θ of both points, (2, 3).
        mode: mode of both points, (2, 3); not used by strains.
    """

    vector: FloatArray
    length: float
    section: FloatArray
    ends: FloatArray
    mode: FloatArray


@compiled
def element_measure(measure: Measure, element: Element) -> float:
    """Return a measure of an element."""
    vector, length, section, ends, mode = element
    if measure.kind == IN_PLANE:
        whole, material = planar_variation(vector, length, measure.law, section, ends, mode)
        return whole - measure.parameter * material
    if measure.kind == OUT_OF_PLANE:
        whole, material = space_variation(vector, length, measure.law, section, ends, mode)
        return whole - measure.parameter * material
    if section[8] <= 0.0:
        return 0.0
    _, _, v1, v2 = kinematics(vector, length, ends[0], ends[1])
    moment = 0.5 * length * abs(section[1] * v2)
    curvature = abs(ends[1, 2] - ends[0, 2]) / length + moment / section[2]
    excess: float = (abs(v1 - 1.0) + curvature * section[8]) / measure.parameter - 1.0
    return excess * excess if excess > 0.0 else 0.0


@compiled
def add_measure(
    measure: Measure,
    chains: Chains,
    sections: FloatArray,
    state: Points,
    mode: Points,
    by_state: Points,
    by_section: FloatArray,
) -> float:
    """Return a measure of a state and add its derivatives.

    Args:
        measure: the measure.
        chains: elements.
        sections: numbers of the sections, (n_elements, 9).
        state: displacements in the plane.
        mode: mode of the frame; not used by strains.
        by_state: derivatives in the displacements of all points.
        by_section: derivatives in the numbers of the sections, (n_elements, 9).
    """
    total = 0.0
    section, ends, shape = np.empty(N_SECTION), np.empty((2, 3)), np.empty((2, 3))
    for chain in range(len(chains.ends)):
        first, last = chains.offsets[chain], chains.offsets[chain + 1]
        node = chains.ends[chain, 0]
        start, slope, own_mode = state.nodes[node], by_state.nodes[node], mode.nodes[node]
        for number in range(first, last):
            if number + 1 < last:
                point = number - chain
                end, end_slope = state.interior[point], by_state.interior[point]
                end_mode = mode.interior[point]
            else:
                node = chains.ends[chain, 1]
                end, end_slope, end_mode = state.nodes[node], by_state.nodes[node], mode.nodes[node]
            for axis in range(3):
                ends[0, axis], ends[1, axis] = start[axis], end[axis]
                shape[0, axis], shape[1, axis] = own_mode[axis], end_mode[axis]
            for place in range(N_SECTION):
                section[place] = sections[number, place]
            element = Element(chains.vectors[number], chains.lengths[number], section, ends, shape)
            value = element_measure(measure, element)
            total += value
            if value != 0.0:
                for axis in range(3):
                    slope[axis] += _slope_of_point(measure, element, 0, axis)
                    end_slope[axis] += _slope_of_point(measure, element, 1, axis)
                for place in range(N_SECTION):
                    by_section[number, place] += _slope_of_section(measure, element, place)
            start, slope, own_mode = end, end_slope, end_mode
    return total


@compiled
def _slope_of_point(measure: Measure, element: Element, point: int, axis: int) -> float:
    """Return the derivative of a measure in a displacement of a point."""
    ends = element.ends
    own = ends[point, axis]
    step = STEP * element.length if axis < 2 else STEP
    ends[point, axis] = own + step
    ahead = element_measure(measure, element)
    ends[point, axis] = own - step
    behind = element_measure(measure, element)
    ends[point, axis] = own
    slope: float = (ahead - behind) / (2.0 * step)
    return slope


@compiled
def _slope_of_section(measure: Measure, element: Element, place: int) -> float:
    """Return the derivative of a measure in a number of the section; 0 for a number that is 0."""
    section = element.section
    own = section[place]
    step = STEP * abs(own)
    if step == 0.0:
        return 0.0
    section[place] = own + step
    ahead = element_measure(measure, element)
    section[place] = own - step
    behind = element_measure(measure, element)
    section[place] = own
    slope: float = (ahead - behind) / (2.0 * step)
    return slope
