"""Mutants that no test kills: the lists of them, and what counts."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class Reason(NamedTuple):
    """Why a mutant survives, and whether nobody could tell it from the original."""

    text: str
    equivalent: bool


@dataclass(frozen=True)
class Tally:
    """Mutants tried.

    Attributes
    ----------
    made : int
        How many.
    survived : int
        How many of them no test killed.
    equivalent : int
        How many of these are listed as equivalent.
    unlisted : tuple of str
        Survivors that are not listed.
    """

    made: int = 0
    survived: int = 0
    equivalent: int = 0
    unlisted: tuple[str, ...] = field(default=())

    @property
    def share(self) -> float:
        """What was killed, of what is not equivalent."""
        could = self.made - self.equivalent
        return (self.made - self.survived) / could if could else 1.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.made + other.made,
            self.survived + other.survived,
            self.equivalent + other.equivalent,
            self.unlisted + other.unlisted,
        )

    def __str__(self) -> str:
        return (
            f"{self.made} mutants: {self.made - self.survived} killed, {self.equivalent} equivalent, "
            f"{self.survived - self.equivalent} survived ({self.share:.1%} killed of those not equivalent)"
        )


class Listed(NamedTuple):
    """A list of survivors with their reasons, by name."""

    reasons: Mapping[str, Reason]

    @classmethod
    def read(cls, file: Path) -> Listed:
        """Read a list."""
        entries = tomllib.loads(file.read_text(encoding="utf-8")).get("survivors", [])
        return cls({entry["mutant"]: Reason(entry["reason"], entry["equivalent"]) for entry in entries})

    def tally(self, made: int, survivors: Sequence[str]) -> Tally:
        """Hold survivors against the list."""
        known = [self.reasons[name] for name in survivors if name in self.reasons]
        unlisted = tuple(name for name in survivors if name not in self.reasons)
        return Tally(made, len(survivors), sum(reason.equivalent for reason in known), unlisted)
