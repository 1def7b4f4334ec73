"""STEP (AP242, millimetres): exact faces, for CAD."""

from __future__ import annotations

from pathlib import Path

import cadquery
from OCP.APIHeaderSection import APIHeaderSection_MakeHeader
from OCP.IFSelect import IFSelect_ReturnStatus
from OCP.Interface import Interface_Static
from OCP.StepBasic import StepBasic_Product
from OCP.STEPControl import STEPControl_StepModelType, STEPControl_Writer
from OCP.StepData import StepData_StepModel
from OCP.TCollection import TCollection_HAsciiString

from export.formats import Format, Measured
from geometry.solid import is_valid
from mnnfab.errors import ToolError

#: Stands in for the time of writing, so that the same design gives the same bytes.
NO_TIME = "1970-01-01T00:00:00"


def write_step(solid: cadquery.Solid, path: Path, name: str, tolerance_mm: float) -> None:  # noqa: ARG001
    """Write a solid; its faces are exact, so the tolerance does not matter.

    Raises:
        ToolError: if the kernel cannot write the file.
    """
    # The kernel keeps these settings for the whole process and reads them when a
    # writer is made: all of them are set every time.
    writer = STEPControl_Writer()
    Interface_Static.SetCVal_s("write.step.schema", "AP242DIS")
    Interface_Static.SetCVal_s("write.step.unit", "MM")
    # Curves on faces follow from the faces; without them the file is a third of the size.
    Interface_Static.SetIVal_s("write.surfacecurve.mode", 0)
    writer.Transfer(solid.wrapped, STEPControl_StepModelType.STEPControl_AsIs)
    model = writer.Model()
    _name_product(model, name)
    header = APIHeaderSection_MakeHeader(model)
    header.SetName(TCollection_HAsciiString(name))
    header.SetTimeStamp(TCollection_HAsciiString(NO_TIME))
    header.SetAuthorValue(1, TCollection_HAsciiString("mnnfab"))
    status = writer.Write(str(path))
    if status != IFSelect_ReturnStatus.IFSelect_RetDone:
        msg = f"the CAD kernel could not write {path.name}: disk full?"
        raise ToolError(msg)


def _name_product(model: StepData_StepModel, name: str) -> None:
    """Name the part; the kernel's own name for it counts the parts of the process."""
    label = TCollection_HAsciiString(name)
    for number in range(1, model.NbEntities() + 1):
        entity = model.Value(number)
        if isinstance(entity, StepBasic_Product):
            entity.SetId(label)
            entity.SetName(label)
            return


def read_step(path: Path) -> Measured:
    """Read a STEP file by cadquery's importer and measure what is in it.

    Raises:
        ToolError: if the file cannot be read.
    """
    try:
        shapes = cadquery.importers.importStep(str(path)).vals()
    except ValueError as error:
        msg = f"{path.name} could not be read back: {error}"
        raise ToolError(msg) from error
    solids = [
        solid for shape in shapes if isinstance(shape, cadquery.Shape) for solid in shape.Solids()
    ]
    compound = cadquery.Compound.makeCompound(solids)
    box = compound.BoundingBox()
    return Measured(
        n_solids=len(solids),
        valid=all(is_valid(solid) for solid in solids),
        volume_mm3=compound.Volume(),
        bounding_box_mm=((box.xmin, box.ymin, box.zmin), (box.xmax, box.ymax, box.zmax)),
    )


STEP = Format(
    ".step", write_step, read_step, volume_tolerance=1e-7, box_tolerance_mm=1e-4, faceted=False
)
