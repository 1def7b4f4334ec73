"""A network is what its file says, or it is refused: several files, readers that give up."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import meshio
import numpy as np
import pytest
import tomli_w
from networks import FIXED, LINES, POINTS, edges, expected, node_link, write
from small import SMALL

from mnnfab import InputError, load_network
from mnnfab.network import mesh_reading
from mnnfab.network.network_file import read_network
from mnnfab.pipeline.pipeline import check, run
from mnnfab.problem.loading import load_problem
from mnnfab.problem.request_hash import request_of_design

INP_NODES = "*NODE\n" + "".join(
    f"{10 * i}, {x}, {y}, {z}\n" for i, (x, y, z) in enumerate(POINTS.tolist(), 1)
)
INP_LINES = "*ELEMENT, TYPE=B31, ELSET=BONDS\n" + "".join(
    f"{n}, {10 * i + 10}, {10 * j + 10}\n" for n, (i, j) in enumerate(LINES.tolist(), 1)
)


def test_abaqus_with_included_files(tmp_path: Path) -> None:
    path = tmp_path / "a.inp"
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "nodes.inc").write_text(INP_NODES, encoding="utf-8")
    path.write_text(f"** net\n*INCLUDE, INPUT=sub/nodes.inc\n{INP_LINES}", encoding="utf-8")
    assert edges(read_network(path, [10, 30])) == expected([10, 20, 30, 40, 50, 60])
    (tmp_path / "lines.inc").write_text(INP_LINES.partition("\n")[2], encoding="utf-8")
    header = INP_LINES.partition("\n")[0]
    path.write_text(f"{INP_NODES}{header}, INPUT=lines.inc\n", encoding="utf-8")
    assert edges(read_network(path, [10, 30])) == expected([10, 20, 30, 40, 50, 60])
    path.write_text(INP_NODES + INP_LINES.replace("B31", "B33"), encoding="utf-8")
    assert edges(read_network(path, [10, 30])) == expected([10, 20, 30, 40, 50, 60])
    two_blocks = INP_NODES.replace("40,", "*NODE\n40,", 1)
    path.write_text(two_blocks + INP_LINES, encoding="utf-8")
    assert edges(read_network(path, [10, 30])) == expected([10, 20, 30, 40, 50, 60])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("*INCLUDE, INPUT=../nodes.inc\n", "line 1: .INCLUDE(.|\n)*a file in the folder"),
        ("*INCLUDE, INPUT=none.inc\n", "a file in the folder"),
        (f"{INP_NODES}*NGEN\n10, 20\n{INP_LINES}", r"line 8: \*NGEN"),
        (f"*NODE, SYSTEM=C\n{INP_NODES[6:]}{INP_LINES}", "Cartesian"),
        (f"*PART\n*END PART\n*PART\n{INP_NODES}{INP_LINES}", r"a second \*PART"),
        (f"{INP_NODES}{INP_LINES}*INSTANCE, NAME=A\n1., 0., 0.\n", "an .INSTANCE that is moved"),
        (f"{INP_NODES}{INP_LINES}*MPC\nTIE, 10, 20\n", r"line \d+: \*MPC"),
        (f"{INP_NODES}{INP_LINES}*ELEMENT, TYPE=T2D2\n1, 10, 50\n", "element 1 twice"),
        (f"*NODE, INPUT=none.inp\n{INP_LINES}", "a file in the folder"),
        (f"{INP_NODES}*ELEMENT, TYPE=T3D2\n", "line cells|pairs of node numbers|not read"),
        (f"{INP_NODES}10, 3., 4., 0.\n{INP_LINES}", "id 10 twice"),
        (f"{INP_NODES}*ELEMENT, TYPE=B99\n1, 10, 20\n", "not read"),
    ],
)
def test_abaqus_files_that_would_be_another_network_are_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "nodes.inc").write_text(INP_NODES, encoding="utf-8")
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "a.inp"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        load_network(path, [10])


DESIGN: dict[str, Any] = {
    "network": {"file": "net.xdmf", "fixed": [0, 3]},
    "task": {
        "kind": "behaviour",
        "inputs": [{"node": 4, "axis": "y"}],
        "outputs": [{"node": 5, "axis": "y"}, {"node": 2, "axis": "x"}],
        "loads_gf": [-1.0],
        "target_class": 0,
    },
}


def small_design(folder: Path, **network: object) -> Path:
    import tomllib

    values = tomllib.loads(SMALL.format(name="net", epochs=2, check="false", form="svg"))
    values |= {"network": network or DESIGN["network"], "task": DESIGN["task"]}
    values["fabrication"]["joint_length_mm"] = 4.0
    path = folder / "net.toml"
    path.write_text(tomli_w.dumps(values), encoding="utf-8")
    return path


def test_an_xdmf_file_that_counts_from_1_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "net.xdmf", [("line", LINES)])
    path.write_text(path.read_text().replace("<Topology ", '<Topology BaseOffset="1" '))
    with pytest.raises(InputError, match='BaseOffset="1"'):
        load_network(path, FIXED)


def test_a_network_of_two_files_is_kept_as_it_was_read(tmp_path: Path) -> None:
    write(tmp_path / "net.xdmf", [("line", LINES)], 3 * POINTS)
    assert (tmp_path / "net.h5").is_file()
    design = small_design(tmp_path)
    before = load_problem(design)
    first = request_of_design(before.design, tmp_path, force=False, pdf=False)
    run(design, tmp_path / "out")
    write(tmp_path / "net.xdmf", [("line", LINES)], POINTS * 4)  # another network, one name
    second = request_of_design(before.design, tmp_path, force=False, pdf=False)
    assert first != second  # the numbers are in the other file
    (tmp_path / "net.h5").unlink()
    moved = tmp_path / "elsewhere"
    shutil.move(tmp_path / "out", moved)
    np.testing.assert_array_equal(
        load_problem(moved / "design.toml").network.nodes, before.network.nodes
    )
    assert check(moved).folder == moved


def test_ids_of_a_design_are_numbers_in_its_folder(tmp_path: Path) -> None:
    node_link(tmp_path / "net.json", list("abcdef"), scale=3.0)
    design = small_design(tmp_path, file="net.json", fixed=["a", "d"], damage=[["a", "d"]])
    text = design.read_text(encoding="utf-8")
    design.write_text(text.replace("node = 4", 'node = "e"'), encoding="utf-8")
    outcome = run(design, tmp_path / "out")
    assert "node-ids" in {finding.code for finding in outcome.findings}
    kept = load_problem(tmp_path / "out" / "design.toml")
    assert kept.network.n_bonds == len(LINES) - 1
    assert str(kept.task.inputs[0]) == "node 4 y"  # type: ignore[union-attr]
    assert json.loads((tmp_path / "out/inputs/network.json").read_text())["ids"] == list("abcdef")
    design.write_text(text.replace("node = 4", 'node = "q"'), encoding="utf-8")
    with pytest.raises(InputError, match=r'\[task\] inputs\[0\]: node "q" does not exist'):
        load_problem(design)


def test_numbers_outside_of_the_folder_are_refused(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    path = write(inside / "net.xdmf", [("line", LINES)])
    path.write_text(path.read_text().replace("net.h5:", "../net.h5:"), encoding="utf-8")
    shutil.move(inside / "net.h5", tmp_path / "net.h5")
    with pytest.raises(InputError, match=r'numbers in "../net.h5"'):
        load_network(path, FIXED)


def test_a_reader_that_gives_up_ends_in_one_message(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.msh", "a.vtk", "a.med", "a.mdpa", "a.xyz", "a.vtp"):
        path = tmp_path / name
        path.write_text("nothing of the kind", encoding="utf-8")
        with pytest.raises(InputError) as caught:
            load_network(path, FIXED)
        assert str(caught.value).count(str(path)) == 1, str(caught.value)
        assert "SystemExit" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_reader_that_never_ends_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.mdpa", [("line", LINES)])
    path.write_bytes(path.read_bytes()[:120])  # meshio looks for "End Nodes" for ever
    monkeypatch.setattr(mesh_reading, "DEADLINE_S", 3)
    with pytest.raises(InputError, match=r"not read within 3 s"):
        read_network(path, FIXED, "position")


def test_what_the_reader_prints_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "a.xdmf", [("line", LINES)])
    read = meshio.read

    def warn(*args: object) -> object:
        from meshio._common import warn

        warn("two bonds are left out")
        return read(*args)

    monkeypatch.setattr(meshio, "read", warn)
    found = read_network(path, FIXED)
    assert [one.message for one in found.findings] == ["two bonds are left out"]
    assert capfd.readouterr() == ("", "")
