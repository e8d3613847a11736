"""Twins: games without an EVM, exact (hash by hash) or statistical (same distribution)."""
