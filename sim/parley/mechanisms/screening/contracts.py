"""Names of the contracts."""

__all__ = ["CONTRACTS", "MECHANISM"]

MECHANISM = "RayMarket"
CONTRACTS = (MECHANISM,)
"""The contracts of this mechanism."""
