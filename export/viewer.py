"""3D scenes: triangles as GLB, and the page of trimesh's browser viewer."""

from __future__ import annotations

import io
import math
import zipfile

import numpy as np
import trimesh
import trimesh.resources

from geometry.facets import Facets
from mnnfab.arrays import FloatArray, IntArray

MM_PER_M = 1000.0
#: Colour of rubber: red, green, blue and opacity.
COLOUR = (64, 69, 77, 255)
#: Initial rotation of the camera about x, y and z (rad).
TILT = (math.radians(35), 0.0, math.radians(12))


def scene_of(
    facets: Facets, name: str, *, material: str, metadata: dict[str, str]
) -> trimesh.Scene:
    """Return a glTF scene: in metres, with y upwards and z towards the viewer, as in the part.

    glTF has the same axes: a model faces +z and stands on the plane of x and z. So viewers show
    the plane of the part upright, as it hangs in its frame.
    """
    points = facets.vertices / MM_PER_M
    return _scene(points, facets.triangles, name, material, metadata)


def glb_bytes(facets: Facets, name: str) -> bytes:
    """Return a GLB of facets for a viewer, with separate vertices for every facet.

    With shared vertices the viewer would smooth the sharp edges of the part. Coordinates are in
    millimetres, and the view is that of the drawing, rotated by `TILT`.
    """
    corners = facets.vertices[facets.triangles].reshape(-1, 3)
    scene = _scene(corners, np.arange(len(corners)).reshape(-1, 3), name, "material", {})
    # A camera without a name gets a random one.
    scene.camera = trimesh.scene.Camera(name="camera", fov=(60, 45))
    scene.set_camera(angles=TILT)
    data: bytes = scene.export(file_type="glb")
    return data


def _scene(
    points: FloatArray, triangles: IntArray, name: str, material: str, metadata: dict[str, str]
) -> trimesh.Scene:
    mesh = trimesh.Trimesh(
        points,
        triangles,
        process=False,
        visual=trimesh.visual.TextureVisuals(
            material=trimesh.visual.material.PBRMaterial(
                name=material,
                baseColorFactor=COLOUR,
                metallicFactor=0.0,
                roughnessFactor=0.8,
            )
        ),
        metadata=metadata,
    )
    scene = trimesh.Scene()
    scene.add_geometry(mesh, geom_name=name, node_name=name)
    return scene


def viewer_page() -> str:
    """Return the page of trimesh's viewer; `$B64GLTF` is the placeholder of a GLB in base64."""
    data = trimesh.resources.get_bytes("templates/viewer.zip")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read("viewer.html.template").decode("utf-8")
