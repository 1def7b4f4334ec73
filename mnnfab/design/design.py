"""Design file as frozen, validated values.

Each class is one section of the file and each field one key, with the unit in its name.
Unknown keys are refused. The sections are in the modules beside this one; `design_file` reads
and writes the file.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from mnnfab.design.behaviour_section import Behaviour
from mnnfab.design.check_section import CheckSection, CompensateSection, ToleranceSection
from mnnfab.design.export_section import ExportSection
from mnnfab.design.fabrication import Fabrication, MaterialSection
from mnnfab.design.features_section import FeaturesSection
from mnnfab.design.network_section import NetworkSection
from mnnfab.design.section import (
    Section,
    section_error,
    valid_name,
)
from mnnfab.design.task_section import NoTask, Regression, TaskSection
from mnnfab.design.training_section import TrainingSection, WidthsSection
from mnnfab.losses.loss import loss_kinds


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
    def _check_widths_source(self) -> Self:
        if self.widths is not None and self.training is not None:
            raise section_error(
                "training", "given together with [widths]", "[training] or [widths], not both"
            )
        if self.widths is None and isinstance(self.task, NoTask):
            raise section_error("widths", 'missing, with task kind = "none"', "a section [widths]")
        if self.widths is not None and self.tolerance.train_over:
            given = f"{self.tolerance.train_over}, with [widths]"
            raise section_error("tolerance.train_over", given, "only with [training]")
        if self.widths is not None and self.tolerance.train_over_modulus:
            given = f"{list(self.tolerance.train_over_modulus)}, with [widths]"
            raise section_error("tolerance.train_over_modulus", given, "only with [training]")
        return self

    @model_validator(mode="after")
    def _check_compensation(self) -> Self:
        if self.compensate is None or not self.compensate.enabled:
            return self
        if self.widths is not None:
            raise section_error("compensate", "given with [widths]", "only with [training]")
        if not self.check.enabled:
            raise section_error(
                "compensate", "given with [check] enabled = false", "enabled = true"
            )
        if self.compensate.loss_scale_mm is not None and not _is_scaled(self.task):
            given = f"{self.compensate.loss_scale_mm:g}, with a loss that has no scale"
            raise section_error(
                "compensate.loss_scale_mm",
                given,
                'only with normalisation = "softmax" or loss = "as-read"',
            )
        return self

    @model_validator(mode="after")
    def _check_removal(self) -> Self:
        removed, lowest = self.schedule.remove_below_mm, self.fabrication.width_min_mm
        if removed is not None and removed > lowest:
            allowed = f"at most width_min_mm = {lowest:g}"
            raise section_error("training.remove_below_mm", f"{removed:g}", allowed)
        return self

    @model_validator(mode="after")
    def _check_moduli(self) -> Self:
        moduli = isinstance(self.task, Behaviour) and self.task.moduli is not None
        if moduli and self.network.period_mm is None:
            allowed = "[network] period_mm, two vectors by which the network repeats"
            raise section_error("task.moduli", "given without a period", allowed)
        return self

    @model_validator(mode="after")
    def _check_search(self) -> Self:
        if self.compensate is None or not self.compensate.enabled:
            return self
        search = self.compensate.search
        of_table = isinstance(self.task, Regression | Behaviour) and self.task.dataset is not None
        if search and search.load_factor and of_table:
            given = f"{list(search.load_factor)}, with the loads of a table"
            raise section_error("compensate.search.load_factor", given, "loads of the design")
        return self

    @property
    def schedule(self) -> TrainingSection:
        """The training section, or its defaults if the file has none."""
        return self.training or TrainingSection()


def _is_scaled(task: TaskSection) -> bool:
    """Return whether a task compares classes by a loss with a scale."""
    if isinstance(task, NoTask) or (isinstance(task, Behaviour) and task.has_cases):
        return False
    kind = loss_kinds()[task.loss or "cross-entropy"]
    scaled = kind.has_scale(getattr(task, "normalisation", None))
    return kind.targets == "classes" and scaled
