"""Trading protocols in a table: what each agent gets after each profile of choices.

An agent's *choice* k is a trading set; choice 0 is {η}. The *essential reduction* of set k is what choosing k
may lead to. Choice k is *obviously dominant* for a type if its worst outcome is at most as bad as the best
outcome of any other choice k′ ≠ k. (The paper's definition lets k′ = k, which asks for a single outcome.)

A choice is *myopically optimal* if the best outcome that it may lead to is the best of all. That does not
make a strategy obviously dominant: η may follow every choice, so for a type that likes nothing, all choices
are myopically optimal, bad ones among them. The *tie rule* says that such a type stays. So a protocol is
obviously strategy-proof for a type if some myopically optimal choice is obviously dominant.

Source: Valenzuela-Stookey (2026), sections 1.1 and 3: Lemma 4, Theorem 2, Corollary 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.screening.rays import (
    Type,
    Vector,
    dot,
    find_type_liking_both,
    full_length,
    is_ray,
    positive_type,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from fractions import Fraction

    from parley.mechanisms.screening.market import Market

__all__ = [
    "Assignments",
    "Protocol",
    "Violation",
    "dominating_rays",
    "find_violation",
    "market_protocol",
    "myopic_choices",
    "shares_protocol",
    "violating_type",
    "violation_of",
]

Assignments = tuple[Vector, ...]
"""One assignment for each agent."""


@dataclass(frozen=True)
class Protocol:
    """A trading protocol with finitely many choices."""

    sizes: tuple[int, ...]
    """Number of choices of each agent."""
    table: Mapping[tuple[int, ...], Assignments]
    """Assignments after each profile of choices."""

    @classmethod
    def of(cls, sizes: Sequence[int], rule: Callable[[tuple[int, ...]], Assignments]) -> Protocol:
        """Tabulate a selection rule."""
        return cls(tuple(sizes), {profile: rule(profile) for profile in product(*map(range, sizes))})

    @property
    def endowment(self) -> Assignments:
        """Assignments if all stay."""
        return self.table[(0,) * len(self.sizes)]

    def essential(self, agent: int, choice: int) -> frozenset[Vector]:
        """Return the essential reduction of a trading set: all that its choice may lead to."""
        return frozenset(found[agent] for profile, found in self.table.items() if profile[agent] == choice)

    def outcomes(self, agent: int) -> list[frozenset[Vector]]:
        """Return the essential reductions of all trading sets of an agent."""
        return [self.essential(agent, choice) for choice in range(self.sizes[agent])]


def shares_protocol(market: Market, rule: Callable[[Sequence[Vector]], Sequence[Fraction]]) -> Protocol:
    """Tabulate a market's menus with any selection rule.

    Parameters
    ----------
    rule : callable
        Takes the columns of a profile, and returns their shares, which must clear.
    """

    def assignments(profile: tuple[int, ...]) -> Assignments:
        chosen = [column for column in market.columns if profile[column[0]] == column[1]]
        rows = [list(row) for row in market.status_quo]
        for (seat, _, change), share in zip(chosen, rule([change for _, _, change in chosen]), strict=True):
            rows[seat] = [x + share * d for x, d in zip(rows[seat], change, strict=True)]
        return tuple(map(tuple, rows))

    return Protocol.of([menu.choices for menu in market.menus], assignments)


def market_protocol(market: Market) -> Protocol:
    """Tabulate a market's menus with the lexicographic selection.

    Examples
    --------
    >>> from parley.mechanisms.screening.problem import worked_example
    >>> found = market_protocol(worked_example().market())
    >>> [[str(x) for x in row] for row in found.table[1, 1, 2]]
    [['3', '4/5'], ['3', '6/5'], ['0', '4']]
    """
    profiles = np.array(list(product(*(range(menu.choices) for menu in market.menus))), dtype=np.int64)
    outcomes = market.selector.outcomes(market.present(profiles))
    table = {}
    for profile, (found, _) in zip(profiles.tolist(), outcomes, strict=True):
        rows = [list(own) for own in market.status_quo]
        for t, share in found.items():
            seat, _, change = market.columns[t]
            rows[seat] = [x + share * d for x, d in zip(rows[seat], change, strict=True)]
        table[tuple(profile)] = tuple(map(tuple, rows))
    return Protocol(tuple(menu.choices for menu in market.menus), table)


# ── obvious dominance ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Violation:
    """Why a choice is not obviously dominant for a type: it may end worse than another may end."""

    agent: int
    type: Type
    choice: int
    other: int
    worst: Fraction
    """Greatest workload after the choice."""
    best: Fraction
    """Least workload after the other one."""


def violation_of(
    outcomes: Sequence[Iterable[Vector]], kind: Type, choice: int, agent: int = 0
) -> Violation | None:
    """Return why a choice is not obviously dominant, or None if it is.

    Parameters
    ----------
    outcomes : sequence of iterables of tuple
        What each choice may lead to.

    Examples
    --------
    >>> from fractions import Fraction
    >>> one, two = Fraction(1), Fraction(2)
    >>> outcomes = [{(two, two)}, {(two, two), (3 * one, one)}]
    >>> violation_of(outcomes, (one, two), 1)
    >>> violation_of(outcomes, (two, one), 1).worst
    Fraction(7, 1)
    """
    worst = max(dot(kind, x) for x in outcomes[choice])
    for other, found in enumerate(outcomes):
        if other != choice and (best := min(dot(kind, x) for x in found)) < worst:
            return Violation(agent, kind, choice, other, worst, best)
    return None


def myopic_choices(outcomes: Sequence[Iterable[Vector]], kind: Type) -> list[int]:
    """Return a*(c), the choices whose best outcome is the best of all."""
    bests = [min(dot(kind, x) for x in found) for found in outcomes]
    return [k for k, best in enumerate(bests) if best == min(bests)]


def find_violation(protocol: Protocol, types: Sequence[Iterable[Type]]) -> Violation | None:
    """Find an agent and a type without an obviously dominant choice; only myopically optimal ones can be.

    Parameters
    ----------
    types : sequence of iterables of tuple
        For each agent, the types to look at.

    Returns
    -------
    Violation or None
        Of the type's last myopically optimal choice.
    """
    for agent, own in enumerate(types):
        outcomes = protocol.outcomes(agent)
        for kind in own:
            found = [violation_of(outcomes, kind, k, agent) for k in myopic_choices(outcomes, kind)]
            if None not in found:
                return found[-1]
    return None


# ── Theorem 2 ───────────────────────────────────────────────────────────────────────────────────────────────


def violating_type(protocol: Protocol, agent: int) -> Type | None:
    """Find a positive type for which no choice of an agent is obviously dominant.

    There is one if and only if some type likes outcomes of two choices, or likes one outcome of a choice and
    dislikes another one of the same choice (claims 2 and 3 in the proof of Theorem 2). Then each choice may
    end at η or worse, while another one may end better than η.

    Returns
    -------
    tuple or None
        None if the protocol is obviously strategy-proof for the agent with every positive type.
    """
    changes = [
        {tuple(a - b for a, b in zip(x, protocol.endowment[agent], strict=True)) for x in found}
        for found in protocol.outcomes(agent)
    ]
    for one, other in _conflicts([sorted(own) for own in changes]):
        if kind := find_type_liking_both(one, other):
            return positive_type(kind, (one, other))
    return None


def _conflicts(changes: Sequence[Sequence[Vector]]) -> Iterator[tuple[Vector, Vector]]:
    """Return pairs of changes that no type may like both, if choices are to be obviously dominant."""
    for k, own in enumerate(changes):
        for one in own:
            for other in own:
                yield one, tuple(-x for x in other)
            for others in changes[k + 1 :]:
                for other in others:
                    yield one, other


def dominating_rays(protocol: Protocol, agent: int) -> list[Vector | str] | None:
    """Return trading sets of a polarized ray mechanism that contain what each choice may lead to (Theorem 2).

    Returns
    -------
    list or None
        For each choice: a ray κ at full length, "remedial" (all assignments up to η), or "redundant" (nothing
        but η or more, which no positive type chooses). None if the protocol is not obviously strategy-proof
        for every positive type.

    Examples
    --------
    >>> from fractions import Fraction
    >>> one, two = Fraction(1), Fraction(2)
    >>> protocol = Protocol((2,), {(0,): ((two, two),), (1,): ((3 * one, one),)})
    >>> dominating_rays(protocol, 0)
    ['redundant', (Fraction(2, 1), Fraction(-2, 1))]
    """
    if violating_type(protocol, agent) is not None:
        return None
    eta = protocol.endowment[agent]
    found: list[Vector | str] = []
    for outcomes in protocol.outcomes(agent):
        changes = [tuple(a - b for a, b in zip(x, eta, strict=True)) for x in outcomes]
        ray = next((change for change in changes if is_ray(change)), None)
        if ray is not None:
            found.append(full_length(eta, ray))
        else:
            found.append("remedial" if any(min(change) < 0 for change in changes) else "redundant")
    return found
