"""Section of docs/explanation/validation.md on the loaded part of examples and paper."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from validation_common import EXAMPLES, ROOT, table

from mnnfab.loaded_part.assessment import LoadedPart, assess_loaded_part
from mnnfab.loaded_part.solid import smallest_out_of_plane
from mnnfab.pipeline.fitting import prepare, train_design
from mnnfab.printed_part.part import PrintedPart, is_port_part
from mnnfab.problem.loading import load_problem
from mnnfab.progress.watcher import NullWatcher, StageTimer

#: The paper's settings, and the examples of the same tasks.
DESIGNS = (
    *(EXAMPLES / f"{name}.toml" for name in ("behaviour-left", "regression", "iris")),
    *(
        ROOT / "examples" / f"{name}.toml"
        for name in ("behaviour-left", "regression", "iris", "iris-bias")
    ),
)


def loaded_section() -> str:
    """Return the section on the loaded part."""
    rows = [_row(path, assess(path)) for path in DESIGNS]
    header = (
        *("design", "as read", "read exactly", "linear theory, as read"),
        *("unstable in the plane", "unstable out of the plane", "solid, out of the plane"),
        *("largest strain", "window of load factors", "frame from rubber"),
    )
    words = (
        "## The loaded part\n\nMetric of all samples under their loads, with own weight and large "
        "displacements, as read with a standard deviation of 0.02 mm per reading, and load factors "
        "at which the first sample becomes unstable. `paper/` has the settings of the paper.\n\n"
    )
    end = (
        "\nThe paper's part is 2 mm thick. Its iris network is stable, but its displacements are "
        "too small for a camera of 0.02 mm: what the network computes exactly is not what is read. "
        "Its behaviours buckle out of their plane at their loads, and its regression far below "
        "them. Thicker parts under loads in proportion, with ports that pull, do the same tasks as "
        "they are read.\n"
    )
    return words + table(header, rows) + end


def assess(path: Path) -> LoadedPart:
    """Train a design with its compensation, and assess the loaded part."""
    timer = StageTimer(NullWatcher())
    fitted = train_design(*prepare(load_problem(path), timer), timer)
    part = PrintedPart(fitted.problem, fitted.training.widths_mm, timer)
    assert is_port_part(part), "the designs have tasks"
    return assess_loaded_part(part)


def _row(path: Path, loaded: LoadedPart) -> tuple[str, ...]:
    envelope, read, linear = loaded.envelope, loaded.read, loaded.linear_read
    assert read is not None, "the tasks have metrics"
    assert linear is not None, "the tasks have metrics"
    solid = smallest_out_of_plane(loaded.buckling)
    window = "none"
    if envelope.lower is not None and envelope.upper is not None:
        window = f"{envelope.lower:.2f} to {envelope.upper:.2f}"
    difference = loaded.checked.difference
    name = path.relative_to(ROOT / "examples").with_suffix("")
    return (
        *(
            f"`{name}`",
            f"{read.label} {_defined(read.value)}",
            _defined(read.exact),
            f"{linear.value:.3f}",
        ),
        _factor(float(loaded.sweep.in_plane.min()), loaded),
        _factor(float(loaded.sweep.out_of_plane.min()), loaded),
        *(_factor(solid, loaded), f"{np.nanmax(loaded.at_loads.strains):.1%}", window),
        "–" if difference is None else f"{difference:.1%}",
    )


def _defined(value: float) -> str:
    """Return a metric, which is not defined if a sample has no stable state."""
    return f"{value:.3f}" if np.isfinite(value) else "not defined"


def _factor(factor: float, loaded: LoadedPart) -> str:
    """Return a load factor, or the last one that was looked at."""
    return f"{factor:.2f}" if np.isfinite(factor) else f"> {loaded.sweep.factors[-1]:.1f}"
