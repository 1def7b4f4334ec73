"""Training on the part itself, a measured round at a time."""
