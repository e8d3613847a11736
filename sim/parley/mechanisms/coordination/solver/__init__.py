"""What `allocation.cost_effective` is made of: decomposition, marginal costs, flows, a canonical matrix."""
