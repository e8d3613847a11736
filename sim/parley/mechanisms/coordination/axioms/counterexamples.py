"""Looking for problems on which a recognition function breaks an axiom.

Problems are random ones of the special domain, small ones first, so that what is found is small. A search is
decided by its seed alone. Every witness is a whole problem, and is checked from the definitions before it is
returned; what speaks of recognition functions in general is in `docs/explanation/coordination.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING

from parley.mechanisms.coordination.axioms.equilibrium import (
    Equilibria,
    backward_induction,
    count_allocations,
    stage_one,
)
from parley.mechanisms.coordination.axioms.implementation import (
    ManipulableGame,
    manipulable_game,
    moves_probability,
)
from parley.mechanisms.coordination.axioms.reduction import Distribution, excess_distributions, reduced
from parley.mechanisms.coordination.axioms.triple import Recognition, Rows, Triple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parley.mechanisms.coordination.axioms.consistency import Certificate
    from parley.mechanisms.coordination.problem import Problem

MAX_AGENTS, MAX_TYPES = 5, 4
"""Of the problems that are searched."""
ALLOCATIONS = 3
"""Allocations looked at for each D and C."""
TRIED = 4
"""Dependences of each allocation that are made into games."""
MAX_TREE = 5_000
"""Courses of announcements up to which a game's equilibria are found."""


@dataclass(frozen=True, slots=True)
class Unimplemented:
    """Axiom 1 fails: a game with an equilibrium that is not cost-effective, and who is to blame."""

    game: ManipulableGame
    """An agent gains by announcing what is not cost-effective, in one subgame."""
    equilibria: Equilibria
    """Of the whole game, indifferent agents preferring the lower cost."""

    @property
    def of_whole_game(self) -> bool:
        """Whether the whole game has an equilibrium that is not cost-effective, not only a subgame."""
        return not self.equilibria.cost_effective


@dataclass(frozen=True, slots=True)
class InefficientHere:
    """Axiom 1 fails in a problem at hand, with its own costs."""

    problem: Problem
    allocation: Rows
    """X: cost-effective, announced if everybody announces so."""
    equilibria: Equilibria | None
    """Of its game, by the tie rule: one costs more than the least. None if the game is too large."""
    agent: int | None = None
    """Who then gains by announcing otherwise, while the others announce cost-effectively."""
    deviation: Rows = ()
    """Its row."""
    gain: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class NoDistribution:
    """Axiom 2* fails: there are several ways to pass agent 1's excess on, and p fits none of them."""

    triple: Triple
    probabilities: tuple[Fraction, ...]
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """Axiom 2* fails: the excess of agent 1 can be passed on in one way only, and p does not fit it."""

    triple: Triple
    probabilities: tuple[Fraction, ...]
    distribution: Distribution
    """Z, the only one."""
    reduced: Triple
    reduced_probabilities: tuple[Fraction, ...]

    @property
    def required(self) -> tuple[Fraction, ...]:
        """(1 − p_1)·p of the reduced problem: what the others' probabilities would have to be."""
        rest = 1 - self.probabilities[0]
        return tuple(rest * p for p in self.reduced_probabilities)


@dataclass(frozen=True, slots=True)
class Disproportion:
    """Axiom 3 fails: agent 1's probability is not its share of the contracts."""

    triple: Triple
    probabilities: tuple[Fraction, ...]

    @property
    def share(self) -> Fraction:
        """Σ_t d_1t / Σ D."""
        return top_agent_share(self.triple)


def top_agent_share(triple: Triple) -> Fraction:
    """What agent 1's probability is under top-agent proportionality (Axiom 3): Σ_t d_1t / Σ_i Σ_t d_it.

    Examples
    --------
    >>> top_agent_share(Triple.of([[2, 0], [1, 3]], [[3, 0], [0, 3]], [[3, 0], [2, 3]]))
    Fraction(1, 2)
    """
    return Fraction(sum(triple.contracted[0]), triple.total)


