"""Strategies that adapt: noisy best response, reinforcement, regret, aspiration, and two that collude.

They choose among the announcements of `HEIGHTS`, and those that learn also among `DEMANDS`, what an offer has
to leave them below their acceptance threshold. But for that they bargain as in equilibrium.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from fractions import Fraction
from math import exp
from typing import TYPE_CHECKING, Any, ClassVar

from parley.core.errors import ParleyError
from parley.mechanisms.coordination.allocation import cost_effective
from parley.mechanisms.coordination.axioms.manipulation import manipulations
from parley.mechanisms.coordination.axioms.triple import recognition_of
from parley.mechanisms.coordination.bargaining import default_costs
from parley.mechanisms.coordination.bots import Bot, Reveals, proposer_of
from parley.mechanisms.coordination.experiment.strategy import (
    HEIGHTS,
    Experience,
    Strategy,
    at_height,
    pick,
)
from parley.mechanisms.coordination.recognition import fraction, stick_breaking

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

    from parley.mechanisms.coordination.position import Bargaining, Position, Row
    from parley.mechanisms.coordination.problem import Problem

__all__ = ["ADAPTIVE", "DEMANDS", "Colluding", "Quantal", "RegretMatching", "RothErev", "WinStay", "outlook"]

DEMANDS = (Fraction(-1, 10), Fraction(0), Fraction(1, 10))
"""Shares of Δ that an offer has to leave below the threshold; a negative one may be missing."""


def _between(name: str, value: Fraction, least: int, most: int | None, *, strict: bool = False) -> float:
    """A strategy's number as a float, if it lies where it must."""
    if value < least or (strict and value == least) or (most is not None and value > most):
        bound = f"above {least}" if strict else f"at least {least}"
        raise ParleyError(f"{name} {value} is not {bound}" + ("" if most is None else f" and at most {most}"))
    return float(value)


# ── noisy best response ─────────────────────────────────────────────────────────────────────────────────────


def outlook(position: Position, row: Row) -> Fraction:
    """What the agent whose turn it is expects to bear if it announces a row, in units of cost.

    That is f_j(d_j) − p_j·Δ (Proposition 1) if those after it announce cost-effectively.

    Examples
    --------
    >>> from parley.mechanisms.coordination.position import Position
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> outlook(Position(example_1()), (5, 0, 0, 0, 0))
    Fraction(453, 7)
    """
    problem, j = position.problem, len(position.rows)
    X = cost_effective(problem, (*position.rows, row)).matrix
    frozen = (*position.fractions, fraction(problem.recognition, problem, j, position.rows, row))
    padding = ((0, 0),) * (problem.agents - len(frozen))
    p = stick_breaking((*frozen, *padding))[j]
    saved = problem.total_cost(problem.contracted) - problem.total_cost(X)
    return default_costs(problem)[j] - p * max(saved, Fraction(0))


def _savings_possible(problem: Problem) -> Fraction:
    return problem.total_cost(problem.contracted) - cost_effective(problem).total_cost


class Quantal(Strategy):
    """Announces what is cheap more often than what is dear: a logit response to what it expects.

    The probability of an announcement is proportional to exp(−c / T), where c is what it leads the member to
    expect (`outlook`) as a share of all possible savings, and T is the temperature.
    """

    kind = "quantal"

    def __init__(self, seat: int, temperature: Fraction = Fraction(1, 20)) -> None:
        super().__init__(seat)
        self.temperature = _between("temperature", temperature, 0, None, strict=True)

    def announce(self, position: Position, random: Random) -> Row:
        """One of the announcements at `HEIGHTS`, each looked at once."""
        rows, weights = self.choices(position)
        return rows[pick(weights, random)]

    def choices(self, position: Position) -> tuple[list[Row], list[float]]:
        """What there is to announce, and with what weights."""
        key = (Quantal, self.temperature)
        found: tuple[list[Row], list[float]] | None = position.memory.get(key)
        if found is None:
            rows = list(dict.fromkeys(at_height(position, height) for height in HEIGHTS))
            possible = _savings_possible(position.problem) or Fraction(1)
            costs = [float(outlook(position, row) / possible) for row in rows]
            least = min(costs)
            found = rows, [exp((least - cost) / self.temperature) for cost in costs]
            position.memory[key] = found
        return found


# ── learning from what one's own games cost ─────────────────────────────────────────────────────────────────


