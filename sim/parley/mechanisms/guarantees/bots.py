"""Bots: what the dispatcher posts, what challengers claim, and what providers do.

They know the problem and what the chain shows. What they do does not depend on draws.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from parley.core.exact import parse
from parley.kit.bots import BaseBot
from parley.mechanisms.guarantees.packed import order_of
from parley.mechanisms.guarantees.schedules import find_fault, pays_of

if TYPE_CHECKING:
    from typing import Self

    from parley.mechanisms.guarantees.guarantee import Terms
    from parley.mechanisms.guarantees.problem import Problem
    from parley.mechanisms.guarantees.schedules import Allocation

__all__ = ["CHALLENGERS", "DISPATCHERS", "PROVIDERS", "Challenger", "Dispatcher", "Provider", "Scene"]


class Scene(NamedTuple):
    """What dispatcher and challengers know once the jobs are registered.

    Attributes
    ----------
    problem : Problem
    enrolled : tuple of int
        Seats that take part; the others hold nothing in any allocation below.
    best : Allocation
        Of the greatest value.
    restricted : Allocation or None
        Of the greatest value under the guarantee; None if no allocation keeps it.
    """

    problem: Problem
    enrolled: tuple[int, ...]
    best: Allocation
    restricted: Allocation | None

    @property
    def terms(self) -> Terms:
        """The guarantee as the contract holds it."""
        found = self.problem.terms
        if found is None:
            raise ValueError("a dispatch cannot hold this guarantee")
        return found

    def keeps_floors(self, allocation: Allocation) -> bool:
        """Whether everybody who takes part is paid its floor."""
        pays, floors = pays_of(self.problem, allocation), self.terms.floors
        return all(pays[seat] >= floors[seat] for seat in self.enrolled)

    def least(self, allocation: Allocation) -> Fraction:
        """The least pay of a seat that takes part."""
        pays = pays_of(self.problem, allocation)
        return min(pays[seat] for seat in self.enrolled)

    def first_fit(self) -> Allocation:
        """Give each job, in order of their starts, to the first seat that is free."""
        held: list[tuple[int, ...]] = [()] * self.problem.providers
        for job in order_of(self.problem):
            for seat in self.enrolled:
                if find_fault(self.problem, seat, (*held[seat], job)) is None:
                    held[seat] = (*held[seat], job)
                    break
        return tuple(tuple(sorted(jobs)) for jobs in held)

    def barely(self, bound: Fraction) -> Allocation | None:
        """Waste value: leave out jobs of the fairest allocation as long as all pay is above a bound."""
        if self.restricted is None or self.least(self.restricted) <= bound:
            return None
        found = list(self.restricted)
        floors = self.terms.floors
        for seat in self.enrolled:
            for job in sorted(found[seat], key=lambda k: self.problem.values[k]):
                fewer = tuple(other for other in found[seat] if other != job)
                pay = pays_of(self.problem, [*found[:seat], fewer, *found[seat + 1 :]])[seat]
                if pay > bound and pay >= floors[seat]:
                    found[seat] = fewer
        return tuple(found)


# ── the dispatcher ──────────────────────────────────────────────────────────────────────────────────────────


class Dispatcher(BaseBot):
    """Posts the best allocation under the guarantee; concedes if there is none."""

    kind = "honest"
    repairs = True
    """Whether it posts again if a challenge is upheld."""
    insured = False
    """Whether it challenges itself if need be."""

    def proposal(self, scene: Scene) -> Allocation | None:
        """Return what it posts; None if it concedes."""
        return scene.restricted


class Greedy(Dispatcher):
    """Posts what is worth most; concedes if the contract refuses it."""

    kind = "greedy"

    def proposal(self, scene: Scene) -> Allocation | None:
        """Return the allocation of the greatest value."""
        return scene.best


class Lazy(Dispatcher):
    """Posts what it finds first; concedes if the contract refuses it."""

    kind = "lazy"

    def proposal(self, scene: Scene) -> Allocation | None:
        """Return the first fit."""
        return scene.first_fit()


class Insured(Lazy):
    """A lazy one that challenges itself before others do, for half of its bond."""

    kind = "insured"
    repairs = False
    insured = True


class Conceding(Dispatcher):
    """Concedes."""

    kind = "conceding"

    def proposal(self, scene: Scene) -> Allocation | None:
        """Return nothing."""
        del scene  # whatever it is
        return None


class AbsentDispatcher(Dispatcher):
    """Neither posts nor concedes."""

    kind = "absent"
    waits = True


# ── challengers ─────────────────────────────────────────────────────────────────────────────────────────────


class Challenger(BaseBot):
    """Challenges if a fairer allocation wins, with the best one under the guarantee."""

    kind = "watchful"
    copied = False
    """Whether somebody repeats its calls."""
    commits = False
    """Whether it commits if nothing wins, to what was posted."""

    def claim(self, scene: Scene, bound: Fraction) -> Allocation | None:
        """Return an allocation whose least pay is above the bound; None for no claim."""
        fair = scene.restricted
        return None if fair is None or scene.least(fair) <= bound else fair


class Sleeping(Challenger):
    """Does not challenge."""

    kind = "sleeping"

    def claim(self, scene: Scene, bound: Fraction) -> Allocation | None:
        """Return nothing."""
        del scene, bound  # whatever they are
        return None


class Copying(Challenger):
    """A watchful one, and somebody who repeats its calls: what was copied cannot be disclosed."""

    kind = "copying"
    copied = True


class Griefing(Challenger):
    """Always commits: to an allocation that barely wins and wastes all else, or to the posted one."""

    kind = "griefing"
    commits = True

    def claim(self, scene: Scene, bound: Fraction) -> Allocation | None:
        """Return what barely wins."""
        return scene.barely(bound)


# ── providers ───────────────────────────────────────────────────────────────────────────────────────────────


class Provider(BaseBot):
    """Enrols, opens its secret, and does its jobs."""

    kind = "reliable"
    enrols = True
    opens = True
    misses = Fraction(0)
    """The probability that it misses all its jobs."""


class AbsentProvider(Provider):
    """Does not enrol."""

    kind = "absent"
    enrols = False


class Withholding(Provider):
    """Does not open its secret."""

    kind = "withholding"
    opens = False


class NoShow(Provider):
    """Misses all its jobs, with some probability in each dispatch."""

    kind = "no-show"

    def __init__(self, seat: int, misses: Fraction = Fraction(1)) -> None:
        super().__init__(seat)
        self.misses = misses

    @classmethod
    def from_argument(cls, seat: int, argument: str | None) -> Self:
        """Read the probability; 1 without one."""
        if argument is None:
            return cls(seat)
        found = parse(argument)
        if not 0 <= found <= 1:
            raise ValueError(f"{argument} is no probability")
        return cls(seat, found)


DISPATCHERS = {bot.kind: bot for bot in (Dispatcher, Greedy, Lazy, Insured, Conceding, AbsentDispatcher)}
CHALLENGERS = {bot.kind: bot for bot in (Challenger, Sleeping, Copying, Griefing)}
PROVIDERS = {bot.kind: bot for bot in (Provider, AbsentProvider, Withholding, NoShow)}
"""Bots of each role by name; the first is the default."""
