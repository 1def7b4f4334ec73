"""Summary of a training as text, and the findings on it."""

from __future__ import annotations

import math

from mnnfab.findings import Finding
from mnnfab.problem.problem import Problem, has_ports
from mnnfab.task.metrics import PrimaryMetric, metric_label
from mnnfab.trainable_models.modulus_loss import modulus_loss
from mnnfab.training.ensemble import loss_prevents_compilation
from mnnfab.training.loss_terms import PENALTY_WEIGHT
from mnnfab.training.training import Training

#: Penalty that counts as none: a violation of 1 %.
MIN_PENALTY = 1e-3


def training_text(problem: Problem, training: Training) -> str:
    """Return the result of a training in one line; empty if the widths were given."""
    if not training.history:
        return ""
    first, last = training.history[0], training.history[-1]
    epochs = "1 epoch" if last.epoch == 1 else f"{last.epoch} epochs"
    message = f"{epochs}: loss {first.loss_train:.4g} to {last.loss_train:.4g}"
    primary_metric = problem.task.primary_metric if problem.task else None
    if primary_metric is None:
        return message
    before, after = primary_metric.of(first.metrics), primary_metric.of(last.metrics)
    message = f"{message}, {primary_metric.label} {before:.4f} to {after:.4f}"
    return f"{message}{_moduli(problem, training)}"


def _moduli(problem: Problem, training: Training) -> str:
    """Return the effective moduli that have targets, as trained; empty without any."""
    loss = modulus_loss(problem)
    if loss is None:
        return ""
    values = zip(
        loss.targets.names, loss.values(training.widths_mm), loss.targets.texts, strict=True
    )
    return "".join(f"; {name} {value:.4g}, target {text}" for name, value, text in values)


def training_findings(problem: Problem, training: Training) -> tuple[Finding, ...]:
    """Return warnings on a stopped training, the kept start, and a baseline that is not beaten."""
    primary_metric = problem.task.primary_metric if problem.task else None
    if not training.restarts or primary_metric is None:
        return ()
    findings = [
        _stopped(problem, training),
        _slow_loss(problem),
        _constraints(training),
        _kept_start(problem, training),
        _learned(problem, primary_metric, training),
    ]
    return tuple(finding for finding in findings if finding is not None)


def _stopped(problem: Problem, training: Training) -> Finding | None:
    if not training.stopped:
        return None
    message = f"stopped after {training.history[-1].epoch} of {problem.schedule.epochs} epochs"
    return Finding("training-stopped", "warning", "training", message)


def _slow_loss(problem: Problem) -> Finding | None:
    if problem.design.schedule.model == "frame":  # which has no compiled step for any loss
        return None
    if not has_ports(problem) or not loss_prevents_compilation(
        problem.trainable(), problem.schedule
    ):
        return None
    # All default losses have a compiled step, so the design names this one.
    name = getattr(problem.design.task, "loss", None) or type(problem.task.loss).__name__
    message = f"the loss {name} has no compiled training step; the slower NumPy steps were used"
    return Finding("not-compiled", "warning", "training", message)


def _constraints(training: Training) -> Finding | None:
    if training.penalty < MIN_PENALTY:
        return None
    message = (
        "stability or strain of the loaded frame is outside of its limits, with their margins, by "
        f"{math.sqrt(training.penalty / PENALTY_WEIGHT):.0%}: the widths alone cannot meet them"
    )
    return Finding("constraints", "warning", "training", message)


def _kept_start(problem: Problem, training: Training) -> Finding | None:
    tried, kept = len(training.restarts), _number_kept(training)
    if tried > problem.schedule.restarts:
        stalled = sum(restart.stalled for restart in training.restarts)
        message = (
            f"{stalled} of {tried} restarts stalled without beating the baseline, with further "
            f"ones from random widths; restart {kept} is kept, see restarts.csv"
        )
        return Finding("started-again", "warning", "training", message)
    if problem.start_table is not None and kept > 0:
        message = (
            f"restart {kept} from random widths has a lower loss than the given start and is kept"
        )
        return Finding("start-not-kept", "warning", "training", message)
    return None


def _learned(problem: Problem, primary_metric: PrimaryMetric, training: Training) -> Finding | None:
    last, baseline = training.history[-1], primary_metric.training_baseline
    if problem.schedule.epochs == 0 or primary_metric.beats_training_baseline(last.metrics):
        return None
    stalled = training.kept_restart is not None and training.kept_restart.stalled
    remedy = (
        "other ports, loads or limits" if stalled else "more epochs, since the loss still falls"
    )
    margin = f", margin of chance {baseline.chance_margin:.4f}" if baseline.chance_margin else ""
    value = f"{metric_label(primary_metric.training)} {last.metrics[primary_metric.training]:.4f}"
    message = (
        f"{value} does not beat the constant-prediction baseline "
        f"({baseline.value:.4f}{margin}); possible remedies: {remedy}"
    )
    return Finding("nothing-learned", "warning", "training", message)


def _number_kept(training: Training) -> int:
    return training.kept_restart.number if training.kept_restart else 0


def kept_given_start(training: Training) -> bool:
    """Return True if the trained widths come from the given start."""
    return _number_kept(training) == 0
