"""The pipeline: from a design file to a folder of results."""

from mnnfab.pipeline.pipeline import (
    Outcome,
    QueryResult,
    TrainingOutcome,
    check,
    export,
    ladder,
    reach,
    run,
    train,
    tray,
)

__all__ = [
    "Outcome",
    "QueryResult",
    "TrainingOutcome",
    "check",
    "export",
    "ladder",
    "reach",
    "run",
    "train",
    "tray",
]
