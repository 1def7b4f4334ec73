"""3MF (millimetres): triangles with name, material and design hash, for printers."""

from __future__ import annotations

import io
import locale
import uuid
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lib3mf
import numpy as np

from export.formats import SINGLE_PRECISION, SINGLE_PRECISION_MM, Format, Measured
from export.formats.stl import read_mesh
from geometry.facets import Facets
from geometry.part import Label, Part
from mnnfab.errors import ToolError
from mnnfab.io.plain_path import plain_path

#: Namespace of mnnfab's metadata; an identifier, not an address.
NAMESPACE = "mnnfab:design"
#: The earliest date of a file in a zip archive.
FIRST_DATE = (1980, 1, 1, 0, 0, 0)
#: Translation of a build item, mm.
_Translation = tuple[float, float, float]
NO_TRANSLATION: _Translation = (0.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Item:
    """A part and the positions at which it is printed.

    Args:
        label: metadata of the part.
        facets: surface of the part.
        translations: translations of the surface, mm.
    """

    label: Label
    facets: Facets
    translations: tuple[_Translation, ...] = (NO_TRANSLATION,)


def write_3mf(part: Part, path: Path, tolerance_mm: float) -> None:
    """Write one part at its own coordinates."""
    write_items([Item(part.label, part.facets(tolerance_mm))], part.label, path)


def write_items(items: Sequence[Item], label: Label, path: Path) -> None:
    """Write parts, each mesh once with all its positions.

    Raises:
        ToolError: if lib3mf cannot write the file.
    """
    wrapper = lib3mf.get_wrapper()
    model = wrapper.CreateModel()
    model.SetUnit(lib3mf.ModelUnit.MilliMeter)
    _add_metadata(model, label)
    # lib3mf's identifiers are random by default; the same design must give the same file.
    model.SetBuildUUID(_identifier(label, "build"))
    for number, item in enumerate(items):
        _add_item(model, item, number)
    # lib3mf leaves the process in the "C" locale, in which Python reads files as ASCII.
    previous_locale = locale.setlocale(locale.LC_ALL)
    try:
        with plain_path(path) as plain:
            model.QueryWriter("3mf").WriteToFile(str(plain))
    except lib3mf.ELib3MFException as error:
        msg = f"lib3mf could not write {path.name}: {error}"
        raise ToolError(msg) from error
    finally:
        locale.setlocale(locale.LC_ALL, previous_locale)
    _set_dates(path)


def _set_dates(path: Path) -> None:
    """Date all files in a zip archive 1980-01-01 00:00, the first date that the format has.

    lib3mf writes month 0 and day 0, at which some readers fail; the time of writing would make
    every file different.
    """
    dated = io.BytesIO()
    with zipfile.ZipFile(path) as given, zipfile.ZipFile(dated, "w") as made:
        for entry in given.infolist():
            info = zipfile.ZipInfo(entry.filename, date_time=FIRST_DATE)
            info.compress_type, info.create_system = zipfile.ZIP_DEFLATED, 0  # not of Unix
            made.writestr(info, given.read(entry))
    path.write_bytes(dated.getvalue())


def _add_metadata(model: Any, label: Label) -> None:  # noqa: ANN401 - lib3mf has no types
    group = model.GetMetaDataGroup()
    group.AddMetaData("", "Title", label.name, "xs:string", True)
    group.AddMetaData("", "Application", "mnnfab", "xs:string", True)
    if label.description:
        group.AddMetaData("", "Description", label.description, "xs:string", True)
    if label.design_sha256:
        group.AddMetaData(NAMESPACE, "sha256", label.design_sha256, "xs:string", True)


def _add_item(model: Any, item: Item, number: int) -> None:  # noqa: ANN401
    mesh = model.AddMeshObject()
    mesh.SetName(item.label.name)
    if item.label.design_sha256:
        mesh.SetPartNumber(item.label.design_sha256[:16])
    mesh.SetUUID(_identifier(item.label, f"object {number}"))
    vertices = np.ascontiguousarray(item.facets.vertices, dtype=np.float32)
    triangles = np.ascontiguousarray(item.facets.triangles, dtype=np.uint32)
    mesh.SetGeometry(
        (lib3mf.Position * len(vertices)).from_buffer(vertices),
        (lib3mf.Triangle * len(triangles)).from_buffer(triangles),
    )
    if item.label.material:
        materials = model.AddBaseMaterialGroup()
        colour = lib3mf.get_wrapper().RGBAToColor(64, 69, 77, 255)
        index = materials.AddMaterial(item.label.material, colour)
        mesh.SetObjectLevelProperty(materials.GetResourceID(), index)
    for copy, translation in enumerate(item.translations):
        build_item = model.AddBuildItem(mesh, _shift(translation))
        build_item.SetUUID(_identifier(item.label, f"item {number} {copy}"))


def _shift(translation: _Translation) -> Any:  # noqa: ANN401
    transform = lib3mf.get_wrapper().GetIdentityTransform()
    for axis, distance in enumerate(translation):
        transform.Fields[3][axis] = distance
    return transform


def _identifier(label: Label, what: str) -> str:
    text = "/".join((label.name, label.design_sha256, what))
    return str(uuid.uuid5(uuid.NAMESPACE_OID, text))


def read_3mf(path: Path) -> Measured:
    """Check a file with lib3mf in strict mode, and measure it with trimesh.

    Raises:
        ToolError: if lib3mf reports a problem, or the unit is not the millimetre.
    """
    _check(path)
    return read_mesh(path)


def _check(path: Path) -> None:
    model = lib3mf.get_wrapper().CreateModel()
    reader = model.QueryReader("3mf")
    reader.SetStrictModeActive(True)
    try:
        with plain_path(path) as plain:
            reader.ReadFromFile(str(plain))
    except lib3mf.ELib3MFException as error:
        msg = f"{path.name} could not be read back: {error}"
        raise ToolError(msg) from error
    problems = [reader.GetWarning(number)[0] for number in range(reader.GetWarningCount())]
    meshes = model.GetMeshObjects()
    while meshes.MoveNext():
        if not meshes.GetCurrentMeshObject().IsManifoldAndOriented():
            problems.append("a surface is not closed and oriented")
    if model.GetUnit() != lib3mf.ModelUnit.MilliMeter:
        problems.append("the unit is not the millimetre")
    if problems:
        msg = f"{path.name} was read back by lib3mf: {'; '.join(map(str, problems))}"
        raise ToolError(msg)


FORMAT = Format(
    ".3mf",
    write_3mf,
    read_3mf,
    size_tolerance=SINGLE_PRECISION,
    box_tolerance_mm=SINGLE_PRECISION_MM,
    faceted=True,
)
