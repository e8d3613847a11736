"""Results of twins: many games in few arrays."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from parley.core.errors import ParleyError
from parley.kit.play.tally import Tally
from parley.mechanisms.coordination.play import Outcome
from parley.mechanisms.coordination.position import Position, Row
from parley.mechanisms.coordination.problem import Problem
from parley.mechanisms.coordination.statistics import statistics
from parley.mechanisms.coordination.twins.in_python import Played, Source, play_game
from parley.mechanisms.coordination.twins.nodes import Node, UsesChanceError, check_offer
from parley.mechanisms.coordination.twins.tables import (
    ENDINGS,
    REFUSED,
    Lineups,
    Results,
    Strategy,
    Tables,
    stack,
)

__all__ = ["AnyTwin", "Games"]

BATCH = 1 << 17
"""Games that `AnyTwin.tally` keeps in memory at a time."""
DENSE = 1 << 22
"""Maximum number of possible line-ups to count them in a table."""
GAMES_PER_ROOT = 20_000
"""Games in Python before positions are forgotten: random bots always reach new ones."""


@dataclass(frozen=True, eq=False)
class Games:
    """Games of a twin in order.

    Costs in wei exceed 64 bits, but few differ: each game refers to a row of a table of Python integers, and
    sums are exact.

    Attributes
    ----------
    first : int
        Number of the first game.
    ending : ndarray of uint8, shape (games,)
        Index into `ENDINGS`.
    rounds : ndarray of int32, shape (games,)
        Number of started bargaining rounds.
    proposer : ndarray of int8, shape (games,)
        Of the first round; -1 if none was drawn.
    position : ndarray of int32, shape (games,)
        Index into `positions`.
    positions : sequence of Position
        Position after the last announcement.
    cost : ndarray of int32, shape (games,)
        Index into `costs`.
    costs : sequence of tuple of int
        Costs of each agent, in wei.
    transactions : ndarray of int32, shape (games,)
        Number of transactions on chain.
    transcripts : ndarray of uint8, shape (games, 32), or None
        See `parley.mechanisms.coordination.twins.exact.Twin.play`; None if not requested.
    """

    first: int
    ending: NDArray[np.uint8]
    rounds: NDArray[np.int32]
    proposer: NDArray[np.int8]
    position: NDArray[np.int32]
    positions: Sequence[Position]
    cost: NDArray[np.int32]
    costs: Sequence[Row]
    transactions: NDArray[np.int32]
    transcripts: NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        """Number of games."""
        return len(self.ending)

    def outcome(self, i: int) -> Outcome:
        """Return the i-th game as `Player.play` returns it."""
        return Outcome(
            self.first + i,
            self.positions[self.position[i]],
            int(self.rounds[i]),
            int(self.proposer[i]),
            ENDINGS[self.ending[i]],
            self.costs[self.cost[i]],
        )

    def cost_sums(self) -> Row:
        """Return each agent's total cost over all games, in wei."""
        counts = np.bincount(self.cost, minlength=len(self.costs)).tolist()
        agents = len(self.costs[0]) if self.costs else 0
        return tuple(
            sum(count * costs[i] for count, costs in zip(counts, self.costs, strict=True))
            for i in range(agents)
        )

    def tally(self) -> Tally[Outcome]:
        """Return a tally of the games, as of a simulation."""
        tally = Tally(statistics(self.positions[0].problem))
        tally.transactions = int(self.transactions.sum(dtype=np.int64))
        rounds = int(self.rounds.max()) + 1
        key = self.ending.astype(np.int64)
        size = len(ENDINGS)
        for numbers, different in (
            (self.proposer + 1, self.positions[0].problem.agents + 1),
            (self.position, len(self.positions)),
            (self.cost, len(self.costs)),
            (self.rounds, rounds),
        ):
            key = key * different + numbers
            size *= different
        if size <= len(key):
            one = np.zeros(size, dtype=np.int64)
            one[key] = np.arange(len(key))
            counts = np.bincount(key, minlength=size)
            occurring = np.flatnonzero(counts)
            one, counts = one[occurring], counts[occurring]
        else:
            _, one, counts = np.unique(key, return_index=True, return_counts=True)
        for i, times in zip(one.tolist(), counts.tolist(), strict=True):
            tally.add(self.outcome(i), times)
        return tally


