"""What announcements and recognition read of a problem: who has contracted on what, and who can do what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Tasks"]


class Tasks(Protocol):
    """Contracted tasks D and capacities C; a `Problem` is one.

    Amounts are in units, of which a task has `unit`. Matrices have shape (agents, task types).
    """

    @property
    def agents(self) -> int:
        """How many agents there are, n."""

    @property
    def task_types(self) -> int:
        """How many task types there are, m."""

    @property
    def unit(self) -> int:
        """Units in one task."""

    @property
    def contracted(self) -> NDArray[np.int64]:
        """D."""

    @property
    def capacity(self) -> NDArray[np.int64]:
        """C."""

    @property
    def contracted_from(self) -> Sequence[int]:
        """By agent, what it and all later ones have contracted, over all task types."""

    @property
    def total(self) -> int:
        """Everything that is contracted."""
