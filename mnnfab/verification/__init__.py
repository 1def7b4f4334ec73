"""Code verification: the models against exact solutions and published benchmarks."""
