"""Width history: the bond widths at some epochs of a training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mnnfab.arrays import FloatArray, frozen_floats
from mnnfab.errors import InputError
from mnnfab.io.tables import read_table, table_text
from mnnfab.training.training import Training

WIDTH_HISTORY = "widths-by-epoch.csv"
#: Maximum number of recorded epochs per training, besides the first.
MAX_RECORDED_EPOCHS = 60
#: Maximum number of rows that is read; a hundred rounds have fewer.
MAX_ROWS = 10_000
#: Decimals of the recorded widths, mm; smaller differences are not visible.
DIGITS = 4


@dataclass(frozen=True, eq=False)
class WidthHistory:
    """Width history of one training or of several consecutive ones.

    Args:
        rounds: number of the training of each entry, (n_frames,).
        epochs: epoch of each entry, (n_frames,).
        widths_mm: (n_frames, n_bonds).
    """

    rounds: FloatArray
    epochs: FloatArray
    widths_mm: FloatArray


def width_history_of(trainings: Sequence[Training]) -> WidthHistory | None:
    """Return the width history of consecutive training runs, evenly spaced over their epochs.

    Returns:
        The width history; None if no training has recorded its widths.
    """
    parts = []
    for number, training in enumerate(trainings):
        widths = training.widths_by_epoch_mm
        if widths is None or len(widths) < 2:
            continue
        count = min(len(widths), MAX_RECORDED_EPOCHS + 1)
        epochs = np.unique(np.linspace(0, len(widths) - 1, count).round().astype(int))
        rounded = widths[epochs].round(DIGITS)
        parts.append(np.column_stack([np.full(len(epochs), number), epochs, rounded]))
    return _history_of_rows(np.concatenate(parts)) if parts else None


def width_history_text(history: WidthHistory) -> str:
    """Return a width history as CSV text: one row per recorded epoch, one column per bond."""
    header = ["round", "epoch", *(f"bond_{bond}_mm" for bond in range(history.widths_mm.shape[1]))]
    rows = (
        [int(number), int(epoch), *(f"{width:.{DIGITS}f}" for width in widths)]
        for number, epoch, widths in zip(
            history.rounds.tolist(),
            history.epochs.tolist(),
            history.widths_mm.tolist(),
            strict=True,
        )
    )
    return table_text(header, rows)


def load_width_history(path: Path, n_bonds: int) -> WidthHistory | None:
    """Read a width history; None if the file does not exist.

    Raises:
        InputError: if the file is not a table of numbers, or belongs to another network.
    """
    if not path.exists():
        return None
    table = read_table(path)
    if len(table.rows) > MAX_ROWS:
        raise InputError(str(path), f"{len(table.rows)} rows", f"at most {MAX_ROWS}")
    if len(table.header) != n_bonds + 2:
        given = f"{len(table.header)} columns"
        raise InputError(str(path), given, f"round, epoch and {n_bonds} bonds")
    return _history_of_rows(table.numbers(range(len(table.header))))


def _history_of_rows(values: FloatArray) -> WidthHistory:
    return WidthHistory(
        *(frozen_floats(part) for part in (values[:, 0], values[:, 1], values[:, 2:]))
    )
