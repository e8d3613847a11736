"""Sums over games: exact for integers, of bounded size."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from parley.core.statistics import RATES, bet_on_pair
from parley.mechanisms.coordination.experiment.theory import theory_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.coordination.experiment.theory import Theory
    from parley.mechanisms.coordination.play import Outcome

__all__ = ["Sums"]

KINDS_OF_DRAWS = 400
"""Maximum number of probability vectors whose draws are tested: the first ones seen."""


IMPOSSIBLE = 1e4
"""Logarithm of the gain of a bet on an impossible event."""


class Sums:
    """Sums over games of one cell.

    Attributes
    ----------
    rounds, saved, saved_squares : int
        Bargaining rounds; savings in wei, and their squares.
    proposed : list of int
        First-round recognitions of each agent among the tested draws.
    unseen : int
        Tested draws that a withheld secret prevented.
    draws : Counter
        Number of tested draws by recognition probabilities.
    costs, squares : list of int
        Sums of each agent's costs, in wei and wei².
    known : int
        Games in which all agents announced, so that Proposition 1 applies.
    expected, paid : list of int
        Expected and actual costs of each agent in these games, in wei.
    variances : list of float
        Variances of the costs in these games, in wei².
    bets : dict of str to ndarray of float, shape (n, rates)
        Logarithms of what bets against theory have come to (`parley.core.statistics.betting_p_value`):
        against what Proposition 1 says of each agent's ``costs``; against the probabilities with which it is
        drawn as the first ``proposer``; and, of a twin's games that the EVM has played too, against a
        ``pair`` of them costing the same on average.
    by_strategy : dict of (seat, strategy) to [games, cost, games with expected costs, these, cost²]
        Costs in wei.
    rounds_of : Counter
        Games by their rounds.
    stopped : int
        Continuation draws that ended the bargaining.
    """

    def __init__(self, agents: int) -> None:
        self.agents = agents
        self.endings: Counter[str] = Counter()
        self.rounds_of: Counter[int] = Counter()
        self.rounds = self.saved = self.saved_squares = self.known = self.unseen = self.stopped = 0
        self.proposed = [0] * agents
        self.draws: Counter[tuple[Fraction, ...]] = Counter()
        self.all_proposed = [0] * agents
        self.expected_proposed = [0.0] * agents
        self.costs, self.squares = [0] * agents, [0] * agents
        self.expected, self.paid = [0] * agents, [0] * agents
        self.variances = [0.0] * agents
        self.bets = {name: np.zeros((agents, len(RATES))) for name in _BETS}
        self.by_strategy: dict[tuple[int, int], list[int]] = {}

    @property
    def games(self) -> int:
        """Games counted."""
        return self.endings.total()

    def add(self, contracted: int, strategies: Sequence[int], outcome: Outcome, times: int = 1) -> None:
        """Count one game, or several equal games.

        Parameters
        ----------
        contracted : int
            F(D) in wei.
        strategies : sequence of int
            Of each seat.
        """
        self.endings[outcome.ending] += times
        self.rounds += outcome.rounds * times
        self.rounds_of[outcome.rounds] += times
        last = outcome.position.problem.max_rounds
        self.stopped += times * (outcome.ending == "broken down" and 0 < outcome.rounds < last)
        saved = contracted - sum(outcome.costs)
        self.saved += saved * times
        self.saved_squares += saved * saved * times
        for i, cost in enumerate(outcome.costs):
            self.costs[i] += cost * times
            self.squares[i] += cost * cost * times
            entry = self.by_strategy.setdefault((i, strategies[i]), [0] * 5)
            entry[0] += times
            entry[1] += cost * times
            entry[4] += cost * cost * times
        theory = theory_at(outcome.position)
        if theory is None:
            return
        self.known += times
        for i, (expected, cost) in enumerate(zip(theory.expected, outcome.costs, strict=True)):
            self.expected[i] += expected * times
            self.paid[i] += cost * times
            self.variances[i] += theory.variances[i] * times
            entry = self.by_strategy[i, strategies[i]]
            entry[2] += times
            entry[3] += expected * times
        self._bet_on_costs(theory, outcome.costs, times)
        if not (outcome.rounds or outcome.withheld):
            return
        self._bet_on_proposer(theory, -1 if outcome.withheld else outcome.proposer, times)
        if outcome.rounds:
            self.all_proposed[outcome.proposer] += times
        for i, p in enumerate(theory.probabilities):
            self.expected_proposed[i] += p * times
        if theory.exact in self.draws or len(self.draws) < KINDS_OF_DRAWS:
            self.draws[theory.exact] += times
            if outcome.withheld:
                self.unseen += times
            else:
                self.proposed[outcome.proposer] += times

    def _bet_on_costs(self, theory: Theory, costs: Sequence[int], times: int) -> None:
        bets = self.bets["costs"]
        for i, (cost, usual, step) in enumerate(zip(costs, theory.usual, theory.steps, strict=True)):
            if step:
                bets[i] += times * (RATES * ((usual - cost) / step) - theory.expected_bets[i])
            elif cost != usual:
                bets[i] += IMPOSSIBLE

    def _bet_on_proposer(self, theory: Theory, proposer: int, times: int) -> None:
        """Bet on a draw; a prevented draw (-1) makes every bet lose."""
        bets = self.bets["proposer"]
        bets -= times * theory.expected_bets
        if proposer >= 0:
            bets[proposer] += times * RATES
        else:
            bets += times * np.minimum(RATES, 0.0)

    def pair(self, scale: int, one: Outcome, other: Outcome) -> None:
        """Compare two independent games of the same strategies, on a twin and on the EVM.

        Parameters
        ----------
        scale : int
            Typical difference of costs in wei.
        """
        for i, (a, b) in enumerate(zip(one.costs, other.costs, strict=True)):
            self.bets["pair"][i] += bet_on_pair((a - b) / scale)

    def variance(self, agent: int) -> float:
        """Return the sample variance of an agent's costs in wei²; integers avoid cancellation."""
        games, total, squares = self.games, self.costs[agent], self.squares[agent]
        return float(Fraction(games * squares - total * total, games * (games - 1))) if games > 1 else 0.0

    def merge(self, other: Sums) -> None:
        """Count another's games too."""
        self.endings += other.endings
        self.rounds_of += other.rounds_of
        for name in _NUMBERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        # Which draws are tested must not depend on their outcome: all of a vector's, or none of a batch's.
        if set(other.draws) <= set(self.draws) or len(set(self.draws) | set(other.draws)) <= KINDS_OF_DRAWS:
            self.draws += other.draws
            self.unseen += other.unseen
            self._sum("proposed", other)
        for name in _LISTS:
            self._sum(name, other)
        for name in _BETS:
            self.bets[name] += other.bets[name]
        for key, entry in other.by_strategy.items():
            mine = self.by_strategy.setdefault(key, [0] * 5)
            mine[:] = map(int.__add__, mine, entry)

    def _sum(self, name: str, other: Sums) -> None:
        mine = getattr(self, name)
        mine[:] = [a + b for a, b in zip(mine, getattr(other, name), strict=True)]

    def to_plain(self) -> dict[str, Any]:
        """Return plain data that JSON represents exactly."""
        return {
            "endings": dict(self.endings),
            "rounds_of": sorted(self.rounds_of.items()),
            **{name: getattr(self, name) for name in _NUMBERS},
            **{name: getattr(self, name) for name in (*_LISTS, "proposed", "unseen")},
            "bets": {name: bets.tolist() for name, bets in self.bets.items()},
            "draws": [[[str(p) for p in vector], count] for vector, count in self.draws.items()],
        }

    @classmethod
    def from_plain(cls, agents: int, plain: dict[str, Any]) -> Self:
        """Restore sums; sums by strategy are of one generation only and are not stored."""
        sums = cls(agents)
        sums.endings.update(plain["endings"])
        sums.rounds_of.update(dict(map(tuple, plain["rounds_of"])))
        for name in (*_NUMBERS, *_LISTS, "proposed", "unseen"):
            setattr(sums, name, plain[name])
        sums.bets.update({name: np.array(bets) for name, bets in plain["bets"].items()})
        sums.draws.update({tuple(map(Fraction, vector)): count for vector, count in plain["draws"]})
        return sums


_BETS = ("costs", "proposer", "pair")
_NUMBERS = ("rounds", "saved", "saved_squares", "known", "stopped")
_LISTS = ("all_proposed", "expected_proposed", "costs", "squares", "expected", "paid", "variances")
