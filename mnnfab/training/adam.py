"""Adam, the optimiser used in the paper (Kingma and Ba, arXiv 1412.6980, algorithm 1)."""

from __future__ import annotations

import numpy as np

from mnnfab.arrays import FloatArray

#: β1, β2 and ε of Adam.
DECAY_MEAN, DECAY_SQUARE, EPSILON = 0.9, 0.999, 1e-8


class Adam:
    """Adam optimiser. Running means of the gradient and its square scale each component.

    Args:
        n_values: number of trained values.
        learning_rate: step size where the gradient keeps its sign.
        epsilon: added to the denominator so that the step is finite where the gradient vanishes.
    """

    def __init__(self, n_values: int, learning_rate: float, epsilon: float = EPSILON) -> None:
        """Start with both means at zero."""
        self.learning_rate = learning_rate
        self.epsilon = epsilon
        self._mean = np.zeros(n_values)
        self._square = np.zeros(n_values)
        self._steps = 0

    @property
    def memory(self) -> tuple[FloatArray, FloatArray, int]:
        """State for a restart: both means, (n_values,), and the number of steps."""
        return self._mean.copy(), self._square.copy(), self._steps

    def recall(self, mean: FloatArray, square: FloatArray, steps: int) -> None:
        """Restore a state returned by `memory`; both means are (n_values,)."""
        self._mean, self._square, self._steps = mean.copy(), square.copy(), steps

    def step(self, gradient: FloatArray) -> FloatArray:
        """Return the update for this gradient, (n_values,), and update both means."""
        self._steps += 1
        self._mean *= DECAY_MEAN
        self._mean += (1.0 - DECAY_MEAN) * gradient
        self._square *= DECAY_SQUARE
        self._square += (1.0 - DECAY_SQUARE) * (gradient * gradient)
        mean_share = 1.0 - DECAY_MEAN**self._steps
        square_share = 1.0 - DECAY_SQUARE**self._steps
        size = np.sqrt(self._square / square_share)
        size += self.epsilon
        change: FloatArray = (-self.learning_rate / mean_share) * self._mean / size
        return change
