"""The analysis of a measurement beside the models, and its pages."""
