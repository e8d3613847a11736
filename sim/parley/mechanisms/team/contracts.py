"""Names of the contracts."""

__all__ = ["CONTRACTS", "MECHANISM", "REFEREE"]

MECHANISM = "TeamContract"
REFEREE = "OutcomeDraw"
CONTRACTS = (MECHANISM, REFEREE)
"""The contracts of this mechanism: projects, and the referee who draws whether they succeed."""
