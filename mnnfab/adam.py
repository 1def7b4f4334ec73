"""Adam, the optimiser of the paper (Kingma and Ba, arXiv 1412.6980, algorithm 1)."""

from __future__ import annotations

import numpy as np

from mnnfab.arrays import FloatArray


class Adam:
    """Running means of the gradient and of its square give each bond its own step.

    Args:
        n_values: number of values that are trained.
        learning_rate: size of a step where the gradient keeps its sign.
        decay_mean: β1.
        decay_square: β2.
        epsilon: keeps the step finite where the gradient vanishes.
    """

    def __init__(
        self,
        n_values: int,
        learning_rate: float,
        *,
        decay_mean: float = 0.9,
        decay_square: float = 0.999,
        epsilon: float = 1e-8,
    ) -> None:
        """Start with both means at zero."""
        self.learning_rate = learning_rate
        self.decay_mean = decay_mean
        self.decay_square = decay_square
        self.epsilon = epsilon
        self._mean = np.zeros(n_values)
        self._square = np.zeros(n_values)
        self._steps = 0

    def step(self, gradient: FloatArray) -> FloatArray:
        """Return the change to make for this gradient, (n_values,), and remember it."""
        self._steps += 1
        self._mean *= self.decay_mean
        self._mean += (1.0 - self.decay_mean) * gradient
        self._square *= self.decay_square
        self._square += (1.0 - self.decay_square) * (gradient * gradient)
        mean_share = 1.0 - self.decay_mean**self._steps
        square_share = 1.0 - self.decay_square**self._steps
        size = np.sqrt(self._square / square_share)
        size += self.epsilon
        change: FloatArray = (-self.learning_rate / mean_share) * self._mean / size
        return change
