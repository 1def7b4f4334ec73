"""Fig. 4: classification of iris flowers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.reproduce import paper
from mnnfab.reproduce.experiment import Experiment, Line, bond_columns
from mnnfab.reproduce.fig4_pictures import (
    draw_confusion,
    draw_flower_outputs,
    draw_maps,
    draw_training,
)
from mnnfab.reproduce.film import Scene
from mnnfab.reproduce.outputs import draw_species
from mnnfab.reproduce.setting import Run, train_iris
from mnnfab.reproduce.spread import Spread, spread_of
from mnnfab.task.datasets import built_in_features
from mnnfab.units import NEWTON_PER_GF

SPLITS = 30
SHOWN_EPOCHS = (10, 20, 100)
SUBSETS = ("train", "test", "all")


@dataclass(frozen=True, eq=False)
class RoundedFlower:
    """One flower with its weights rounded to whole grams.

    Args:
        species: true species.
        number: index in the data set.
        weights_gf: weights on the four inputs, in whole grams, (4,).
        outputs: |u| of each output divided by the sum of all three, (3,).
    """

    species: str
    number: int
    weights_gf: FloatArray
    outputs: FloatArray


def fig4() -> Experiment:
    """Train on several splits; maps, confusion matrices and single flowers show the first."""
    runs = [train_iris(seed) for seed in range(SPLITS)]
    loss = spread_of([losses_as_published(run) for run in runs])
    accuracies = {
        subset: spread_of([run.metric(f"accuracy_{subset}") for run in runs]) for subset in SUBSETS
    }
    first, flowers = runs[0], mean_flowers(runs[0])
    return Experiment(
        title="Classification of iris flowers",
        about=f"Curves show {SPLITS} splits; maps, confusion matrices, single flowers and film "
        "show the first.",
        lines=(*_curve_lines(loss, accuracies), *_flower_lines(flowers), _rounding_line(runs)),
        figures={
            "fig4_training": draw_training(first, loss, accuracies),
            "fig4_maps": draw_maps(first, SHOWN_EPOCHS),
            "fig4_confusion": draw_confusion(first, SHOWN_EPOCHS),
            "fig4_flowers": draw_flower_outputs(
                [f"{flower.species} no. {flower.number}" for flower in flowers],
                [flower.weights_gf for flower in flowers],
                [flower.outputs for flower in flowers],
            ),
        },
        tables={
            "fig4_training": {
                "epoch": np.arange(len(loss.mean), dtype=np.float64),
                **loss.columns("loss"),
                **{
                    name: column
                    for subset, spread in accuracies.items()
                    for name, column in spread.columns(f"accuracy_{subset}").items()
                },
            },
            "fig4_widths": bond_columns(paper.network()) | {"width_mm": first.widths_mm},
        },
        films={"fig4_iris": (Scene(first, "iris", draw_species, 30),)},
    )


def losses_as_published(run: Run) -> FloatArray:
    """Return the training losses with the normalisation of the authors, (n_epochs + 1,).

    They divide every batch by 16, including the last one of 9, and average over the batches.
    """
    n_samples, size = len(run.task.train_indices), 16
    n_batches = -(-n_samples // size)
    return run.losses * (n_samples / (size * n_batches))


def mean_flowers(run: Run) -> list[RoundedFlower]:
    """Return the flower nearest to the mean of each species, with weights in whole grams."""
    data = built_in_features("iris")
    response = run.response(-1)
    flowers = []
    for number, species in enumerate(data.class_names):
        indices = np.flatnonzero(data.classes == number)
        features = data.features[indices]
        flower = indices[np.linalg.norm(features - features.mean(axis=0), axis=1).argmin()]
        weights = np.round(run.task.loads_N[flower] / NEWTON_PER_GF)
        magnitudes = np.abs(response.outputs(weights))
        flowers.append(RoundedFlower(species, int(flower), weights, magnitudes / magnitudes.sum()))
    return flowers


def rounding_cost(run: Run) -> tuple[float, float]:
    """Return the accuracy on all flowers with exact weights and with whole grams."""
    task, response = run.task, run.response(-1)
    rounded_loads = np.round(task.loads_N / NEWTON_PER_GF) * NEWTON_PER_GF
    exact, rounded = (
        variant.metrics(response)["accuracy_all"]
        for variant in (task, replace(task, loads_N=rounded_loads))
    )
    assert isinstance(exact, float)
    assert isinstance(rounded, float)
    return exact, rounded


def _curve_lines(loss: Spread, accuracies: Mapping[str, Spread]) -> list[Line]:
    lines = []
    for epoch, (in_loss, in_train, in_test) in paper.IRIS_CURVES.items():
        early = "the first epochs differ; the paper does not define its first row"
        note = early if epoch == 1 else ""
        lines += [
            Line(f"training loss after epoch {epoch}", loss.at(epoch), _spread(in_loss), note),
            Line(
                f"accuracy on the training set, epoch {epoch}",
                accuracies["train"].at(epoch),
                _spread(in_train),
                note,
            ),
            Line(
                f"accuracy on the test set, epoch {epoch}",
                accuracies["test"].at(epoch),
                _spread(in_test),
                note,
            ),
        ]
    lines.append(
        Line(
            "accuracy on all 150 flowers, epoch 100",
            accuracies["all"].at(100),
            note="nearly all splits converge to the same bounded optimum",
        )
    )
    return lines


def _spread(values: tuple[float, float, float]) -> str:
    return "{:.3f} ({:.3f} to {:.3f})".format(*values)


def _flower_lines(flowers: Sequence[RoundedFlower]) -> list[Line]:
    return [
        Line(
            f"{flower.species}, flower {flower.number}: {_grams(flower.weights_gf)} on nodes 13, "
            "11, 12, 9; shares of nodes 7, 1, 2",
            ", ".join(f"{share:.3f}" for share in flower.outputs),
            "the correct output is the largest",
            "the flower nearest to the mean of its species; the paper does not name its flowers",
        )
        for flower in flowers
    ]


def _grams(weights_gf: FloatArray) -> str:
    return " + ".join(f"{abs(weight):g}" for weight in weights_gf) + " g"


def _rounding_line(runs: Sequence[Run]) -> Line:
    exact, rounded = np.mean([rounding_cost(run) for run in runs], axis=0)
    return Line(
        "accuracy on all flowers with weights rounded to whole grams",
        f"{rounded:.3f} (exact weights: {exact:.3f})",
        "–",
        "the paper tests three flowers only",
    )
