"""What is checked of a design, compensated, and expected of the print: sections of its file."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, Strict, model_validator

from mnnfab.design.section import Many, NotNegative, Positive, Section, refusal

#: More candidates than this take too long to try one by one.
MOST_CANDIDATES = 100
Pair = Annotated[tuple[Positive, Positive], Strict(strict=False)]


class CheckSection(Section):
    """[check] the continuum check and the limits of the gate.

    Args:
        enabled: false skips the continuum and the gate; what the printability check
            finds is then advice.
        elements_across_joint: size of the first mesh, counted across the narrowest place.
        discretisation_tolerance: the mesh is refined until the flexibility is as near as this to
            that of an endlessly fine one, as a share, by an estimate from the sequence.
        mesher_deadline_s: a mesher that runs longer is stopped and reported.
        max_displacement_residual: what may be left of the flexibility's pattern after one
            factor was fitted, as a share.
        max_elongation_residual: the same for the elongations of the bonds.
        max_scale: how many times as far as the bars the continuum may move; no less than
            one over it.
        max_metric_drop: how much worse the task's metric may be than on bars.
        resolution_mm: what displacements are measured to; answers closer together than
            this cannot be told apart on a print.
        min_buckling_factor: how many times a load case must fit into the load under which the
            continuum buckles in its plane.
        max_sag_share: displacement of the outputs by the part's own weight, over that by a
            load case.
        min_linear_factor: how many times a load case must fit into the load under which large
            displacements change the outputs by 5 %.
        max_joint_strain: stress at the joint of a bond, with its bending, over the modulus.
            These four warn at 1, 1, 1 and 0.1 where a design gives no number; a number that it
            gives is a limit of the gate.
        mesh_formats: in which the mesh with its named groups is written: "vtu" with fields,
            "msh" (gmsh), "inp" (Abaqus, CalculiX: with material, supports and load cases).
        max_bond_strain: largest elongation of a bond over its length on the continuum; a
            thinned joint is strained up to 1 / joint_ratio times as much. Rubber's modulus
            changes by about its strain, so beyond a tenth linear models mislead.
    """

    enabled: bool = True
    elements_across_joint: Annotated[int, Field(ge=1, le=50)] = 2
    discretisation_tolerance: Annotated[float, Field(ge=1e-6, le=1)] = 0.001
    mesher_deadline_s: Annotated[float, Field(gt=0, le=86_400)] = 120.0
    max_displacement_residual: Positive = 0.05
    max_elongation_residual: Positive = 0.10
    max_scale: Annotated[float, Field(gt=1, le=100)] = 2.0
    max_metric_drop: NotNegative = 0.10
    max_bond_strain: Positive = 0.10
    min_buckling_factor: Positive | None = None
    max_sag_share: Positive | None = None
    min_linear_factor: Positive | None = None
    max_joint_strain: Positive | None = None
    mesh_formats: Many[Literal["vtu", "msh", "inp"]] = ("vtu",)
    resolution_mm: Positive = 0.02

    @model_validator(mode="after")
    def _each_format_once(self) -> Self:
        if len(set(self.mesh_formats)) < len(self.mesh_formats):
            raise refusal("mesh_formats", f"{list(self.mesh_formats)}", "each format once")
        return self

    @model_validator(mode="after")
    def _limits_are_looked_at(self) -> Self:
        limits = ("min_buckling_factor", "max_sag_share", "min_linear_factor", "max_joint_strain")
        given = [key for key in limits if getattr(self, key) is not None]
        if given and not self.enabled:
            value = f"{getattr(self, given[0]):g}, with enabled = false"
            raise refusal(given[0], value, "enabled = true, or no such limit")
        return self


class SearchSection(Section):
    """[compensate.search] what the loop may change beside the widths.

    Each list holds values of the key of that name in [fabrication], or pairs of limits; the
    design's own value is tried too. Every combination is trained, and solved as a continuum
    once; after them the best placements of the ports with the best of these. What the
    printer cannot make is left out.

    Args:
        joint_ratio: width of the joint over the width of the middle.
        joint_length_mm: from the node to where the taper begins.
        width_limits_mm: pairs of width_min_mm and width_max_mm.
        ports: placements of inputs and outputs that are drawn at random and screened on bars;
            the best three are tried too.
    """

    joint_ratio: Many[Annotated[float, Field(gt=0, le=1)]] = ()
    joint_length_mm: Many[Positive] = ()
    width_limits_mm: Many[Pair] = ()
    ports: Annotated[int, Field(ge=0, le=10_000)] = 0

    @model_validator(mode="after")
    def _not_too_many(self) -> Self:
        for low, high in self.width_limits_mm:
            if low >= high:
                given = f"[{low:g}, {high:g}]"
                raise refusal("width_limits_mm", given, "a minimum below the maximum")
        count = 1
        for values in (self.joint_ratio, self.joint_length_mm, self.width_limits_mm):
            count *= len(values) + 1
        if count > MOST_CANDIDATES:
            raise refusal("search", f"{count} combinations", f"{MOST_CANDIDATES} at the most")
        return self

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        lists = {
            "joint_ratio": self.joint_ratio,
            "joint_length_mm": self.joint_length_mm,
            "width_limits_mm": self.width_limits_mm,
        }
        for key, values in lists.items():
            if len(set(values)) < len(values):
                raise refusal(key, f"{list(values)}", "each value once")
        if not any(lists.values()) and not self.ports:
            allowed = "one of joint_ratio, joint_length_mm, width_limits_mm, ports"
            raise refusal("search", "nothing to search", allowed)
        return self


class CompensateSection(Section):
    """[compensate] the loop: train, solve the continuum, correct the bars by it, train again.

    Args:
        enabled: false leaves it out.
        rounds: trainings after the first one, at the most.
        tolerance: the loop ends when the corrected bars predict the flexibility of the
            continuum to this share of its norm.
        loss_scale_mm: of the trainings after the first, instead of the task's. A smaller one
            lets samples weigh that are hard to tell apart, as the accuracy does; once bars
            predict the continuum it can be believed. For a loss that has a scale.
        search: what else may be changed.
    """

    enabled: bool = True
    rounds: Annotated[int, Field(ge=1, le=100)] = 4
    tolerance: Annotated[float, Field(ge=1e-6, le=1)] = 0.005
    loss_scale_mm: Positive | None = None
    search: SearchSection | None = None


class ToleranceSection(Section):
    """[tolerance] what a print adds to a design, as standard deviations of normal errors.

    Args:
        enabled: false leaves the study out.
        width_sd_mm: of how much wider a bond is printed everywhere than drawn, each bond on
            its own; half of the printer's accuracy_mm if not given.
        thickness_sd_mm: of the whole part; half of the accuracy if not given.
        modulus_sd: of the whole part, as a share; a tenth if not given.
        load_sd_gf: of every weight that is hung.
        samples: parts that are drawn.
        train_over: training lowers the mean loss of so many parts drawn by width_sd_mm,
            not that of the part as drawn; an even number, since errors come in pairs of
            opposite sign; 0 does not. Every one costs as much as a training.
    """

    enabled: bool = True
    width_sd_mm: NotNegative | None = None
    thickness_sd_mm: NotNegative | None = None
    modulus_sd: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    load_sd_gf: NotNegative = 0.0
    samples: Annotated[int, Field(ge=10, le=1_000_000)] = 1000
    train_over: Annotated[int, Field(ge=0, le=1000, multiple_of=2)] = 0

    @model_validator(mode="after")
    def _trains_over_errors(self) -> Self:
        if self.train_over and not self.enabled:
            raise refusal(
                "train_over", f"{self.train_over}, with enabled = false", "enabled = true"
            )
        if self.train_over and self.width_sd_mm == 0:
            given = f"{self.train_over}, with width_sd_mm = 0"
            raise refusal("train_over", given, "widths that have errors")
        return self
