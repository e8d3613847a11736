"""The time limit of a search."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic

__all__ = ["Clock"]


@dataclass(frozen=True)
class Clock:
    """When to stop."""

    end: float

    @classmethod
    def of(cls, seconds: float) -> Clock:
        """Return a clock that runs out after some seconds."""
        return cls(monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds left, at least 0."""
        return max(0.0, self.end - monotonic())

    def share(self, part: float) -> Clock:
        """Return a clock for a part of the time that is left."""
        return Clock.of(self.left * part)
