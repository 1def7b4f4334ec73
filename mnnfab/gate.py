"""The gate: does the continuum still do what was trained on bars?"""

from __future__ import annotations

import numpy as np

from mnnfab.agreement import Agreement
from mnnfab.arrays import FloatArray
from mnnfab.design import CheckSection
from mnnfab.findings import Finding, judge
from mnnfab.network import Network
from mnnfab.response import Response
from mnnfab.tasks import Headline, Metrics, Task


def judge_continuum(
    task: Task,
    network: Network,
    bar: Response,
    continuum: Response,
    agreement: Agreement,
    limits: CheckSection,
) -> list[Finding]:
    """Return a finding for each limit of the design's [check] section."""
    findings = [
        judge(
            "displacement-residual",
            "outputs",
            "left of the flexibility's pattern after one factor",
            agreement.displacement_residual,
            limits.max_displacement_residual,
        ),
        judge(
            "elongation-residual",
            "bonds",
            "left of the elongations' pattern after one factor",
            agreement.elongation_residual,
            limits.max_elongation_residual,
        ),
        _judge_strain(task, network, continuum, limits.max_bond_strain),
    ]
    if task.headline is not None:
        reference, found = task.metrics(bar.flexibility), task.metrics(continuum.flexibility)
        findings.append(_judge_metric(task.headline, reference, found, limits.max_metric_drop))
    return findings


def bond_strains(network: Network, response: Response, loads_N: FloatArray) -> FloatArray:
    """Return the elongation of each bond over its length, (n_samples, n_bonds)."""
    elongations: FloatArray = loads_N @ response.elongations.T
    return elongations / network.lengths


def _judge_strain(task: Task, network: Network, continuum: Response, limit: float) -> Finding:
    strains = np.abs(bond_strains(network, continuum, task.loads_N)).max(axis=0)
    worst = int(strains.argmax())
    return judge(
        "bond-strain", network.bond_name(worst), "largest bond strain", strains[worst], limit
    )


def _judge_metric(headline: Headline, reference: Metrics, found: Metrics, limit: float) -> Finding:
    name = headline.name
    words = f"{name} {reference[name]:.4f} on bars, {found[name]:.4f} on the continuum: worse by"
    drop = headline.loss_against(reference, found)
    return judge("metric-drop", "task", words, drop, limit, form=".4f")
