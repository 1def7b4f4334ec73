"""From the solid to files that a printer or another tool takes, each read back."""
