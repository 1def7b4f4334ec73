"""Machine code by numba, cached on disk."""
