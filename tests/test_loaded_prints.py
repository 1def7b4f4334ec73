"""Print samples under the loads: no errors, other moduli, lost prints, and other meshes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from small import changed_design, small_design

from fem.frames.model import LoadedFrame
from mnnfab import load_problem, train_problem
from mnnfab.arrays import FloatArray
from mnnfab.loaded_part.assessment import LoadedPart, assess_loaded_part
from mnnfab.loaded_part.calibrated_frame import calibrated_frame
from mnnfab.loaded_part.prints import LoadedPrints, PrintSet, load_prints, print_outputs
from mnnfab.printed_part.part import PortPart, PrintedPart
from mnnfab.problem.problem import PortProblem, require_ports, require_trainable
from mnnfab.random_streams import Stream, random_generator
from mnnfab.report.drawing import draw_loaded_prints
from mnnfab.task.reading import ReadMetric
from mnnfab.task.task import ScoredTask, is_scored
from mnnfab.tolerance.print_errors import PrintErrors
from mnnfab.tolerance.print_sample import (
    AsDrawnBars,
    PrintSample,
    draw_prints,
    sample_stiffness,
)
from mnnfab.validation.print_samples import (
    MIN_LOADED,
    check_print_samples,
    load_print_samples,
    study_print_samples,
)

#: Errors of a printer with an accuracy of 0.1 mm.
ERRORS = PrintErrors(0.05, 0.0, 0.1, 0.0)
WIDTHS_ALONE = PrintErrors(0.05, 0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> PortPart:
    return part_of(tmp_path_factory.mktemp("small"))


def part_of(folder: Path, *changes: tuple[str, str]) -> PortPart:
    """Return a part of seven bonds, trained.

    Args:
        folder: folder of its design.
        changes: old and new parts of the text of the design.
    """
    path = small_design(folder, "small", check=True)
    text = path.read_text(encoding="utf-8")
    path = changed_design(folder, text, ("enabled = false", "samples = 30"), *changes)
    problem = require_trainable(load_problem(path))
    return PrintedPart(require_ports(problem), train_problem(problem).widths_mm)


@pytest.fixture(scope="module")
def loaded(part: PortPart) -> LoadedPart:
    return assess_loaded_part(part)


def scored(part: PortPart) -> ScoredTask:
    task = part.problem.task
    assert is_scored(task)
    return task


def drawn(part: PortPart) -> AsDrawnBars:
    problem, widths = part.problem, part.widths_mm
    stiffness = problem.law.stiffness(widths)
    return AsDrawnBars(problem.bar_model(), widths, stiffness, problem.design.fabrication)


def without_errors(part: PortPart, modulus: float = 1.0) -> PrintSample:
    """Return a print whose modulus is that of the design times a factor."""
    n_bonds, shape = part.problem.network.n_bonds, part.problem.task.loads_N.shape
    return PrintSample(np.zeros(n_bonds), np.ones(n_bonds), modulus, 1.0, np.zeros(shape))


def loaded_prints(
    part: PortPart, loaded: LoadedPart, samples: list[PrintSample]
) -> LoadedPrints | None:
    prints = PrintSet(part.widths_mm, samples, loaded.frame_offsets_mm)
    return load_prints(loaded.frame, scored(part), loaded.requirements, prints)


def test_a_print_without_errors_is_read_as_the_part(part: PortPart, loaded: LoadedPart) -> None:
    found = loaded_prints(part, loaded, [without_errors(part)])
    assert found is not None
    assert loaded.read is not None
    assert found.metrics == pytest.approx([loaded.read.value], abs=1e-9)
    assert found.lost.tolist() == [0]
    assert found.limit == part.problem.design.check.min_accuracy
    assert found.print_yield == 1.0


def test_a_softer_print_moves_as_a_part_of_that_modulus(part: PortPart, loaded: LoadedPart) -> None:
    """The frame of a softer material hangs a little lower, which is neglected."""
    frame, loads = loaded.frame, part.problem.task.loads_N
    modulus = 0.7 * frame.frames.material.youngs_modulus_MPa
    material = frame.frames.material.model_copy(update={"youngs_modulus_MPa": modulus})
    softer = LoadedFrame(
        frame.frame.network,
        replace(frame.frames, material=material).frame(part.widths_mm),
        frame.frame.input_ports,
        frame.frame.output_ports,
        weight=True,
    )
    expected = softer.outputs(loads) + loads / 0.7 @ frame.correction.T
    found = print_outputs(frame, part.widths_mm, without_errors(part, 0.7), loads)
    np.testing.assert_allclose(found, expected, rtol=0.01)
    stiff = print_outputs(frame, part.widths_mm, without_errors(part), loads)
    assert np.abs(found).max() > 1.3 * np.abs(stiff).max()


def test_prints_that_do_not_carry_their_loads_are_not_good(
    part: PortPart, loaded: LoadedPart
) -> None:
    samples = [without_errors(part), without_errors(part, 0.01)]
    found = loaded_prints(part, loaded, samples)
    assert found is not None
    assert found.lost.tolist() == [0, 1]
    assert found.good.tolist() == [True, False]
    assert found.print_yield == 0.5


def test_a_print_that_reads_well_with_a_lost_sample_is_not_good() -> None:
    found = LoadedPrints(np.array([0.95, 0.95, 0.85]), np.array([0, 1, 0]), 0.9, True)
    assert found.good.tolist() == [True, False, False]
    errors = LoadedPrints(np.array([0.05, np.inf]), np.array([0, 2]), 0.1, False)
    assert errors.good.tolist() == [True, False]


@pytest.mark.parametrize(
    ("good", "expected"),
    [(0, (0.0, 0.3085)), (5, (0.1871, 0.8129)), (9, (0.5550, 0.9975)), (10, (0.6915, 1.0))],
)
def test_interval_is_that_of_tables(good: int, expected: tuple[float, float]) -> None:
    """Tabulated limits of Clopper and Pearson for 10 trials."""
    metrics = np.where(np.arange(10) < good, 1.0, 0.0)
    found = LoadedPrints(metrics, np.zeros(10, dtype=int), 0.5, True)
    assert found.interval == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize("lost", [10, 190])
def test_the_histogram_has_few_bars_beside_lost_prints_and_large_errors(lost: int) -> None:
    """Near a loss of stability errors are large; of lost prints they are infinite."""
    metrics = np.concatenate([np.linspace(0.1, 0.9, 199 - lost), [1e6], np.full(lost, np.inf)])
    axes = Figure().add_subplot()
    prints = LoadedPrints(metrics, np.zeros(200, dtype=int), 1.0, False)
    draw_loaded_prints(axes, "error", prints)
    assert 0 < len(axes.patches) <= 15
    heights = [bar.get_height() for bar in axes.patches if isinstance(bar, Rectangle)]
    assert sum(heights) == 200 - lost
    assert len(axes.lines) == (2 if lost == 10 else 1)  # the limit, and the median if it is known


def test_few_prints_are_the_first_of_many(part: PortPart) -> None:
    """The prints under the loads are prints of the linear study."""
    shape = part.problem.task.loads_N.shape
    few, many = (list(draw_prints(drawn(part), ERRORS, shape, count, 3)) for count in (2, 5))
    for one, other in zip(few, many[:2], strict=True):
        np.testing.assert_array_equal(one.bonds, other.bonds)
        assert one.part == other.part
    generator = random_generator(3, Stream.TOLERANCE_STUDY)
    first = sample_stiffness(drawn(part), ERRORS, generator)
    np.testing.assert_array_equal(first, drawn(part).stiffness * few[0].bonds * few[0].part)


def test_large_tasks_have_no_prints_under_the_loads(
    part: PortPart, loaded: LoadedPart, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(problem: PortProblem) -> LoadedPrints | None:
        return load_print_samples(problem, part.widths_mm, loaded)

    problem = part.problem
    usual = found(problem)
    assert usual is not None
    assert len(usual.metrics) == problem.design.tolerance.samples == 30
    study = study_print_samples(problem, part.widths_mm)
    prints = check_print_samples(problem, study, usual)[0]
    assert prints.value == usual.print_yield
    assert "30 prints under the loads" in prints.message
    assert load_print_samples(problem, part.widths_mm, None) is None
    monkeypatch.setattr(
        "mnnfab.validation.print_samples.MAX_LOADED_SIZE",
        problem.network.n_bonds * (MIN_LOADED - 1),
    )
    assert found(problem) is None
    design = problem.design
    thorough = replace(
        problem,
        design=design.model_copy(
            update={"check": design.check.model_copy(update={"thorough": True})}
        ),
    )
    few = found(thorough)
    assert few is not None
    assert len(few.metrics) == MIN_LOADED


def test_an_undefined_metric_is_the_worst(
    part: PortPart, loaded: LoadedPart, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of lost samples, errors from targets in mm are not a number."""

    def read(_task: ScoredTask, outputs_mm: FloatArray, *_: float) -> ReadMetric:
        error = float(np.sqrt(np.square(outputs_mm - 0.1).mean()))
        return ReadMetric("relative_error", error, 0.0, error, 1)

    monkeypatch.setattr("mnnfab.loaded_part.prints.metric_as_read", read)
    found = loaded_prints(part, loaded, [without_errors(part), without_errors(part, 0.01)])
    assert found is not None
    assert np.isfinite(found.metrics[0])
    assert found.metrics[1] == np.inf
    assert found.good.tolist() == [True, False]


