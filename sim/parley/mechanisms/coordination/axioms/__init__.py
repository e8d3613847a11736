"""Equilibria of the announcements, the paper's axioms, its characterization: for any recognition function."""
