"""The laboratory with outputs and inputs that are sums over nodes, or at an angle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mnnfab import InputError, Port, load_problem
from mnnfab.lab.experiment.plan import make_plan, plan_model
from mnnfab.lab.experiment.steps import (
    AppliedWeight,
    Step,
    load_steps,
    port_loads,
    steps_text,
    weights_on,
)
from mnnfab.network.ports import PortSum
from mnnfab.problem.problem import PortProblem, require_ports
from mnnfab.units import NEWTON_PER_GF

GRIPPER = Path(__file__).resolve().parent.parent / "examples" / "gripper.toml"
STRINGS = PortSum(((0.5, Port(0, "y")), (0.5, Port(5, "y"))))


@pytest.fixture(scope="module")
def gripper() -> PortProblem:
    return require_ports(load_problem(GRIPPER))


def test_the_plan_loads_every_node_of_a_sum(gripper: PortProblem) -> None:
    """Single weights and probes hang on both jaws, the load of the strings on both wings."""
    plan = make_plan(gripper.task, plan_model(gripper, gripper.start_widths_mm))
    steps = {step.name: step for step in plan.steps}
    assert [str(one) for one in steps["close"].weights] == [
        "9 g down on node 0",
        "9 g down on node 5",
    ]
    gap = steps["close-gap-plus"]
    assert gap.weights[0].load_gf == -gap.weights[1].load_gf > 0
    assert {one.port.node for one in gap.weights} == {18, 19}
    forward, adjoint = port_loads(gripper.task, plan.steps)
    names = [step.name for step in plan.steps]
    assert forward[names.index("close")] / NEWTON_PER_GF == pytest.approx([-18.0, 0.0])
    assert forward[names.index("hold")] / NEWTON_PER_GF == pytest.approx([0.0, 4.0])
    loads = adjoint[names.index("close-gap-plus")]
    assert loads / NEWTON_PER_GF == pytest.approx([gap.weights[0].load_gf, 0.0])


def test_steps_are_read_as_they_were_written(gripper: PortProblem, tmp_path: Path) -> None:
    plan = make_plan(gripper.task, plan_model(gripper, gripper.start_widths_mm))
    oblique = Step("oblique", "forward", (AppliedWeight(Port(3, -30.5), 2.5),))
    (tmp_path / "steps.csv").write_text(steps_text([*plan.steps, oblique]), encoding="utf-8")
    read = load_steps(tmp_path / "steps.csv")
    assert read == (*plan.steps, oblique)
    assert str(read[-1]) == "2.5 g at 329.5° from x over a pulley on node 3"


def test_weights_that_share_a_load_may_differ_a_little() -> None:
    """5.02 g and 4.97 g in place of 5 g each are the load of a mean of 9.99 g."""
    pair = (AppliedWeight(Port(0, "y"), -5.02), AppliedWeight(Port(5, "y"), -4.97))
    loads = Step("hung", "forward", pair).loads_on((STRINGS, Port(3, "x")))
    assert loads / NEWTON_PER_GF == pytest.approx([-9.99, 0.0])
    with pytest.raises(InputError, match="a load on node 5 y"):
        Step("one", "forward", (AppliedWeight(Port(5, "y"), -5.0),)).loads_on((STRINGS,))


def test_weights_are_tenths_of_a_gram() -> None:
    thirds = PortSum(tuple((1 / 3, Port(node, "y")) for node in (6, 7, 8)))
    weights = [one.load_gf for one in weights_on(thirds, -5.0)]
    assert weights == [-1.7, -1.7, -1.7]
    loads = Step("one", "forward", weights_on(thirds, -5.0)).loads_on((thirds,))
    assert np.round(loads / NEWTON_PER_GF, 9).tolist() == [-5.1]
