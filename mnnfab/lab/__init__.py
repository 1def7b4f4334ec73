"""The laboratory: from the print back to the model."""
