"""The paper's experiments, each with a figure, its numbers and ours beside the published ones."""