class AnyTwin(ABC):
    """The base of the exact and the statistical twin.

    Parameters
    ----------
    problem : Problem
        One that a game on chain can take.
    strategies : sequence of Strategy
        Bots by name, or callables that make one for a seat.
    """

    def __init__(self, problem: Problem, strategies: Sequence[Strategy], digest: bytes) -> None:
        self.problem = problem
        self.digest = digest
        self.strategies = tuple(strategies)
        self._lineups = Lineups(problem, self.strategies, digest)
        self._stacked: Tables | None = None
        self._root = Node(Position(problem))
        self._played_from_root = 0

    @abstractmethod
    def _run(
        self, tables: Tables, seed: int, first: int, lineups: NDArray[np.int32], results: Results
    ) -> None:
        """Play games in compiled code."""

    @abstractmethod
    def _source(self, seed: int, game: int, *, transcripts: bool) -> Source:
        """Return the random source of a game in Python."""

    def compiles(self, seats: ArrayLike | None = None) -> bool:
        """Whether all games of these line-ups are compiled.

        Parameters
        ----------
        seats : array_like of int, shape (n,) or (games, n), optional
            As in `play`.
        """
        numbers, _ = (
            self._numbered(1, seats) if seats is None else self._numbered(len(np.atleast_2d(seats)), seats)
        )
        return all(self._lineups.known[number].node is not None for number in numbers)

    def _numbered(self, games: int, seats: ArrayLike | None) -> tuple[list[int], NDArray[np.int32]]:
        """Return the line-ups, and the line-up of each game."""
        n, kinds = self.problem.agents, len(self.strategies)
        if seats is None:
            if kinds not in (1, n):
                raise ParleyError(
                    f"{kinds} strategies for {n} agents: which play where? (give `seats`, or one strategy for"
                    " all, or one each)"
                )
            seats = range(n) if kinds == n else [0] * n
        chosen = np.asarray(seats, dtype=np.int64)
        if chosen.shape not in ((n,), (games, n)) or (chosen < 0).any() or (chosen >= kinds).any():
            raise ParleyError(
                f"seats: must be one line-up of {n} strategies below {kinds}, or {games} of them"
            )
        if chosen.ndim == 1:
            number = self._lineups.number(tuple(chosen.tolist()))
            return [number], np.full(games, number, dtype=np.int32)
        different, which = _distinct(chosen, kinds)
        numbers = [self._lineups.number(tuple(row)) for row in different.tolist()]
        return numbers, np.array(numbers, dtype=np.int32)[which]

    def _play(
        self, seed: int, first: int, games: int, seats: ArrayLike | None, *, transcripts: bool
    ) -> Games:
        """`Twin.play`, for both."""
        if first < 0 or games < 1 or first + games > 1 << 62:
            raise ParleyError(f"{games} games from {first} on: numbers are from 0 and below 2^62")
        used, lineups = self._numbered(games, seats)
        known = self._lineups.known
        if self._stacked is None or len(self._stacked.ending) < len(known):
            self._stacked = stack(self.problem, known)
        results = Results.of(games, transcripts=transcripts)
        if any(known[number].node is not None for number in used):
            self._run(self._stacked, seed, first, lineups, results)
            self._check_refusals(lineups, results)
        played = self._in_python(used, lineups, seed, first, transcripts=transcripts)
        return self._collect(used, lineups, results, first, played)

    def tally(
        self,
        seed: int,
        first: int,
        games: int,
        seats: ArrayLike | None = None,
        *,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Tally[Outcome]:
        """Play any number of games like `play`, and keep only their sums.

        Parameters
        ----------
        seed, first, games, seats
            As `play` takes them.
        progress : callable, optional
            Called with the number of newly finished games.
        """
        tally = Tally(statistics(self.problem))
        each = None if seats is None else np.asarray(seats)
        for start in range(0, games, BATCH):
            size = min(BATCH, games - start)
            part = each if each is None or each.ndim == 1 else each[start : start + size]
            tally.merge(self._play(seed, first + start, size, part, transcripts=False).tally())
            progress(size)
        return tally

    def _check_refusals(self, lineups: NDArray[np.int32], results: Results) -> None:
        refused = np.flatnonzero(results.ending == REFUSED)
        if len(refused):
            lineup = self._lineups.known[lineups[refused[0]]]
            assert lineup.node is not None  # noqa: S101 - it was played by its tables
            offer = lineup.offers[divmod(int(results.outcome[refused[0]]), self.problem.agents)]
            check_offer(self.problem, lineup.node.bargaining, offer.shares)

    def _in_python(
        self, used: Sequence[int], lineups: NDArray[np.int32], seed: int, first: int, *, transcripts: bool
    ) -> dict[int, Played]:
        """Play the games of line-ups that are not compiled."""
        played = {}
        for number in used:
            lineup = self._lineups.known[number]
            if lineup.node is not None:
                continue
            for i in np.flatnonzero(lineups == number).tolist():
                if self._played_from_root == GAMES_PER_ROOT:
                    self._root, self._played_from_root = Node(Position(self.problem)), 0
                self._played_from_root += 1
                source = self._source(seed, first + i, transcripts=transcripts)
                try:
                    played[i] = play_game(lineup.bots, self._root, source, self.digest)
                except UsesChanceError:
                    raise ParleyError("a bot looks at secrets, and the statistical twin has none") from None
        return played

    def _collect(
        self,
        used: Sequence[int],
        lineups: NDArray[np.int32],
        results: Results,
        first: int,
        played: dict[int, Played],
    ) -> Games:
        """Number costs and positions, and add the games played in Python."""
        known = self._lineups.known
        stride = 3 * self.problem.agents + 2
        # Line-ups that play, in a row; games worked out in Python stand on their own, below.
        place = np.zeros(len(known), dtype=np.int64)
        place[used] = np.arange(len(used))
        row = place[lineups]
        key = row * stride + results.outcome
        lone = np.fromiter(played, dtype=np.int64, count=len(played))
        key[lone] = stride * len(used)
        occurring = np.flatnonzero(np.bincount(key, minlength=stride * len(used) + 1)[:-1])
        costs = [known[used[k // stride]].costs(k % stride) for k in occurring.tolist()]
        renumbered = np.zeros(stride * len(used) + 1, dtype=np.int32)
        renumbered[occurring] = np.arange(len(occurring))
        cost, position = renumbered[key], row.astype(np.int32)
        nodes = (known[number].node for number in used)
        positions = [Position(self.problem) if node is None else node.position for node in nodes]
        codes = np.ascontiguousarray(results.transcripts).astype("<u8").view(np.uint8).reshape(-1, 32)
        new_costs: dict[Row, int] = {}
        new_positions: dict[int, int] = {}
        for i, game in played.items():
            results.ending[i], results.rounds[i] = game.ending, game.rounds
            results.proposer[i], results.transactions[i] = game.proposer, game.transactions
            cost[i] = new_costs.setdefault(game.costs, len(costs))
            if cost[i] == len(costs):
                costs.append(game.costs)
            position[i] = new_positions.setdefault(id(game.position), len(positions))
            if position[i] == len(positions):
                positions.append(game.position)
            if len(codes):
                codes[i] = np.frombuffer(game.transcript, dtype=np.uint8)
        return Games(
            first,
            results.ending,
            results.rounds,
            results.proposer,
            position,
            positions,
            cost,
            costs,
            results.transactions,
            codes if len(codes) else None,
        )


def _distinct(seats: NDArray[np.int64], kinds: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct rows, and the index of each row among them."""
    n = seats.shape[1]
    if kinds**n > 1 << 62:
        different, which = np.unique(seats, axis=0, return_inverse=True)
        return different, which.reshape(-1)
    scale = kinds ** np.arange(n)
    keys = seats @ scale
    if kinds**n <= DENSE:
        occurring = np.flatnonzero(np.bincount(keys))
        where = np.zeros(kinds**n, dtype=np.int64)
        where[occurring] = np.arange(len(occurring))
        which = where[keys]
    else:
        occurring, which = np.unique(keys, return_inverse=True)
    return occurring[:, None] // scale % kinds, which
