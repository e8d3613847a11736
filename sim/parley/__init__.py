"""Parley: task-allocation mechanisms, solved in exact arithmetic and played through smart contracts."""

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("parley-sim")
