"""Colours of all pictures: distinct for colour-blind readers and in grey (Okabe and Ito)."""

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#BBBBBB"
