"""Colours of all figures: colour-blind safe and distinct in greyscale (Okabe and Ito)."""

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#BBBBBB"
PURPLE = "#8F3F78"
