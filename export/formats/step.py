"""STEP (AP242, millimetres): exact faces, for CAD."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from OCP.APIHeaderSection import APIHeaderSection_MakeHeader
from OCP.Bnd import Bnd_Box
from OCP.BRepAdaptor import BRepAdaptor_Surface
from OCP.BRepBndLib import BRepBndLib
from OCP.GeomAbs import GeomAbs_SurfaceType
from OCP.IFSelect import IFSelect_ReturnStatus
from OCP.Interface import Interface_HArray1OfHAsciiString, Interface_Static
from OCP.Message import Message, Message_Gravity
from OCP.ShapeFix import ShapeFix_Face
from OCP.StepBasic import StepBasic_Product
from OCP.STEPControl import (
    STEPControl_Reader,
    STEPControl_StepModelType,
    STEPControl_Writer,
)
from OCP.StepData import StepData_Factors, StepData_StepModel
from OCP.StepRepr import StepRepr_NextAssemblyUsageOccurrence
from OCP.StepShape import StepShape_ManifoldSolidBrep
from OCP.StepToTopoDS import StepToTopoDS_Builder
from OCP.TCollection import TCollection_HAsciiString
from OCP.TColStd import TColStd_SequenceOfAsciiString
from OCP.TopAbs import TopAbs_ShapeEnum
from OCP.TopExp import TopExp
from OCP.TopoDS import TopoDS, TopoDS_Shape
from OCP.TopTools import TopTools_IndexedMapOfShape
from OCP.Transfer import Transfer_TransientProcess

from export.formats import Format, Measured
from geometry.part import Box, Label, Part
from geometry.topology import is_valid_shape, shape_volume
from mnnfab.errors import ToolError
from mnnfab.io.plain_path import plain_path

#: Replaces the time of writing, so that the same design gives the same bytes.
NO_TIME = "1970-01-01T00:00:00"


def write_step(part: Part, path: Path, tolerance_mm: float) -> None:  # noqa: ARG001
    """Write a part; its faces are exact, so the tolerance is not used.

    Raises:
        ToolError: if the kernel cannot write the file.
    """
    _silence_kernel()
    # These settings are global to the process and are read when a writer is created, so all of
    # them are set every time.
    writer = STEPControl_Writer()
    Interface_Static.SetCVal_s("write.step.schema", "AP242DIS")
    Interface_Static.SetCVal_s("write.step.unit", "MM")
    # Curves on faces follow from the faces; without them the file is a third of the size.
    Interface_Static.SetIVal_s("write.surfacecurve.mode", 0)
    writer.Transfer(part.topology, STEPControl_StepModelType.STEPControl_AsIs)
    _add_metadata(writer.Model(), part.label)
    with plain_path(path) as plain:
        status = writer.Write(str(plain))
    if status != IFSelect_ReturnStatus.IFSelect_RetDone:
        msg = f"the CAD kernel could not write {path.name}; the disk may be full"
        raise ToolError(msg)


def _silence_kernel() -> None:
    """Let the CAD kernel print failures only: it reports every transfer on standard output."""
    printers = Message.DefaultMessenger_s().Printers()
    for number in range(1, printers.Size() + 1):
        printers.Value(number).SetTraceLevel(Message_Gravity.Message_Fail)


def _add_metadata(model: StepData_StepModel, label: Label) -> None:
    """Set the name of the part, and its origin in the header."""
    _name_product(model, label)
    header = APIHeaderSection_MakeHeader(model)
    header.SetName(TCollection_HAsciiString(label.name))
    header.SetTimeStamp(TCollection_HAsciiString(NO_TIME))
    header.SetAuthorValue(1, TCollection_HAsciiString("mnnfab"))
    description = [label.description] if label.description else []
    description += [f"design sha256 {label.design_sha256}"] if label.design_sha256 else []
    description += [f"material {label.material}"] if label.material else []
    if description:
        lines = Interface_HArray1OfHAsciiString(1, len(description))
        for number, line in enumerate(description, start=1):
            lines.SetValue(number, TCollection_HAsciiString(line))
        header.SetDescription(lines)


def _name_product(model: StepData_StepModel, label: Label) -> None:
    """Set the product name; the kernel's default is a counter of the parts in the process."""
    name = TCollection_HAsciiString(label.name)
    product = next(_entities(model, (StepBasic_Product,)))  # there is one, near the beginning
    product.SetId(name)
    product.SetName(name)
    if label.design_sha256:
        product.SetDescription(TCollection_HAsciiString(f"sha256 {label.design_sha256}"))


