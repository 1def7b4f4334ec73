"""Makes docs/validation.md and its pictures: the models against each other, and the loop.

`make validation`, which takes some minutes.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from validation_common import DOCS, EXAMPLES, PICTURES, clock, table, task_of
from validation_loop import compensation_section, prints_section

from mnnfab import Problem, load_design, load_problem, make_problem, train_problem
from mnnfab.arrays import FloatArray
from mnnfab.model.surrogate import relative_difference
from mnnfab.printed_part.calibration import calibrated
from mnnfab.printed_part.continuum import solve_part
from mnnfab.printed_part.part import PrintedPart
from mnnfab.printed_part.tiling import tile_part
from mnnfab.reproduce.setting import GRADIENT, make
from mnnfab.training.gradient_comparison import compare_gradients, in_situ_gradient
from mnnfab.validation.model_hierarchy import climb

TASKS = ("behaviour-left", "regression", "iris", "iris-bias")

INTRODUCTION = """# What the models say of each other

Made by `make validation` from the files in `examples/`. Every model answers the same
question, the displacement of the outputs per newton at the inputs (mm/N), so they can be put
beside each other. *Scale* is one factor between two models, *residual* what is left of the
pattern after it, as a share.
"""


def ladder_section() -> str:
    """Return the ladder on trained networks, and on the uniform one."""
    parts = ["## The ladder of models\n\nEach model against the last one, the solid.\n"]
    for name in ("iris", "behaviour-left"):
        problem = load_problem(EXAMPLES / f"{name}.toml")
        widths = train_problem(problem).widths_mm
        parts += [f"\n`{name}`, trained on bars:\n", ladder_table(problem, widths)]
    uniform = load_problem(EXAMPLES / "behaviour-left.toml")
    widths = np.full(uniform.network.n_bonds, 2.0)
    parts += ["\nThe uniform network of 2 mm, load and outputs as there:\n"]
    parts += [ladder_table(uniform, widths)]
    return "\n".join(parts)


def ladder_table(problem: Problem, widths_mm: FloatArray) -> str:
    """Return the ladder of some widths as a table."""
    task, headline = task_of(problem)
    header = (
        *("model", "scale", "residual", "residual of the bonds", headline.name.replace("_", " ")),
        *("gradient: cosine to the first", "degrees of freedom", "seconds"),
    )
    rows = [
        (
            rung.name,
            f"{rung.agreement.scale:.4f}",
            f"{rung.agreement.displacement_residual:.2%}",
            f"{rung.agreement.elongation_residual:.2%}",
            f"{headline.of(rung.metrics):.4f}",
            f"{rung.gradient.cosine:.4f}" if rung.gradient else "–",
            f"{rung.answer.n_dofs:,}",
            f"{rung.seconds:.2f}",
        )
        for rung in climb(problem, task, widths_mm, clock()).rungs
    ]
    return table(header, rows)


def discretisation_section() -> str:
    """Return the sequence of meshes of every example."""
    rows = []
    for name in TASKS:
        problem = load_problem(EXAMPLES / f"{name}.toml")
        task, _ = task_of(problem)
        tiling = tile_part(problem, train_problem(problem).widths_mm)
        finest, found = solve_part(sharper(problem, 2e-5), task, tiling, clock())
        continuum, usual = solve_part(problem, task, tiling, clock())
        true = relative_difference(continuum.response.flexibility, finest.response.flexibility)
        rows.append(
            (
                f"`{name}`",
                " → ".join(f"{level.n_dofs:,}" for level in usual.levels),
                f"{usual.error:.3%}",
                f"{true:.3%}",
                f"{found.levels[-1].n_dofs:,}",
                f"{continuum.balance.forces:.0e}, {continuum.balance.energy:.0e}",
            )
        )
    header = (
        *("design", "degrees of freedom", "estimated error", "difference from the finest"),
        *("its degrees of freedom", "forces, energy out of balance"),
    )
    words = (
        "## Discretisation\n\nThe mesh is refined where forward and adjoint fields are both wrong, "
        "until the flexibility is within 0.1 % by the estimate; beside it how far it is from a "
        "sequence that went on to 0.002 %.\n\n"
    )
    return words + table(header, rows)


def sharper(problem: Problem, tolerance: float) -> Problem:
    """Return a problem whose continuum is refined to another tolerance."""
    section = problem.design.check.model_copy(update={"discretisation_tolerance": tolerance})
    return replace(problem, design=problem.design.model_copy(update={"check": section}))


def gradient_section() -> str:
    """Return in situ backpropagation on the continuum, for the paper's fig. 1 and every task."""
    rows = []
    fig1 = make(GRADIENT)
    cases = [("fig. 1: 10 gf on node 12, node 13 shall sink by 25 mm", fig1, "uniform")]
    for name in TASKS:
        problem = load_problem(EXAMPLES / f"{name}.toml")
        cases += [(f"`{name}`", problem, "uniform"), (f"`{name}`", problem, "trained")]
    for words, problem, state in cases:
        task, _ = task_of(problem)
        widths = problem.start_widths_mm
        if state == "trained":
            widths = train_problem(problem).widths_mm
        continuum, _ = solve_part(problem, task, tile_part(problem, widths), clock())
        own = in_situ_gradient(task, problem.response(task, widths))
        found = compare_gradients(own, in_situ_gradient(task, continuum.response))
        assert found is not None, "none of these is zero"
        rows.append(
            (
                *(words, state, f"{found.cosine:.4f}", f"{found.signs:.0%}"),
                *(f"{found.relative_error:.2f}", f"{found.scale:.3f}"),
            )
        )
    header = ("task", "widths", "cosine", "signs", "relative error", "factor")
    words = (
        "## In situ backpropagation on the continuum\n\nThe gradient as an experiment takes it "
        "from the printed part: elongations of the bonds between load discs under the loads, "
        "and under the adjoint loads that follow from the part's own displacements. Beside it "
        "the exact gradient of plain bars.\n\n"
    )
    end = (
        "\nAt the start of a training the two are nearly the same direction. At its end the "
        "gradient of the bars is small, and the part, which moves a quarter farther, has its "
        "optimum elsewhere: for regression, which minds the size of displacements, the part asks "
        "for wider bonds where bars ask for narrower ones. That is what compensation mends.\n"
    )
    return words + table(header, rows) + end


