"""Solvers of the bar model, D u = F: dense, banded and sparse, chosen by the number of unknowns.

D = Cᵀ diag(k) C on the free degrees of freedom. Everything that does not depend on the
stiffnesses k (elimination order, positions of the entries) is computed once.
"""

from __future__ import annotations

import logging
from typing import Protocol

import numpy as np
from scipy import sparse
from scipy.linalg.lapack import dpbsv, dposv
from scipy.sparse.csgraph import reverse_cuthill_mckee

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import ToolError
from mnnfab.linalg.cholesky import make_factoriser
from mnnfab.linalg.nested_dissection import nested_dissection
from mnnfab.network.network import Network

log = logging.getLogger(__name__)

#: Largest number of free degrees of freedom for which a dense factorisation is fastest.
DENSE_DOFS = 40
#: Largest number for which a banded factorisation is fastest, unless the band is wide.
BANDED_DOFS = 700
#: Largest half-bandwidth of the banded solver, as a fraction of the degrees of freedom.
BAND_SHARE = 0.25


class Engine(Protocol):
    """Solver for unit loads at the ports."""

    @property
    def name(self) -> str:
        """Name in reports."""
        ...

    def displacements(self, stiffness: FloatArray) -> FloatArray:
        """Return displacements per unit load, (n_free_dofs, n_ports) mm/N.

        Args:
            stiffness: stiffness of each bond, (n_bonds,) N/mm.

        Raises:
            ToolError: if D is not positive definite.
        """
        ...


def choose_engine(network: Network, compatibility: sparse.csr_array, loads: FloatArray) -> Engine:
    """Return the fastest solver for a network of this size.

    Args:
        network: network; its node positions determine the elimination order.
        compatibility: C on the free degrees of freedom, (n_bonds, n_free_dofs).
        loads: unit loads, (n_free_dofs, n_ports) N.
    """
    engine = _engine(network, compatibility, loads)
    log.debug("bar model: %s solver, %d degrees of freedom", engine.name, compatibility.shape[1])
    return engine


def _engine(network: Network, compatibility: sparse.csr_array, loads: FloatArray) -> Engine:
    n_dofs = compatibility.shape[1]
    if n_dofs <= DENSE_DOFS:
        return Dense(compatibility, loads)
    if n_dofs <= BANDED_DOFS:
        banded = Banded(compatibility, loads)
        if banded.half_band <= BAND_SHARE * n_dofs:
            return banded
    return Sparse(compatibility, loads, _elimination_order(network))


def _elimination_order(network: Network) -> IntArray:
    """Return the free degrees of freedom in nested dissection order, (n_free_dofs,)."""
    nodes = nested_dissection(network.nodes, network.bonds)
    dofs = np.column_stack([2 * nodes, 2 * nodes + 1]).ravel()
    place = np.full(2 * network.n_nodes, -1)
    place[network.free_dofs] = np.arange(len(network.free_dofs))
    order: IntArray = place[dofs]
    return order[order >= 0]


class Dense:
    """Dense Cholesky factorisation (LAPACK)."""

    name = "dense"

    def __init__(self, compatibility: sparse.csr_array, loads: FloatArray) -> None:
        """Convert C to a dense matrix."""
        self._compatibility = compatibility.toarray()
        self._loads = np.asfortranarray(loads)

    def displacements(self, stiffness: FloatArray) -> FloatArray:
        """Factorise and solve in one call."""
        # LAPACK is called directly: its wrappers in scipy.linalg take several times
        # longer than the factorisation for a network of the paper's size.
        compatibility = self._compatibility
        matrix = (compatibility.T * stiffness) @ compatibility
        _, solution, info = dposv(matrix.T, self._loads, lower=1, overwrite_a=1)
        _require_success(info)
        found: FloatArray = solution
        return found


class Banded:
    """Banded Cholesky factorisation (LAPACK) in reverse Cuthill–McKee order."""

    name = "banded"

    def __init__(self, compatibility: sparse.csr_array, loads: FloatArray) -> None:
        """Renumber the unknowns to reduce the bandwidth."""
        joined = sparse.csr_array(abs(compatibility).T @ abs(compatibility))
        order = reverse_cuthill_mckee(joined, symmetric_mode=True)
        self._place = np.argsort(order)
        renumbered = sparse.csr_array(compatibility[:, order])
        rows, columns, self._scatter = stiffness_scatter(renumbered)
        self.half_band = int((rows - columns).max())
        self._shape = (self.half_band + 1, compatibility.shape[1])
        self._entries = (rows - columns, columns)
        self._loads = np.asfortranarray(loads[order])

    def displacements(self, stiffness: FloatArray) -> FloatArray:
        """Fill the band, factorise and solve."""
        band = np.zeros(self._shape, order="F")
        band[self._entries] = self._scatter @ stiffness
        _, solution, info = dpbsv(band, self._loads, lower=1, overwrite_ab=1)
        _require_success(info)
        found: FloatArray = solution[self._place]
        return found


