"""Names of the contracts."""

__all__ = ["CONTRACTS", "MECHANISM"]

MECHANISM = "GuaranteedDispatch"
CONTRACTS = (MECHANISM,)
"""The contracts of this mechanism."""
