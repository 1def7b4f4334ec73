"""Sparse linear algebra: Cholesky factorisation, elimination order, condition number."""
