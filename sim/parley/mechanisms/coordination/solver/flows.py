"""Maximum flows with 64-bit capacities, and the cut that proves them maximal.

SciPy's solver is fast and takes only 32-bit capacities (larger ones overflow without an error). Larger
networks are solved digit by digit: first in multiples of 2^k, then the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

_BITS = 30  # capacities handed to SciPy stay below 2^30: sums of two of them fit 32 bits

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Flow:
    """A maximum flow from the first node to the last one."""

    value: int
    tails: IntArray
    """Arcs that carry something: from where,"""
    heads: IntArray
    """to where,"""
    amounts: IntArray
    """and how much."""
    source_side: NDArray[np.bool_]
    """Whether the source still reaches each node: the source's side of the smallest minimum cut."""


def max_flow(nodes: int, tails: IntArray, heads: IntArray, capacities: IntArray) -> Flow:
    """Find a maximum flow from node 0 to node `nodes` − 1.

    Parameters
    ----------
    tails, heads, capacities : ndarrays of int64, shape (arcs,)
        Arcs without duplicates or opposite arcs. Capacities are below 2^62.

    Examples
    --------
    >>> flow = max_flow(3, np.array([0, 1]), np.array([1, 2]), np.array([2**40, 2**33 + 1]))
    >>> flow.value - 2**33, flow.source_side.tolist()
    (1, [True, True, False])
    """
    keep = capacities > 0
    network = csr_array((capacities[keep], (tails[keep], heads[keep])), shape=(nodes, nodes), dtype=np.int64)
    residual = network
    value = 0
    bound = int(min(capacities[tails == 0].sum(), capacities[heads == nodes - 1].sum()))
    while True:
        shift = max(0, bound.bit_length() - _BITS)
        # No flow exceeds the bound, so capacities above it can be reduced to it.
        digits = np.minimum(residual.data, bound) >> shift
        # SciPy's solver takes int32 index arrays.
        coarse = csr_array(
            (digits.astype(np.int32), residual.indices.astype(np.int32), residual.indptr.astype(np.int32)),
            shape=residual.shape,
        )
        coarse.eliminate_zeros()
        result = maximum_flow(coarse, 0, nodes - 1)
        step = result.flow.astype(np.int64) * (1 << shift)
        residual = csr_array(residual - step)
        residual.eliminate_zeros()
        value += int(result.flow_value) << shift
        if shift == 0:
            break
        # A cut of the coarse network is full there: on each of its arcs less than 2^shift is left.
        bound = min(bound, residual.nnz << shift)
    reached = np.zeros(nodes, dtype=np.bool_)
    reached[breadth_first_order(residual, 0, return_predecessors=False)] = True
    flow = csr_array(network - residual).tocoo()
    used = flow.data > 0
    return Flow(
        value,
        flow.row[used].astype(np.int64),
        flow.col[used].astype(np.int64),
        flow.data[used],
        reached,
    )
