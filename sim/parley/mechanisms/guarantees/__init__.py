"""Dispatch under provider guarantees: what a promise to providers costs, and whether it is kept."""
