"""Fairness: from its definition (1), by the pairwise condition (3), and in linear time.

Two members exchange their shares. A contract is fair if, for each two members, some equilibrium that follows
gives neither of them more than before.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from parley.mechanisms.team.equilibria import Game, exchanged
from parley.mechanisms.team.shares import is_feasible, utilities

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from parley.mechanisms.team.problem import Problem
    from parley.mechanisms.team.shares import Contract
    from parley.mechanisms.team.success.base import Losses, Team, Vector

__all__ = [
    "NOTIONS",
    "Fault",
    "Swap",
    "faults",
    "is_fair",
    "is_fair_in_linear_time",
    "swap_equilibrium",
    "swaps",
    "swaps_of_submodular",
]


class Swap(NamedTuple):
    """What follows if two members exchange their shares.

    Attributes
    ----------
    agents : (int, int)
        The two, in the order of the team.
    equilibria : tuple of Team
        All pure equilibria after the exchange.
    values : Vector
        f of each equilibrium.
    before : Vector
        Utilities of the two before, in money.
    after : tuple of Vector
        Their utilities in each equilibrium.
    """

    agents: tuple[int, int]
    equilibria: tuple[Team, ...]
    values: Vector
    before: Vector
    after: tuple[Vector, ...]

    def keeps(self) -> tuple[bool, ...]:
        """Return for each equilibrium whether neither of the two gains."""
        return tuple(
            all(new <= old for new, old in zip(after, self.before, strict=True)) for after in self.after
        )

    @property
    def envious(self) -> tuple[int, ...]:
        """Those of the two who gain in some equilibrium."""
        return tuple(
            agent
            for k, agent in enumerate(self.agents)
            if any(after[k] > self.before[k] for after in self.after)
        )


def _some(swap: Swap) -> bool:
    return any(swap.keeps())


def _extreme(swap: Swap, choose: Callable[[Vector], Fraction]) -> bool:
    kept = zip(swap.keeps(), swap.values, strict=True)
    return any(fine for fine, value in kept if value == choose(swap.values))


NOTIONS: dict[str, Callable[[Swap], bool]] = {
    "fair": _some,
    "fair_optimistic": lambda swap: _extreme(swap, max),
    "fair_pessimistic": lambda swap: _extreme(swap, min),
    "fair_always": lambda swap: all(swap.keeps()),
}
"""What is asked of the equilibria after an exchange.

