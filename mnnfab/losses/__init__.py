"""Losses of output displacements relative to the targets of a task, and their derivatives."""
