"""The [export] section of a design file."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from mnnfab.design.section import (
    Many,
    Section,
    section_error,
)


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
    def _check_unique_formats(self) -> Self:
        if not self.formats or len(set(self.formats)) < len(self.formats):
            raise section_error(
                "formats", f"{list(self.formats)}", "one or more formats, each once"
            )
        return self
