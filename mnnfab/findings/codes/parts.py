"""Codes of findings on the geometry of a part and its continuum model."""

from __future__ import annotations

from typing import Final

from mnnfab.findings.finding import FindingCode

PARTS: Final = (
    FindingCode(
        "limits",
        "printability",
        ("warning",),
        (
            "The width limits allow joints (`joint_ratio` × `width_min_mm`) narrower than the"
            " printable wall thickness; checked before training."
        ),
        (
            "Raise `[fabrication] width_min_mm` to the value given in the message, or raise "
            "`joint_ratio`."
        ),
    ),
    FindingCode(
        "effective-modulus",
        "acceptance",
        ("error", "info"),
        (
            "Effective modulus of a network that repeats, by the continuum model of one period, "
            "and its target."
        ),
        (
            "Raise `[compensate] rounds` or `[training] epochs`, widen the tolerance of the target "
            "or the width limits, or change the network."
        ),
    ),
    FindingCode(
        "reaction",
        "acceptance",
        ("error", "info"),
        "Reaction of a prescribed displacement, and its target if there is one.",
        (
            "Raise `[training] epochs` or `[compensate] rounds`, widen the tolerance of the target "
            "or the width limits, or change the thickness."
        ),
    ),
    FindingCode(
        "linear-reactions",
        "acceptance",
        ("warning",),
        (
            "The reactions of the rubber model were not found, mostly because it has no stable "
            "state under them; they are those of the linear continuum "
            "model."
        ),
        "Reduce `prescribed_mm`, or use wider bonds or a thicker part.",
    ),
    FindingCode(
        "no-moduli",
        "acceptance",
        ("error", "warning"),
        "The effective moduli of a network that repeats could not be computed.",
        "The message has the reason: a part of the cell that cannot be built, meshed or solved.",
    ),
    FindingCode(
        "coarse-cell",
        "acceptance",
        ("warning",),
        (
            "The effective moduli have not converged: the estimated discretisation error of the "
            "last mesh of a period is above the tolerance."
        ),
        (
            "Raise `[check] elements_across_joint` or `discretisation_tolerance`, or add a fillet: "
            "sharp corners converge slowly."
        ),
    ),
    FindingCode(
        "displacement-residual",
        "acceptance",
        (
            "error",
            "warning",
            "info",
        ),
        (
            "Residual of the output displacements (flexibility matrix) between continuum and "
            "bar model after best-fit scaling."
        ),
        (
            'Add `[compensate]` or set `[training] stiffness_law = "calibrated"`, or raise '
            "`[check] max_displacement_residual`."
        ),
    ),
    FindingCode(
        "elongation-residual",
        "acceptance",
        (
            "error",
            "warning",
            "info",
        ),
        (
            "Residual of the bond elongations between continuum and bar model after best-fit "
            "scaling."
        ),
        (
            "Use more compliant hinges (lower `[fabrication] joint_ratio`, longer "
            "`joint_length_mm`), or raise `[check] max_elongation_residual`."
        ),
    ),
    FindingCode(
        "scale",
        "acceptance",
        (
            "error",
            "warning",
            "info",
        ),
        ("Best-fit scale of the continuum displacements over those of the bar model."),
        (
            'Set `[training] stiffness_law` to "series" or "calibrated", add '
            "`[compensate]`, or raise `[check] max_scale`."
        ),
    ),
    FindingCode(
        "bond-strain",
        "acceptance",
        (
            "error",
            "warning",
            "info",
        ),
        ("Largest elongation of a bond over its length in the continuum model, over all samples."),
        (
            "Reduce the loads in `[task]` (`load_at_max_gf`, `bias_gf`, `loads_gf`, "
            "`max_load_gf`), or raise `[check] max_bond_strain`."
        ),
    ),
    FindingCode(
        "metric-drop",
        "acceptance",
        (
            "error",
            "warning",
            "info",
        ),
        "Loss of the primary metric from the (calibrated) bar model to the continuum model.",
        (
            'Add `[compensate]` or set `[training] stiffness_law = "calibrated"`, or raise '
            "`[check] max_metric_drop`."
        ),
    ),
    FindingCode(
        "use",
        "acceptance",
        (
            "error",
            "warning",
            "info",
        ),
        (
            "The primary metric of the continuum model is compared with the constant-"
            "prediction baseline and its margin of chance. It is a warning if the loaded part "
            "meets the requirement as it is read: then large displacements do the task."
        ),
        (
            "Train longer (`[training] epochs`), change ports, loads or width limits, or add "
            "`[compensate]`; there is no limit key."
        ),
    ),
    FindingCode(
        "check-skipped",
        "acceptance",
        ("warning",),
        (
            "Continuum model and acceptance criteria were not evaluated, because the design "
            "has no ports or `[check] enabled = false`."
        ),
        "Set `[check] enabled = true`, or give `[task] inputs` and `outputs`.",
    ),
    FindingCode(
        "discretisation",
        "solution",
        (
            "warning",
            "info",
        ),
        (
            "Estimated discretisation error of the flexibility matrix after mesh refinement, "
            "against the required tolerance."
        ),
        (
            "Raise `[check] discretisation_tolerance` or `elements_across_joint`, or run on a"
            " machine with more memory."
        ),
    ),
    FindingCode(
        "equilibrium",
        "solution",
        (
            "warning",
            "info",
        ),
        (
            "Relative force residual between reactions and applied loads in the continuum "
            "solution (warning above 1e-9)."
        ),
        (
            "Stiffen the part (`[fabrication] width_min_mm`, `joint_ratio`), because the "
            "finite element system is ill-conditioned."
        ),
    ),
    FindingCode(
        "energy",
        "solution",
        (
            "warning",
            "info",
        ),
        (
            "Relative difference between strain energy and external work in the continuum "
            "solution (warning above 1e-9)."
        ),
        (
            "Stiffen the part (`[fabrication] width_min_mm`, `joint_ratio`), because the "
            "finite element system is ill-conditioned."
        ),
    ),
    FindingCode(
        "conditioning",
        "solution",
        ("warning",),
        "Condition number of the bar model stiffness matrix above 1e8.",
        (
            "Add bonds or fixed nodes in `[network]`, or narrow the range between "
            "`[fabrication] width_min_mm` and `width_max_mm`."
        ),
    ),
    FindingCode(
        "not-computed",
        "solution",
        ("info",),
        (
            "A check that takes too long for a network of this size was left out: the condition "
            "number above 50,000 unknowns, print samples above 5000 bonds. It does not count as "
            "passed."
        ),
        "",
    ),
    FindingCode(
        "left-out",
        "solution",
        ("info",),
        (
            "The label tab and its letters are not part of the continuum model, because they "
            "carry no load."
        ),
        "",
    ),
    FindingCode(
        "prints",
        "tolerance",
        (
            "warning",
            "info",
        ),
        (
            "Estimated print yield: share of print samples with random width, thickness, "
            "modulus and load errors that meet the requirement under the loads, as read "
            "(warning below 90 %)."
        ),
        (
            "Train with print errors (`[tolerance] train_over`), use wider bonds, or state "
            "the real errors (`[tolerance] width_sd_mm`, `thickness_sd_mm`, `modulus_sd`, "
            "`load_sd_gf`)."
        ),
    ),
    FindingCode(
        "worst-bonds",
        "tolerance",
        ("info",),
        (
            "The three bonds whose width errors contribute most to the variance of the "
            "outputs, with their shares."
        ),
        (
            "Measure these bonds first on the printed part, or train with print errors "
            "(`[tolerance] train_over`)."
        ),
    ),
    FindingCode(
        "as-read",
        "acceptance",
        ("error", "info"),
        (
            "Metric of the task as the loaded part is read: outputs with large displacements, and "
            "readings with the standard deviation `[check] resolution_mm`."
        ),
        (
            "See the finding `window`: larger loads on a thicker part, a softer material or a "
            "larger lattice give larger displacements. State what the task needs by `[check] "
            "min_accuracy` or `max_relative_error`."
        ),
    ),
    FindingCode(
        "window",
        "acceptance",
        ("warning", "info"),
        (
            "Factors on the loads between a signal that is too small to read and a part that is "
            "unstable, overstrained or wrong; or what opens this window, checked by a solution."
        ),
        "Choose the loads in the window, or change the design as the finding says.",
    ),
    FindingCode(
        "unstable-at-rest",
        "limit-state",
        ("error",),
        "The part has no stable equilibrium under its own weight.",
        "Use a stiffer material, wider bonds, or fix more nodes.",
    ),
    FindingCode(
        "not-assessed",
        "limit-state",
        ("error",),
        "The loaded part was not assessed, so its stability is not known.",
        "The message has the reason; `--thorough` assesses large designs.",
    ),
)
