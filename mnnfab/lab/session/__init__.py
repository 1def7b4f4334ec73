"""Training on the printed part, in measured rounds."""
