"""Parley: task-allocation mechanisms, solved in exact arithmetic and played through smart contracts."""
