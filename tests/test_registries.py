"""Registries: every kind is found by looking into its package, and every finding has its code."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from geometry.printability.checks import printability_checks
from mnnfab import make_problem, parse_design
from mnnfab.design import lattices
from mnnfab.design.lattice import Lattice
from mnnfab.design.network_section import LATTICES
from mnnfab.errors import ToolError
from mnnfab.findings import Finding
from mnnfab.io.registry import by_name, module_names, registered, subclasses
from mnnfab.losses.loss import LossOptions, loss_kinds
from mnnfab.losses.readout import readout_kinds
from mnnfab.network import formats
from mnnfab.problem.problem import require_ports
from mnnfab.report.template import render
from mnnfab.task import data_sets
from mnnfab.task.data_set import built_in_data_sets
from mnnfab.validation.conditioning import check_conditioning
from mnnfab.validation.finding_codes import all_codes, grouped_findings
from mnnfab.validation.limit_states.checks import limit_state_checks
from mnnfab.validation.model_hierarchy import HierarchyModel, hierarchy_models
from mnnfab.validation.print_samples import check_print_samples

ROOT = Path(__file__).resolve().parent.parent
#: Functions that make a finding, and the place of its code among their arguments.
MAKERS = {
    "Finding": 0,
    "check_limit": 0,
    "finding": 0,
    "_balanced": 0,
    "_found": 0,
    "finding_at": 0,
    "check_wall": 0,
    "check_smallest": 0,
}


def test_every_kind_has_its_members() -> None:
    assert sorted(LATTICES) == [
        *("delaunay", "kagome-braced", "square-braced"),
        *("triangular-hexagon", "triangular-parallelogram", "triangular-patch"),
    ]
    assert len(module_names(lattices)) == len(LATTICES)
    assert list(loss_kinds()) == ["as-read", "bands", "cross-entropy", "mse"]
    assert list(readout_kinds()) == ["largest", "largest-magnitude", "threshold"]
    assert [model.rank for model in hierarchy_models()] == [10, 20, 30, 35, 40, 45, 50, 55, 60]
    assert len(printability_checks()) == 13
    assert len(limit_state_checks()) == 11
    assert list(built_in_data_sets()) == [
        *("iris", "wine", "breast-cancer", "penguins", "seeds"),
        *("xor", "circles", "two-moons"),
    ]
    assert len(module_names(data_sets)) == len(built_in_data_sets())
    assert module_names(formats) == [
        *("abaqus", "dxf", "gmsh", "json_network", "step", "svg", "vtk", "xdmf"),
    ]


def test_a_loss_has_the_targets_of_its_kind() -> None:
    """The kind is known before the loss is made, from the options of a design."""
    for kind in loss_kinds().values():
        for normalisation in ("softmax", "share") if kind.normalised else (None,):
            scale_mm = 0.1 if kind.has_scale(normalisation) else None
            loss = kind.make(LossOptions(normalisation, scale_mm, 1.0, 0.02))
            assert loss.targets == kind.targets
            assert (loss.scale_mm is not None) == kind.has_scale(normalisation)


@pytest.mark.parametrize(
    "ranks",
    [
        [check.rank for check in printability_checks()],
        [check.rank for check in limit_state_checks()],
        [model.rank for model in hierarchy_models()],
    ],
    ids=["printability", "limit states", "models"],
)
def test_ranks_are_in_order_and_not_shared(ranks: list[int]) -> None:
    assert ranks == sorted(set(ranks))


def test_a_module_that_registers_nothing_is_refused() -> None:
    with pytest.raises(TypeError, match=r"delaunay\.CHECK: None, expected a str"):
        registered(lattices, "CHECK", str)


def write_package(folder: Path, monkeypatch: pytest.MonkeyPatch, **modules: str) -> ModuleType:
    """Write and import a package of modules with a name of its own."""
    package = folder / f"kinds_of_{folder.name}"
    package.mkdir()
    for name, text in {"__init__": "", **modules}.items():
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    return importlib.import_module(package.name)


def test_a_module_that_cannot_be_imported_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = write_package(tmp_path, monkeypatch, broken="import no_such_package")
    with pytest.raises(ToolError, match=r"\.broken cannot be imported: .*no_such_package"):
        registered(package, "ENTRY", str)


def test_helpers_and_copies_are_not_entries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = {"one": "ENTRY = 'one'", "_shared": "", "one copy": "ENTRY = 'one'"}
    assert registered(write_package(tmp_path, monkeypatch, **modules), "ENTRY", str) == ["one"]


def test_two_entries_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two entries are named 'mse'"):
        by_name([("mse", 1), ("mse", 2)])


def test_a_name_of_a_model_fits_its_column() -> None:
    with pytest.raises(ValueError, match="more than 31 characters"):
        HierarchyModel(1, 32 * "x", lambda _: NotImplemented)


def test_a_lattice_is_a_class_of_its_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = write_package(tmp_path, monkeypatch, wrong="LATTICE = int")
    with pytest.raises(TypeError, match=r"wrong\.LATTICE: .*int.*expected a Lattice"):
        subclasses(package, "LATTICE", Lattice)  # type: ignore[type-abstract]


def literal_codes() -> Iterator[tuple[str, str]]:
    """Yield every code that is written out where a finding is made, with its file."""
    for package in ("mnnfab", "geometry", "fem", "export"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in MAKERS and len(node.args) > MAKERS[name]:
                    code = node.args[MAKERS[name]]
                    if isinstance(code, ast.Constant) and isinstance(code.value, str):
                        yield code.value, path.relative_to(ROOT).as_posix()


def test_every_finding_has_a_code_in_the_table() -> None:
    known = {code.code for code in all_codes()}
    found = list(literal_codes())
    assert len({code for code, _ in found}) > 50
    assert [one for one in found if one[0] not in known] == []


def test_every_code_in_the_table_is_used() -> None:
    used = {code for code, _ in literal_codes()}
    assert [code.code for code in all_codes() if code.code not in used] == []


def test_codes_say_what_they_mean_and_what_to_do() -> None:
    """Whatever can be an error or a warning has a remedy; a code has one meaning in its group."""
    codes = all_codes()
    assert len({(code.group, code.code) for code in codes}) == len(codes)
    for code in codes:
        assert code.meaning.endswith("."), code
        assert code.severities, code
        if set(code.severities) != {"info"}:
            assert code.remedy.endswith("."), code


def test_checks_that_were_left_out_do_not_count_as_passed(
    iris_values: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of large networks, here made large by a lower limit."""
    monkeypatch.setattr("mnnfab.validation.print_samples.MAX_BONDS", 27)
    monkeypatch.setattr("mnnfab.validation.conditioning.MAX_DOFS", 23)
    problem = require_ports(make_problem(parse_design(iris_values), ROOT / "examples"))
    matrix = problem.spring_model().stiffness_matrix(problem.start_widths_mm)
    wall = Finding("wall", "info", "bond 1", "wall of 1.2 mm")
    found = [
        wall,
        *check_print_samples(problem, None),
        *check_conditioning(matrix),
        Finding("mass", "info", "part", "2.1 g"),
    ]
    assert len(found) == 4
    groups = grouped_findings(found)
    assert groups["passed"] == [wall]
    assert groups["not_computed"] == found[1:3]
    assert groups["further_data"] == found[3:]
    page = render("findings.html", **groups)
    assert "<summary>1 check passed</summary>" in page
    assert "<summary>2 checks not computed</summary>" in page
    assert page.index("more than 23 unknowns") > page.index("2 checks not computed")