``fair`` is the paper's definition: some equilibrium. The next two ask for some among those of the greatest
and of the least f, the last one for all.
"""


def swaps(problem: Problem, contract: Contract) -> Iterator[Swap]:
    """Yield what follows from each exchange, from the definition: for any f, and at most twelve members.

    Examples
    --------
    >>> from parley.mechanisms.team.problem import worked_example
    >>> from parley.mechanisms.team.shares import Contract
    >>> swap, = swaps(worked_example(), Contract((0, 1), (Fraction(1, 10), Fraction(1, 5))))
    >>> swap.equilibria, [str(u) for u in swap.before], [str(u) for u in swap.after[0]], swap.envious
    (((0,),), ['1/25', '3/25'], ['3/50', '3/50'], (0,))
    """
    game = Game(problem, contract.team)
    before = utilities(problem, contract)
    for one, other in combinations(range(len(contract.team)), 2):
        shares = exchanged(contract.shares, one, other)
        found = game.equilibria(shares)
        after = [game.utilities(shares, working) for working in found]
        yield Swap(
            (contract.team[one], contract.team[other]),
            found,
            tuple(game.value(working) for working in found),
            (before[one], before[other]),
            tuple((new[one], new[other]) for new in after),
        )


def swaps_of_submodular(
    problem: Problem, contract: Contract, pairs: Iterable[tuple[int, int]] | None = None
) -> Iterator[Swap]:
    """Yield what follows from exchanges in a feasible contract of submodular f, of any size.

    The equilibrium is unique (Proposition 2.5).

    Parameters
    ----------
    pairs : iterable of (int, int), optional
        Places in the team; by default all pairs.
    """
    team, before, shares = contract.team, utilities(problem, contract), contract.shares
    losses, scale = problem.success.losses(team), problem.success.denominator
    for one, other in combinations(range(len(team)), 2) if pairs is None else pairs:
        shirker = _shirker(problem, contract, losses, one, other)
        lost = 0 if shirker is None else losses.each[shirker]
        value = Fraction(losses.total - lost, scale)
        after = tuple(
            share * value * problem.reward - problem.costs[team[place]] * (place != shirker)
            for place, share in ((one, shares[other]), (other, shares[one]))
        )
        working = tuple(agent for place, agent in enumerate(team) if place != shirker)
        yield Swap((team[one], team[other]), (working,), (value,), (before[one], before[other]), (after,))


def swap_equilibrium(problem: Problem, contract: Contract, one: int, other: int) -> Team:
    """Return the equilibrium after two members, by their places, exchange shares (Proposition 2.5).

    Of a feasible contract and submodular f: all members, or all but the one who now gets less.
    """
    shirker = _shirker(problem, contract, problem.success.losses(contract.team), one, other)
    return tuple(agent for place, agent in enumerate(contract.team) if place != shirker)


def _shirker(problem: Problem, contract: Contract, losses: Losses, one: int, other: int) -> int | None:
    """Return the place of the member that no longer works after an exchange, if there is one."""
    low, high = sorted((one, other), key=contract.shares.__getitem__)
    needed = problem.relative_costs[contract.team[high]] * problem.success.denominator
    return None if contract.shares[low] * losses.each[high] >= needed else high


# ── submodular f ────────────────────────────────────────────────────────────────────────────────────────────


class Fault(NamedTuple):
    """A pair of members with α_i < α_j that breaks condition (3).

    Attributes
    ----------
    agents : (int, int)
        (i, j).
    reason : str
        ``envy``: α_j·f(S∖j)/f(S) > α_i, so i would rather have j's share although j then shirks; ``premium``:
        α_i ≥ κ_j, so j would work for i's share too.
    """

    agents: tuple[int, int]
    reason: str


def faults(problem: Problem, contract: Contract) -> Iterator[Fault]:
    """Yield the pairs that break (3): α_j·f(S∖j)/f(S) ≤ α_i < κ_j(S) wherever α_i < α_j.

    A feasible contract of submodular f is fair if and only if there is none (Lemma 3.4).

    Examples
    --------
    >>> from parley.mechanisms.team.problem import worked_example
    >>> from parley.mechanisms.team.shares import Contract
    >>> list(faults(worked_example(), Contract((0, 1), (Fraction(119, 1000), Fraction(1, 5)))))
    [Fault(agents=(0, 1), reason='envy')]
    >>> list(faults(worked_example(), Contract((0, 1), (Fraction(1, 5), Fraction(1, 4)))))
    [Fault(agents=(0, 1), reason='premium')]
    """
    team, shares = contract
    losses, scale = problem.success.losses(team), problem.success.denominator
    for one, other in combinations(range(len(team)), 2):
        if shares[one] == shares[other]:
            continue
        i, j = sorted((one, other), key=shares.__getitem__)
        if shares[j] * (losses.total - losses.each[j]) > shares[i] * losses.total:
            yield Fault((team[i], team[j]), "envy")
        if shares[i] * losses.each[j] >= problem.relative_costs[team[j]] * scale:
            yield Fault((team[i], team[j]), "premium")


def is_fair(problem: Problem, contract: Contract) -> bool:
    """Return whether a contract of submodular f is feasible and fair, by condition (3)."""
    return is_feasible(problem, contract) and next(faults(problem, contract), None) is None


def is_fair_in_linear_time(problem: Problem, contract: Contract) -> bool:
    """Return the same with one comparison of each kind for a member, once members are sorted by share.

    The first inequality of (3) binds at the smallest share, and the second one at the next lower share.
    """
    team, costs, scale = contract.team, problem.relative_costs, problem.success.denominator
    losses = problem.success.losses(team)
    ordered = sorted(zip(contract.shares, losses.each, team, strict=True))
    lower = least = ordered[0][0] if ordered else Fraction(0)
    previous = least
    for share, loss, agent in ordered:
        if share > previous:
            lower, previous = previous, share
        needed = costs[agent] * scale
        works = share * loss >= needed
        envied = share > least and share * (losses.total - loss) > least * losses.total
        if not works or envied or (lower < share and lower * loss >= needed):
            return False
    return True