@pytest.mark.ci
def test_prints_differ_as_rubber_on_their_own_meshes(tmp_path: Path) -> None:
    """The frame is calibrated on the nominal part; each print is meshed and solved as rubber.

    Of plain bars, an error of the edges is another width.
    """
    part = part_of(tmp_path, ("width_initial_mm", "joint_ratio = 1.0\nwidth_initial_mm"))
    problem, loads = part.problem, part.problem.task.loads_N
    frame, nominal = calibrated_frame(part), part.rubber.solve(loads).outputs_mm
    own = print_outputs(frame, part.widths_mm, without_errors(part), loads)
    differences, sizes = [], []
    for one in draw_prints(drawn(part), WIDTHS_ALONE, loads.shape, 4, 0):
        meshed = PrintedPart(problem, part.widths_mm + one.edges_mm)
        rubber = meshed.rubber.solve(loads).outputs_mm - nominal
        differences.append(print_outputs(frame, part.widths_mm, one, loads) - own - rubber)
        sizes.append(rubber)
    assert np.linalg.norm(differences) < 0.15 * np.linalg.norm(sizes)


@pytest.mark.ci
@pytest.mark.parametrize("edge_mm", [-0.1, 0.1])
def test_edges_move_alike_in_joints_and_middles(tmp_path: Path, edge_mm: float) -> None:
    """With one error of all bonds, the rubber has other widths and another ratio of the joints."""
    ratio = (0.5 * 2.0 + edge_mm) / (2.0 + edge_mm)
    part = part_of(tmp_path / "nominal")
    other = part_of(
        tmp_path / "print", ("width_initial_mm", f"joint_ratio = {ratio}\nwidth_initial_mm")
    )
    loads = part.problem.task.loads_N
    widths = np.full(part.problem.network.n_bonds, 2.0)
    uniform = PrintedPart(part.problem, widths)
    printed = PrintedPart(other.problem, widths + edge_mm)
    expected = printed.rubber.solve(loads).outputs_mm - uniform.rubber.solve(loads).outputs_mm
    edges = replace(without_errors(part), edges_mm=np.full(len(widths), edge_mm))
    frame = calibrated_frame(uniform)
    own, moved = (print_outputs(frame, widths, one, loads) for one in (without_errors(part), edges))
    assert np.linalg.norm(moved - own - expected) < 0.1 * np.linalg.norm(expected)
