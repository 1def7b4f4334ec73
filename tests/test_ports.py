"""Ports in any direction, over several nodes, and sums: in all models, gradients and the file."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from small import small_design

from fem.bar_equilibrium import TrueLengthBars
from fem.beams import beam_response, make_beam_model
from fem.continuum import solve_continuum
from fem.extrusion import solve_solid
from fem.frames.network_frame import NetworkFrames
from fem.frames.tangents import rest_response
from fem.frames.width_model import FrameWidthModel
from fem.mesh import Mesh, make_mesh
from fem.nonlinear_bars import NonlinearBars
from fem.rubber.model import make_rubber_model
from geometry.cells import tile
from mnnfab import BarModel, Fabrication, InputError, Network, Port, load_problem, pipeline
from mnnfab.arrays import FloatArray
from mnnfab.design.port_section import port_values
from mnnfab.model.model import Model
from mnnfab.model.response import Response
from mnnfab.network.ports import AnyPort, PortSum, noise_factor, read_ports
from mnnfab.problem.problem import require_ports
from mnnfab.profiles import material

AGILUS = material("agilus30")
#: A load shared by two nodes, and one at an angle, as sums over the single ports below.
INPUTS: tuple[AnyPort, ...] = (
    PortSum(((0.5, Port(11, "y")), (0.5, Port(12, "y")))),
    Port(13, 240.0),
)
#: The gap of two nodes, and a displacement at an angle.
OUTPUTS: tuple[AnyPort, ...] = (PortSum(((1.0, Port(7, "x")), (-1.0, Port(1, "x")))), Port(2, 30.0))
SINGLE_INPUTS = (Port(11, "y"), Port(12, "y"), Port(13, "x"), Port(13, "y"))
SINGLE_OUTPUTS = (Port(7, "x"), Port(1, "x"), Port(2, "x"), Port(2, "y"))
#: Loads and displacements of the ports by those of the single ports.
SINE, COSINE = np.sin(np.pi / 3), np.cos(np.pi / 3)
LOADS = np.array([[0.5, 0.5, 0, 0], [0, 0, -COSINE, -SINE]])
READINGS = np.array([[1, -1, 0, 0], [0, 0, SINE, COSINE]])
SAMPLES = 0.00980665 * np.array([[-4.0, 3.0], [-6.0, 1.0]])
#: Solutions of the same matrix, and of Newton's method, with other load vectors.
SAME, SAME_STATE = 1e-10, 1e-7

Make = Callable[[tuple[AnyPort, ...], tuple[AnyPort, ...]], Model]


@pytest.fixture(scope="module")
def widths() -> FloatArray:
    return np.random.default_rng(1).uniform(1.5, 2.5, 28)


@pytest.fixture(scope="module")
def mesh(paper_network: Network, fabrication: Fabrication, widths: FloatArray) -> Mesh:
    return make_mesh(tile(paper_network, widths, fabrication), 1, 120.0)


def maker(
    kind: str, network: Network, fabrication: Fabrication, widths: FloatArray, mesh: Mesh
) -> Make:
    """Return the function that makes a model of the paper's network with some ports."""
    stiffness = 0.05 * widths
    frames = NetworkFrames(network, AGILUS, fabrication)

    def rubber(inputs: tuple[AnyPort, ...], outputs: tuple[AnyPort, ...]) -> Model:
        continuum = solve_continuum(mesh, network, AGILUS, inputs, outputs)
        ports = inputs, outputs
        return make_rubber_model(continuum, network, widths, AGILUS, fabrication, ports)

    makers: dict[str, Make] = {
        "bars": lambda i, o: BarModel(network, i, o).response(stiffness),
        "beams": lambda i, o: beam_response(
            make_beam_model(network, widths, AGILUS, fabrication), i, o
        ),
        "frame at rest": lambda i, o: rest_response(frames.frame(widths), network, i, o),
        "plane stress": lambda i, o: solve_continuum(mesh, network, AGILUS, i, o).response,
        "solid": lambda i, o: solve_solid(mesh, network, AGILUS, i, o).response,
        "true length": lambda i, o: TrueLengthBars(NonlinearBars(network, stiffness), i, o),
        "frame": lambda i, o: FrameWidthModel(frames, i, o, weight=True).port_model(widths),
        "rubber": rubber,
    }
    return makers[kind]


@pytest.mark.parametrize("kind", ["bars", "beams", "frame at rest", "plane stress", "solid"])
def test_linear_models_superpose_single_ports(
    kind: str, paper_network: Network, fabrication: Fabrication, widths: FloatArray, mesh: Mesh
) -> None:
    make = maker(kind, paper_network, fabrication, widths, mesh)
    found, single = make(INPUTS, OUTPUTS), make(SINGLE_INPUTS, SINGLE_OUTPUTS)
    assert isinstance(found, Response)
    assert isinstance(single, Response)
    for ours, theirs in (
        (found.flexibility, READINGS @ single.flexibility @ LOADS.T),
        (found.elongations, single.elongations @ LOADS.T),
        (found.adjoint_elongations, single.adjoint_elongations @ READINGS.T),
    ):
        assert np.abs(ours - theirs).max() < SAME * np.abs(theirs).max()


