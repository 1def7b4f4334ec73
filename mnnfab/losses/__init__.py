"""Losses: how far the outputs are from what a task asks for, and the slope of that."""
