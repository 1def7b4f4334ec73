"""Comparison of a simulated value with a measured one: E = S - D and u_val (ASME V&V 20)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

#: Coverage factor of an interval of about 95 %.
COVERAGE = 2.0
#: Factor of an interval of 95 % of a normal distribution.
NORMAL_FACTOR = 1.96


@dataclass(frozen=True)
class Comparison:
    """A measured value and its simulation.

    Args:
        experiment: name of the experiment.
        quantity: measured quantity.
        simulated_mm: S.
        measured_mm: D.
        numerical_mm: standard uncertainty u_num of the simulation by its mesh.
        input_mm: standard uncertainty u_input of the simulation by its inputs.
        data_mm: standard uncertainty u_D of the measurement.
        input_dof: degrees of freedom of u_input.
        data_dof: those of u_D: number of measurements minus one.
        is_of_part: whether it is a measurement of the part of the report.
    """

    experiment: str
    quantity: str
    simulated_mm: float
    measured_mm: float
    numerical_mm: float
    input_mm: float
    data_mm: float
    input_dof: float = np.inf
    data_dof: float = np.inf
    is_of_part: bool = False

    @property
    def error_mm(self) -> float:
        """Comparison error E = S - D."""
        return self.simulated_mm - self.measured_mm

    @property
    def validation_mm(self) -> float:
        """Validation uncertainty u_val, with u_val² = u_num² + u_input² + u_D²."""
        return float(np.sqrt(self.numerical_mm**2 + self.input_mm**2 + self.data_mm**2))

    @property
    def dof(self) -> float:
        """Effective degrees of freedom of u_val, not rounded; infinite if both parts have such.

        Welch and Satterthwaite (JCGM 100:2008, G.4); those of u_num are infinite.
        """
        parts = ((self.input_mm, self.input_dof), (self.data_mm, self.data_dof))
        share = sum((value / self.validation_mm) ** 4 / dof for value, dof in parts)
        return 1 / share if share > 0 else np.inf

    @property
    def factor(self) -> float:
        """Student's factor of an interval of 95 %."""
        return float(stdtrit(self.dof, 0.975)) if np.isfinite(self.dof) else NORMAL_FACTOR

    @property
    def possible_error(self) -> float:
        """Largest error of the model with 95 % confidence, relative to D; 0 if D is zero."""
        if not self.measured_mm:
            return 0.0
        bound = abs(self.error_mm) + self.factor * self.validation_mm
        return bound / abs(self.measured_mm)

    @property
    def covered(self) -> bool:
        """Whether |E| is at most `COVERAGE` times u_val: the model error is not told from it."""
        return abs(self.error_mm) <= COVERAGE * self.validation_mm
