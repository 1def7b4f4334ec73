"""Print errors and the Monte Carlo study of what they do to a task."""
