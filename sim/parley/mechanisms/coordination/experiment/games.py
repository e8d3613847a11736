"""Games of a population: members take their seats, play, and what came of it goes into tables and sums.

A batch of games of one cell and generation is played here, in whatever process: what it brings depends on the
cell, the generation, the games' numbers and the members' states, and on nothing that was played before.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from parley.core.errors import ParleyError, one_line
from parley.mechanisms.coordination.experiment.adaptive import Colluding
from parley.mechanisms.coordination.experiment.strategies import Experience, Strategy, make_strategy
from parley.mechanisms.coordination.experiment.sums import Sums
from parley.mechanisms.coordination.experiment.tables import SCHEMAS, table_of
from parley.mechanisms.coordination.experiment.theory import theory_at
from parley.mechanisms.coordination.game import Cause
from parley.mechanisms.coordination.play import Outcome, Player

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from parley.chain.codec import Event
    from parley.chain.evm import Evm
    from parley.mechanisms.coordination.bots import Bot
    from parley.mechanisms.coordination.experiment.cell import Cell
    from parley.mechanisms.coordination.experiment.population import Population
    from parley.mechanisms.coordination.play import Deployment, _Game
    from parley.mechanisms.coordination.problem import Problem

__all__ = [
    "BATCH",
    "TWIN_BATCH",
    "Batch",
    "Draw",
    "Order",
    "Played",
    "SeatedPlayer",
    "batch_size",
    "orders_of",
    "play_batch",
]


class Draw(NamedTuple):
    """A draw of the contract."""

    round: int
    proposer: int
    """-1 for a continuation draw."""
    continued: bool | None
    """Of a continuation draw."""


class Played(NamedTuple):
    """A game, and the draws that were made in it."""

    outcome: Outcome
    draws: list[Draw]


class SeatedPlayer(Player):
    """A player whose bots change from game to game."""

    def __init__(
        self, evm: Evm, deployment: Deployment, problem: Problem, bots: Sequence[Bot], seed: int
    ) -> None:
        super().__init__(evm, deployment, problem, bots, seed)
        self._needs_random = True

    def take_seats(self, bots: Sequence[Bot]) -> None:
        """Let these bots play the next games."""
        self.bots = bots
        self._reveal_order = sorted(range(len(bots)), key=lambda i: bots[i].reveals_last)
        self._watched = any(bot.reveals_last for bot in bots)
        for bot in bots:
            if isinstance(bot, Colluding):
                bot.meet(bots)

    def play_seated(self, bots: Sequence[Bot], k: int) -> Played:
        """Play game k with these bots, and list its draws."""
        self.take_seats(bots)
        outcome = self.play(k)
        if outcome.rounds == 1 and outcome.ending == "settled":
            return Played(outcome, [Draw(1, outcome.proposer, None)])
        return Played(outcome, self._draws() if outcome.rounds else [])

    def _draws(self) -> list[Draw]:
        """The draws of the last game, as the contract told them."""
        draws = []
        for sent in self.sent:
            for event in self.codec.decode(sent.logs):
                if event.name == "ProposerDrawn":
                    if event.round > 1:
                        draws.append(Draw(event.round, -1, True))
                    draws.append(Draw(event.round, event.proposer, None))
                elif event.name == "BrokenDown" and event.cause == Cause.NOT_CONTINUED:
                    draws.append(Draw(event.round, -1, False))
        return draws

    def _reveal(
        self, state: _Game, round_number: int, secrets: Sequence[bytes], fresh: Sequence[bytes]
    ) -> Event:
        for seat, bot in enumerate(self.bots):
            if isinstance(bot, Colluding):
                bot.secret = secrets[seat]
        return super()._reveal(state, round_number, secrets, fresh)


# ── batches ─────────────────────────────────────────────────────────────────────────────────────────────────

BATCH = 250
"""Games that are played and recorded together, whatever the number of workers."""
TWIN_BATCH = 2**16
"""Games that a twin plays together."""


def batch_size(cell: Cell) -> int:
    """Games of a cell that are played together."""
    return BATCH if cell.engine == "evm" else TWIN_BATCH


@dataclass(frozen=True)
class Order:
    """Games to be played: part of one generation of one cell.

    Attributes
    ----------
    first : int
        Number of the first of these games in its generation.
    members : ndarray of int, shape (games, n)
        Who sits where.
    strategies : ndarray of int, shape (games, n)
        Index of each one's strategy among the seat's.
    states : dict of (seat, member) to state
        Of those that learn.
    """

    cell: Cell
    generation: int
    first: int
    members: NDArray[np.int64]
    strategies: NDArray[np.int64]
    states: dict[tuple[int, int], Any]

    def sampled(self) -> Order:
        """Those of a twin's games that the EVM plays too: the first ones of every generation."""
        here = slice(0, max(0, self.cell.sample - self.first))
        return replace(self, members=self.members[here], strategies=self.strategies[here])


def orders_of(population: Population, generation: int) -> Iterator[Order]:
    """Order all games of a cell's generation, in batches."""
    cell = population.cell
    members = population.match(generation)
    strategies = np.stack(
        [population.strategies[seat][members[:, seat]] for seat in range(cell.problem.agents)], axis=1
    )
    size = batch_size(cell)
    for first in range(0, cell.games, size):
        here = slice(first, first + size)
        states = {
            (seat, member): states[member]
            for seat, states in enumerate(population.states)
            if states
            for member in set(members[here, seat].tolist())
            if member in states
        }
        yield Order(cell, generation, first, members[here], strategies[here], states)


