"""Success functions: the probability that a project succeeds, for each set of agents that work."""
