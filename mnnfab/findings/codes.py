"""The table of finding codes, apart from those that registered checks bring with them.

A printability check or a check of a limit state declares its codes in its own file;
`mnnfab.validation.finding_codes.all_codes` has all of them.
"""

from __future__ import annotations

from typing import Final

from mnnfab.findings.finding import FindingCode

CODES: Final = (
    FindingCode(
        "node-ids",
        "input",
        ("info",),
        (
            "The network file names its nodes otherwise than by their places. A design uses the "
            "ids of the file; results number the nodes from 0 in the order of the file."
        ),
        "",
    ),
    FindingCode(
        "plane-turned",
        "input",
        ("warning",),
        "The network lies in another plane than z = const; it was turned into it.",
        "Compare the drawing with your own; write x and y of the part into the file if it differs.",
    ),
    FindingCode(
        "points-merged",
        "input",
        ("info",),
        "Points within `[network] merge_mm` of another one were merged into it.",
        "",
    ),
    FindingCode(
        "points-unused",
        "input",
        ("info",),
        "Points of the mesh without a bond are no nodes.",
        "",
    ),
    FindingCode(
        "cells-left-out",
        "input",
        ("warning", "info"),
        "Cells of the mesh that are no lines (points, surfaces, volumes) were left out.",
        "Write each bond as a line; the edges of surfaces are no bonds.",
    ),
    FindingCode(
        "cells-in-groups",
        "input",
        ("info",),
        "Lines that stand in several physical groups of a gmsh file are one bond each.",
        "",
    ),
    FindingCode(
        "curves",
        "input",
        ("warning", "info"),
        "Curves of the mesh are straight bonds between their ends.",
        "Divide a curve that is not straight into lines if it shall keep its shape.",
    ),
    FindingCode(
        "mesh-reader",
        "input",
        ("warning",),
        "Message of the reader of the mesh file.",
        "Compare the number of bonds with your file; write the mesh in another format.",
    ),
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
        "displacement-residual",
        "acceptance",
        (
            "error",
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
            "info",
        ),
        (
            "The primary metric of the continuum model is compared with the constant-"
            "prediction baseline and its margin of chance."
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
        "prediction",
        "compensation",
        (
            "error",
            "info",
        ),
        (
            "Relative difference between the flexibility matrices of the calibrated bar model"
            " and of the continuum model."
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
            "modulus and load errors that keep the task (warning below 90 %)."
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
        "training-stopped",
        "training",
        ("warning",),
        "The training was stopped (Ctrl-C, SIGTERM or callback) before all epochs were done.",
        "Run it again, or continue from the saved widths with `mnnfab train --from DIR`.",
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
            "beyond linear theory (reported above 1 %; info with `elongation = "
            '"projection"`).'
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
            "Agreement of the measured gradient with that of bar model and continuum model; "
            "as a warning: the load steps do not span what the gradient needs."
        ),
        ("Add a forward step for every input and an adjoint step for every output to steps.csv."),
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
            "Share of the adjoint loads that is not represented by the applied weights, "
            "because of rounding to whole grams (reported above 0.1 %)."
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
            "The best-fit scale of the measured displacements over those of the continuum "
            "model, and the modulus that would explain it, if any does (a warning if none does, "
            "or if the residual is above 10 %)."
        ),
        (
            "Set `[material] youngs_modulus_MPa` to the modulus found by `mnnfab lab identify`; if "
            "no modulus explains it, check loads and camera."
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
        "table-format",
        "input",
        (
            "warning",
            "info",
        ),
        (
            "How a table was read that is not a plain CSV in UTF-8: encoding, separator, decimal "
            "comma, blank rows and columns, comment lines. A warning: the encoding was guessed."
        ),
        "Compare the words in the message with the table, or save it as CSV UTF-8.",
    ),
    FindingCode(
        "stored-index",
        "input",
        ("info",),
        (
            "Columns that are the stored index of a data frame of pandas; they are neither "
            "features nor the class."
        ),
        "To use one, name it in `[task] features` or `class_column`.",
    ),
    FindingCode(
        "classes",
        "input",
        ("info",),
        "The class column of the table, and the number of rows of every class.",
        "Name another column in `[task] class_column`.",
    ),
    FindingCode(
        "class-spellings",
        "input",
        ("warning",),
        (
            "Entries of the class column that are one class: equal numbers such as 0 and 0.0, "
            "other Unicode forms of one word, other blanks."
        ),
        "Give every class one spelling in the table.",
    ),
    FindingCode(
        "rows-dropped",
        "input",
        ("warning",),
        "Rows of the table with missing values, left out because of `[task] missing`.",
        'Complete the rows; `[task] missing = "refuse"` refuses them.',
    ),
    FindingCode(
        "few-rows",
        "input",
        ("warning",),
        (
            "Which rows of a short table of load cases are for training, validation and test. Rows "
            "are kept for training if no other training rows have such loads."
        ),
        "Set `[training] test_fraction` and `validation_fraction` to 0 to train on all rows.",
    ),
    FindingCode(
        "port-names",
        "input",
        ("warning",),
        "A column of the table names another node or axis than the port that it belongs to.",
        "Change the order of `[task] inputs` and `outputs`, or the names of the columns.",
    ),
)
