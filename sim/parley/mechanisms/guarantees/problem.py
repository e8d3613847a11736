"""Problems: jobs with values and times, providers who do them, and what these are promised.

The paper is Gur, Iancu and Warnes, "Value loss in allocation systems with provider guarantees" (2021).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import floor, lcm
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from parley.core import keys
from parley.core.errors import ProblemError, shorten
from parley.core.exact import show, show_all
from parley.core.limits import (
    DEFAULT_WINDOW,
    MAX_SEATS,
    MAX_UINT32,
    MAX_WEI,
    at_most,
)
from parley.core.names import name_all
from parley.core.problemfile import FromFile
from parley.mechanisms.guarantees.guarantee import (
    Guarantee,
    Income,
    MaxMin,
    Terms,
    Vector,
    is_uniform,
    leaves,
    terms,
)
from parley.mechanisms.guarantees.loss import asymmetric_bound, bound, heterogeneity
from parley.mechanisms.guarantees.reading import (
    Interval,
    Pair,
    read_amounts,
    read_capacities,
    read_conflicts,
    read_eligible,
    read_guarantee,
    read_intervals,
    read_positive,
    read_probabilities,
    written,
)
from parley.mechanisms.guarantees.schema import ProblemKeys

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Problem", "Ticks", "load_problem", "worked_example"]

MAX_PROVIDERS, MAX_JOBS = 10_000, 10_000
"""Of any problem."""
MAX_JOBS_ON_CHAIN = 300
"""Of a dispatch on chain: six million gas with thirty providers."""
MAX_VALUE = 2**64 - 1
"""A job's value on chain, in wei."""
GWEI = 10**9

T = TypeVar("T")

UNSET = Fraction(-1)
"""Stands for the default of a bond."""

Ticks = tuple[int, int]
"""A job's start and end in whole ticks from the first start."""


