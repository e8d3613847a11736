"""What an audit finds of one property."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a property holds, with what shows it. Witness and certificate are plain values, as in JSON."""

    holds: bool | None
    """None if not known, or if it makes no sense here."""
    witness: dict[str, Any] | None = None
    """If it does not hold: what breaks it, whole, so that it can be checked by hand."""
    certificate: dict[str, Any] | None = None
    """If it holds: what proves it; if it is not known: why."""
    more: dict[str, Any] = field(default_factory=dict)
    """Further keys, such as a weaker form of the property."""

    def to_json(self) -> dict[str, Any]:
        """Give the verdict's keys."""
        keys = {"holds": self.holds, "witness": self.witness, "certificate": self.certificate}
        return keys | self.more