def random_problems(seed: int, count: int) -> Iterator[list[Triple]]:
    """Draw D and C of the special domain, and some allocations of each.

    Parameters
    ----------
    count : int
        Problems; from two agents and one task type to five and four, growing.

    Yields
    ------
    list of Triple
        With the same D and C: the contracts themselves, and random announcements.

    Examples
    --------
    >>> [triple.valid for triple in next(random_problems(seed=1, count=10))]
    [True, True, True]
    """
    dice = Random(seed)
    for number in range(count):
        grown = number / count
        n = dice.randint(2, 2 + int(grown * (MAX_AGENTS - 1)))
        m = dice.randint(1, 1 + int(grown * MAX_TYPES))
        D = [[0] * m for _ in range(n)]
        C = [[0] * m for _ in range(n)]
        while not any(map(sum, D)):
            for t in range(m):
                owner = dice.randrange(n)
                for i in range(n):
                    D[i][t] = dice.randint(0, 3) if i == owner else 0
                    C[i][t] = D[i][t] + dice.choice((0, 0, 1, 2)) if i >= owner else 0
        contracted, capacity = tuple(map(tuple, D)), tuple(map(tuple, C))
        yield [
            Triple(contracted, contracted, capacity),
            *(random_allocation(dice, contracted, capacity) for _ in range(ALLOCATIONS - 1)),
        ]


def random_allocation(dice: Random, contracted: Rows, capacity: Rows) -> Triple:
    """Draw announcements, each uniformly among the legal ones, in the agents' order.

    Parameters
    ----------
    contracted, capacity : rows
        D and C, in units.
    """
    columns = []
    for d, c in zip(zip(*contracted, strict=True), zip(*capacity, strict=True), strict=True):
        spare = sum(c) - sum(d)
        pool, column = 0, []
        for own, limit in zip(d, c, strict=True):
            pool += own
            spare -= limit - own
            amount = dice.randint(max(0, pool - spare), min(pool, limit))
            column.append(amount)
            pool -= amount
        columns.append(column)
    return Triple(tuple(zip(*columns, strict=True)), contracted, capacity)


def unimplemented(p: Recognition, triple: Triple) -> Unimplemented | None:
    """Build costs under which an equilibrium is not cost-effective (Axiom 1, through Proposition 2).

    Agents are looked at from the last to the first, as in the proof: those after the first one found have
    probabilities that do not depend on what they announce, and announce cost-effectively.

    Parameters
    ----------
    triple : Triple
        Where to look; costs are built.

    Returns
    -------
    Unimplemented or None
        If possible one whose whole game has such an equilibrium, not only a subgame.

    Examples
    --------
    >>> from parley.mechanisms.coordination.axioms.triple import recognition_of
    >>> X = Triple.of([[1], [2]], [[3], [0]], [[3], [2]])
    >>> unimplemented(recognition_of("p-star"), X)
    >>> found = unimplemented(recognition_of("announcement-proportional"), X)
    >>> found.game.gain, found.of_whole_game
    (Fraction(7, 3), True)
    """
    best = None
    for j in reversed(range(triple.agents - 1)):
        tried = 0
        for dependence in moves_probability(p, triple, j):
            game = manipulable_game(p, dependence)
            if game is None or count_allocations(game.problem) > MAX_TREE:
                continue
            equilibria = backward_induction(stage_one(game.problem, p), efficient_ties=True)
            best = best or Unimplemented(game, equilibria)
            tried += 1
            if not equilibria.cost_effective:
                return Unimplemented(game, equilibria)
            if tried == TRIED:
                break
    return best


def inconsistency(p: Recognition, triple: Triple) -> Inconsistency | None:
    """Show that p is not consistent at a problem whose excess can be passed on in one way only (Axiom 2*).

    Parameters
    ----------
    triple : Triple
        With two agents or more.

    Examples
    --------
    >>> from parley.mechanisms.coordination.axioms.triple import recognition_of
    >>> triple = Triple.of(
    ...     [[2, 0, 0], [0, 2, 0], [1, 0, 1]], [[3, 0, 0], [0, 2, 0], [0, 0, 1]],
    ...     [[3, 0, 0], [0, 2, 0], [1, 0, 1]])
    >>> found = inconsistency(recognition_of("contract-proportional"), triple)
    >>> [str(p) for p in found.probabilities], [str(p) for p in found.required]
    (['1/2', '1/3', '1/6'], ['1/4', '1/4'])
    """
    distributions = excess_distributions(triple)
    if not distributions.is_single:
        return None
    Z = next(distributions.points())
    smaller = reduced(triple, Z)
    found = Inconsistency(triple, p(triple), Z, smaller, p(smaller))
    return found if found.required != found.probabilities[1:] else None


def disproportion(p: Recognition, triple: Triple) -> Disproportion | None:
    """Show that agent 1's probability is not its share of the contracts (Axiom 3).

    Examples
    --------
    >>> from parley.mechanisms.coordination.axioms.triple import recognition_of
    >>> triple = Triple.of([[2], [1]], [[3], [0]], [[3], [2]])
    >>> str(disproportion(recognition_of("equal"), triple).share)
    '1'
    """
    probabilities = p(triple)
    return None if probabilities[0] == top_agent_share(triple) else Disproportion(triple, probabilities)
