"""From widths to the part: cells in the plane, checks for the printer, the solid."""
