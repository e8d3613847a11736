"""Names of the contracts."""

__all__ = ["CONTRACTS", "MECHANISM"]

MECHANISM = "AssignmentLottery"
CONTRACTS = (MECHANISM,)
"""What is deployed for this mechanism."""
