"""Sections of a design file on checks, compensation and print tolerances."""

from __future__ import annotations

from math import prod
from typing import Annotated, Literal, Self

from pydantic import Field, Strict, model_validator

from mnnfab.design.section import Many, NotNegative, Positive, Section, section_error

#: Largest number of combinations of a search; each takes two trainings, two continuum solutions and
#: a sweep of the loads.
MAX_CANDIDATES = 100
#: Advised limits of the agreement of linear models, which give warnings; a limit of the design
#: is an acceptance criterion.
ADVISED_AGREEMENT = {
    "max_displacement_residual": 0.05,
    "max_elongation_residual": 0.10,
    "max_scale": 2.0,
    "max_metric_drop": 0.10,
    "max_bond_strain": 0.10,
}
Pair = Annotated[tuple[Positive, Positive], Strict(strict=False)]


class CheckSection(Section):
    """[check] Continuum check and acceptance criteria.

    Args:
        enabled: false skips the continuum model and the acceptance criteria; findings of the
            printability check are then warnings.
        elements_across_joint: element size of the first mesh: number of elements across the
            narrowest section.
        discretisation_tolerance: tolerance of mesh refinement: estimated relative difference
            between the flexibility matrix and its mesh-converged limit.
        mesher_deadline_s: time limit of the mesher; it is stopped and reported after it.
        max_displacement_residual: limit of the relative residual of the flexibility matrix
            between bar model and continuum after best-fit scaling.
        max_elongation_residual: limit of the same residual for the elongations of the bonds.
        max_scale: limit of the best-fit scale, the ratio of continuum to bar displacements; the
            lower limit is 1 / max_scale.
        max_metric_drop: limit by which the primary metric of the continuum may be worse than that
            of the bar model.
        resolution_mm: resolution of the displacement measurement: standard deviation of a
            reading. A reading is the displacement of a node, the difference of its positions with
            and without loads.
        min_accuracy: smallest allowed accuracy of the loaded part as it is read with
            resolution_mm, for tasks with classes.
        max_relative_error: largest allowed relative error of the loaded part as it is read, for
            tasks with target displacements: RMS of the error divided by the RMS of the targets.
        max_target_deviation: largest allowed deviation of the loaded part from a target as it is
            read, in tolerances, for behaviours with load cases; 1 meets every target.
        min_stability_factor: smallest allowed factor on the loads at which a sample becomes
            unstable, in or out of the plane.
        max_loaded_strain: largest allowed strain at the joints of the loaded part; by default
            the max_strain of the material.
        thorough: true solves all samples by the rubber model, instead of the critical ones.
        min_buckling_factor: smallest allowed load factor of in-plane buckling of the continuum.
        max_sag_share: limit of the output displacement by self-weight divided by that of a load
            case.
        min_linear_factor: smallest allowed load factor at which the linear range ends (5 % error
            of the outputs by large displacements).
        max_joint_strain: limit of the strain at the joint of a bond: stress including bending
            divided by the modulus, by linear theory. These four limits have defaults of 1, 1, 1
            and 0.1, which give warnings only; a limit that the design sets is an acceptance
            criterion.
        mesh_formats: formats of the mesh with its named groups: "vtu" with result fields,
            "msh" (gmsh), "inp" (Abaqus, CalculiX: with material, supports and load cases).
        max_bond_strain: limit of the elongation of a bond divided by its length in the continuum
            model; a thinned joint is strained up to 1 / joint_ratio times as much. The limits of
            the linear models (max_displacement_residual, max_elongation_residual, max_scale,
            max_metric_drop, max_bond_strain) have defaults of 0.05, 0.1, 2, 0.1 and 0.1, which
            give warnings only; a limit that the design sets is an acceptance criterion.
    """

    enabled: bool = True
    elements_across_joint: Annotated[int, Field(ge=1, le=50)] = 2
    discretisation_tolerance: Annotated[float, Field(ge=1e-6, le=1)] = 0.001
    mesher_deadline_s: Annotated[float, Field(gt=0, le=86_400)] = 120.0
    max_displacement_residual: Positive | None = None
    max_elongation_residual: Positive | None = None
    max_scale: Annotated[float, Field(gt=1, le=100)] | None = None
    max_metric_drop: NotNegative | None = None
    max_bond_strain: Positive | None = None
    min_buckling_factor: Positive | None = None
    max_sag_share: Positive | None = None
    min_linear_factor: Positive | None = None
    max_joint_strain: Positive | None = None
    mesh_formats: Many[Literal["vtu", "msh", "inp"]] = ("vtu",)
    resolution_mm: Positive = 0.02
    min_accuracy: Annotated[float, Field(gt=0, le=1)] = 0.9
    max_relative_error: Positive = 0.1
    max_target_deviation: Positive = 1.0
    min_stability_factor: Annotated[float, Field(ge=1, le=100)] = 1.25
    max_loaded_strain: Positive | None = None
    thorough: bool = False

    def agreement_limit(self, key: str) -> float:
        """Return a limit of the agreement of linear models: that of the design, or the advised."""
        own: float | None = getattr(self, key)
        return ADVISED_AGREEMENT[key] if own is None else own

    @model_validator(mode="after")
    def _check_unique_formats(self) -> Self:
        if len(set(self.mesh_formats)) < len(self.mesh_formats):
            raise section_error("mesh_formats", f"{list(self.mesh_formats)}", "each format once")
        return self

    @model_validator(mode="after")
    def _check_limits_enabled(self) -> Self:
        limits = ("min_buckling_factor", "max_sag_share", "min_linear_factor", "max_joint_strain")
        given = [key for key in limits if getattr(self, key) is not None]
        if given and not self.enabled:
            value = f"{getattr(self, given[0]):g}, with enabled = false"
            raise section_error(given[0], value, "enabled = true, or no limit")
        return self


