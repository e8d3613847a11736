"""Experiments: many runs with varying problems, bots and seeds; stopped runs resume."""
