"""Matplotlib drawings: one function per figure, each drawing into given axes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import shapely
from matplotlib.collections import PatchCollection
from matplotlib.colors import Normalize
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.tri import Triangulation

from geometry.outline import outline
from mnnfab.report.labels import Label
from mnnfab.report.palette import BLUE, GREEN, GREY, ORANGE, PURPLE
from mnnfab.report.symbols import draw_symbols, shown_ports
from mnnfab.task.metrics import metric_label
from mnnfab.units import NEWTON_PER_GF

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from fem.continuum import Continuum
    from geometry.tiling import Tiling
    from mnnfab.arrays import FloatArray
    from mnnfab.findings import Finding
    from mnnfab.loaded_part.prints import LoadedPrints
    from mnnfab.model.agreement import Agreement
    from mnnfab.model.model import PortModel
    from mnnfab.model.response import Response
    from mnnfab.problem.problem import PortProblem, Problem
    from mnnfab.runs.history_file import Columns
    from mnnfab.task.task import LoadCase, Task
    from mnnfab.tolerance.study import ToleranceStudy


WIDTH_COLOURS = STRESS_COLOURS = "cividis"
#: Largest displacement in a figure of the deformed shape, as a fraction of the part's width.
DISPLACEMENT_SHARE = 0.06
#: Space around the part for arrows and labels, as a share of the mean bond.
ARROW_MARGIN = 0.75
#: Labels of the rings of findings that are ringed whatever their severity; others have their codes.
RING_NAMES = {"stability": "buckles first", "loaded-strain": "largest strain"}
#: Number of bonds in the chart of variance shares.
MAX_BARS = 8


def draw_network(
    axes: Axes,
    problem: Problem,
    widths_mm: FloatArray,
    tiling: Tiling,
    findings: Sequence[Finding] = (),
) -> int:
    """Draw the part to scale with bonds coloured by width, symbols, and rings around findings.

    Args:
        axes: axes to draw into.
        problem: problem of the design.
        widths_mm: width of each bond, (n_bonds,).
        tiling: the part in the plane.
        findings: findings with a position; a ring is labelled with all findings at its position.

    Returns:
        The number of labels for which there was no space.
    """
    polygons = np.array([PathPatch(polygon_path(cell)) for cell in tiling.polygons])
    others = np.setdiff1d(np.arange(tiling.n_cells), tiling.bond_cells)
    axes.add_collection(PatchCollection(polygons[others], facecolors=GREY, edgecolors="none"))
    cells = PatchCollection(
        polygons[tiling.bond_cells], cmap=WIDTH_COLOURS, norm=Normalize(*problem.width_limits_mm)
    )
    cells.set_array(widths_mm)
    axes.add_collection(cells)
    _draw_outline(axes, tiling, color="black", lw=0.4)
    _set_limits(axes, tiling.points, ARROW_MARGIN * float(problem.network.lengths.mean()))
    colour_bar = axes.figure.colorbar(cells, ax=axes, shrink=0.7)
    colour_bar.set_label("bond width, mm")
    labels = _ring_labels(findings)
    places = np.array([label.at for label in labels]).reshape(-1, 2)
    x, y = places.T
    axes.scatter(x, y, s=160, facecolors="none", edgecolors=PURPLE, linewidths=1.8, zorder=6)
    ports = shown_ports(problem.task)
    return draw_symbols(axes, problem.network, ports, labels=labels, circled=places)


def _ring_labels(findings: Sequence[Finding]) -> list[Label]:
    """Return one label per position, with the names of all findings there."""
    positions: dict[tuple[float, float], list[str]] = {}
    for finding in findings:
        if finding.position_mm is not None:
            names = positions.setdefault(finding.position_mm, [])
            names.append(RING_NAMES.get(finding.code, finding.code))
    return [
        Label(", ".join(names), position, colour=PURPLE, size=8.5)
        for position, names in positions.items()
    ]


def _draw_outline(axes: Axes, tiling: Tiling, color: str, lw: float) -> None:
    region = outline(tiling)
    loops = [region.outer, *region.holes]
    loops += [loop for relief in tiling.reliefs for loop in relief.loops]
    for loop in loops:
        points = tiling.ring(loop)
        axes.plot(*np.vstack([points, points[:1]]).T, color=color, lw=lw)


def polygon_path(polygon: shapely.Polygon) -> Path:
    """Return a polygon with its holes as one compound path."""
    rings = [polygon.exterior, *polygon.interiors]
    return Path.make_compound_path(*(Path(np.array(r.coords), closed=True) for r in rings))


def draw_history(axes: Axes, history: Columns) -> None:
    """Draw the loss and the metrics of the task over the epochs."""
    epochs = history["epoch"]
    axes.plot(epochs, history["loss_train"], color=BLUE, label="loss, training")
    if "loss_test" in history:
        axes.plot(epochs, history["loss_test"], color=BLUE, ls=":", label="loss, test")
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss (dimensionless)")
    metrics = axes.twinx()
    metric_names = [name for name in history if name.startswith(("accuracy", "relative", "target"))]
    for name, style in zip(metric_names, ("-", ":", "--"), strict=False):
        metrics.plot(epochs, history[name], color=ORANGE, ls=style, label=metric_label(name))
    metrics.set_ylabel("metric (dimensionless)")
    lines = [*axes.get_lines(), *metrics.get_lines()]
    names = [str(line.get_label()) for line in lines]
    axes.legend(
        lines,
        names,
        frameon=False,
        fontsize=9,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.14),
        ncols=3,
    )


def draw_targets(axes: Axes, task: Task, output: int, models: Mapping[str, PortModel]) -> None:
    """Draw target and predicted displacement of an output for every sample.

    With a single input the x axis is the load, otherwise the target.
    """
    targets = task.targets[:, output]
    single = task.loads_N.shape[1] == 1
    x_values = task.loads_N[:, 0] / NEWTON_PER_GF if single else targets
    order = np.argsort(x_values)
    axes.plot(x_values[order], targets[order], color=GREY, lw=3, label="target")
    for (name, response), colour, marker in zip(
        models.items(), (BLUE, GREEN, ORANGE)[-len(models) :], "sd.", strict=False
    ):
        displacements = response.outputs(task.loads_N)[:, output]
        axes.plot(x_values, displacements, marker, ms=4, color=colour, label=name, alpha=0.8)
    axes.set_xlabel("load, gf" if single else "target, mm")
    axes.set_ylabel("displacement, mm")
    axes.legend(frameon=False, fontsize=8)


def draw_agreement(
    pair: tuple[Axes, Axes], bar: Response, continuum: Response, agreement: Agreement
) -> None:
    """Draw continuum over bar model results: flexibility matrix and bond elongations."""
    flexibility, elongation = pair
    _scatter(flexibility, bar.flexibility, continuum.flexibility, agreement.scale)
    flexibility.set_title(
        f"flexibility matrix, mm/N\nbest-fit scale {agreement.scale:.3f}, "
        f"residual {agreement.displacement_residual:.2%}",
        fontsize=10,
    )
    _scatter(elongation, bar.elongations, continuum.elongations, agreement.elongation_scale)
    elongation.set_title(
        f"bond elongation, mm/N\nbest-fit scale {agreement.elongation_scale:.3f}, "
        f"residual {agreement.elongation_residual:.2%}",
        fontsize=10,
    )


def _scatter(axes: Axes, reference: FloatArray, values: FloatArray, scale: float) -> None:
    limits = np.array([reference.min(), reference.max()])
    axes.plot(limits, scale * limits, color=ORANGE, lw=1.2, label=f"bar model × {scale:.3f}")
    axes.plot(limits, limits, color=GREY, lw=1, ls="--", label="equality")
    axes.scatter(reference.ravel(), values.ravel(), s=14, color=BLUE, zorder=3)
    axes.set_xlabel("bar model")
    axes.set_ylabel("continuum model")
    axes.legend(frameon=False, fontsize=8)


def draw_deformed(
    axes: Axes, problem: PortProblem, tiling: Tiling, continuum: Continuum, case: LoadCase
) -> None:
    """Draw the deformed shape coloured by von Mises stress, over the undeformed outline."""
    loads = np.array(case.loads_N)
    mesh = continuum.mesh
    displacements = continuum.displacements(loads)[: len(mesh.points)]
    span = float(np.ptp(mesh.points[:, 0]))
    factor = _round_down(DISPLACEMENT_SHARE * span / max(float(np.abs(displacements).max()), 1e-12))
    points = mesh.points + factor * displacements
    stress = continuum.mean_von_mises(loads) * 1000
    _draw_outline(axes, tiling, color="#888888", lw=0.5)
    # Stress peaks in a few corner elements would dominate: the scale ends at the 99th percentile.
    collection = axes.tripcolor(
        Triangulation(points[:, 0], points[:, 1], mesh.triangles),
        facecolors=stress,
        cmap=STRESS_COLOURS,
        norm=Normalize(0, float(np.percentile(stress, 99))),
        rasterized=True,
    )
    reach = ARROW_MARGIN * float(problem.network.lengths.mean())
    _set_limits(axes, np.vstack([points, mesh.points]), reach)
    axes.set_title(f"{case.name}: displacements × {factor:g}", fontsize=10)
    colour_bar = axes.figure.colorbar(collection, ax=axes, shrink=0.7, extend="max")
    colour_bar.set_label("von Mises stress, kPa")
    ports = replace(shown_ports(problem.task), loads_gf=tuple((loads / NEWTON_PER_GF).tolist()))
    draw_symbols(axes, problem.network, ports, numbers=False, legend=False)


def draw_mode(
    axes: Axes, problem: PortProblem, tiling: Tiling, continuum: Continuum, mode: FloatArray
) -> None:
    """Draw a mode, (n_dofs,), coloured by displacement magnitude, over the undeformed outline."""
    mesh = continuum.mesh
    displacements = continuum.at_points(mode)[: len(mesh.points)]
    size = np.hypot(*displacements.T)
    points = (
        mesh.points
        + DISPLACEMENT_SHARE * float(np.ptp(mesh.points[:, 0])) * displacements / size.max()
    )
    _draw_outline(axes, tiling, color="#888888", lw=0.5)
    triangles = Triangulation(points[:, 0], points[:, 1], mesh.triangles)
    axes.tripcolor(triangles, size, shading="gouraud", cmap=STRESS_COLOURS, rasterized=True)
    reach = ARROW_MARGIN * float(problem.network.lengths.mean())
    _set_limits(axes, np.vstack([points, mesh.points]), reach)
    ports = shown_ports(problem.task)
    draw_symbols(axes, problem.network, ports, numbers=False, legend=False)


def draw_print_samples(axes: Axes, name: str, prints: ToleranceStudy) -> None:
    """Draw a histogram of a metric over the print samples by linear theory."""
    _draw_histogram(axes, name, prints.metrics)
    axes.axvline(prints.nominal, color=ORANGE, lw=2, ls="--", label="nominal")
    axes.legend(frameon=False)


def draw_loaded_prints(axes: Axes, name: str, prints: LoadedPrints) -> None:
    """Draw a histogram of a metric as read over the print samples under the loads."""
    _draw_histogram(axes, f"{name} as read", prints.metrics)
    side = "at least" if prints.higher_is_better else "at most"
    axes.axvline(prints.limit, color=ORANGE, lw=2, ls="--", label=f"{side} {prints.limit:g}")
    axes.legend(frameon=False)


def _draw_histogram(axes: Axes, name: str, metrics: FloatArray) -> None:
    """Draw the finite values: a print that is lost has an infinite error."""
    found, median = metrics[np.isfinite(metrics)], float(np.median(metrics))
    axes.hist(found, bins="sqrt", color=BLUE)
    if np.isfinite(median):
        axes.axvline(median, color="black", lw=3, label="median")
    axes.set_xlabel(f"{name}, dimensionless")
    axes.set_ylabel(f"print samples (of {len(metrics):,})")


def draw_bond_shares(axes: Axes, problem: Problem, prints: ToleranceStudy) -> None:
    """Draw the bonds with the largest shares of the output variance."""
    worst = prints.worst_bonds(MAX_BARS)[::-1]
    names = [problem.network.bond_name(bond) for bond in worst]
    axes.barh(names, 100 * prints.bond_shares[worst], color=BLUE)
    axes.set_xlabel("share of the output variance, %")


def _round_down(factor: float) -> float:
    """Return the largest value of the form 1, 2 or 5 × 10ⁿ not above `factor`."""
    power = 10.0 ** np.floor(np.log10(factor))
    return float(max(step * power for step in (1, 2, 5) if step * power <= factor * (1 + 1e-9)))


def _set_limits(axes: Axes, points: FloatArray, least_mm: float = 0.0) -> None:
    low, high = points.min(axis=0), points.max(axis=0)
    margin = max(0.04 * float((high - low).max()), least_mm)
    axes.set_xlim(low[0] - margin, high[0] + margin)
    axes.set_ylim(low[1] - margin, high[1] + margin)
    axes.set_aspect("equal")
    axes.set_xlabel("x, mm")
    axes.set_ylabel("y, mm")