class SearchSection(Section):
    """[compensate.search] Design variables of the compensation loop besides the widths.

    Each list holds values of the key of the same name in [fabrication], pairs of width limits, or
    factors on the loads; the value of the design is always included. Every combination is
    trained, compensated once and evaluated under its loads, by a frame with large rotations; then
    the best port placements are tried with the best combination. Of the candidates that meet the
    limits in [check], that of the metric on the training samples, the one with the best metric as
    read of the training samples is chosen; if none does, the one nearest to the limits, with a
    warning. Combinations that cannot be printed, built or solved are refused.

    Args:
        joint_ratio: width of the joint divided by the width of the middle.
        joint_length_mm: distance from the node to the start of the taper.
        width_limits_mm: pairs of width_min_mm and width_max_mm.
        thickness_mm: thickness of the part.
        load_factor: factors on all loads of the task; not for the loads of a table. Lengths such as
            targets_mm, threshold_mm and loss_scale_mm stay the same.
        ports: number of random placements of inputs and outputs that are screened with the bar
            model; the best three are tried too.
    """

    joint_ratio: Many[Annotated[float, Field(gt=0, le=1)]] = ()
    joint_length_mm: Many[Positive] = ()
    width_limits_mm: Many[Pair] = ()
    thickness_mm: Many[Positive] = ()
    load_factor: Many[Annotated[float, Field(gt=0, le=100)]] = ()
    ports: Annotated[int, Field(ge=0, le=10_000)] = 0

    @property
    def lists(self) -> dict[str, tuple[float | tuple[float, float], ...]]:
        """Values of each design variable besides those of the design, by its key."""
        return {
            "joint_ratio": self.joint_ratio,
            "joint_length_mm": self.joint_length_mm,
            "width_limits_mm": self.width_limits_mm,
            "thickness_mm": self.thickness_mm,
            "load_factor": self.load_factor,
        }

    @model_validator(mode="after")
    def _check_n_candidates(self) -> Self:
        for low, high in self.width_limits_mm:
            if low >= high:
                given = f"[{low:g}, {high:g}]"
                raise section_error("width_limits_mm", given, "a minimum that is below the maximum")
        count = prod(len(values) + 1 for values in self.lists.values())
        if count > MAX_CANDIDATES:
            raise section_error("search", f"{count} combinations", f"at most {MAX_CANDIDATES}")
        return self

    @model_validator(mode="after")
    def _check_unique_values(self) -> Self:
        for key, values in self.lists.items():
            if len(set(values)) < len(values):
                raise section_error(key, f"{list(values)}", "each value once")
        if not any(self.lists.values()) and not self.ports:
            allowed = f"at least one of {', '.join(self.lists)}, ports"
            raise section_error("search", "no design variables", allowed)
        return self


