"""Names of the contracts."""

__all__ = ["CONTRACTS", "MECHANISM", "RECOGNITION_CONTRACTS"]

RECOGNITION_CONTRACTS: dict[str, str] = {
    "p-star": "PStarRecognition",
    "equal": "EqualRecognition",
    "contract-proportional": "ContractProportionalRecognition",
    "announcement-proportional": "AnnouncementProportionalRecognition",
    "reordered": "ReorderedRecognition",
}
"""Which contract is which recognition function."""

MECHANISM = "TwoStageMechanism"
CONTRACTS = (MECHANISM, *RECOGNITION_CONTRACTS.values())
"""What is deployed for this mechanism, in this order, which decides the addresses."""