class _Learner(Strategy, ABC):
    """Chooses an announcement and a demand, each with a mixed strategy of its own, by what games brought."""

    learns: ClassVar[bool] = True

    @abstractmethod
    def mixed(self, part: Any) -> Sequence[float]:  # noqa: ANN401 - a part of the state
        """Weights of the choices, from the part of the state that is about them."""

    def announce(self, position: Position, random: Random) -> Row:
        """Draw an announcement, and already now what to demand later."""
        height, demand = (pick(self.mixed(part), random) for part in self.state)
        self.note = [height, demand]
        return at_height(position, HEIGHTS[height])

    def accepts(self, bargaining: Bargaining, share: int, random: Random, *, last_round: bool) -> bool:
        """Whether the offer leaves what is demanded."""
        demanded = DEMANDS[self.note[1]] * max(bargaining.savings, 0)
        return share <= bargaining.threshold(self.seat, last_round=last_round) - demanded


class RothErev(_Learner):
    """Reinforcement learning: what has brought savings is chosen more often (Roth and Erev, 1995).

    A choice's propensity q is its weight. After a game with savings s of the member's own (as a share of all
    possible ones, at least 0), q becomes (1 − φ)·q, plus (1 − ε)·s for the choice that was made and plus
    ε·s / (k − 1) for each of the other k − 1.
    """

    kind = "roth-erev"

    def __init__(
        self,
        seat: int,
        forgetting: Fraction = Fraction(1, 50),
        experimentation: Fraction = Fraction(1, 20),
        propensity: Fraction = Fraction(1, 5),
    ) -> None:
        super().__init__(seat)
        self.forgetting = _between("forgetting", forgetting, 0, 1)
        self.experimentation = _between("experimentation", experimentation, 0, 1)
        self.propensity = _between("propensity", propensity, 0, None, strict=True)

    def initial(self) -> list[list[float]]:
        """The same propensity for all choices."""
        return [[self.propensity] * len(choices) for choices in (HEIGHTS, DEMANDS)]

    def mixed(self, part: list[float]) -> Sequence[float]:
        """The propensities."""
        return part if sum(part) > 0 else [1.0] * len(part)

    def learn(self, past: Sequence[Experience], random: Random) -> list[list[float]]:
        """Reinforce by one game after the other."""
        state = [list(part) for part in self.state]
        for game in past:
            if game.note is None:
                continue
            reward = max(game.saved, 0.0)
            for part, chosen in zip(state, game.note, strict=True):
                spill = self.experimentation * reward / (len(part) - 1)
                for k in range(len(part)):
                    gain = (1 - self.experimentation) * reward if k == chosen else spill
                    part[k] = (1 - self.forgetting) * part[k] + gain
        return state


class RegretMatching(_Learner):
    """Regret matching by realized costs alone (Hart and Mas-Colell, 2001).

    What another choice would have saved is estimated from when it was made, weighed by how likely both were:
    the regret of j for k is the mean over games of s·q(j)/q(k) where k was chosen less s where j was. Choices
    that are regretted are made in proportion to the regret of the last choice, each at least with
    probability ε / (number of choices).
    """

    kind = "regret-matching"

    def __init__(
        self, seat: int, exploration: Fraction = Fraction(1, 10), inertia: Fraction = Fraction(1)
    ) -> None:
        super().__init__(seat)
        self.exploration = _between("exploration", exploration, 0, 1, strict=True)
        self.inertia = _between("inertia", inertia, 0, None, strict=True)

    def initial(self) -> list[dict[str, Any]]:
        """All choices equally likely, nothing regretted."""
        return [
            {"mixed": [1 / k] * k, "regrets": [[0.0] * k for _ in range(k)], "games": 0}
            for k in (len(HEIGHTS), len(DEMANDS))
        ]

    def mixed(self, part: Mapping[str, Any]) -> Sequence[float]:
        """The mixed strategy of this generation."""
        mixed: list[float] = part["mixed"]
        return mixed

    def learn(self, past: Sequence[Experience], random: Random) -> list[dict[str, Any]]:
        """Add up regrets, then choose anew by those of the last choice."""
        known = [game for game in past if game.note is not None]
        return [self._renewed(part, known, which) for which, part in enumerate(self.state)]

    def _renewed(self, part: Mapping[str, Any], past: Sequence[Experience], which: int) -> dict[str, Any]:
        mixed: list[float] = part["mixed"]
        if not past:
            return dict(part)
        size = len(mixed)
        regrets = [list(row) for row in part["regrets"]]
        for game in past:
            chosen = game.note[which]
            for j in range(size):
                regrets[j][chosen] += game.saved * mixed[j] / mixed[chosen]
                regrets[chosen][j] -= game.saved
        games = part["games"] + len(past)
        last = past[-1].note[which]
        renewed = [0.0] * size
        for k in range(size):
            if k != last:
                regret = max(regrets[last][k] / games, 0.0)
                wish = min(regret / self.inertia, 1 / (size - 1))
                renewed[k] = (1 - self.exploration) * wish + self.exploration / size
        renewed[last] = 1 - sum(renewed)
        return {"mixed": renewed, "regrets": regrets, "games": games}


