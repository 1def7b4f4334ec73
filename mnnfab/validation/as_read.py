"""Findings on the task as the loaded part is read, and on the window of its loads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnnfab.findings import Finding, Severity

if TYPE_CHECKING:
    from mnnfab.loaded_part.assessment import LoadedPart
    from mnnfab.loaded_part.envelope import Envelope


def check_as_read(loaded: LoadedPart) -> list[Finding]:
    """Return whether the loaded part meets the requirement on its metric as it is read."""
    read, limit = loaded.read, loaded.requirements.metric
    if read is None or limit is None:
        return []
    sense = "at least" if read.higher_is_better else "at most"
    if not np.isfinite(read.value):
        lost = int((~np.isfinite(loaded.outputs_mm).all(axis=1)).sum())
        message = (
            f"{read.label} as read is not defined: {lost} of {len(loaded.outputs_mm)} samples have "
            f"no stable equilibrium in the plane; {sense} {limit:g} required"
        )
        return [Finding("as-read", "error", "task", message, None, None, limit)]
    linear = loaded.linear_read or read
    scatter = f" ± {read.sd:.3f}" if read.n_samples > 1 else ""
    message = (
        f"{read.label} as read {read.value:.3f}{scatter} "
        f"(± {loaded.requirements.resolution_mm:g} mm per reading), {sense} {limit:g} required; "
        f"{read.exact:.3f} if read exactly, {linear.value:.3f} as read by linear theory"
    )
    requirements = loaded.requirements
    bound = requirements.metric_limit
    if bound != limit:
        message += f"; a constant prediction has {requirements.constant_accuracy:.3f}"
    severity: Severity = "info" if bound is not None and read.meets(bound) else "error"
    return [Finding("as-read", severity, "task", message, None, read.value, limit)]


def not_read() -> Finding:
    """Return the finding on a task whose loaded part was not assessed."""
    message = "the metric as read is not known: the loaded part was not assessed"
    return Finding("as-read", "error", "task", message)


def window_finding(loaded: LoadedPart, *, reactions: bool = False) -> Finding:
    """Return the window of load factors, and what opens it if the loads are outside of it.

    Args:
        loaded: the part.
        reactions: whether loads are reactions of prescribed displacements, on which there is no
            factor.
    """
    envelope = loaded.envelope
    if envelope.lower is not None and envelope.upper is not None:
        message = (
            f"the part can be used from {envelope.lower:.2g} to {envelope.upper:.2g} times its "
            f"loads, {_best(envelope)}; ended by {ENDS[envelope.upper_limit]}"
        )
    else:
        limit = _load_limit(envelope)
        message = f"no load factor meets all requirements: {limit}{_best(envelope)}"
    remedies = "; or ".join(remedy.message for remedy in loaded.remedies)
    message = f"{message}. Checked remedies: {remedies}" if remedies else message
    if reactions:
        message += "; the loads are reactions, at 1 times which inputs have their displacements"
    return Finding("window", "info" if envelope.includes(1.0) else "warning", "loads", message)


#: What ends the window of load factors, by its key in the envelope.
ENDS = {
    "in the plane": "the loss of stability in the plane, with its margin",
    "out of the plane": "buckling out of the plane, with its margin",
    "strain": "the strain at the joints",
    "task": "the metric of the task",
    "none": "the range of the study",
}


_KINDS = {
    "in the plane": "stability in the plane",
    "out of the plane": "stability out of the plane",
    "strain": "strain at the joints",
}


def _load_limit(envelope: Envelope) -> str:
    """Return the largest load factor with all margins and its reason; empty if there is none."""
    if envelope.upper_limit in {"task", "none"}:
        return ""
    factor = envelope.load_limit
    kind = _KINDS[envelope.upper_limit]
    return f"the part keeps its margins up to {factor:.2g} times its loads ({kind}), "


def _best(envelope: Envelope) -> str:
    if not envelope.read:
        return "the task has no metric"
    if envelope.best is None:
        return "none of the load factors of the study is usable"
    found = envelope.read_at(envelope.best)
    return f"best at {envelope.best:.2g} times the loads ({found:.3f} as read)"
