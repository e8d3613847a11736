"""Experiments: many runs whose problem, bots and seeds vary, resumed after a kill, with tables."""
