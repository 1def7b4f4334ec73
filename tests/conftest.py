"""Fixtures: the paper's network and fabrication, and one run of an example for many tests."""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mnnfab import Fabrication, Network, triangular_patch
from mnnfab.findings.finding import Finding
from mnnfab.pipeline.pipeline import Outcome, run
from mnnfab.validation.finding_codes import all_codes

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
PACKAGES = ("mnnfab", "geometry", "fem", "export")


@pytest.fixture(scope="session", autouse=True)
def _codes_are_in_the_table() -> Iterator[None]:
    """Refuse findings of the program whose code or severity is not in the table of codes.

    This also covers codes that are computed, which `test_registries.py` cannot read in the source.
    """
    severities: dict[str, set[str]] = {}
    for code in all_codes():
        severities.setdefault(code.code, set()).update(code.severities)

    def refuse_unknown(finding: Finding) -> None:
        frame = inspect.currentframe()
        caller = frame and frame.f_back and frame.f_back.f_back  # of __init__
        if caller and caller.f_globals["__name__"].split(".")[0] in PACKAGES:
            assert finding.severity in severities.get(finding.code, ()), finding

    with pytest.MonkeyPatch.context() as patch:
        original = Finding.__init__

        def checked(finding: Finding, *values: Any, **named: Any) -> None:  # noqa: ANN401
            original(finding, *values, **named)
            refuse_unknown(finding)

        patch.setattr(Finding, "__init__", checked)
        yield


@pytest.fixture(scope="session")
def paper_network() -> Network:
    """Rows of 5, 4, 3 and 2 nodes, 16 mm apart, held at the ends of the top row."""
    return triangular_patch(4, 16.0, [0, 4])


@pytest.fixture(scope="session")
def fabrication() -> Fabrication:
    """The paper's limits, and the joints and load discs of the reference numbers."""
    return Fabrication(
        thickness_mm=2.0,
        width_min_mm=1.5,
        width_max_mm=2.5,
        width_initial_mm=2.0,
        joint_ratio=0.5,
        joint_length_mm=2.0,
        taper_length_mm=1.0,
        load_disc_radius_mm=0.35,
    )


@pytest.fixture
def iris_values() -> dict[str, Any]:
    """Iris with the settings of the paper, without the loop, for tests that change a value."""
    values = tomllib.loads((EXAMPLES / "paper" / "iris.toml").read_text(encoding="utf-8"))
    del values["compensate"]
    values["name"] = "iris"
    return values


@pytest.fixture(scope="session")
def iris_run(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The iris example, run once."""
    return run(EXAMPLES / "iris.toml", tmp_path_factory.mktemp("iris") / "out")
