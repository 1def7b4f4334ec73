"""Design file as frozen, validated values.

Each class is one section of the file and each field one key, with the unit in its name.
Unknown keys are refused. The sections are in the modules beside this one; `design_file` reads
and writes the file.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from mnnfab.design.check_section import CheckSection, CompensateSection, ToleranceSection
from mnnfab.design.features_section import FeaturesSection
from mnnfab.design.network_section import NetworkSection
from mnnfab.design.section import (
    Count,
    FileName,
    Many,
    NotNegative,
    Positive,
    Section,
    Share,
    section_error,
    valid_name,
)
from mnnfab.design.task_section import NoTask, TaskSection


class MaterialSection(Section):
    """[material] Material preset; each of its properties can be overridden.

    Args:
        preset: name of a material profile, or a TOML file next to the design.
        youngs_modulus_MPa: small-strain Young's modulus, MPa; that of the preset if not given.
        poisson_ratio: Poisson's ratio; that of the preset if not given.
        density_g_per_cm3: density, g/cm³; that of the preset if not given.
    """

    preset: str = "agilus30"
    youngs_modulus_MPa: Positive | None = None
    poisson_ratio: Annotated[float, Field(gt=-1, lt=0.5)] | None = None
    density_g_per_cm3: Positive | None = None


class Fabrication(Section):
    r"""[fabrication] Shape of the bonds and limits of their widths.

    Half of a bond, from its node to its middle::

                           ______________ _ _
          _______________/                     width
        o  joint_length   taper_length
          ----------------\______________ _ _
          joint width = joint_ratio × width

    Args:
        thickness_mm: thickness of the part, out of the plane.
        width_min_mm: lower limit of the trained width, at the middle of a bond.
        width_max_mm: upper limit of the trained width.
        width_initial_mm: width at the start of training.
        joint_ratio: width of the joint divided by the width of the middle.
        joint_length_mm: distance from the node to the start of the taper.
        taper_length_mm: length of the taper, from the joint to the full width.
        fillet_radius_mm: radius of the corners between neighbouring joints; 0: sharp corners.
        load_disc_radius_mm: radius of the disc over which loads act and displacements are
            averaged; by default nine tenths of half the width of the narrowest possible joint.
            A string is tied around the joint and a glued joint is held as a whole, so the
            disc should be as large as the hub allows.
        printer: name of a printer profile.
    """

    thickness_mm: Positive
    width_min_mm: Positive
    width_max_mm: Positive
    width_initial_mm: Positive
    joint_ratio: Annotated[float, Field(gt=0, le=1)] = 0.5
    joint_length_mm: Positive = 2.0
    taper_length_mm: NotNegative = 1.0
    fillet_radius_mm: NotNegative = 0.0
    load_disc_radius_mm: Positive | None = None
    printer: str = "stratasys-j850-digital-anatomy"

    @property
    def disc_radius_mm(self) -> float:
        """Radius of the load discs, independent of the trained widths, mm."""
        if self.load_disc_radius_mm is not None:
            return self.load_disc_radius_mm
        return 0.9 * self.joint_ratio * self.width_min_mm / 2

    @model_validator(mode="after")
    def _limits_in_order(self) -> Self:
        if self.width_min_mm >= self.width_max_mm:
            raise section_error(
                "width_min_mm",
                f"{self.width_min_mm:g}, with width_max_mm = {self.width_max_mm:g}",
                "a value below width_max_mm",
            )
        if not self.width_min_mm <= self.width_initial_mm <= self.width_max_mm:
            raise section_error(
                "width_initial_mm",
                f"{self.width_initial_mm:g}",
                f"width_min_mm to width_max_mm: {self.width_min_mm:g} to {self.width_max_mm:g}",
            )
        return self


class WidthsSection(Section):
    """[widths] Prescribed widths, which replace training.

    Args:
        uniform_mm: one width for all bonds, mm.
        file: table of widths, one row per bond, as widths.csv of a run.
    """

    uniform_mm: Positive | None = None
    file: FileName | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.uniform_mm is None) == (self.file is None):
            raise section_error(
                "widths", "both or neither of the keys", "either uniform_mm or file"
            )
        return self


class TrainingSection(Section):
    """[training] Training of the widths.

    Args:
        optimizer: "adam" on mini-batches, or "l-bfgs-b", SciPy's bounded quasi-Newton
            method on all training samples at once, with at most `epochs` iterations.
        stiffness_law: stiffness of a bond as a function of its width: "bar" (E w t / a),
            "series" (thinned joints as springs in series, about a quarter softer) or
            "calibrated" (the series law, calibrated on continuum models of the uniform network
            at three widths).
        rule: gradient of the loss: "adjoint" is exact; "coupled-learning" and
            "finite-differences" are provided for comparison.
        width_map: "clamp" projects the widths onto the limits; "logistic" approaches the limits
            smoothly.
        sharpness: sharpness of the logistic map; 5 if not given.
        learning_rate: step size of Adam in the latent value of the map; for the clamp, the
            largest change per step as a fraction of the width range.
        epochs: number of passes over the training samples.
        batch_size: samples per step.
        test_fraction: fraction of the samples in the test set; 0.3 if not given.
        restarts: number of trainings from different start widths: the first from
            width_initial_mm, the others from random widths. The run with the best result on the
            validation samples is kept.
        validation_fraction: fraction of the training samples that select the best restart; 0.2
            if not given, 0 with a single training.
        start: table of start widths in the format of widths.csv, which replaces
            width_initial_mm; `mnnfab train --from DIR` takes them from an earlier run. The
            logistic map starts at least a thousandth of the width range away from a limit.
        seed: seed of the data split, the sample order, the random starts and the noise.
    """

    optimizer: Literal["adam", "l-bfgs-b"] = "adam"
    stiffness_law: Literal["bar", "series", "calibrated"] = "bar"
    rule: Literal["adjoint", "coupled-learning", "finite-differences"] = "adjoint"
    width_map: Literal["clamp", "logistic"] = "clamp"
    sharpness: Positive | None = None
    learning_rate: Positive = 0.006
    epochs: Annotated[int, Field(ge=0, le=10_000_000)] = 100
    batch_size: Count = 16
    test_fraction: Share | None = None
    restarts: Annotated[int, Field(ge=1, le=10_000)] = 1
    validation_fraction: Share | None = None
    start: FileName | None = None
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0

    @model_validator(mode="after")
    def _keys_fit_together(self) -> Self:
        if self.sharpness is not None and self.width_map != "logistic":
            raise section_error(
                "sharpness", f"given with width_map = {self.width_map!r}", 'only with "logistic"'
            )
        if self.optimizer == "l-bfgs-b" and self.rule != "adjoint":
            raise section_error(
                "rule", f'"{self.rule}" with optimizer = "l-bfgs-b"', '"adjoint", or "adam"'
            )
        if self.optimizer == "l-bfgs-b":
            for key in ("learning_rate", "batch_size"):
                given, default = getattr(self, key), type(self).model_fields[key].default
                if given != default:
                    words = f'{given:g} with optimizer = "l-bfgs-b", which does not use it'
                    raise section_error(key, words, 'only with optimizer = "adam"')
        if self.validation_fraction and self.restarts == 1:
            raise section_error(
                "validation_fraction", "given with restarts = 1", "only with restarts above 1"
            )
        return self


class ExportSection(Section):
    """[export] Formats and resolution of the exported files.

    Args:
        formats: "step", "stl", "3mf", "glb" (for viewers), "dxf", "svg" (both of the outline).
        stl_tolerance_mm: largest distance between an arc and the facets that approximate it,
            in all triangulated formats.
        merged_caps: write the top and the bottom of the STEP solid as one face each, instead of
            one face per hub and bond; for small parts, because the time grows quadratically.
    """

    formats: Many[str] = ("step", "stl", "3mf")
    stl_tolerance_mm: Annotated[float, Field(ge=1e-4, le=0.1)] = 0.01
    merged_caps: bool = False

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if not self.formats or len(set(self.formats)) < len(self.formats):
            raise section_error(
                "formats", f"{list(self.formats)}", "one or more formats, each once"
            )
        return self


class Design(Section):
    """Complete design file.

    Args:
        format: version of the format, 1.
        name: name of the design, which names its files: letters, digits, ".", "_" and "-".
        network: lattice or network file.
        material: material of the part.
        fabrication: shape of the bonds and printer.
        features: features for the laboratory.
        task: what the network shall do.
        widths: prescribed widths, instead of training.
        training: how the widths are trained.
        check: continuum check and acceptance criteria.
        compensate: compensation loop; none without the section.
        tolerance: print and load errors.
        export: formats of the exported files.
    """

    # The key is "schema", which is a reserved name of pydantic models.
    format: Annotated[Literal[1], Field(alias="schema")]
    name: Annotated[str, AfterValidator(valid_name)]
    network: NetworkSection
    material: MaterialSection = MaterialSection()
    fabrication: Fabrication
    features: FeaturesSection = FeaturesSection()
    task: TaskSection
    widths: WidthsSection | None = None
    training: TrainingSection | None = None
    check: CheckSection = CheckSection()
    compensate: CompensateSection | None = None
    tolerance: ToleranceSection = ToleranceSection()
    export: ExportSection = ExportSection()

    @model_validator(mode="after")
    def _trained_or_given(self) -> Self:
        if self.widths is not None and self.training is not None:
            raise section_error(
                "training", "given together with [widths]", "[training] or [widths], not both"
            )
        if self.widths is None and isinstance(self.task, NoTask):
            raise section_error("widths", 'missing, with task kind = "none"', "a section [widths]")
        if self.widths is not None and self.tolerance.train_over:
            given = f"{self.tolerance.train_over}, with [widths]"
            raise section_error("tolerance.train_over", given, "only with [training]")
        return self

    @model_validator(mode="after")
    def _can_be_compensated(self) -> Self:
        if self.compensate is None or not self.compensate.enabled:
            return self
        if self.widths is not None:
            raise section_error("compensate", "given with [widths]", "only with [training]")
        if not self.check.enabled:
            raise section_error(
                "compensate", "given with [check] enabled = false", "enabled = true"
            )
        softmax = getattr(self.task, "normalisation", None) == "softmax"
        if self.compensate.loss_scale_mm is not None and not softmax:
            given = f"{self.compensate.loss_scale_mm:g}, with a loss that has no scale"
            raise section_error(
                "compensate.loss_scale_mm", given, 'only with normalisation = "softmax"'
            )
        return self

    @property
    def schedule(self) -> TrainingSection:
        """The training section, or its defaults if the file has none."""
        return self.training or TrainingSection()
