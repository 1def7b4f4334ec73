"""An experiment: its plan, load steps, photographs and tables."""