def _entities(model: StepData_StepModel, kinds: tuple[type, ...]) -> Iterator[Any]:
    for number in range(1, model.NbEntities() + 1):
        entity = model.Value(number)
        if isinstance(entity, kinds):
            yield entity


def read_step(path: Path) -> Measured:
    """Read a STEP file without repair and measure its solids.

    The kernel's usual reader repairs the shapes, which takes ten times as long as the reading
    and would hide errors of a file. Here the solids are translated without repair; only the
    curves of edges on cylinders, which the file leaves out, are recomputed.

    Raises:
        ToolError: if the file cannot be read or its unit is not the millimetre.
    """
    reader = STEPControl_Reader()
    with plain_path(path) as plain:
        status = reader.ReadFile(str(plain))
    if status != IFSelect_ReturnStatus.IFSelect_RetDone:
        msg = f"{path.name} could not be read back: not a STEP file"
        raise ToolError(msg)
    _check_unit(reader, path)
    # Iterating over all entities is slow: it is done once for both kinds.
    kinds = (StepShape_ManifoldSolidBrep, StepRepr_NextAssemblyUsageOccurrence)
    entities = list(_entities(reader.StepModel(), kinds))
    if any(isinstance(entity, kinds[1]) for entity in entities):
        msg = f"{path.name} was read back as an assembly of bodies; one valid solid was written"
        raise ToolError(msg)
    solids = [_translate(reader, brep, path) for brep in entities]
    return Measured(
        n_bodies=len(solids),
        valid=all(is_valid_shape(solid) for solid in solids),
        volume_mm3=sum(shape_volume(solid) for solid in solids),
        bounding_box_mm=_bounding_box(solids),
    )


def _bounding_box(solids: list[TopoDS_Shape]) -> Box:
    box = Bnd_Box()
    for solid in solids:
        BRepBndLib.AddOptimal_s(solid, box)
    x0, y0, z0, x1, y1, z1 = box.Get()
    return (x0, y0, z0), (x1, y1, z1)


def _translate(reader: STEPControl_Reader, brep: object, path: Path) -> TopoDS_Shape:
    process = Transfer_TransientProcess(reader.StepModel().NbEntities())
    process.SetModel(reader.StepModel())
    builder = StepToTopoDS_Builder()
    builder.Init(brep, process, StepData_Factors())
    if not builder.IsDone():
        msg = f"{path.name} was read back with a solid that cannot be built: {builder.Error()}"
        raise ToolError(msg)
    solid = builder.Value()
    faces = TopTools_IndexedMapOfShape()
    TopExp.MapShapes_s(solid, TopAbs_ShapeEnum.TopAbs_FACE, faces)
    for number in range(1, faces.Extent() + 1):
        face = TopoDS.Face(faces.FindKey(number))
        if BRepAdaptor_Surface(face).GetType() != GeomAbs_SurfaceType.GeomAbs_Plane:
            ShapeFix_Face(face).Perform()
    return solid


def _check_unit(reader: STEPControl_Reader, path: Path) -> None:
    lengths, angles, solid_angles = (TColStd_SequenceOfAsciiString() for _ in range(3))
    reader.FileUnits(lengths, angles, solid_angles)
    units = [lengths.Value(number).ToCString() for number in range(1, lengths.Length() + 1)]
    if units != ["millimetre"]:
        msg = f"{path.name} was read back in units {units or 'unknown'}, not the millimetre"
        raise ToolError(msg)


FORMAT = Format(".step", write_step, read_step, size_tolerance=1e-7, box_tolerance_mm=1e-4)
