"""Progress of a run: watchers, stage timer, terminal, log file and live file."""