class Sparse:
    """Sparse Cholesky factorisation; the symbolic analysis is done once."""

    name = "sparse"

    def __init__(
        self, compatibility: sparse.csr_array, loads: FloatArray, order: IntArray | None = None
    ) -> None:
        """Analyse the sparsity pattern; without an order the solver chooses its own."""
        rows, columns, self._scatter = stiffness_scatter(compatibility)
        n_dofs = compatibility.shape[1]
        starts = np.searchsorted(columns, np.arange(n_dofs + 1))
        pattern = sparse.csc_array((np.ones(len(rows)), rows, starts), shape=(n_dofs, n_dofs))
        self._factoriser = make_factoriser(pattern, order)
        self._loads = sparse.csc_array(loads)

    def displacements(self, stiffness: FloatArray) -> FloatArray:
        """Assemble by a sparse product, factorise and solve."""
        factor = self._factoriser.factorise(self._scatter @ stiffness)
        return factor.solve_sparse(self._loads)


def stiffness_scatter(
    compatibility: sparse.csr_array,
) -> tuple[IntArray, IntArray, sparse.csr_array]:
    """Return the positions of the entries of D and the matrix S with D[rows, columns] = S k.

    Args:
        compatibility: C, (n_bonds, n_dofs), at most four entries per bond.

    Returns:
        rows and columns of the lower triangle, (n_entries,), sorted by column, then row;
        and S, (n_entries, n_bonds).
    """
    dofs, values = entries_of_bonds(compatibility)
    first, second = np.tril_indices(4)
    high = np.maximum(dofs[:, first], dofs[:, second])
    low = np.minimum(dofs[:, first], dofs[:, second])
    products = values[:, first] * values[:, second]
    used = low >= 0
    rows, columns = high[used], low[used]
    order = _by_column_and_row(rows, columns, compatibility.shape[1])
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = (np.diff(rows[order]) != 0) | (np.diff(columns[order]) != 0)
    entry = np.empty(len(order), dtype=np.int64)
    entry[order] = np.cumsum(fresh) - 1
    bonds = np.nonzero(used)[0]
    first_of_entry = order[fresh]
    shape = (len(first_of_entry), compatibility.shape[0])
    scatter = sparse.csr_array((products[used], (entry, bonds)), shape=shape)
    return rows[first_of_entry], columns[first_of_entry], scatter


def entries_of_bonds(compatibility: sparse.csr_array) -> tuple[IntArray, FloatArray]:
    """Return the degrees of freedom of each bond and their cosines, both (n_bonds, 4).

    Fixed degrees of freedom are not in C and are given as -1.
    """
    n_bonds = compatibility.shape[0]
    counts = np.diff(compatibility.indptr)
    bond = np.repeat(np.arange(n_bonds), counts)
    slot = np.arange(compatibility.nnz) - np.repeat(compatibility.indptr[:-1], counts)
    dofs = np.full((n_bonds, 4), -1, dtype=np.int64)
    values = np.zeros((n_bonds, 4))
    dofs[bond, slot] = compatibility.indices
    values[bond, slot] = compatibility.data
    return dofs, values


def _by_column_and_row(rows: IntArray, columns: IntArray, n_dofs: int) -> IntArray:
    """Return the order that sorts by column, then row, by two passes of a bucket sort."""
    # SciPy's conversion to CSR is a bucket sort in linear time; for ten million entries it takes
    # a tenth of the time of a comparison sort.
    order = _bucket_order(rows, n_dofs)
    return order[_bucket_order(columns[order], n_dofs)]


def _bucket_order(keys: IntArray, n_keys: int) -> IntArray:
    marks = np.ones(len(keys), dtype=np.int8)
    buckets = sparse.csr_array((marks, (keys, np.arange(len(keys)))), shape=(n_keys, len(keys)))
    return buckets.indices.astype(np.int64)


def _require_success(info: int) -> None:
    if info:
        msg = "the bar stiffness matrix is not positive definite; all stiffnesses must be positive"
        raise ToolError(msg)
