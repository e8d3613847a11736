"""The parts of `allocation.cost_effective`: decomposition, marginal costs, flows, a canonical matrix."""
