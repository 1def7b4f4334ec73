"""Training history as a table: one row per epoch; epoch 0 is untrained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.io.tables import column_numbers, read_table, table_text
from mnnfab.training.training import Epoch, Restart

Columns = Mapping[str, FloatArray]
"""Name of each column and its values, (n_epochs + 1,)."""


_INTEGER_COLUMNS = {"epoch", "restart", "stuck", "chosen"}


def history_columns(history: Sequence[Epoch]) -> Columns:
    """Return the columns epoch, loss_train, loss_test if present, and the metrics."""
    rows = [_row(epoch) for epoch in history]
    return {name: np.array([row[name] for row in rows]) for name in (rows[0] if rows else {})}


def restart_columns(restarts: Sequence[Restart]) -> Columns:
    """Return the final values of each of several restarts; empty for a single training."""
    if len(restarts) < 2:
        return {}
    rows = [
        {"restart": float(restart.number)}
        | _row(restart.last)
        | {"stuck": float(restart.stalled), "chosen": float(restart.kept)}
        for restart in restarts
    ]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def history_text(columns: Columns) -> str:
    """Return the columns as CSV text."""
    values = [
        column.astype(int).tolist() if name in _INTEGER_COLUMNS else column.tolist()
        for name, column in columns.items()
    ]
    return table_text(list(columns), zip(*values, strict=True))


def load_history(path: Path) -> Columns:
    """Read a history; it is empty if the file does not exist.

    Raises:
        InputError: if the file is not a table of numbers.
    """
    if not path.exists():
        return {}
    table = read_table(path)
    for name in ("epoch", "loss_train"):
        column_numbers(table, name)
    values = table.numbers(range(len(table.header)))
    return dict(zip(table.header, values.T, strict=True))


def _row(epoch: Epoch) -> dict[str, float]:
    row: dict[str, float] = {"epoch": epoch.epoch, "loss_train": epoch.loss_train}
    if epoch.loss_validation is not None:
        row["loss_validation"] = epoch.loss_validation
    if epoch.loss_test is not None:
        row["loss_test"] = epoch.loss_test
    for name, value in epoch.metrics.items():
        if isinstance(value, list):
            stem, _, unit = name.rpartition("_")
            row |= {f"{stem}_{index}_{unit}": part for index, part in enumerate(value)}
        else:
            row[name] = value
    return row
