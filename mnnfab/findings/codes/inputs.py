"""Codes of findings on input files."""

from __future__ import annotations

from typing import Final

from mnnfab.findings.finding import FindingCode

INPUTS: Final = (
    FindingCode(
        "hold-time",
        "input",
        ("warning", "info"),
        (
            "The modulus at `[material] hold_time_s` and `temperature_C` from the relaxation data "
            "of the material; a warning outside of the times that these data cover."
        ),
        "Read the displacements at a time within the range, or measure the modulus of a coupon.",
    ),
    FindingCode(
        "coarse-reading",
        "input",
        ("warning",),
        "A target has a tolerance that is not larger than the error of a reading of its output.",
        "Allow a larger tolerance, read with less error (`[check] resolution_mm`), or raise loads.",
    ),
    FindingCode(
        "drawing-unit",
        "input",
        ("info",),
        "Unit of a drawing, as its file states it.",
        "",
    ),
    FindingCode(
        "lines-repeated",
        "input",
        ("info",),
        "Lines of a drawing that lie on others are one bond with them.",
        "",
    ),
    FindingCode(
        "ends-near",
        "input",
        ("warning",),
        "Ends of lines of a drawing nearly meet, and are different nodes.",
        "Raise `[network] merge_mm` if they are one node; close the gaps in the drawing.",
    ),
    FindingCode(
        "lines-split",
        "input",
        ("info",),
        "Lines of a drawing were split where they cross or end on others.",
        "",
    ),
    FindingCode(
        "lines-unused",
        "input",
        ("warning", "info"),
        (
            "Texts, points and other entities of a drawing that are no lines; a warning for lines "
            "that are shorter than the tolerance."
        ),
        "Raise the unit or lower `[network] merge_mm` if the short lines are bonds.",
    ),
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
