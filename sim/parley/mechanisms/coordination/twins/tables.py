"""Tables of line-ups for the compiled loops of twins.

Announcements, proposals and answers of a bot depend on common knowledge alone, unless it draws random
numbers. So a line-up (one strategy per seat) determines the final announcements, the offers, the answers and
the costs before its first game. Only the proposer, the order of answers and the continuation are random.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from parley.core.randomness import keccak, word
from parley.mechanisms.coordination.bots import Bot, make_bots
from parley.mechanisms.coordination.position import Position, Row
from parley.mechanisms.coordination.problem import Problem
from parley.mechanisms.coordination.twins.nodes import Node, Offer, UsesChanceError, decider_of, reveal_order

__all__ = ["ENDINGS", "Lineup", "Lineups", "Results", "Strategy", "Tables", "stack"]

ENDINGS = ("settled", "broken down", "expired")
"""Endings in the order of their codes."""

# Compiled code contains these codes: see `compiled`.
SETTLED, BROKEN_DOWN, EXPIRED = range(3)
OPEN = 3
"""Not over yet."""
REFUSED = 4
"""The contract would reject a bot's proposal."""
UNKNOWN = 5
"""Not known before the game: a bot draws random numbers."""

REJECTS, ACCEPTS, SILENT = range(3)
"""Answers of a seat to an offer."""

UNANIMOUS, DIVIDED, UNPROPOSED, UNACCEPTABLE = range(4)
"""Results of a round: all accept; one rejects; no proposal; a proposal that the contract rejects."""

Strategy = str | Callable[[int], Bot]
"""A bot by name, or a callable that makes one for a seat. A bot must not depend on earlier games."""


class Tables(NamedTuple):
    """What the compiled loops look up. The first axis of an array is the line-up, where nothing else is said.

    Outcomes are numbered within a line-up of n seats: last · n + i if proposer i's offer is accepted (`last`
    is 1 in the last round allowed, else 0), 2n if D stands, 2n + 1 + i if besides seat i has lost its bond,
    3n + 1 if all have that slept through revealing.
    """

    delta: NDArray[np.uint64]
    """Numerator and denominator of δ, shape (2,)."""
    max_rounds: int
    ending: NDArray[np.uint8]
    """How the game ends before anybody reveals, or `OPEN`."""
    outcome: NDArray[np.int32]
    """The outcome in that case."""
    transactions: NDArray[np.int32]
    """Sent until then, and for the withdrawals at the end."""
    joins: NDArray[np.bool_]
    """By seat."""
    reveals: NDArray[np.bool_]
    """By seat: not asleep."""
    all_reveal: NDArray[np.bool_]
    outcome_unrevealed: NDArray[np.int32]
    """The outcome if somebody sleeps through revealing."""
    reveal_order: NDArray[np.int8]
    decider: NDArray[np.int8]
    """The seat that reveals only if it is recognized, or -1."""
    numerators: NDArray[np.uint64]
    """Of the recognition fractions, by seat."""
    denominators: NDArray[np.uint64]
    verdict: NDArray[np.uint8]
    """What comes of a round, by (last, proposer)."""
    answers: NDArray[np.uint8]
    """By (last, proposer, responder)."""
    digest: NDArray[np.uint64]
    """Of the game, after the announcements, in four lanes."""
    offers: NDArray[np.uint64]
    """Digests of offers, by (last, proposer), in four lanes."""


class Results(NamedTuple):
    """Output arrays of a compiled loop, one entry per game."""

    ending: NDArray[np.uint8]
    rounds: NDArray[np.int32]
    proposer: NDArray[np.int8]
    outcome: NDArray[np.int32]
    transactions: NDArray[np.int32]
    transcripts: NDArray[np.uint64]
    """Four lanes per game; empty if transcripts are not requested."""

    @classmethod
    def of(cls, games: int, *, transcripts: bool) -> "Results":
        """Return arrays for this many games."""
        return cls(
            np.zeros(games, np.uint8),
            np.zeros(games, np.int32),
            np.full(games, -1, np.int8),
            np.zeros(games, np.int32),
            np.zeros(games, np.int32),
            np.zeros((games if transcripts else 0, 4), np.uint64),
        )