@dataclass(frozen=True)
class Problem(FromFile):
    """Jobs, providers and a guarantee.

    Fields left empty have the default of their key in the file: no restrictions, factors and pay of 1, and no
    cancellations.

    Examples
    --------
    >>> problem = Problem.from_mapping({
    ...     "kind": "guarantees", "providers": 3, "values": [5, "9/2", 4, 7],
    ...     "intervals": [[0, 3], [1, 4], [3, 6], [0, 7]],
    ...     "factors": [1, "3/4", "3/4"], "pay": "3/4", "guarantee": {"type": "max-min"}})
    >>> problem.jobs, problem.delta, problem.wei_per_value
    (4, Fraction(1, 4), 1000000000)
    """

    kind: ClassVar[str] = "guarantees"
    keys = ProblemKeys

    providers: int
    """n."""
    values: Vector
    """v(d) of every job d."""
    guarantee: Guarantee
    intervals: tuple[Interval, ...] | None = None
    """Start and end of every job; jobs that overlap cannot have the same provider, jobs that touch can."""
    conflicts: frozenset[Pair] = frozenset()
    """Further pairs (a, b) of jobs with a < b that cannot have the same provider."""
    capacities: tuple[int | None, ...] = ()
    """The most jobs of every provider; None for any number."""
    eligible: tuple[frozenset[int] | None, ...] = ()
    """The jobs that every provider can do; None for all."""
    factors: Vector = ()
    """γ of every provider: its jobs are worth γ·v(A_i) to the platform."""
    pay: Vector = ()
    """θ of every provider: it is paid θ·v(A_i)."""
    cancellation: Vector = ()
    """The probability that a job is cancelled, for every job."""
    draw: str = "none"
    """Whether schedules go to providers as posted (``none``) or in random order (``permutation``)."""
    tolerance: Fraction = Fraction(0)
    """By how much the least pay may be below another allocation's without consequence."""
    bond: Fraction = UNSET
    """What the dispatcher pledges; like all amounts in units of value."""
    challenge_bond: Fraction = UNSET
    provider_bond: Fraction = UNSET
    window: int = DEFAULT_WINDOW
    """Seconds for each step on chain."""
    wei_per_value: int = 0
    """Wei of one unit of value."""
    provider_names: tuple[str, ...] = ()
    job_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.providers <= MAX_PROVIDERS:
            raise ProblemError("", "providers", f"{shorten(self.providers)} is outside 1..{MAX_PROVIDERS}")
        if self.jobs > MAX_JOBS:
            raise ProblemError("", "values", f"{self.jobs} jobs are more than {MAX_JOBS}")
        self._fill_in()
        if self.draw == "permutation":
            self._check_draw()
        elif self.provider_bond > 0:
            raise ProblemError("", "provider_bond", "must not be without a draw: there is no secret to open")
        self._price()

    def _fill_in(self) -> None:
        n, m = self.providers, self.jobs
        nothing, ones = (None,) * n, (Fraction(1),) * n
        self._set("capacities", self.capacities or nothing)
        self._set("eligible", self.eligible or nothing)
        self._set("factors", self.factors or ones)
        self._set("pay", self.pay or ones)
        self._set("cancellation", self.cancellation or (Fraction(0),) * m)
        self._set("provider_names", name_all("names.providers", "provider", self.provider_names, n))
        self._set("job_names", name_all("names.jobs", "job", self.job_names, m))

    def _price(self) -> None:
        """Set the bonds and the unit of money that are not given."""
        if self.bond == UNSET:
            self._set("bond", self._default_bond())
        if self.challenge_bond == UNSET:
            self._set("challenge_bond", self.bond / 10)
        if self.provider_bond == UNSET:
            self._set("provider_bond", self._default_provider_bond())
        if not self.wei_per_value:
            self._set("wei_per_value", self._default_wei())
        if self.wei_per_value < 1:
            raise ProblemError("", "wei_per_value", f"{self.wei_per_value} is not at least 1")

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _check_draw(self) -> None:
        """Refuse a permutation under which somebody could get what it cannot do, or was not promised."""
        for key, same in (
            ("pay", len(set(self.pay)) == 1),
            ("guarantee", is_uniform(self.guarantee)),
            ("capacities", len(set(self.capacities)) == 1),
            ("eligible", len(set(self.eligible)) == 1),
        ):
            if not same:
                raise ProblemError("", "draw", f"a permutation needs the same {key} for all providers")

    def _default_bond(self) -> Fraction:
        """Return the least whole number with a half above any gain from breaking the guarantee.

        No loss exceeds a bound: that of Theorem 1 if all providers can do the same.
        """
        share = (bound if self.is_symmetric else asymmetric_bound)(self.providers, self.delta)
        return Fraction(floor(2 * share * max(self.factors) * sum(self.values)) + 1)

    def _default_provider_bond(self) -> Fraction:
        """Return the least whole number that no schedule pays more than; 0 if there is no draw."""
        if self.draw == "none":
            return Fraction(0)
        return Fraction(-floor(-self.pay[0] * sum(self.values)))

    def _default_wei(self) -> int:
        """Return the least multiple of 10^9 with which all amounts are whole."""
        return lcm(GWEI, *(amount.denominator for _, amount in self._amounts()))

    # ── properties ──

    @property
    def jobs(self) -> int:
        """The number of jobs."""
        return len(self.values)

    @property
    def agents(self) -> int:
        """The number of providers, who have the seats."""
        return self.providers

    @property
    def agent_names(self) -> tuple[str, ...]:
        """The names of the providers."""
        return self.provider_names

    @property
    def delta(self) -> Fraction:
        """δ, the heterogeneity of the factors."""
        return heterogeneity(self.factors)

    @property
    def is_symmetric(self) -> bool:
        """Whether any permutation of a feasible allocation is feasible (Assumption 1 ii)."""
        return len(set(self.capacities)) == len(set(self.eligible)) == 1

    @property
    def are_identical(self) -> bool:
        """Whether providers differ in nothing: neither in what they can do, nor in factor, pay or floor."""
        same = len(set(self.factors)) == len(set(self.pay)) == 1
        return same and self.is_symmetric and is_uniform(self.guarantee)

    @property
    def terms(self) -> Terms | None:
        """The guarantee's terms on chain; None if a dispatch cannot hold it."""
        return terms(self.guarantee, self.providers)

    @cached_property
    def tick(self) -> Fraction:
        """The time unit of `ticks`."""
        numbers = [number for interval in self.intervals or () for number in interval]
        return Fraction(1, lcm(*(number.denominator for number in numbers)))

    @cached_property
    def ticks(self) -> tuple[Ticks, ...] | None:
        """Start and end of every job on chain: in whole ticks from the first start."""
        if self.intervals is None:
            return None
        first = min(start for start, _ in self.intervals)
        return tuple(
            (int((start - first) / self.tick), int((end - first) / self.tick))
            for start, end in self.intervals
        )

    def wei(self, amount: Fraction) -> int:
        """Return an amount in wei; raises ValueError if it is not whole."""
        whole = amount * self.wei_per_value
        if whole.denominator != 1:
            raise ValueError(f"{amount} is no whole number of wei")
        return int(whole)

    def _amounts(self) -> Iterable[tuple[str, Fraction]]:
        """Return every amount of money, with its key in the file."""
        for k, value in enumerate(self.values):
            yield f"values[{k}]", value
            for theta in set(self.pay):
                yield f"values[{k}]", theta * value
        for leaf in leaves(self.guarantee):
            if isinstance(leaf, Income):
                yield from (("guarantee", amount) for amount in leaf.floors)
        for key in ("tolerance", "bond", "challenge_bond", "provider_bond"):
            yield key, getattr(self, key)

    def check_playable(self, file: str = "") -> None:
        """Raise ProblemError if a dispatch on chain cannot hold this problem; `solve` has no such limits."""
        try:
            at_most("providers", "the number of providers", self.providers, MAX_SEATS)
            at_most("values", "the number of jobs", self.jobs, MAX_JOBS_ON_CHAIN)
            self._check_structure()
            self._check_times()
            self._check_money()
        except ProblemError as error:
            raise error.in_file(file) from None

    def _check_structure(self) -> None:
        if self.intervals is None:
            raise ProblemError("", "intervals", "missing; a dispatch on chain needs the times of all jobs")
        refused = "cannot be dispatched on chain, where only intervals restrict schedules"
        if self.conflicts:
            raise ProblemError("", "conflicts", refused)
        if any(most is not None for most in self.capacities):
            raise ProblemError("", "capacities", refused)
        if any(jobs is not None for jobs in self.eligible):
            raise ProblemError("", "eligible", refused)
        if self.terms is None:
            reason = "cannot be dispatched on chain, which holds income, max-min, and all of these"
            raise ProblemError("", "guarantee", reason)

    def _check_times(self) -> None:
        for k, (_, end) in enumerate(self.ticks or ()):
            unit = "time units" if self.tick == 1 else f"time units of {self.tick}"
            at_most(f"intervals[{k}][1]", f"the number of {unit} from the first start", end, MAX_UINT32)

    def _check_money(self) -> None:
        for i, theta in enumerate(self.pay):
            whole = max(theta.numerator, theta.denominator)
            at_most(f"pay[{i}]", "the numerator or denominator", whole, MAX_UINT32)
        for key, amount in self._amounts():
            whole_wei = amount * self.wei_per_value
            if whole_wei.denominator != 1:
                reason = f"{amount} is no whole number of wei: wei_per_value is {self.wei_per_value}"
                raise ProblemError("", key, reason)
            at_most(key, "the number of wei", int(whole_wei), MAX_VALUE if "values" in key else MAX_WEI)
        everything = sum(self.values) * max(*self.pay, Fraction(1)) * self.wei_per_value
        at_most("values", "the number of wei of all jobs", floor(everything), MAX_WEI)

    # ── reading and writing ──

    @classmethod
    def read(cls, mapping: Mapping[str, Any]) -> Self:
        """Make a problem from the keys of a problem file; errors name the key."""
        given = keys.read_keys(ProblemKeys, mapping)
        n, m = given.providers, len(given.values)
        if not 1 <= n <= MAX_PROVIDERS:  # before lists of this length are made
            raise ProblemError("", "providers", f"{shorten(n)} is outside 1..{MAX_PROVIDERS}")
        if given.wei_per_value is not None and given.wei_per_value < 1:
            raise ProblemError("", "wei_per_value", f"{given.wei_per_value} is not at least 1")
        return cls(
            providers=n,
            values=read_amounts("values", given.values, m, "jobs"),
            guarantee=read_guarantee(given.guarantee, n),
            intervals=None if given.intervals is None else read_intervals(given.intervals, m),
            conflicts=read_conflicts(given.conflicts, m),
            capacities=read_capacities(given.capacities, n, m),
            eligible=read_eligible(given.eligible, n, m),
            factors=read_positive("factors", given.factors, n, "providers"),
            pay=read_positive("pay", given.pay, n, "providers"),
            cancellation=read_probabilities("cancellation", given.cancellation, m, "jobs"),
            draw=given.draw,
            tolerance=keys.amount("tolerance", given.tolerance),
            bond=_bond("bond", given.bond),
            challenge_bond=_bond("challenge_bond", given.challenge_bond),
            provider_bond=_bond("provider_bond", given.provider_bond),
            window=given.window,
            wei_per_value=given.wei_per_value or 0,
            provider_names=tuple(given.names.providers or ()),
            job_names=tuple(given.names.jobs or ()),
        )

    def to_mapping(self) -> dict[str, Any]:
        """Return the keys of the problem file, without default values.

        Examples
        --------
        >>> problem = worked_example()
        >>> Problem.from_mapping(problem.to_mapping()) == problem
        True
        """
        everything = range(self.jobs)
        mapping: dict[str, Any] = {
            "kind": "guarantees",
            "providers": self.providers,
            "values": show_all(self.values),
            "intervals": None if self.intervals is None else [show_all(pair) for pair in self.intervals],
            "conflicts": [list(pair) for pair in sorted(self.conflicts)] or None,
            "capacities": _shortest([self.jobs if k is None else k for k in self.capacities], self.jobs),
            "eligible": None
            if set(self.eligible) == {None}
            else [sorted(everything if jobs is None else jobs) for jobs in self.eligible],
            "factors": _shortest(show_all(self.factors), "1"),
            "pay": _shortest(show_all(self.pay), "1"),
            "guarantee": written(self.guarantee),
            "cancellation": _shortest(show_all(self.cancellation), "0"),
            "draw": _unless(self.draw, "none"),
            "tolerance": _unless(show(self.tolerance), "0"),
            "bond": _unless(show(self.bond), show(self._default_bond())),
            "challenge_bond": _unless(show(self.challenge_bond), show(self.bond / 10)),
            "provider_bond": _unless(show(self.provider_bond), show(self._default_provider_bond())),
            "window": _unless(self.window, DEFAULT_WINDOW),
            "wei_per_value": _unless(self.wei_per_value, self._default_wei()),
        }
        mapping = {key: value for key, value in mapping.items() if value is not None}
        names = {
            key: list(given)
            for key, word, given in (
                ("providers", "provider", self.provider_names),
                ("jobs", "job", self.job_names),
            )
            if given != name_all("", word, (), len(given))
        }
        return mapping | ({"names": names} if names else {})


def _unless(value: T, default: T) -> T | None:
    return None if value == default else value


def _shortest(entries: list[Any], default: object) -> object:
    """Return entries as one for all if they are the same, and None if that is the default."""
    return _unless(entries[0], default) if len(set(entries)) == 1 else entries


def _bond(key: str, value: object) -> Fraction:
    return UNSET if value is None else keys.amount(key, value)


load_problem = Problem.load


def worked_example() -> Problem:
    """Build Instance 2 with κ = 1/10 and equal factors: max-min fairness costs 9/29 of the value."""
    return Problem(
        providers=2,
        values=(Fraction(1), Fraction(1), Fraction(9, 10)),
        guarantee=MaxMin(),
        intervals=tuple((Fraction(start), Fraction(end)) for start, end in ((0, 1), (1, 2), (0, 2))),
    )
