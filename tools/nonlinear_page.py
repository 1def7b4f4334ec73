"""The page of the map of nonlinear tasks, made from its figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

Figures = Mapping[str, Any]
HEADINGS = (
    *("task", "splits", "logistic regression", "QDA", "linear network", "frame before training"),
    *("frame trained", "as read", "strain", "stability", "bonds", "loads, gf"),
)

INTRODUCTION = """# Nonlinear tasks

A linear network with a bias separates classes by hyperplanes. This page shows what large
displacements add: which tasks that no linear network solves are learned, at which strain and
stability. It is made by `python tools/nonlinear_map.py page` from the figures in
`nonlinear-tasks.json`, which the other commands of that script compute.

## The readout decides what counts

XOR by the largest |u| proves nothing: the outputs x - y and x + y of a linear network have the
magnitudes that solve it. All tasks but iris have readouts with signs here (`[task] readout`): the
class is the sign of the difference of two outputs, or of one output minus a threshold. The
control is the linear network: bars with the same ports, loads and readout, trained on all
training rows from two starts, its threshold fitted to them. It has a half-plane, which can hold
more than half of the points: circles are not at 1/2 for it.

## Where the nonlinearity comes from

The displacement of an output under two loads is u = a x + b y + p x² + q x y + r y² + …; the
quadratic terms are geometric: a bond or a chord under tension is stiffer sideways, one under
compression is softer, and a strip that bends becomes shorter. Signed XOR needs q, with a and b
near 0.

