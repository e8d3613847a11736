"""The verdict on one property."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parley.core.files import JsonObject


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a property holds, with a witness or certificate as plain JSON values."""

    holds: bool | None
    """None if unknown or not applicable."""
    witness: JsonObject | None = None
    """If it does not hold: a complete counterexample, to be checked by hand."""
    certificate: JsonObject | None = None
    """If it holds: the proof; if it is unknown: the reason."""
    more: JsonObject = field(default_factory=dict)
    """Further keys, such as a weaker form of the property."""

    def to_json(self) -> JsonObject:
        """Return the keys of the verdict."""
        keys = {"holds": self.holds, "witness": self.witness, "certificate": self.certificate}
        return keys | self.more