@dataclass(eq=False)
class Lineup:
    """The known facts of a line-up before its games.

    Attributes
    ----------
    strategies : tuple of int
        Numbers of the strategies by seat.
    node : Node or None
        Position after the announcements. None if a bot draws random numbers.
    ending, outcome, transactions, decider, digest
        As in `Tables`.
    """

    strategies: tuple[int, ...]
    bots: tuple[Bot, ...]
    node: Node | None = None
    ending: int = OPEN
    outcome: int = -1
    transactions: int = 1
    decider: int = -1
    digest: bytes = b""
    verdict: NDArray[np.uint8] | None = None
    answers: NDArray[np.uint8] | None = None
    offers: dict[tuple[int, int], Offer] = field(default_factory=dict)
    """By (last, proposer)."""

    @cached_property
    def joins(self) -> tuple[bool, ...]:
        """Return whether each seat joins."""
        return tuple(bot.acts("joining") for bot in self.bots)

    @cached_property
    def reveals(self) -> tuple[bool, ...]:
        """Return whether each seat reveals in time."""
        return tuple(bot.acts("revealing") for bot in self.bots)

    @cached_property
    def reveal_order(self) -> list[int]:
        """Return the seats in the order of reveals."""
        return reveal_order(self.bots)

    def costs(self, outcome: int) -> Row:
        """Return each agent's cost of an outcome, in wei."""
        if self.node is None:
            raise ValueError("what this line-up announces is not known before its game")
        n = len(self.bots)
        if outcome < 2 * n:
            return self.offers[divmod(outcome, n)].shares
        problem = self.node.position.problem
        if outcome == 2 * n:
            silent: set[int] = set()
        elif outcome <= 3 * n:
            silent = {outcome - 2 * n - 1}
        else:
            silent = {seat for seat in range(n) if not self.reveals[seat]}
        alone = (problem.cost_wei(i, int(d.sum())) for i, d in enumerate(problem.contracted))
        return tuple(cost + problem.bond_wei * (i in silent) for i, cost in enumerate(alone))


class Lineups:
    """A cache of line-ups of some strategies.

    Raises
    ------
    ParleyError
        If a name is not known.
    """

    def __init__(self, problem: Problem, strategies: Sequence[Strategy], digest: bytes) -> None:
        problem.check_playable()
        self.problem = problem
        self.digest = digest
        n = problem.agents
        self.bots: list[tuple[Bot, ...]] = [
            make_bots([strategy], n)
            if isinstance(strategy, str)
            else tuple(strategy(seat) for seat in range(n))
            for strategy in strategies
        ]
        """By strategy and seat."""
        self.known: list[Lineup] = []
        self._numbers: dict[tuple[int, ...], int] = {}
        self._root = Node(Position(problem))

    def number(self, strategies: tuple[int, ...]) -> int:
        """Return the number of a line-up; compute it if new."""
        number = self._numbers.get(strategies)
        if number is None:
            number = self._numbers[strategies] = len(self.known)
            self.known.append(self._work_out(strategies))
        return number

    def _work_out(self, strategies: tuple[int, ...]) -> Lineup:
        lineup = Lineup(strategies, tuple(self.bots[s][seat] for seat, s in enumerate(strategies)))
        try:
            lineup.decider = decider_of(lineup.bots)
            lineup.node = self._announced(lineup)
            if lineup.ending == OPEN:
                lineup.verdict, lineup.answers = _negotiations(self.problem, lineup, lineup.node)
        except UsesChanceError:
            lineup.node, lineup.ending = None, UNKNOWN
        return lineup

    def _announced(self, lineup: Lineup) -> Node:
        """Play joining and announcing."""
        n = self.problem.agents
        node, lineup.digest = self._root, self.digest
        lineup.transactions = 1 + 2 * sum(lineup.joins)
        if not all(lineup.joins):
            lineup.ending, lineup.outcome = EXPIRED, 2 * n
            lineup.transactions += 1
            return node
        for seat, bot in enumerate(lineup.bots):
            lineup.transactions += 1
            if not bot.acts("announcing"):
                lineup.ending, lineup.outcome = EXPIRED, 2 * n + 1 + seat
                return node
            row = node.move(lineup.strategies[seat], bot)
            node = node.after(row)
            lineup.digest = keccak(lineup.digest + b"".join(map(word, row)))
        if node.bargaining.savings <= 0:
            lineup.ending, lineup.outcome = BROKEN_DOWN, 2 * n
        return node


