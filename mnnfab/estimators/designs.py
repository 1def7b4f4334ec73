"""Classifiers as designs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnnfab.arrays import FloatArray
from mnnfab.design.design import Design
from mnnfab.design.design_file import dump_design, parse_design
from mnnfab.design.port_section import port_values
from mnnfab.errors import InputError
from mnnfab.io.cells import normalised, number_of
from mnnfab.io.files import write_new_file
from mnnfab.io.tables import table_text
from mnnfab.network.formats.json_network import network_json
from mnnfab.network.network import Network
from mnnfab.network.node_ids import NodeIds
from mnnfab.network.ports import AnyPort
from mnnfab.network.widths_file import widths_text
from mnnfab.task.feature_loads import FeatureLoads

#: Joints and tapers of a design are at most these fractions of the shortest bond.
JOINT_SHARE, TAPER_SHARE = 1 / 8, 1 / 16
JOINT_MM, TAPER_MM = 2.0, 1.0


@dataclass(frozen=True)
class DesignFiles:
    """A design and the files that it names.

    Args:
        design: the design.
        files: text of each file, by its name.
    """

    design: Design
    files: Mapping[str, str]

    def write(self, folder: Path | str) -> Path:
        """Write the files and <name>.toml into a folder; return the path of the design.

        Raises:
            InputError: if a file exists already or cannot be written.
        """
        folder = Path(folder)
        for name, text in self.files.items():
            write_new_file(folder / name, text)
        path = folder / f"{self.design.name}.toml"
        write_new_file(path, dump_design(self.design))
        return path


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """All that determines the outputs of a classifier, and the samples of its design.

    Args:
        network: nodes and bonds.
        patch: rows and bond length in mm of the triangular patch that the network is; None for
            other networks.
        inputs: ports of the loads.
        outputs: ports of the classes.
        widths_mm: (n_bonds,).
        width_limits_mm: lower and upper limit of the widths.
        youngs_modulus_MPa: Young's modulus.
        thickness_mm: thickness of the part.
        loads: map from features to loads.
        scale_mm: scale of the softmax.
    """

    network: Network
    patch: tuple[int, float] | None
    inputs: tuple[AnyPort, ...]
    outputs: tuple[AnyPort, ...]
    widths_mm: FloatArray
    width_limits_mm: tuple[float, float]
    youngs_modulus_MPa: float
    thickness_mm: float
    loads: FeatureLoads
    scale_mm: float


def design_of(
    trained: TrainedNetwork,
    name: str,
    features: FloatArray,
    feature_names: Sequence[str],
    labels: Sequence[object],
    classes: Sequence[object],
) -> DesignFiles:
    """Return the design of a classifier with the samples as its table.

    Args:
        trained: the network.
        name: name of the design, with which the names of its files begin.
        features: samples, (n_samples, n_features).
        feature_names: one name per feature.
        labels: class of every sample.
        classes: class of every output.

    Raises:
        InputError: if the loads do not follow the lever rule, or a class has no sample.
    """
    if not trained.loads.lever:
        given = "loads of a design without the lever rule"
        raise InputError(
            "to_design", given, "a fitted classifier; that design can be used as it is"
        )
    column = next(text for text in ("class", "label", "y") if text not in feature_names)
    samples, widths = f"{name}.samples.csv", f"{name}.widths.csv"
    rows = zip(*features.T.tolist(), [str(label) for label in labels], strict=True)
    files = {
        samples: table_text([*feature_names, column], rows),
        widths: widths_text(trained.network, trained.widths_mm),
    }
    section, network_files = _network_section(trained, f"{name}.network.json")
    ordered = _in_order_of_table(trained.outputs, classes)
    _require_all({normalised(str(label)) for label in labels}, [text for text, _ in ordered])
    values = {
        "schema": 1,
        "name": name,
        "network": section,
        "material": {"youngs_modulus_MPa": trained.youngs_modulus_MPa},
        "fabrication": _fabrication(trained),
        "task": _task(trained, samples, column, [port for _, port in ordered]),
        "widths": {"file": widths},
    }
    return DesignFiles(parse_design(values, source=f"{name}.toml"), files | network_files)


def _require_all(found: Collection[str], classes: Sequence[str]) -> None:
    """Refuse samples of other classes than those of the outputs."""
    for name in (*classes, *sorted(found)):
        if name not in found or name not in classes:
            given = f'{"no sample" if name in classes else "a sample"} of class "{name}"'
            raise InputError(
                "to_design, y", given, f"samples of {', '.join(classes)}, one or more of each"
            )


def _network_section(trained: TrainedNetwork, file: str) -> tuple[dict[str, Any], dict[str, str]]:
    network = trained.network
    if trained.patch is None:
        ids = NodeIds(tuple(range(network.n_nodes)))
        return {"file": file}, {file: network_json(network, ids).decode("utf-8")}
    section = {
        "lattice": "triangular-patch",
        "rows": trained.patch[0],
        "bond_length_mm": trained.patch[1],
        "fixed": network.fixed.tolist(),
    }
    return section, {}


def _fabrication(trained: TrainedNetwork) -> dict[str, float]:
    lowest, highest = trained.width_limits_mm
    shortest = float(trained.network.lengths.min())
    return {
        "thickness_mm": trained.thickness_mm,
        "width_min_mm": lowest,
        "width_max_mm": highest,
        "width_initial_mm": (lowest + highest) / 2,
        "joint_length_mm": min(JOINT_MM, round(shortest * JOINT_SHARE, 6)),
        "taper_length_mm": min(TAPER_MM, round(shortest * TAPER_SHARE, 6)),
    }


def _task(
    trained: TrainedNetwork, samples: str, column: str, outputs: Sequence[AnyPort]
) -> dict[str, Any]:
    loads = trained.loads
    limits = zip(loads.offset.tolist(), (loads.offset + loads.size).tolist(), strict=True)
    values = {
        "kind": "classification",
        "dataset": samples,
        "class_column": column,
        "inputs": [port_values(port) for port in trained.inputs],
        "outputs": [port_values(port) for port in outputs],
        "scaling": "lever",
        "feature_limits": [list(pair) for pair in limits],
        "load_at_max_gf": loads.weights_gf.tolist(),
        "loss_scale_mm": trained.scale_mm,
    }
    return values if loads.bias_gf is None else values | {"bias_gf": loads.bias_gf}


def _in_order_of_table(
    outputs: Sequence[AnyPort], classes: Sequence[object]
) -> list[tuple[str, AnyPort]]:
    """Return class and output in the order of the classes of a table: numbers first, then names."""

    def key(named: tuple[str, AnyPort]) -> tuple[bool, float, str]:
        number = number_of(named[0])
        return (True, 0.0, named[0]) if number is None else (False, number, named[0])

    names = [normalised(str(label)) for label in classes]
    return sorted(zip(names, outputs, strict=True), key=key)