class CompensateSection(Section):
    """[compensate] Compensation loop: train, solve the continuum, calibrate the bar model, retrain.

    Args:
        enabled: false skips the loop.
        rounds: maximum number of rounds after round 0, each of which retrains the widths.
        tolerance: the loop ends when the calibrated bar model predicts the flexibility matrix of
            the continuum to this relative error, in the norm of the matrix.
        loss_scale_mm: loss scale of the retraining runs, which replaces that of the task. A smaller
            scale gives more weight to samples that are hard to separate, as the accuracy does;
            it is meaningful once the bar model predicts the continuum. Only for losses with a
            scale.
        search: further design variables.
    """

    enabled: bool = True
    rounds: Annotated[int, Field(ge=1, le=100)] = 4
    tolerance: Annotated[float, Field(ge=1e-6, le=1)] = 0.005
    loss_scale_mm: Positive | None = None
    search: SearchSection | None = None


class ToleranceSection(Section):
    """[tolerance] Print and load errors: standard deviations of normal distributions.

    Args:
        enabled: false skips the tolerance study.
        width_sd_mm: standard deviation of the width error, constant along a bond and independent
            between bonds; half of the printer's accuracy_mm if not given.
        thickness_sd_mm: standard deviation of the thickness of the part; half of accuracy_mm if
            not given.
        modulus_sd: relative standard deviation of the modulus of the part; 0.1 if not given.
        load_sd_gf: standard deviation of every applied weight.
        hold_time_sd_s: standard deviation of the time of a reading after the loads were applied,
            for materials with relaxation data; only the validation report uses it.
        temperature_sd_C: standard deviation of the temperature of the part, likewise.
        samples: number of print samples.
        train_over: number of print samples, drawn with width_sd_mm, over which training
            minimises the mean loss; an even number, because the errors are drawn in pairs of
            opposite sign. 0 trains the nominal part. The training time is proportional to the
            number of samples.
        train_over_modulus: factors on Young's modulus, as [0.5, 2.0], with which the loss is
            averaged beside that of the modulus itself. With model = "bars" only displacements
            change, with model = "frame" also how much the loaded part differs from linear theory.
    """

    enabled: bool = True
    width_sd_mm: NotNegative | None = None
    thickness_sd_mm: NotNegative | None = None
    modulus_sd: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    load_sd_gf: NotNegative = 0.0
    hold_time_sd_s: NotNegative = 10.0
    temperature_sd_C: NotNegative = 2.0
    samples: Annotated[int, Field(ge=10, le=1_000_000)] = 1000
    train_over: Annotated[int, Field(ge=0, le=1000, multiple_of=2)] = 0
    train_over_modulus: Many[Annotated[float, Field(gt=0, le=100)]] = ()

    @model_validator(mode="after")
    def _check_training_errors(self) -> Self:
        if self.train_over and not self.enabled:
            raise section_error(
                "train_over", f"{self.train_over}, with enabled = false", "enabled = true"
            )
        if self.train_over_modulus and not self.enabled:
            given = f"{list(self.train_over_modulus)}, with enabled = false"
            raise section_error("train_over_modulus", given, "enabled = true")
        if self.train_over and self.width_sd_mm == 0:
            given = f"{self.train_over}, with width_sd_mm = 0"
            raise section_error("train_over", given, "width_sd_mm above 0")
        return self