Symmetry makes the linear terms vanish. The strip of three rows has two mirrors. The load x acts
along it in the middle, y across it at the same node: x is odd under the mirror that exchanges
left and right, y under the other one. The difference of the vertical displacements at both
quarters is odd under both, so that only xy, x³y, x y³ … remain. The mechanism is that of a beam
column: x stretches one half and compresses the other, which makes the deflection by y larger in
the compressed half. No width has to be trained for that; a uniform strip has it (column "before
training"). The weight of the part breaks the second mirror, and training corrects that.

What limits the signal is stability: the same compression makes bonds and chords buckle. In most
of the hexagons and strips of four bonds that were scanned (joints of half the width, bonds of 2
mm), the difference of the outputs was at most 0.02 mm where the smallest eigenvalue fell to 0.2;
beyond, some states with bowed bonds are stable again, with up to 0.23 mm at a strain of 0.28.
Longer strips of wide bonds deflect more before they buckle, and the thickness keeps them in their
plane.
"""

EXPLANATION = """
Test rows are 30 % of a stratified split; mean and standard deviation over the splits. The frame
is trained on 60 of the training rows, in 8 iterations of L-BFGS-B (20 for circles, 60 for iris),
for the loss as read with the constraints of `[check]`; a threshold is then fitted to all training
rows. "As read" is the expected accuracy with reading errors of 0.02 mm. Strain and stability are
the worst of all samples and splits: the stability is the smallest eigenvalue μ of the tangent
relative to its material part, in the plane and out of it, 1 at rest and 0 where stability is
lost. In linear buckling it is 1 - 1/λ at the load factor λ, so that 0.2 corresponds to the
required factor of 1.25; 1 / (1 - μ) is in brackets. It is not the load factor of a path, which
`mnnfab run` computes.
"""


STRAINS = """The loads are the largest at which the uniform strip meets the allowed strain and the
stability in its plane, both with the margin of the training. With 0.5, stability is the limit, and
linear buckling out of the plane, which is not part of the choice of the load, is not met.
"""

EXAMPLE = """
`examples/xor.toml` is the strip with widths of an earlier training of 12 iterations on 60 points,
with joints of 2 mm. In `mnnfab run` it is printable and becomes unstable at 1.36 times its loads
(1.25 required), out of its plane. By the rubber model of its critical samples and the calibrated
frame of all 400 points, it is read with an accuracy of 0.961, 0.980 exactly, at a strain of 0.22;
by linear theory with 0.505. Frame and rubber differ by 2.6 %. Its accuracy over the load, by the
frame, where it is stable up to the factor 1.36:
"""

CONCLUSION = """
## What it can and cannot do

- **Signed XOR** is within reach: the target was 0.95 on held-out points at a strain of at most
  0.3. The mean of ten splits is 0.97, and one split is below 0.95. It is a property of the
  symmetry first. Training adds the correction of the weight of the
  part, and a few points. Points near the axes remain wrong: x y is small there.
- **Its price** is load and size: 2.1 and 0.84 kgf on a strip of 224 mm, 24 mm thick. Outputs
  differ by 1 mm at the corners, where the linear network has differences of 0. At lower loads the
  classes are still right, but cannot be read: at a strain of 0.1, the accuracy as read is 0.82.
- **Circles and two moons** are not solved. The strips of the table are the best of random
  searches of some minutes over ports and loads. Circles need p = r and q = 0 at one output. The
  transverse loads make the strip shorter, which is quadratic, but the shapes of two loads are not
  orthogonal; training for the loss as read made the signal larger and the accuracy lower. On two
  moons the frame is better than the linear network with its ports, and no better than logistic
  regression.
- **Iris** is the control, with the ports of `examples/iris-loaded.toml` and magnitudes. It is
  linear, and the linear network is as good; its reading error decides. Sixty flowers are fewer
  than that example is trained on, and its limits of strain and stability are not met here in all
  splits.
- Lattice, ports, outputs and loads were chosen before the splits were drawn, with points that are
  test rows of some of them: for XOR the loads, for circles and two moons also the ports and the
  output, on 60 points. The test accuracies of the last two are optimistic for that reason; those of
  `examples/xor.toml` include the points on which its widths were trained.
- Not tried: features on several ports, more outputs, preloads near buckling, other lattices than
  strips for circles and moons. The map is what was found, not a bound.
"""


def _envelope(figures: Figures) -> str:
    """Return the accuracy of the example over the load factor."""
    rows = [
        f"| {factor:.2f} | {read:.3f} | {exact:.3f} | {linear:.3f} | {strain:.2f} |"
        for factor, read, exact, linear, strain in figures["example"]
    ]
    head = (
        "| load factor | as read | read exactly | as read, linear | strain |\n|---|---|---|---|---|"
    )
    return "\n".join([head, *rows])


def page_text(figures: Figures) -> str:
    """Return the page."""
    parts = [INTRODUCTION, "## Map\n", _map(figures), EXPLANATION, "\n## Frontier of XOR\n"]
    parts += [STRAINS, _frontier(figures, "strains", "allowed strain")]
    if any(key.startswith("loads/") for key in figures):
        parts += ["", _frontier(figures, "loads", "factor on the loads")]
    return "\n".join([*parts, EXAMPLE, _envelope(figures), CONCLUSION])


def _runs(figures: Figures, what: str, name: str) -> list[Any]:
    """Return the figures of all seeds; runs that failed have an error."""
    return [value for key, value in figures.items() if key.startswith(f"{what}/{name}/")]


def _spread(values: Iterable[float]) -> str:
    found = np.array(list(values))
    if not found.size:
        return "–"
    sd = f" ± {found.std(ddof=1):.3f}" if found.size > 1 else ""
    return f"{found.mean():.3f}{sd}"


def _map(figures: Figures) -> str:
    lines = [
        f"| {' | '.join(HEADINGS)} |",
        "|---" * len(HEADINGS) + "|",
    ]
    names = dict.fromkeys(key.split("/")[1] for key in figures if key.startswith("frame/"))
    for name in sorted(names, key=("xor", "circles", "two-moons", "iris").index):
        runs = [one for one in _runs(figures, "frame", name) if "error" not in one]
        if not runs:
            continue
        other = _runs(figures, "others", name)
        cells = [
            name,
            f"{len(runs)}",
            _spread(one["logistic"] for one in other),
            _spread(one["qda"] for one in other),
            _spread(_runs(figures, "linear", name)),
            _spread(one["start"]["test"] for one in runs),
            _spread(one["trained"]["test"] for one in runs),
            _spread(one["trained"]["test_as_read"] for one in runs),
            *_limits(runs),
            f"{runs[0]['bonds']}",
            ", ".join(f"{load:.0f}" for load in runs[0]["loads_gf"]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _limits(runs: list[Any]) -> tuple[str, str]:
    """Return the largest strain and the smallest eigenvalue of the trained parts."""
    strain = max(one["trained"]["strain"] for one in runs)
    least = min(min(one["trained"]["in_plane"], one["trained"]["out_of_plane"]) for one in runs)
    return f"{strain:.2f}", f"{least:.2f} ({1 / (1 - least):.2f})"


def _frontier(figures: Figures, what: str, title: str) -> str:
    """Return the table of one split or more over an allowed strain or a load."""
    lines = [
        f"| {title} | splits | before training | trained | as read | strain | stability |",
        "|---|---|---|---|---|---|---|",
    ]
    values = {key.split("/")[1] for key in figures if key.startswith(f"{what}/")}
    for value in sorted(values, key=float):
        runs = [one for one in _runs(figures, what, value) if "error" not in one]
        failed = len(_runs(figures, what, value)) - len(runs)
        if not runs:
            lines.append(f"| {value} | 0 of {failed} | no stable start | | | | |")
            continue
        cells = [
            value,
            f"{len(runs)}",
            _spread(one["start"]["test"] for one in runs),
            _spread(one["trained"]["test"] for one in runs),
            _spread(one["trained"]["test_as_read"] for one in runs),
            *_limits(runs),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
