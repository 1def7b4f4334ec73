"""Codes of findings of the laboratory."""

from __future__ import annotations

from typing import Final

from mnnfab.findings.finding import FindingCode

LAB: Final = (
    FindingCode(
        "noise",
        "lab",
        ("info",),
        (
            "Standard deviation of one node coordinate in one shot and of the common shift "
            "of a shot, from repeats or as stated."
        ),
        "Take more repeats per step, or state `position_sd_mm` in experiment.toml.",
    ),
    FindingCode(
        "weak-points",
        "lab",
        ("warning",),
        (
            "Positions that are missing in the table or have a likelihood below `[positions] "
            "min_likelihood`; they are left out, and the node is measured in the other shots of "
            "the load step."
        ),
        "Track the points again, or take more shots of the load step.",
    ),
    FindingCode(
        "unlinked-points",
        "lab",
        ("warning",),
        (
            "Points of the table that belong to no node and are left out: spots without a track, "
            "short tracks, or a second instance in a frame. The others give every node."
        ),
        "Delete these points in the tracking software.",
    ),
    FindingCode(
        "table-frames",
        "lab",
        ("info",),
        "The column of an ImageJ table that numbers the shots, if it is not the usual one.",
        "",
    ),
    FindingCode(
        "suspect-node",
        "lab",
        ("warning",),
        (
            "Nodes of a shot that are more than half a bond from where they are expected, by the "
            "shots at rest and the prediction, but not impossible; or whose place differs between "
            "two shots of a load step."
        ),
        "Look at these points in the shot; check whether a bond is broken.",
    ),
    FindingCode(
        "null-test",
        "lab",
        (
            "warning",
            "info",
        ),
        (
            "Apparent bond elongations of the part displaced as a rigid body, against the "
            "99.9 % limit from noise."
        ),
        (
            "Calibrate the lens (`[camera] calibration`) and check `[board] plane_offset_mm`,"
            " then repeat the rigid shots."
        ),
    ),
    FindingCode(
        "frame",
        "lab",
        (
            "warning",
            "info",
        ),
        (
            "Largest displacement of a fixed node under load, against four standard "
            "deviations of its noise."
        ),
        "Stiffen the clamping of fixed nodes and camera, then measure again.",
    ),
    FindingCode(
        "size",
        "lab",
        ("warning",),
        "The measured size of the part differs from its design by more than 1 %.",
        ("Check `[board] square_mm`, or `[positions] units` and `mm_per_px` in experiment.toml."),
    ),
    FindingCode(
        "turning",
        "lab",
        (
            "warning",
            "info",
        ),
        (
            "Share of the bond elongations that is due to finite rotation of the bonds, "
            "beyond linear theory (reported above 1 %; info with probes, whose gradient has it, "
            'and with `elongation = "projection"`).'
        ),
        (
            "Use lighter weights; `elongation` in experiment.toml decides whether the error "
            "bars include it."
        ),
    ),
    FindingCode(
        "reciprocity",
        "lab",
        (
            "warning",
            "info",
        ),
        (
            "Relative difference between the flexibility matrices from forward and from "
            "adjoint load steps (Betti reciprocity; warning above 10 %)."
        ),
        "Check nodes, axes and loads in steps.csv, and use lighter weights.",
    ),
    FindingCode(
        "gradient",
        "lab",
        (
            "warning",
            "info",
        ),
        (
            "Agreement of the measured gradient with those of the models, and the distance in "
            "standard errors; as a warning: the load steps do not span what the gradient needs."
        ),
        (
            "Add probes of every output, both ways, to the forward steps in steps.csv; on a linear "
            "part, a forward step for every input and an adjoint step for every output."
        ),
    ),
    FindingCode(
        "unstable-step",
        "lab",
        ("warning",),
        (
            "The rubber model has no stable equilibrium under the weights of a load step; the "
            "measurement of the step is compared with the linear continuum model."
        ),
        "Use lighter weights.",
    ),
    FindingCode(
        "below-noise",
        "lab",
        ("info",),
        (
            "Number of gradient entries whose 95 % interval contains zero, so that their sign"
            " is unknown."
        ),
        "Take more repeats or use heavier weights.",
    ),
    FindingCode(
        "rounding",
        "lab",
        ("info",),
        (
            "Share of the loads ∂L/∂u that is not represented by the applied weights, because of "
            "rounding (reported above 0.1 %)."
        ),
        "Apply one weight at a time on every output, or use finer weights.",
    ),
    FindingCode(
        "lens",
        "lab",
        ("warning",),
        "No lens calibration was given, so lens distortion is not corrected.",
        (
            "Photograph the board from several sides and name the files in `[camera] "
            "calibration` of experiment.toml."
        ),
    ),
    FindingCode(
        "joint-length",
        "lab",
        ("warning",),
        (
            "The effective joint length is not identifiable from the data and was kept as "
            "drawn, or its estimate lies at the end of the range searched (0.7 to 1.45 of the"
            " drawn length)."
        ),
        (
            "Pull a bar and a bond coupon (`[features.coupon]`, coupons.csv); if the estimate"
            " is at the end of the range, check the readings."
        ),
    ),
    FindingCode(
        "modulus",
        "lab",
        ("warning",),
        "The 95 % interval of the identified modulus is wider than about 25 % to each side.",
        "Take more readings or use heavier weights.",
    ),
    FindingCode(
        "misfit",
        "lab",
        ("warning",),
        (
            "Root mean square residual of the fitted models above 2 standard deviations; the "
            "intervals were widened accordingly."
        ),
        (
            "Check readings and loads, and compare the printed part with the design (widths, "
            "thickness)."
        ),
    ),
    FindingCode(
        "printed-size",
        "lab",
        ("info",),
        (
            "A common error of printed widths and thickness cannot be separated from the "
            "modulus; the message gives its size."
        ),
        "Measure width and thickness on a coupon.",
    ),
    FindingCode(
        "bonds",
        "lab",
        ("info",),
        (
            "Number of bonds whose stiffness is identifiable from the load steps, and the "
            "first six that are not."
        ),
        "Add load steps that stretch the bonds named.",
    ),
    FindingCode(
        "scale",
        "lab",
        (
            "warning",
            "info",
        ),
        (
            "The best-fit scale of the measured displacements over those of the rubber "
            "model, and the modulus that would explain it, if any does (a warning if none does, "
            "or if the residual is above 10 %)."
        ),
        (
            "Set `[material] youngs_modulus_MPa` to the modulus found by `mnnfab lab identify`; if "
            "no modulus explains it, check loads and camera."
        ),
    ),
)