def _negotiations(
    problem: Problem, lineup: Lineup, node: Node
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the results of all possible rounds: `verdict` and `answers` of `Tables`."""
    n = problem.agents
    verdict = np.full((2, n), UNPROPOSED, dtype=np.uint8)
    answers = np.full((2, n, n), ACCEPTS, dtype=np.uint8)
    awake = [bot.acts("responding") for bot in lineup.bots]
    for proposer, probability in enumerate(node.bargaining.probabilities):
        bot = lineup.bots[proposer]
        if probability == 0 or not bot.acts("proposing"):
            continue
        # Before the last round and in it; a cap of one round leaves nothing before.
        for last in range(0 if problem.max_rounds > 1 else 1, 2):
            offer = node.offer(lineup.strategies[proposer], bot, last_round=bool(last))
            lineup.offers[last, proposer] = offer
            if offer.digest is None:
                verdict[last, proposer] = UNACCEPTABLE
                continue
            verdict[last, proposer] = UNANIMOUS
            for seat, responder in enumerate(lineup.bots):
                if seat == proposer:
                    continue
                if not awake[seat]:
                    answer = SILENT
                elif node.accepts(
                    lineup.strategies[seat], responder, offer.shares[seat], last_round=bool(last)
                ):
                    continue
                else:
                    answer = REJECTS
                answers[last, proposer, seat] = answer
                verdict[last, proposer] = DIVIDED
    return verdict, answers


def lanes(words: bytes) -> NDArray[np.uint64]:
    """Return words as lanes of Keccak."""
    return np.frombuffer(words, dtype="<u8").astype(np.uint64)


def stack(problem: Problem, lineups: Sequence[Lineup]) -> Tables:
    """Return the tables of line-ups; the row of an unknown line-up is not used."""
    n = problem.agents
    count = len(lineups)
    ratios = np.zeros((count, n, 2), dtype=np.uint64)
    verdict = np.zeros((count, 2, n), dtype=np.uint8)
    answers = np.zeros((count, 2, n, n), dtype=np.uint8)
    digest = np.zeros((count, 4), dtype=np.uint64)
    offers = np.zeros((count, 2, n, 4), dtype=np.uint64)
    for k, lineup in enumerate(lineups):
        if lineup.node is None:
            continue
        digest[k] = lanes(lineup.digest)
        if lineup.verdict is not None and lineup.answers is not None:
            ratios[k] = lineup.node.position.fractions
            verdict[k], answers[k] = lineup.verdict, lineup.answers
            for (last, proposer), offer in lineup.offers.items():
                if offer.digest is not None:
                    offers[k, last, proposer] = lanes(offer.digest)
    asleep = [[seat for seat in range(n) if not lineup.reveals[seat]] for lineup in lineups]
    unrevealed = [2 * n + 1 + seats[0] if len(seats) == 1 else 3 * n + 1 for seats in asleep]
    return Tables(
        delta=np.array([problem.continuation.numerator, problem.continuation.denominator], dtype=np.uint64),
        max_rounds=problem.max_rounds,
        ending=np.array([lineup.ending for lineup in lineups], dtype=np.uint8),
        outcome=np.array([lineup.outcome for lineup in lineups], dtype=np.int32),
        transactions=np.array([lineup.transactions for lineup in lineups], dtype=np.int32),
        joins=np.array([lineup.joins for lineup in lineups], dtype=np.bool_).reshape(count, n),
        reveals=np.array([lineup.reveals for lineup in lineups], dtype=np.bool_).reshape(count, n),
        all_reveal=np.array([not seats for seats in asleep], dtype=np.bool_),
        outcome_unrevealed=np.array(unrevealed, dtype=np.int32),
        reveal_order=np.array([lineup.reveal_order for lineup in lineups], dtype=np.int8).reshape(count, n),
        decider=np.array([lineup.decider for lineup in lineups], dtype=np.int8),
        numerators=np.ascontiguousarray(ratios[:, :, 0]),
        denominators=np.ascontiguousarray(ratios[:, :, 1]),
        verdict=verdict,
        answers=answers,
        digest=digest,
        offers=offers,
    )
