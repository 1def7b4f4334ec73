"""Models of a network: responses, the bar model, stiffness laws, agreement of two models."""
