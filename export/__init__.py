"""Export of parts to files for printers and other tools; each file is read back."""
