"""Sections of docs/explanation/validation.md on compensation and print errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from validation_common import EXAMPLES, PICTURES, ROOT, table, timer

from mnnfab import load_design, load_problem, make_problem, train_problem
from mnnfab.compensation.loop import CompensationResult, compensate
from mnnfab.compensation.record import Candidate, Compensation, Round
from mnnfab.compensation.search import search
from mnnfab.design.design import Design
from mnnfab.model.surrogate import fit_correction
from mnnfab.printed_part.part import PrintedPart
from mnnfab.problem.problem import require_trainable
from mnnfab.report.palette import BLUE, GREY, ORANGE
from mnnfab.validation.print_samples import study_print_samples

SEEDS = range(10)


def iris_design(seed: int, *, sharp: bool = True) -> Design:
    """Return the iris example with another seed."""
    design = load_design(EXAMPLES / "iris.toml")
    training = design.schedule.model_copy(update={"seed": seed})
    assert design.compensate is not None, "the example has the section"
    loop = design.compensate.model_copy(update={} if sharp else {"loss_scale_mm": None})
    return design.model_copy(update={"training": training, "compensate": loop})


def compensation_section() -> str:
    """Return the section on compensation of iris: ten seeds, two loss scales, and the search."""
    words = (
        "## Compensation\n\nThe iris network with ten seeds of split and order, and widths within "
        "the limits of the paper, 1.5 to 2.5 mm. *Before*: trained on the bar model only. "
        "*Difference* is the relative difference between two flexibility matrices of the kept "
        "widths: that predicted by the bar model as calibrated in the previous round, and that "
        "of the continuum model. If the first training is kept, the bar model is not "
        "calibrated.\n\n"
    )
    parts, medians = [words], {}
    for sharp in (False, True):
        design = iris_design(0, sharp=sharp)
        done = [run_loop(iris_design(seed, sharp=sharp)) for seed in SEEDS]
        assert design.task.kind == "classification", "iris is a classification"
        scale = design.compensate.loss_scale_mm if design.compensate else None
        scale = scale or design.task.loss_scale_mm
        parts += [f"\nRetraining with a loss scale of {scale} mm:\n\n", seeds_table(done)]
        medians[sharp] = [kept_of(one.compensation).metric for one in done]
        if sharp:
            draw_seeds(done)
    parts += [
        "\n![Accuracy of ten seeds before and after](validation/compensation.png)\n",
        "\n*Accuracy of the continuum before and after compensation, smaller loss scale.*\n",
        medians_in_words(medians),
        search_words(),
    ]
    return "".join(parts)


def medians_in_words(medians: Mapping[bool, Sequence[float]]) -> str:
    """Return the summary of the two tables."""
    plain, sharp = (float(np.median(medians[kind])) for kind in (False, True))
    return (
        f"\nMedian on the continuum: {plain:.4f} with the loss scale of the task, {sharp:.4f} with "
        "the smaller one. With the width limits of the paper most widths are at a limit, so the "
        "calibration of the bar model alone cannot recover the loss of accuracy caused by the "
        "printed shape. Once the bar model predicts the continuum to 0.1 %, a smaller loss scale "
        "can give more weight to the flowers near the decision boundary. An even smaller scale "
        "reduces the accuracy of parts with print errors (see *Print errors*).\n"
    )


def run_loop(design: Design) -> CompensationResult:
    """Train a design and compensate it."""
    problem = make_problem(design, EXAMPLES)
    return compensate(problem, train_problem(problem), (), timer())


def kept_of(compensation: Compensation) -> Round:
    """Return the round that was kept."""
    assert compensation.kept is not None, "one round is always kept"
    return compensation.kept


def seeds_table(done: Sequence[CompensationResult]) -> str:
    """Return a table with one row per seed."""
    header = (
        *("seed", "before: bar model", "before: continuum", "rounds", "kept", "difference"),
        *("calibrated bar model", "continuum", "continuum, training set"),
    )
    rows = []
    for seed, one in zip(SEEDS, done, strict=True):
        first, kept = one.compensation.rounds[0], kept_of(one.compensation)
        rows.append(
            (
                *(str(seed), f"{first.metric_predicted:.4f}", f"{first.metric:.4f}"),
                *(str(len(one.compensation.rounds) - 1), str(kept.number)),
                *(f"{kept.difference:.3%}", f"{kept.metric_predicted:.4f}"),
                *(f"{kept.metric:.4f}", f"{kept.metric_training:.4f}"),
            )
        )
    return table(header, rows)


def draw_seeds(done: Sequence[CompensationResult]) -> None:
    """Draw the accuracies of all seeds before and after."""
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    axes = figure.add_subplot()
    seeds = np.array(SEEDS)
    firsts = [one.compensation.rounds[0] for one in done]
    lasts = [kept_of(one.compensation) for one in done]
    promised = [first.metric_predicted for first in firsts]
    axes.plot(seeds, promised, "o", color=ORANGE, label="plain bar model")
    axes.plot(seeds, [last.metric for last in lasts], "s", color=BLUE, label="continuum, after")
    axes.plot(seeds, [first.metric for first in firsts], "v", color=GREY, label="continuum, before")
    axes.set_ylim(0.85, 0.97)
    axes.set_xticks(seeds)
    axes.set_xlabel("seed")
    axes.set_ylabel("accuracy on all 150 flowers")
    axes.legend(frameon=False, ncols=3, loc="upper center")
    figure.savefig(PICTURES / "compensation.png", dpi=110, metadata={"Software": None})


def note_of(candidate: Candidate) -> str:
    """Return whether a candidate is chosen, and whether it does not meet the limits."""
    notes = {"chosen": candidate.chosen, "limits not met": candidate.limits == "not met"}
    return ", ".join(note for note, holds in notes.items() if holds)


def search_words() -> str:
    """Return the subsection on the search of `examples/iris-search.toml`."""
    problem = load_problem(ROOT / "examples" / "iris-search.toml")
    chosen = search(problem, timer())
    rows = [
        (
            f"{one.joint_length_mm:g}",
            f"{one.width_min_mm:g} to {one.width_max_mm:g}",
            *(f"{one.thickness_mm:g}", f"{one.load_factor:g}"),
            ", ".join(map(str, one.inputs)),
            ", ".join(map(str, one.outputs)),
            f"{one.metric:.4f}" if one.metric is not None else one.refused.partition("\n")[0],
            "" if one.stability is None else f"{one.stability:.2f}",
            note_of(one),
        )
        for one in chosen.candidates
    ]
    header = (
        *("joint, mm", "widths, mm", "thickness, mm", "loads", "inputs", "outputs"),
        *("accuracy as read", "first instability", ""),
    )
    done = compensate(chosen.problem, train_problem(chosen.problem), chosen.candidates, timer())
    kept = kept_of(done.compensation)
    return (
        "\n### Search over joints, width limits, thickness, loads and ports\n\n"
        "Candidates of `examples/iris-search.toml` under their loads, by the frame that their "
        "continuum models calibrate. Loads and first instability are factors, on the loads of the "
        "design and on those of the candidate. The limits are those "
        "of the design on stability, strain and metric as read.\n\n"
        + table(header, rows)
        + f"\nThe chosen candidate after all rounds of compensation: accuracy {kept.metric:.4f} on "
        "the continuum model by linear theory, read without error; difference "
        f"{kept.difference:.3%}.\n"
    )


def prints_section() -> str:
    """Return the section on print samples of iris, trained and compensated in several ways."""
    rows = []
    for words, scale, parts in (
        ("bar model only", "none", 0),
        ("compensation, loss scale of the task", None, 0),
        ("compensation, 0.005 mm", 0.005, 0),
        ("compensation, 0.0025 mm", 0.0025, 0),
        ("compensation, 0.005 mm, trained over 32 print samples", 0.005, 32),
    ):
        design = iris_design(0)
        assert design.compensate is not None, "the example has the section"
        loop = design.compensate.model_copy(
            update={"loss_scale_mm": None if scale == "none" else scale}
        )
        errors = design.tolerance.model_copy(update={"train_over": parts})
        design = design.model_copy(update={"compensate": loop, "tolerance": errors})
        done = run_loop(design)
        problem, widths = require_trainable(done.problem), done.training.widths_mm
        if scale == "none":
            problem = require_trainable(make_problem(design, EXAMPLES))
            widths = train_problem(problem).widths_mm
        part = PrintedPart(problem, widths, timer())
        fitted = fit_correction(part.bars.flexibility, part.continuum.response.flexibility)
        problem = problem.uncorrected.corrected(fitted)
        study = study_print_samples(problem, widths)
        assert study is not None, "the study is enabled"
        rows.append(
            (
                *(words, f"{study.nominal:.4f}", f"{study.metrics.mean():.4f}"),
                f"{np.percentile(study.metrics, 5):.4f}",
                f"{np.percentile(study.metrics, 95):.4f}",
            )
        )
    header = ("training", "nominal", "mean of print samples", "5 %", "95 %")
    words = (
        "## Print errors\n\nAccuracy on all flowers of 1000 print samples of the iris network "
        "(seed 0), computed with the bar model calibrated on its continuum model. Standard "
        "deviations of the errors: 0.05 mm of every width, 2.5 % of thickness and 10 % of "
        "modulus.\n\n"
    )
    return words + table(header, rows)
