"""Print errors and the Monte Carlo study of their effect on a task."""
