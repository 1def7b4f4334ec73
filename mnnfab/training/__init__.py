"""Training: optimisers, learning rules, width maps, ensembles, attainable targets."""
