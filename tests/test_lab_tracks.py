"""Tables of trackers: likelihoods, points that are missing or belong to no node, stacks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from laboratory import FIG1_STEPS, fig1_bench, linear_positions

from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.io.tables import table_text
from mnnfab.lab.analysis.analysis import analyse
from mnnfab.lab.experiment.experiment import load_experiment, read_positions
from mnnfab.lab.experiment.shots import Positions
from mnnfab.lab.experiment.steps import steps_text
from mnnfab.lab.experiment.track_tables import read_tracks
from mnnfab.lab.measurement.measurement import measure
from mnnfab.printed_part.part import PortPart

EXPERIMENT = 'schema = 1\nname = "t"\nkind = "positions"\nelongation = "projection"\n[positions]\n'
#: Points that a tracker lost: shot (in the order of `FIG1_STEPS`, two shots each) and node.
LOST = ((4, 7), (6, 9))
LOW = 0.012


@pytest.fixture(scope="module")
def bench() -> PortPart:
    return fig1_bench()


@pytest.fixture(scope="module")
def positions(bench: PortPart) -> Positions:
    return linear_positions(bench, FIG1_STEPS, 0.002, np.random.default_rng(3))


def deeplabcut(places: np.ndarray, likelihood: np.ndarray, individual: str = "") -> str:
    points = [f"n{p:02d}" for p in range(places.shape[1])]
    cells = np.concatenate([places, likelihood[..., None]], axis=2).reshape(len(places), -1)
    lines: list[list[object]] = [["scorer", *["net"] * (3 * len(points))]]
    if individual:
        lines.append(["individuals", *[individual] * (3 * len(points))])
    lines.append(["bodyparts", *(p for p in points for _ in range(3))])
    lines.append(["coords", *["x", "y", "likelihood"] * len(points)])
    lines += [[f, *("" if np.isnan(c) else c for c in row)] for f, row in enumerate(cells.tolist())]
    return "\n".join(",".join(map(str, line)) for line in lines) + "\n"


def sleap(places: np.ndarray, likelihood: np.ndarray, end: str = "score") -> str:
    points = range(places.shape[1])
    header = [f"n{p}.{a}" for p in points for a in ("x", "y", end)]
    cells = np.concatenate([places, likelihood[..., None]], axis=2).reshape(len(places), -1)
    rows = [("", f, 13.2, *row) for f, row in enumerate(cells.tolist())]
    return table_text(("track", "frame_idx", "instance.score", *header), rows)


def long(places: np.ndarray, likelihood: np.ndarray, positions: Positions) -> str:
    rows = [
        (positions.shots[s].step, s, node, *places[s, node], likelihood[s, node])
        for s, node in np.ndindex(places.shape[:2])
    ]
    return table_text(("step", "repeat", "node", "x", "y", "point_scores"), rows)


def write(folder: Path, positions: Positions, table: str, more: str = "") -> Path:
    """Write an experiment with a table of a tracker, a frame for each shot."""
    (folder / "experiment.toml").write_text(EXPERIMENT + more)
    (folder / "steps.csv").write_text(steps_text(FIG1_STEPS))
    (folder / "positions.csv").write_text(table)
    rows = [(frame, shot.step) for frame, shot in enumerate(positions.shots)]
    (folder / "shots.csv").write_text(table_text(("shot", "step"), rows))
    return folder


def lost(positions: Positions) -> tuple[np.ndarray, np.ndarray]:
    """Positions of which two are wrong by millimetres, and likelihoods that say so."""
    places, likelihood = positions.coordinates.copy(), np.full(positions.coordinates.shape[:2], 0.9)
    for shot, node in LOST:
        places[shot, node] += [2.5, -1.5]
        likelihood[shot, node] = LOW
    return places, likelihood


def codes(findings: tuple[Finding, ...]) -> dict[str, Finding]:
    return {finding.code: finding for finding in findings}


@pytest.mark.parametrize("tool", ["deeplabcut", "several", "sleap", "long"])
def test_points_of_low_likelihood_are_left_out_and_told(
    bench: PortPart, positions: Positions, tmp_path: Path, tool: str
) -> None:
    """The gradient is that without these two positions; with them it is off by a quarter."""
    places, likelihood = lost(positions)
    table = {
        "deeplabcut": lambda: deeplabcut(places, likelihood),
        "several": lambda: deeplabcut(places, likelihood, "part"),
        "sleap": lambda: sleap(places, likelihood),
        "long": lambda: long(places, likelihood, positions),
    }[tool]()
    analysis = analyse(bench, write(tmp_path, positions, table))
    truth = bench.problem.task.stiffness_gradient(bench.continuum.response)
    assert analysis.gradient is not None
    error = np.linalg.norm(analysis.gradient.gradient - truth) / np.linalg.norm(truth)
    assert error < 0.05
    told = codes(analysis.findings)["weak-points"]
    assert told.severity == "warning"
    assert told.value == 2
    assert told.limit == 0.6
    for shot, node in LOST:
        assert f"node {node} in " in told.message
        name = analysis.positions.shots[shot].source
        assert f"{name} ({LOW:g})" in told.message
    # One shot is a worse mean than two.
    measurement = analysis.measurement
    assert measurement.n_shots[0, 7] == 1
    assert measurement.n_shots[0, 8] == 2
    assert measurement.displacement_sd_mm[0, 7] > measurement.displacement_sd_mm[0, 8]


def test_the_threshold_can_be_set(positions: Positions, tmp_path: Path) -> None:
    places, likelihood = lost(positions)
    folder = write(tmp_path, positions, deeplabcut(places, likelihood), "min_likelihood = 0.01\n")
    read = read_positions(load_experiment(folder), 14)
    assert read.findings == ()
    np.testing.assert_allclose(read.coordinates, places)
    write(tmp_path, positions, deeplabcut(places, likelihood), "min_likelihood = 0.95\n")
    with pytest.raises(InputError, match=r"load step zero.*0\.9\)[^$]*min_likelihood"):
        read_positions(load_experiment(folder), 14)
    without = table_text(
        [f"pt{p + 1}_X" if a == 0 else f"pt{p + 1}_Y" for p in range(14) for a in range(2)],
        places.reshape(len(places), -1).tolist(),
    )
    write(tmp_path, positions, without, "min_likelihood = 0.5\n")
    with pytest.raises(InputError, match="no likelihoods in positions"):
        read_positions(load_experiment(folder), 14)


def test_a_point_that_is_weak_in_every_shot_is_refused_by_name(
    positions: Positions, tmp_path: Path
) -> None:
    places, likelihood = lost(positions)
    likelihood[5, 7] = 0.2
    folder = write(tmp_path, positions, deeplabcut(places, likelihood))
    with pytest.raises(InputError, match=r"node 7 of load step forward: 4 \(0\.012\), 5 \(0\.2\)"):
        read_positions(load_experiment(folder), 14)


def test_points_without_a_position_are_left_out_and_told(
    positions: Positions, tmp_path: Path
) -> None:
    """NaN of DLTdv, an empty cell of DeepLabCut, a row of TrackMate that is not there."""
    places, likelihood = lost(positions)
    for shot, node in LOST:
        places[shot, node] = np.nan
    likelihood[:] = 0.9
    n_frames, n_points = places.shape[:2]
    header = [f"pt{p + 1}_{a}" for p in range(n_points) for a in "XY"]
    spots = [
        (p + 7, *places[f, p], f)
        for f, p in np.ndindex(n_frames, n_points)
        if np.isfinite(places[f, p, 0])
    ]
    tables = (
        table_text(header, places.reshape(n_frames, -1).tolist()),
        deeplabcut(places, likelihood),
        table_text(("TRACK_ID", "POSITION_X", "POSITION_Y", "FRAME"), spots),
    )
    for table in tables:
        read = read_positions(load_experiment(write(tmp_path, positions, table)), n_points)
        other = read.coordinates[5, 7]
        np.testing.assert_allclose(read.coordinates[4, 7], other)
        (told,) = read.findings
        assert "node 7 in 4 (missing); node 9 in 6 (missing)" in told.message


def test_error_bars_of_nodes_with_fewer_shots_cover_the_truth(bench: PortPart) -> None:
    """Covariance and draws agree if a node of the zero and one of a step have one shot of two."""
    positions = linear_positions(bench, FIG1_STEPS, 0.002, np.random.default_rng(0))
    left_out = np.zeros(positions.coordinates.shape[:2], dtype=bool)
    left_out[0, 5] = left_out[4, 6] = True
    coordinates = positions.coordinates.copy()
    coordinates[0, 5], coordinates[4, 6] = coordinates[1, 5], coordinates[5, 6]
    positions = Positions(positions.shots, coordinates, left_out=left_out)
    found = measure("t", positions, FIG1_STEPS, bench.problem.network)
    dofs = bench.problem.network.free_dofs
    sd = np.sqrt(np.diag(found.covariance_mm2(dofs))).reshape(2, -1)
    stated = np.repeat(found.displacement_sd_mm, 2, axis=1)[:, dofs]
    np.testing.assert_allclose(sd, stated, rtol=1e-9)
    drawn = found.draws(4000, np.random.default_rng(0))[0].std(axis=0).reshape(2, -1)[:, dofs]
    np.testing.assert_allclose(drawn, stated, rtol=0.08)


@pytest.mark.parametrize(("constant", "counting"), [("Slice", "Frame"), ("Frame", "Slice")])
def test_what_varies_in_a_stack_is_the_shot(tmp_path: Path, constant: str, counting: str) -> None:
    places = np.random.default_rng(0).uniform(size=(3, 4, 2))
    rows = [(n, *places[f, p], 1, f + 1) for n, (f, p) in enumerate(np.ndindex(3, 4))]
    path = tmp_path / "results.csv"
    path.write_text(table_text((" ", "X", "Y", constant, counting), rows))
    found = read_tracks(path, "auto", 4)
    np.testing.assert_allclose(found.coordinates, places)
    assert found.frames == ("1", "2", "3")
    told = [one.message for one in found.findings]
    assert told == (
        ["Slice is constant, so shots are numbered by Frame"] if constant == "Slice" else []
    )
    rows = [(n, *places[f, p], p % 2 + 1, f + 1) for n, (f, p) in enumerate(np.ndindex(3, 4))]
    path.write_text(table_text((" ", "X", "Y", constant, counting), rows))
    with pytest.raises(InputError, match="both vary"):
        read_tracks(path, "auto", 4)
    path.write_text(table_text(("X", "Y", counting), [(x, y, 1) for x, y in places[0].tolist()]))
    assert read_tracks(path, "auto", 4).frames == ("1",)


#: The lines below the header of a TrackMate export.
UNITS = [
    ("Label", "Spot ID", "Track ID", "Quality", "X", "Y", "Frame"),
    ("Label", "Spot ID", "Track ID", "Quality", "X", "Y", "Frame"),
    ("", "", "", "(quality)", "(micron)", "(micron)", ""),
]


@pytest.mark.parametrize("unlinked", ["None", "", "NaN"])
def test_spots_without_a_track_are_left_out_and_told(tmp_path: Path, unlinked: str) -> None:
    places = np.random.default_rng(0).uniform(size=(3, 4, 2))
    header = ("LABEL", "ID", "TRACK_ID", "QUALITY", "POSITION_X", "POSITION_Y", "FRAME")
    spots = [(f"ID{f}{p}", 10 * f + p, p, 7.1, *places[f, p], f) for f, p in np.ndindex(3, 4)]
    dust = ("ID99", 99, unlinked, 2.0, 0.3, 0.4, 1)
    path = tmp_path / "spots.csv"
    path.write_text(table_text(header, [*UNITS, *spots[:5], dust, *spots[5:]]))
    found = read_tracks(path, "auto", 4)
    np.testing.assert_allclose(found.coordinates, places)
    (told,) = found.findings
    assert (told.code, told.severity) == ("unlinked-points", "warning")
    assert "1 spots without a track" in told.message
    # A track of two frames besides four complete ones.
    short = [("ID98", 98, 8, 2.0, 0.3, 0.4, f) for f in range(2)]
    path.write_text(table_text(header, [*UNITS, *spots, *short]))
    found = read_tracks(path, "auto", 4)
    np.testing.assert_allclose(found.coordinates, places)
    assert "tracks 8, not in every frame" in found.findings[0].message
    # A node whose track is broken in two: which is which is not known.
    broken = [(*s[:2], 9, *s[3:]) if s[2] == 3 and s[6] == 2 else s for s in spots]
    path.write_text(table_text(header, [*UNITS, *broken]))
    with pytest.raises(InputError, match="not in every frame: 3, 9"):
        read_tracks(path, "auto", 4)
    path.write_text(table_text(header, [*UNITS, *[(*s[:2], unlinked, *s[3:]) for s in spots]]))
    with pytest.raises(InputError, match="no spot with a TRACK_ID"):
        read_tracks(path, "auto", 4)


def test_a_second_instance_of_sleap_is_left_out_or_refused(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    places, likelihood = generator.uniform(size=(3, 4, 2)), np.full((3, 4), 0.9)
    header, *rows = sleap(places, likelihood).splitlines()
    dust = ",1,0.4," + ",".join(["0.5,0.5,0.9"] + ["nan,nan,nan"] * 3)
    path = tmp_path / "labels.analysis.csv"
    path.write_text("\n".join([header, *rows[:1], dust, *rows[1:]]) + "\n")
    found = read_tracks(path, "auto", 4)
    np.testing.assert_allclose(found.coordinates, places)
    assert found.frames == ("0", "1", "2")
    assert "in frames 1" in found.findings[0].message
    path.write_text("\n".join([header, *rows, rows[1]]) + "\n")
    with pytest.raises(InputError, match="a second instance in frame 1, with 4 points"):
        read_tracks(path, "auto", 4)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(",", ";").replace(".", ","),
        lambda text: "\n".join(
            ",".join(f'"{cell}"' for cell in line.split(",")) for line in text.splitlines()
        ),
        lambda text: text.replace("\n", "\r\n"),
    ],
    ids=["european", "quoted", "crlf"],
)
def test_deeplabcut_tables_of_spreadsheets(tmp_path: Path, change: Callable[[str], str]) -> None:
    places = np.arange(12.0).reshape(2, 3, 2) + 0.25
    path = tmp_path / "tracked.csv"
    path.write_bytes(change(deeplabcut(places, np.full((2, 3), 0.9))).encode())
    found = read_tracks(path, "auto", 3)
    np.testing.assert_array_equal(found.coordinates, places)
    assert found.likelihood is not None
    assert (found.likelihood == 0.9).all()
    path.write_text(deeplabcut(places, np.full((2, 3), 0.9)) + "2,1.0\n")
    with pytest.raises(InputError, match=r"line 6: 2 cells"):
        read_tracks(path, "auto", 3)


def test_likelihoods_in_per_cent_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "tracked.csv"
    path.write_text(deeplabcut(np.zeros((2, 4, 2)), np.full((2, 4), 97.0)))
    with pytest.raises(InputError, match="a likelihood from 0 to 1"):
        read_tracks(path, "auto", 4)


def test_a_frame_of_low_instance_score_is_weak(positions: Positions, tmp_path: Path) -> None:
    """A table of SLEAP without scores of points: the score of the instance counts for all."""
    places = positions.coordinates
    text = sleap(places, np.full(places.shape[:2], 0.9), "visible").replace("13.2", "0.8")
    lines = text.splitlines()
    lines[5] = lines[5].replace("0.8", "0.1", 1)
    folder = write(tmp_path, positions, "\n".join(lines) + "\n")
    read = read_positions(load_experiment(folder), 14)
    assert read.left_out is not None
    assert read.left_out.sum(axis=1).tolist() == [0, 0, 0, 0, 14, 0, 0, 0]
