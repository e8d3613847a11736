"""Names of the contracts."""

__all__ = ["CONTRACTS", "MECHANISM"]

MECHANISM = "AssignmentLottery"
CONTRACTS = (MECHANISM,)
"""The contracts of this mechanism."""