@dataclass
class Batch:
    """What these games brought.

    Attributes
    ----------
    tables : dict of str to Table
        Rows of ``games``, ``agents``, ``announcements`` and ``draws``.
    past : dict of (seat, member) to list of Experience
        Of those that learn, in the order of the games.
    sample : Sums or None
        Of the games that a twin has played and the EVM as well.
    differences : list of str
        Games of the exact twin that are not the EVM's.
    """

    tables: dict[str, pa.Table]
    sums: Sums
    past: dict[tuple[int, int], list[Experience]]
    sample: Sums | None = None
    differences: list[str] = field(default_factory=list)


class Bots:
    """The bots of a cell: one for each seat and strategy, whose members share it and bring their states."""

    def __init__(self, cell: Cell) -> None:
        self.made = [
            [make_strategy(name, seat, cell.folder) for name in names]
            for seat, names in enumerate(cell.names)
        ]

    def seated(
        self, members: Sequence[int], strategies: Sequence[int], states: Mapping[tuple[int, int], Any]
    ) -> list[Bot]:
        """Bots of one game, with their members' states."""
        bots = [made[k] for made, k in zip(self.made, strategies, strict=True)]
        for seat, bot in enumerate(bots):
            if isinstance(bot, Strategy):
                bot.state, bot.note = states.get((seat, members[seat])), None
        return bots


def play_batch(player: SeatedPlayer, bots: Bots, order: Order, keep: list[Outcome] | None = None) -> Batch:
    """Play games, and put down what they brought.

    Parameters
    ----------
    player : SeatedPlayer
        Of the cell's problem.
    keep : list, optional
        What games came to is appended to it.

    Raises
    ------
    ParleyError
        If a strategy fails or does what the contract refuses, naming the strategies of that game.
    """
    cell = order.cell
    possible = cell.possible_wei
    rows = Rows(cell, order.generation, possible)
    sums = Sums(cell.problem.agents)
    past: dict[tuple[int, int], list[Experience]] = {}
    contracted = cell.problem.total_cost_wei(cell.problem.contracted)
    base = order.generation * cell.games
    games = zip(order.members.tolist(), order.strategies.tolist(), strict=True)
    for number, (members, strategies) in enumerate(games, start=order.first):
        seated = bots.seated(members, strategies, order.states)
        try:
            played = player.play_seated(seated, base + number)
        except Exception as error:
            raise _blamed(error, cell, order.generation, number, strategies) from error
        rows.add(number, members, strategies, played)
        if keep is not None:
            keep.append(played.outcome)
        sums.add(contracted, strategies, played.outcome)
        for seat, bot in enumerate(seated):
            if isinstance(bot, Strategy) and bot.learns:
                told = _experience(seat, played.outcome, player.problem, possible, bot.note)
                past.setdefault((seat, members[seat]), []).append(told)
    return Batch(rows.tables(), sums, past)


def _blamed(
    error: Exception, cell: Cell, generation: int, game: int, strategies: Sequence[int]
) -> ParleyError:
    names = ", ".join(names[k] for names, k in zip(cell.names, strategies, strict=True))
    reason = str(error) if isinstance(error, ParleyError) else f"{type(error).__name__}: {error}"
    return ParleyError(
        f"cell {cell.index}, generation {generation}, game {game} ({names}): {one_line(reason)[:300]}"
    )


def _experience(seat: int, outcome: Outcome, problem: Problem, possible: int, note: object) -> Experience:
    contracted = problem.cost_wei(seat, int(problem.contracted[seat].sum()))
    return Experience(
        seat,
        outcome.position.rows,
        outcome.ending,
        outcome.rounds,
        outcome.proposer,
        outcome.costs[seat],
        contracted,
        possible,
        note,
    )


class Rows:
    """Rows of the tables that hold single games."""

    def __init__(self, cell: Cell, generation: int, possible: int) -> None:
        self._cell, self._generation, self._possible = cell, generation, possible
        self._contracted = cell.problem.total_cost_wei(cell.problem.contracted)
        self._delta = float(cell.problem.continuation)
        self._rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in COLUMNS}

    def add(self, number: int, members: Sequence[int], strategies: Sequence[int], played: Played) -> None:
        """Put down one game."""
        outcome, rows = played.outcome, self._rows
        total = sum(outcome.costs)
        saved = self._contracted - total
        rows["games"].append(
            (number, "evm", outcome.ending, outcome.rounds, outcome.proposer, total, saved, self._possible)
        )
        theory = theory_at(outcome.position)
        known = (None,) * len(outcome.costs)
        expected, probabilities = (
            (known, known) if theory is None else (theory.expected, theory.probabilities)
        )
        for seat, cost in enumerate(outcome.costs):
            strategy = self._cell.names[seat][strategies[seat]]
            rows["agents"].append(
                (number, seat, members[seat], strategy, cost, expected[seat], probabilities[seat])
            )
        for seat, row in enumerate(outcome.position.rows):
            rows["announcements"].extend((number, seat, t, units) for t, units in enumerate(row))
        for draw in played.draws:
            if draw.proposer < 0:
                rows["draws"].append((number, draw.round, "continuation", -1, self._delta, draw.continued))
            elif theory is not None:
                p = probabilities[draw.proposer]
                rows["draws"].append((number, draw.round, "proposer", draw.proposer, p, None))

    def tables(self) -> dict[str, pa.Table]:
        """All rows so far."""
        tables = {}
        for name, rows in self._rows.items():
            where = {"cell": self._cell.index, "generation": self._generation}
            columns: dict[str, Any] = {key: [value] * len(rows) for key, value in where.items()}
            columns |= dict(zip(COLUMNS[name], zip(*rows, strict=True) if rows else repeat(()), strict=False))
            tables[name] = table_of(name, columns)
        return tables


COLUMNS = {name: SCHEMAS[name].names[2:] for name in ("games", "agents", "announcements", "draws")}
"""Columns of the tables of single games, but for cell and generation."""