class WinStay(Strategy):
    """Remembers its own past, but no names: repeats what went as well as hoped, else tries another way.

    The hope is a running mean of the member's own savings, to which the latest counts by `memory`.
    """

    kind = "win-stay"
    learns: ClassVar[bool] = True

    def __init__(self, seat: int, memory: Fraction = Fraction(1, 5)) -> None:
        super().__init__(seat)
        self.memory = _between("memory", memory, 0, 1)

    def initial(self) -> dict[str, Any]:
        """Begins with the cost-effective announcement, and with no hope."""
        return {"height": HEIGHTS.index(Fraction(0)), "hope": None}

    def announce(self, position: Position, random: Random) -> Row:
        """The announcement that it has come to."""
        return at_height(position, HEIGHTS[self.state["height"]])

    def learn(self, past: Sequence[Experience], random: Random) -> dict[str, Any]:
        """Stay with what was at least as good as hoped, or shift to any other announcement."""
        if not past:
            return dict(self.state)
        height, hope = self.state["height"], self.state["hope"]
        mean = sum(game.saved for game in past) / len(past)
        if hope is not None and mean < hope:
            height = random.choice([k for k in range(len(HEIGHTS)) if k != height])
        return {
            "height": height,
            "hope": mean if hope is None else hope + self.memory * (mean - hope),
        }


# ── two that collude ────────────────────────────────────────────────────────────────────────────────────────


class Colluding(Strategy):
    """One of two seats that act as one against the others when both are held by members who name each other.

    They announce what saves them most together, as long as the others have announced what that reckons with,
    and share their secrets: they reveal last, so that they know the draw before anybody. They withhold where
    that costs them less than to let the draw happen, which by Proposition 1 is never: a draw cannot cost a
    pair more than its contracts, and a withheld secret costs it a bond besides. With anybody else in the
    other seat, plays as in equilibrium.
    """

    kind = "colluding"
    reveals_last = True

    def __init__(self, seat: int, partner: Fraction) -> None:
        super().__init__(seat)
        if partner.denominator != 1 or partner < 0 or partner == seat:
            raise ParleyError(f"partner {partner} is not another seat (from 0)")
        self.partner = int(partner)
        self.ally: Colluding | None = None
        self.secret = b""

    def meet(self, bots: Sequence[Bot]) -> None:
        """See who holds the other seats in the game that begins."""
        other = bots[self.partner] if self.partner < len(bots) else None
        self.ally = other if isinstance(other, Colluding) and other.partner == self.seat else None

    def announce(self, position: Position, random: Random) -> Row:
        """The pair's own part of its best joint announcement, while all goes as planned."""
        if self.ally is not None:
            rows = _best_together(position, *sorted((self.seat, self.partner)))
            turn = len(position.rows)
            if rows[:turn] == position.rows:
                return rows[turn]
        return super().announce(position, random)

    def reveals(self, position: Position, seen: Reveals, secret: bytes) -> bool:
        """Whether the draw, known from both secrets, is worth having for the pair."""
        ally = self.ally
        if ally is None:
            return True
        secrets = {**seen.secrets, self.seat: secret, ally.seat: ally.secret}
        if len(secrets) < position.problem.agents:
            return True
        ordered = [secrets[i] for i in range(position.problem.agents)]
        proposer = proposer_of(position, seen.game, seen.round, ordered)
        if proposer is None:
            return True
        bargaining = position.bargaining
        last_round = seen.round == position.problem.max_rounds
        offer = bargaining.proposal(proposer, last_round=last_round)
        pair = (self.seat, ally.seat)
        revealed = sum(offer[i] for i in pair)
        withheld = sum(bargaining.contracted_costs[i] for i in pair) + position.problem.bond_wei
        return revealed <= withheld


def _best_together(position: Position, first: int, second: int) -> tuple[Row, ...]:
    """The allocation that the best joint announcement of two seats leads to, if all others follow."""
    root = position
    while root.parent is not None:
        root = root.parent
    key = (Colluding, first, second)
    rows: tuple[Row, ...] | None = root.memory.get(key)
    if rows is None:
        found = root.memory.get(Colluding)
        if found is None:
            problem = root.problem
            function = recognition_of(problem.recognition)
            found = root.memory[Colluding] = manipulations(problem, function).pairs
        rows = next(entry.outcome.allocation for entry in found if entry.agents == (first, second))
        root.memory[key] = rows
    return rows


ADAPTIVE: dict[str, type[Bot]] = {
    made.kind: made for made in (Quantal, RothErev, RegretMatching, WinStay, Colluding)
}
