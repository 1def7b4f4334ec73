"""Models on which the widths of a problem are trained: bars, or the loaded frame."""
