"""Parley: a laboratory for task-allocation mechanisms that run as smart contracts."""