def laws_section() -> str:
    """Return what training on each stiffness law leaves between bars and continuum."""
    rows = []
    for name in ("behaviour-left", "iris"):
        for law in ("bar", "series", "calibrated"):
            design = load_design(EXAMPLES / f"{name}.toml")
            schedule = design.schedule.model_copy(update={"stiffness_law": law})
            problem = make_problem(design.model_copy(update={"training": schedule}), EXAMPLES)
            problem = calibrated(problem, clock())
            task, headline = task_of(problem)
            widths = train_problem(problem).widths_mm
            continuum, _ = solve_part(problem, task, tile_part(problem, widths), clock())
            bars, real = (
                problem.response(task, widths),
                continuum.response,
            )
            ours, theirs = bars.flexibility, real.flexibility
            scale = float(np.vdot(ours, theirs) / np.vdot(ours, ours))
            rows.append(
                (
                    *(f"`{name}`", law, f"{scale:.4f}", f"{relative_difference(ours, theirs):.2%}"),
                    f"{headline.of(task.metrics(bars)):.4f}",
                    f"{headline.of(task.metrics(real)):.4f}",
                )
            )
    header = ("design", "law", "scale", "difference", "metric on bars", "on the continuum")
    words = (
        "## Stiffness laws\n\nTrained on plain bars, on joints in series, and on bars calibrated "
        "on continua of the uniform network at three widths.\n\n"
    )
    return words + table(header, rows)


def guards_section() -> str:
    """Return what linear theory leaves out, for every example."""
    rows = []
    for name in TASKS:
        problem = load_problem(EXAMPLES / f"{name}.toml")
        widths = train_problem(problem).widths_mm
        found = PrintedPart(problem, widths, clock()).limit_states
        for case in found.cases:
            assert case.buckling is not None, "small parts"
            assert case.buckling.factor is not None, "modes that come apart"
            rows.append(
                (
                    *(f"`{name}`", case.case.name, f"{case.buckling.factor:.2f}"),
                    f"{case.linear.factor:.2f}",
                    f"{np.abs(case.outputs_mm).max():.3f}",
                    f"{np.abs(found.sag_mm).max():.3f}",
                    f"{found.joint_strains.max():.1%}",
                )
            )
    header = (
        *("design", "load case", "buckles at", "outputs changed by 5 % at", "largest output, mm"),
        *("sag, mm", "joint strain"),
    )
    words = (
        "## Where linear theory ends\n\nTimes the load: buckling of the continuum in its plane; "
        "large displacements of pinned bars. Sag is that of the outputs under the part's own "
        "weight, joint strain the largest nominal one over all samples.\n\n"
    )
    end = (
        "\nThe iris networks read differences that are small beside the displacements of their "
        "nodes, so the outputs feel large displacements at a fifth of the load already: a lab "
        "should hang lighter weights, or train on what it measures.\n"
    )
    return words + table(header, rows) + end


def main() -> None:
    """Write the page and its pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    sections = (
        discretisation_section,
        ladder_section,
        gradient_section,
        laws_section,
        compensation_section,
        prints_section,
        guards_section,
    )
    parts = [INTRODUCTION]
    for section in sections:
        print(section.__name__)
        parts.append(section())
    (DOCS / "validation.md").write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