@pytest.mark.parametrize("kind", ["true length", "frame", "rubber"])
def test_nonlinear_models_take_the_loads_of_single_ports(
    kind: str, paper_network: Network, fabrication: Fabrication, widths: FloatArray, mesh: Mesh
) -> None:
    make = maker(kind, paper_network, fabrication, widths, mesh)
    found = make(INPUTS, OUTPUTS).solve(SAMPLES)
    single = make(SINGLE_INPUTS, SINGLE_OUTPUTS).solve(SAMPLES @ LOADS)
    slopes = np.array([[0.3, -0.7], [0.5, 0.2]])
    for ours, theirs in (
        (found.outputs_mm, single.outputs_mm @ READINGS.T),
        (found.elongations_mm, single.elongations_mm),
        (found.adjoint_elongations(slopes), single.adjoint_elongations(slopes @ READINGS)),
        (found.load_gradient(slopes), single.load_gradient(slopes @ READINGS) @ LOADS.T),
    ):
        assert np.abs(ours - theirs).max() < SAME_STATE * np.abs(theirs).max()


def test_names_nodes_and_noise() -> None:
    gap, oblique = OUTPUTS
    assert str(gap) == "node 7 x - node 1 x"
    assert str(oblique) == "node 2 at 30°"
    assert str(INPUTS[0]) == "mean of nodes 11, 12 y"
    assert noise_factor(gap) == pytest.approx(np.sqrt(2))
    assert noise_factor(INPUTS[0]) == pytest.approx(np.sqrt(0.5))
    # Two axes of one node are read together: its error has the same size in all directions.
    both = PortSum(((1.0, Port(3, "x")), (-1.0, Port(3, "y"))))
    assert noise_factor(both) == pytest.approx(np.sqrt(2))
    moved = np.arange(28.0)
    assert read_ports([gap, oblique], moved) == pytest.approx([12.0, 4 * SINE + 5 * COSINE])


WITH_SUMS = """
inputs = [{ nodes = [1, 3], axis = "y" }, { node = 3, direction_deg = -30 }]
outputs = [
    { name = "gap", terms = [{ node = 3, axis = "x" }, { node = 4, axis = "x", factor = -1 }] },
    { node = 4, direction_deg = 30.0 },
]
loads_gf = [-5.0, 1.0]
"""


def with_sums(folder: Path, ports: str = WITH_SUMS) -> Path:
    path = small_design(folder, "sums", check=True)
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"inputs = .*\noutputs = .*\nloads_gf.*\n", lambda _: ports, text)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_design_with_sums_is_trained_checked_and_reported(tmp_path: Path) -> None:
    problem = require_ports(load_problem(with_sums(tmp_path)))
    first, second = problem.task.outputs
    assert first == PortSum(((1.0, Port(3, "x")), (-1.0, Port(4, "x"))))
    assert second == Port(4, 30.0)
    assert [str(port) for port in problem.task.outputs] == ["gap", "node 4 at 30°"]
    outcome = pipeline.run(with_sums(tmp_path), tmp_path / "out")
    page = (outcome.folder / "report.html").read_text(encoding="utf-8")
    assert "gap" in page
    assert "node 4 at 30°" in page


def test_ports_are_written_as_they_were_read(tmp_path: Path) -> None:
    task = require_ports(load_problem(with_sums(tmp_path))).task
    values = [port_values(port) for port in (*task.inputs, *task.outputs)]
    assert values[1] == {"node": 3, "direction_deg": -30.0}
    assert values[2]["name"] == "gap"
    assert [term["factor"] for term in values[2]["terms"]] == [1.0, -1.0]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ('{ node = 1, nodes = [1, 3], axis = "y" }', r"inputs\[0\].node: node and nodes"),
        ("{ node = 1 }", r'inputs\[0\].axis: missing\n.*axis \("x" or "y"\) or direction_deg'),
        ('{ node = 1, axis = "y", direction_deg = 3 }', r"inputs\[0\].axis: given with"),
        ('{ nodes = [1, 1], axis = "y" }', r"inputs\[0\].nodes: \[1, 1\]\n.*each node once"),
        ('{ nodes = [1, 9], axis = "y" }', r"inputs\[0\].nodes\[1\]: node 9 does not exist"),
        ('{ nodes = [1, 2], axis = "y" }', r"inputs\[0\]: node 2 is fixed"),
        ('{ terms = [{ node = 1, axis = "y", factor = 0 }] }', r"terms\[0\].factor: 0"),
        (
            '{ terms = [{ node = 1, axis = "y", faktor = 1 }] }',
            r"faktor: unknown key; did you mean",
        ),
        ("{ node = 1, direction_deg = 400 }", r"inputs\[0\].direction_deg: 400"),
    ],
)
def test_wrong_ports_are_refused(tmp_path: Path, entry: str, message: str) -> None:
    ports = WITH_SUMS.replace('{ nodes = [1, 3], axis = "y" }', entry)
    with pytest.raises(InputError, match=message):
        load_problem(with_sums(tmp_path, ports))
