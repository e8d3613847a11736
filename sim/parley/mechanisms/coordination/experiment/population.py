"""A cell's population: its members, matching and evolution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from parley.mechanisms.coordination.experiment.dynamics import Floats, revise
from parley.mechanisms.coordination.experiment.strategies import Experience, Strategy, make_strategy
from parley.mechanisms.coordination.experiment.streams import Purpose, dice, stream

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

    from numpy.typing import NDArray

    from parley.mechanisms.coordination.experiment.cell import Cell

__all__ = ["Population", "apportion"]


def apportion(shares: Sequence[Fraction], members: int) -> list[int]:
    """Return the members of each strategy: shares rounded down, the rest to the largest remainders.

    Examples
    --------
    >>> from fractions import Fraction
    >>> apportion([Fraction(1, 3), Fraction(1, 3), Fraction(1, 3)], 10)
    [4, 3, 3]
    """
    exact = [share * members for share in shares]
    counts = [int(number) for number in exact]
    by_remainder = sorted(range(len(shares)), key=lambda k: counts[k] - exact[k])
    for k in by_remainder[: members - sum(counts)]:
        counts[k] += 1
    return counts


class Population:
    """Members of every seat of a cell.

    Attributes
    ----------
    strategies : list of ndarray of int64, shape (members,)
        For each seat, the index of each member's strategy.
    states : list of dict of int to state
        For each seat, the states of its learning members.
    seen : list of ndarray of float
        For each seat, the last mean cost of each strategy, in fair shares; NaN if never played.
    """

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self._makers = [
            [make_strategy(name, seat, cell.folder) for name in names]
            for seat, names in enumerate(cell.names)
        ]
        self.strategies: list[NDArray[np.int64]] = []
        self.states: list[dict[int, Any]] = []
        self.seen: list[Floats] = []
        for seat, shares in enumerate(cell.strategies):
            counts = apportion(list(shares.values()), cell.members)
            members = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
            self.strategies.append(members)
            self.states.append({})
            self.seen.append(np.full(len(counts), np.nan))
            for member, k in enumerate(members.tolist()):
                self._begin(seat, member, k)

    def _begin(self, seat: int, member: int, k: int) -> None:
        """Give a member its strategy's first state, if any."""
        made = self._makers[seat][k]
        if isinstance(made, Strategy) and made.learns:
            self.states[seat][member] = made.initial()
        else:
            self.states[seat].pop(member, None)

    def shares(self) -> list[Floats]:
        """Return the shares of each seat's strategies."""
        size = self.cell.members
        return [
            np.bincount(members, minlength=len(names)) / size
            for members, names in zip(self.strategies, self.cell.names, strict=True)
        ]

    def match(self, generation: int) -> NDArray[np.int64]:
        """Match members to the games of a generation.

        Members of a seat take turns in a random order, which is drawn again when all have played: numbers of
        games differ by at most one.

        Returns
        -------
        ndarray of int64, shape (games, n)
            Numbers of members.
        """
        cell = self.cell
        random = stream(cell.seed, Purpose.MATCHING, cell.index, generation)
        turns = -(-cell.games // cell.members)
        columns = [
            np.concatenate([random.permutation(cell.members) for _ in range(turns)])[: cell.games]
            for _ in cell.names
        ]
        return np.stack(columns, axis=1).astype(np.int64)

    def evolve(
        self,
        generation: int,
        costs: Sequence[Floats],
        past: Mapping[tuple[int, int], Sequence[Experience]],
    ) -> None:
        """Learn, imitate and mutate.

        Parameters
        ----------
        costs : sequence of ndarray of float
            For each seat, mean costs of its strategies in fair shares; NaN if nobody played.
        past : mapping of (seat, member) to sequence of Experience
            Games of the learning members.
        """
        cell = self.cell
        for seat, members in enumerate(self.strategies):
            self._learn(generation, seat, past)
            latest = costs[seat]
            self.seen[seat] = np.where(np.isnan(latest), self.seen[seat], latest)
            known = self.seen[seat] if cell.adaptation.rule == "logit" else latest
            random = stream(cell.seed, Purpose.REVISION, cell.index, generation, seat)
            renewed = revise(members, known, cell.adaptation, random)
            for member in np.flatnonzero(renewed != members).tolist():
                self._begin(seat, member, int(renewed[member]))
            self.strategies[seat] = renewed

    def _learn(
        self, generation: int, seat: int, past: Mapping[tuple[int, int], Sequence[Experience]]
    ) -> None:
        cell, states = self.cell, self.states[seat]
        for member in sorted(states):
            made = self._makers[seat][int(self.strategies[seat][member])]
            if isinstance(made, Strategy):
                made.state = states[member]
                random = dice(cell.seed, Purpose.LEARNING, cell.index, generation, seat, member)
                states[member] = made.learn(past.get((seat, member), ()), random)

    # ── from one process to the next ────────────────────────────────────────────────────────────────────────

    def to_plain(self) -> dict[str, Any]:
        """Return plain data that JSON represents exactly."""
        return {
            "strategies": [members.tolist() for members in self.strategies],
            "states": [
                [[member, state] for member, state in sorted(states.items())] for states in self.states
            ],
            "seen": [[None if np.isnan(c) else c for c in seat.tolist()] for seat in self.seen],
        }

    @classmethod
    def from_plain(cls, cell: Cell, plain: dict[str, Any]) -> Self:
        """Restore a population."""
        population = cls(cell)
        population.strategies = [np.array(members, dtype=np.int64) for members in plain["strategies"]]
        population.states = [dict(states) for states in plain["states"]]
        population.seen = [np.array([np.nan if c is None else c for c in seat]) for seat in plain["seen"]]
        return population
