"""The gradient by the Taylor remainder: L(z + h d) - L(z) - h g·d shrinks as h²."""

from __future__ import annotations

import numpy as np
import pytest

from mnnfab import BarModel, Clamp, Logistic, Network, Port, Trainable, bar_law
from mnnfab.arrays import FloatArray
from mnnfab.losses.kinds.cross_entropy import ShareCrossEntropy, SoftmaxCrossEntropy
from mnnfab.losses.kinds.squared_error import SquaredError
from mnnfab.losses.loss import Loss
from mnnfab.model.springs import SpringModel
from mnnfab.task.task import DataSplit, Task, no_metrics
from mnnfab.training.width_maps import WidthMap

INPUTS = (Port(13, "y"), Port(11, "y"), Port(12, "y"), Port(9, "y"))
OUTPUTS = (Port(7, "x"), Port(1, "x"), Port(2, "x"))
STEPS = 2.0 ** -np.arange(4, 9)
ORDER_TOLERANCE = 0.1
N_SAMPLES = 9

LOSSES = [SoftmaxCrossEntropy(0.04), ShareCrossEntropy(), SquaredError(0.3)]
MAPS = [Clamp(1.5, 2.5), Logistic(1.5, 2.5, 5.0)]


def make_task(loss: Loss) -> Task:
    generator = np.random.default_rng(0)
    if loss.targets == "displacements":
        targets = generator.normal(size=(N_SAMPLES, len(OUTPUTS)))
    else:
        targets = np.eye(len(OUTPUTS))[generator.integers(0, 3, N_SAMPLES)]
    return Task(
        kind="none",
        inputs=INPUTS,
        outputs=OUTPUTS,
        loads_N=-generator.uniform(0.01, 0.05, (N_SAMPLES, len(INPUTS))),
        targets=targets,
        loss=loss,
        split=DataSplit(np.arange(N_SAMPLES)),
        evaluate=no_metrics,
        primary_metric=None,
        load_cases=(),
    )


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
@pytest.mark.parametrize("width_map", MAPS, ids=lambda width_map: type(width_map).__name__)
def test_taylor_remainder_is_of_second_order(
    paper_network: Network, loss: Loss, width_map: WidthMap
) -> None:
    task, law = make_task(loss), bar_law(paper_network, 0.55, 2.0)
    trainable = Trainable(
        SpringModel(BarModel(paper_network, INPUTS, OUTPUTS), law), task, width_map
    )
    generator = np.random.default_rng(1)
    latent = width_map.latent(generator.uniform(1.7, 2.3, paper_network.n_bonds))
    direction = generator.normal(size=latent.shape) * 0.1

    def value(z: FloatArray) -> float:
        return task.loss_value(trainable.port_model(z), task.train_indices)

    start = value(latent)
    slope = trainable.gradient(latent, task.train_indices)
    remainders = [
        abs(value(latent + step * direction) - start - step * float(slope @ direction))
        for step in STEPS
    ]
    orders = np.diff(np.log(remainders)) / np.diff(np.log(STEPS))
    np.testing.assert_allclose(orders[-3:], 2.0, atol=ORDER_TOLERANCE)
    # Without the gradient the same differences shrink as h only: the test can fail.
    plain = [abs(value(latent + step * direction) - start) for step in STEPS[-2:]]
    assert np.log(plain[0] / plain[1]) / np.log(2) == pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_loss_does_not_depend_on_the_order_of_samples(loss: Loss) -> None:
    task = make_task(loss)
    displacements = np.random.default_rng(2).normal(size=(N_SAMPLES, 3))
    order = np.random.default_rng(3).permutation(N_SAMPLES)
    plain, shuffled = (displacements, task.targets), (displacements[order], task.targets[order])
    assert loss.value(*shuffled) == pytest.approx(loss.value(*plain), rel=1e-12)
    np.testing.assert_allclose(loss.gradient(*shuffled), loss.gradient(*plain)[order], rtol=1e-12)


def test_losses_by_hand() -> None:
    displacements, target = np.array([[0.3, -0.1]]), np.array([[1.0, 0.0]])
    assert ShareCrossEntropy().value(displacements, target) == pytest.approx(-np.log(0.75))
    softmax = np.exp(3.0) / (np.exp(3.0) + np.exp(1.0))
    assert SoftmaxCrossEntropy(0.1).value(displacements, target) == pytest.approx(-np.log(softmax))
    assert SquaredError(2.0).value(displacements, target) == pytest.approx((0.7**2 + 0.1**2) / 4)


def test_softmax_survives_large_displacements() -> None:
    loss, sample = SoftmaxCrossEntropy(1e-6), (np.array([[5.0, -4.0]]), np.array([[1.0, 0.0]]))
    assert loss.value(*sample) == 0.0
    assert np.isfinite(loss.gradient(*sample)).all()


@pytest.mark.parametrize("width_map", MAPS, ids=lambda width_map: type(width_map).__name__)
def test_width_maps_invert_and_stay_inside(width_map: WidthMap) -> None:
    widths = np.linspace(1.51, 2.49, 20)
    np.testing.assert_allclose(width_map.widths(width_map.latent(widths)), widths, rtol=1e-12)
    far = width_map.project(np.array([-100.0, 100.0]))
    np.testing.assert_allclose(width_map.widths(far), [1.5, 2.5], atol=1e-9)
    np.testing.assert_array_equal(width_map.project(far), far)  # projecting twice is once
