"""Rendering of a scene: exact pixel coverage, blur, illumination, noise and grey levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.path import Path
from matplotlib.transforms import IdentityTransform

from mnnfab.arrays import FloatArray
from mnnfab.lab.opencv import Image, opencv
from mnnfab.lab.synthetic.lens import Lens
from mnnfab.lab.synthetic.scene import PAPER, Shape

WHITE = 255.0


@dataclass(frozen=True)
class Sensor:
    """Blur, illumination and noise of a photograph.

    Args:
        blur_px: standard deviation of the point spread function.
        falloff: relative darkening of the corners.
        gradient: relative darkening of the left side against the right.
        read_noise: in grey levels.
        shot_noise: in grey levels at full white; proportional to the square root of the light.
    """

    blur_px: float = 0.9
    falloff: float = 0.15
    gradient: float = 0.20
    read_noise: float = 1.0
    shot_noise: float = 3.0


def expose(shapes: Sequence[Shape], lens: Lens, sensor: Sensor) -> FloatArray:
    """Return the light on the sensor without noise, (height, width) grey levels.

    Args:
        shapes: from the farthest to the nearest.
        lens: the camera.
        sensor: blur and illumination.
    """
    cv2 = opencv()
    covered = _draw(shapes, lens)
    if sensor.blur_px > 0:
        covered = cv2.GaussianBlur(covered, (0, 0), sensor.blur_px)
    height, width = covered.shape
    x = np.linspace(-1, 1, width, dtype=np.float32)
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    light = (1 + sensor.gradient * (x - 1) / 2) * (1 - sensor.falloff * (x**2 + y**2) / 2)
    illuminated: FloatArray = covered * light
    return illuminated


def develop(light: FloatArray, sensor: Sensor, generator: np.random.Generator) -> Image:
    """Return a photograph with random noise, 8 bits."""
    noise = generator.standard_normal(light.shape, dtype=np.float32)
    grey = light * np.float32(sensor.shot_noise**2 / WHITE)
    grey += np.float32(sensor.read_noise**2)
    np.sqrt(grey, out=grey)  # in place, since memory traffic limits pictures of this size
    grey *= noise
    grey += light
    np.rint(grey, out=grey)
    np.clip(grey, 0, WHITE, out=grey)
    return grey.astype(np.uint8)


def _draw(shapes: Sequence[Shape], lens: Lens) -> Image:
    """Return the grey levels of shapes, with exact coverage of every pixel."""
    width, height = lens.size_px
    canvas: Any = RendererAgg(width, height, 72)  # type: ignore[no-untyped-call]
    context = canvas.new_gc()
    context.set_linewidth(0)
    canvas.draw_path(context, Path(_frame(width, height)), IdentityTransform(), (PAPER,) * 3)
    for shape in shapes:
        path = Path.make_compound_path(*(_outline(loop, shape, lens) for loop in shape.loops))
        path.should_simplify = False
        context.set_snap(False)
        canvas.draw_path(context, path, IdentityTransform(), (shape.shade,) * 3)
    grey = np.asarray(canvas.buffer_rgba())[:, :, 0]
    return grey.astype(np.float32)


def _outline(loop: FloatArray, shape: Shape, lens: Lens) -> Path:
    heights = np.full((len(loop), 1), shape.height_mm)
    pixels = lens.project(np.hstack([loop, heights]))
    # In Agg, y points upwards and integers are pixel borders.
    drawn = np.column_stack([pixels[:, 0] + 0.5, lens.size_px[1] - (pixels[:, 1] + 0.5)])
    closed = np.vstack([drawn, drawn[:1]])
    codes = np.full(len(closed), Path.LINETO, dtype=Path.code_type)
    codes[0], codes[-1] = Path.MOVETO, Path.CLOSEPOLY
    return Path(closed, codes)


def _frame(width: int, height: int) -> FloatArray:
    return np.array([[-9, -9], [width + 9, -9], [width + 9, height + 9], [-9, height + 9.0]])
