"""Codes of findings on training, compensation and runs."""

from __future__ import annotations

from typing import Final

from mnnfab.findings.finding import FindingCode

TRAINING: Final = (
    FindingCode(
        "training-stopped",
        "training",
        ("warning",),
        "The training was stopped (Ctrl-C, SIGTERM or callback) before all epochs were done.",
        "Run it again, or continue from the saved widths with `mnnfab train --from DIR`.",
    ),
    FindingCode(
        "bonds-removed",
        "training",
        ("info",),
        (
            "Bonds that `[training] remove_below_mm` has removed from the network, by their nodes; "
            "or why none was."
        ),
        "None required. The design in the folder of the run has them as `[network] damage`.",
    ),
    FindingCode(
        "started-again",
        "training",
        ("warning",),
        (
            "All restarts stalled without beating the constant-prediction baseline, so up to "
            "three more were made from random widths; the best one is kept."
        ),
        ("See restarts.csv; raise `[training] restarts`, or change ports, loads or width limits."),
    ),
    FindingCode(
        "start-not-kept",
        "training",
        ("warning",),
        (
            "A restart from random widths had a lower validation loss than the given start "
            "(`[training] start` or `--from`) and was kept."
        ),
        "Set `[training] restarts = 1` to keep the given start.",
    ),
    FindingCode(
        "nothing-learned",
        "training",
        ("warning",),
        (
            "The primary metric on the training samples is not better than the constant-"
            "prediction baseline."
        ),
        (
            "Raise `[training] epochs` if the loss still falls, otherwise change ports, loads"
            " or width limits."
        ),
    ),
    FindingCode(
        "not-compiled",
        "training",
        ("warning",),
        (
            "The loss has no compiled training step, so that a long training takes the slower"
            " NumPy steps."
        ),
        "Reduce `[training] epochs` or `restarts`, or choose a loss with a compiled step.",
    ),
    FindingCode(
        "out-of-reach",
        "attainability",
        ("warning",),
        (
            "The target displacements are not attainable within the width limits (best "
            "attainable error above 1 % of the target)."
        ),
        (
            "Change modulus, thickness, loads or `[fabrication]` width limits as the message "
            "says, or the signs of `[task] loads_gf` and `targets_mm`."
        ),
    ),
    FindingCode(
        "constraints",
        "training",
        ("warning",),
        (
            "Training on the loaded frame has not met its constraints: the eigenvalue of stability"
            " that belongs to `[check] min_stability_factor`, or `max_loaded_strain`, both with a"
            " margin of 15 %."
        ),
        "Use a thicker part, smaller loads, or wider `[fabrication]` width limits.",
    ),
    FindingCode(
        "weak-signal",
        "attainability",
        ("warning",),
        (
            "For more than 10 % of the samples the output difference (with classes) or the "
            "output displacement (otherwise) is smaller than the measurement resolution, at the "
            "lowest loss that was found."
        ),
        (
            "Use heavier loads, a softer material or other ports, or lower `[check] "
            "resolution_mm` if the measurement is better."
        ),
    ),
    FindingCode(
        "prediction",
        "compensation",
        (
            "error",
            "info",
        ),
        (
            "Relative difference between the flexibility matrices of the calibrated bar model"
            ' and of the continuum model; with `[training] model = "frame"`, between the outputs'
            " of all samples of the corrected frame and of the rubber model."
        ),
        "Raise `[compensate] rounds`, or raise `[compensate] tolerance`.",
    ),
    FindingCode(
        "not-compensated",
        "compensation",
        ("warning",),
        (
            "`mnnfab train` trained on the bar model only, although the design has a "
            "`[compensate]` section."
        ),
        "Use `mnnfab run`, or set `[compensate] enabled = false`.",
    ),
    FindingCode(
        "loop-ended",
        "compensation",
        ("warning",),
        (
            "A compensation round could not be trained, meshed or solved; the earlier rounds "
            "are used."
        ),
        ("Remove the cause that the message names, for example raise `[check] mesher_deadline_s`."),
    ),
    FindingCode(
        "loop-of-no-use",
        "compensation",
        ("warning",),
        (
            "No later compensation round reached the training metric of round 0 on the "
            "continuum model; the widths of round 0 are kept."
        ),
        "Change `[compensate] loss_scale_mm` or `rounds`, or add `[compensate.search]`.",
    ),
    FindingCode(
        "search-limits",
        "compensation",
        ("warning",),
        (
            "No candidate of the search meets the limits of stability, strain and, on the training "
            "samples, metric as read; the one nearest to them is used."
        ),
        "Search over thickness_mm and load_factor, or other ports.",
    ),
    FindingCode(
        "widths-changed",
        "run",
        ("warning",),
        (
            "widths.csv does not have the loss with which its training ended, so the training"
            " history, the compensation rounds and the calibration of the bar model are "
            "ignored."
        ),
        "Train again, or restore widths.csv if the change was not intended.",
    ),
)
