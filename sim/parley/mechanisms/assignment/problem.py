"""Problems: agents, items with capacities, and what agents prefer.

An item that an agent does not rank, or without utility, is worse for it than nothing: it never gets it.
Utilities are relative to nothing, which has utility 0. Agents may be indifferent: items of one rank are
equally good for the audit; rules that need a strict order take them in the order of ``items``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Self, get_args

from parley.core.errors import ProblemError, shorten
from parley.core.exact import show, show_all
from parley.core.keys import read_keys
from parley.core.limits import DEFAULT_WINDOW, MAX_SEATS, MAX_UINT32, at_most
from parley.core.names import check_names, name_all
from parley.core.problemfile import FromFile
from parley.mechanisms.assignment.lottery import Lottery, Matrix, Term, show_matrix
from parley.mechanisms.assignment.reading import Ranking, read_assignment, read_numbers, read_rankings
from parley.mechanisms.assignment.schema import DEFAULT_BOND, PostedKeys, ProblemKeys, Rule
from parley.mechanisms.assignment.terms import terms_needed, terms_that_fit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Utilities = tuple[Fraction | None, ...]

RULES: tuple[str, ...] = get_args(Rule)
CARDINAL = ("welfare", "pseudo-market")
"""Rules that use utilities; the others use only rankings."""

MAX_ITEMS = 64
"""Items of one lottery on chain."""
MAX_UTILITY = 10**100
"""Largest utility for which play is compared with theory: a standard error is a float."""


@dataclass(frozen=True)
class Posted:
    """A random assignment that an organizer posts, to be verified."""

    matrix: Matrix
    lottery: Lottery | None = None

    def to_mapping(self) -> dict[str, Any]:
        """Return the keys of the problem file."""
        mapping: dict[str, Any] = {"matrix": show_matrix(self.matrix)}
        if self.lottery is not None:
            mapping["lottery"] = [term.to_json() for term in self.lottery]
        return mapping


@dataclass(frozen=True)
class Problem(FromFile):
    """Agents that want one item each, and the rule that assigns the items.

    Examples
    --------
    >>> problem = Problem.from_mapping({
    ...     "kind": "assignment", "items": ["a", "b"], "rankings": [["a", "b"], ["a"]],
    ...     "rule": "serial-dictatorship"})
    >>> problem.agents, problem.capacities, problem.orders
    (2, (1, 1), ((0, 1), (0,)))
    """

    kind: ClassVar[str] = "assignment"
    keys = ProblemKeys

    items: tuple[str, ...]
    rankings: tuple[Ranking, ...]
    """Row i: the ranks of agent i, best first, each a tuple of items."""
    rule: str
    capacities: tuple[int, ...] = ()
    """How many agents may get each item; 1 each if not given."""
    utilities: tuple[Utilities, ...] | None = None
    """Agents × items; None where the agent does not want the item."""
    weights: tuple[Fraction, ...] = ()
    """Weights of agents for the rule ``welfare``; 1 each if not given."""
    budgets: tuple[Fraction, ...] = ()
    """Budgets of agents for the rule ``pseudo-market``; 1 each if not given."""
    posted: Posted | None = None
    agent_names: tuple[str, ...] = ()
    bond: int = DEFAULT_BOND
    """Wei that an agent pays when it commits, and loses if it is silent later."""
    window: int = DEFAULT_WINDOW
    """Seconds for each step on chain."""

    def __post_init__(self) -> None:
        _check_items(self.items)
        if not self.rankings:
            raise ProblemError("", "rankings", "must have at least one agent")
        self._check_capacities()
        if self.rule not in RULES:
            raise ProblemError("", "rule", f"unknown rule {shorten(self.rule)}; known: {', '.join(RULES)}")
        if self.rule in CARDINAL and self.utilities is None:
            raise ProblemError("", "utilities", f"missing: the rule {self.rule} needs utilities")
        if self.utilities is not None:
            for i, (ranking, row) in enumerate(zip(self.rankings, self.utilities, strict=True)):
                _check_agreement(f"utilities[{i}]", ranking, row)
        self._check_numbers("weights", "welfare")
        self._check_numbers("budgets", "pseudo-market")
        names = name_all("names.agents", "agent", self.agent_names, self.agents)
        object.__setattr__(self, "agent_names", names)

    def _check_capacities(self) -> None:
        capacities = self.capacities or (1,) * len(self.items)
        if len(capacities) != len(self.items):
            raise ProblemError("", "capacities", f"{len(capacities)} capacities for {len(self.items)} items")
        for o, capacity in enumerate(capacities):
            if capacity < 0:
                raise ProblemError("", f"capacities[{o}]", f"{capacity} is negative")
        object.__setattr__(self, "capacities", capacities)

    def _check_numbers(self, key: str, rule: str) -> None:
        given: tuple[Fraction, ...] = getattr(self, key)
        if given and self.rule != rule:
            raise ProblemError("", key, f"only for the rule {rule}, but the rule is {self.rule}")
        numbers = given or (Fraction(1),) * self.agents
        if len(numbers) != self.agents:
            raise ProblemError("", key, f"{len(numbers)} numbers for {self.agents} agents")
        for i, number in enumerate(numbers):
            if number <= 0:
                raise ProblemError("", f"{key}[{i}]", f"{number} is not above 0")
        if self.rule == rule:
            object.__setattr__(self, key, numbers)

    def check_playable(self, file: str = "") -> None:
        """Raise ProblemError if one lottery on chain cannot hold this problem; `solve` has no such limits."""
        try:
            at_most("rankings", "the number of agents", self.agents, MAX_SEATS)
            at_most("items", "the number of items", len(self.items), MAX_ITEMS)
            for o, capacity in enumerate(self.capacities):
                at_most(f"capacities[{o}]", "the number of places", capacity, MAX_UINT32)
            self._check_terms()
            self._check_comparable()
        except ProblemError as error:
            raise error.in_file(file) from None

    def _check_terms(self) -> None:
        """Refuse sizes whose lotteries may have too many terms for the contract, as the contract does."""
        if self.rule == RULES[0]:
            return
        n, m = self.shape
        terms, most = terms_needed(n, m), terms_that_fit(n, m, self.rule)
        if terms > most:
            reason = (
                f"{self.rule} with {n} agents and {m} items may need {terms} assignments, but a "
                f"lottery on chain holds {most}; use fewer agents or items, or serial-dictatorship"
            )
            raise ProblemError("", "rule", reason)

    def _check_comparable(self) -> None:
        for i, row in enumerate(self.utilities or ()):
            for o, u in enumerate(row):
                if u is not None and u > MAX_UTILITY:
                    reason = f"{shorten(int(u))} is above 10^100, the limit for comparing play with theory"
                    raise ProblemError("", f"utilities[{i}][{o}]", reason)

    # ── properties ──────────────────────────────────────────────────────────────────────────────────────────

    @property
    def agents(self) -> int:
        """Number of agents n."""
        return len(self.rankings)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of agents and of items."""
        return len(self.rankings), len(self.items)

    @cached_property
    def orders(self) -> tuple[tuple[int, ...], ...]:
        """Strict order of each agent's wanted items, best first; ties in the order of ``items``."""
        return tuple(tuple(item for rank in ranking for item in rank) for ranking in self.rankings)

    @cached_property
    def rank_of(self) -> tuple[dict[int, int], ...]:
        """Rank from 0 of each item that an agent wants."""
        return tuple(
            {item: k for k, rank in enumerate(ranking) for item in rank} for ranking in self.rankings
        )

    @cached_property
    def strict(self) -> bool:
        """Whether no agent is indifferent between two items."""
        return all(len(rank) == 1 for ranking in self.rankings for rank in ranking)

    @cached_property
    def alike(self) -> tuple[tuple[int, ...], ...]:
        """Groups of agents with the same input to the rule."""
        groups: dict[object, list[int]] = {}
        for i in range(self.agents):
            groups.setdefault(self._kind_of(i), []).append(i)
        return tuple(map(tuple, groups.values()))

    def _kind_of(self, i: int) -> object:
        if self.rule not in CARDINAL or self.utilities is None:
            return self.rankings[i]
        given = self.weights[i] if self.rule == "welfare" else self.budgets[i]
        return self.rankings[i], self.utilities[i], given

    # ── variants ────────────────────────────────────────────────────────────────────────────────────────────

    def reporting(self, agent: int, report: Ranking | None, utilities: Utilities | None = None) -> Problem:
        """Return the problem with another report of an agent.

        Parameters
        ----------
        agent : int
            From 0.
        report : Ranking or None
            None for the ranking by its utilities.
        utilities : tuple of Fraction or None, optional
            Needed if the rule uses utilities; otherwise the new problem has none.
        """
        if report is None:
            if utilities is None:
                raise ValueError("a report is a ranking or utilities")
            report = ranking_of(utilities)
        rankings = (*self.rankings[:agent], report, *self.rankings[agent + 1 :])
        if self.rule not in CARDINAL:
            return replace(self, rankings=rankings, utilities=None, posted=None)
        if utilities is None or self.utilities is None:
            raise ValueError(f"the rule {self.rule} needs utilities")
        rows = (*self.utilities[:agent], utilities, *self.utilities[agent + 1 :])
        return replace(self, rankings=rankings, utilities=rows, posted=None)

    def with_rule(self, rule: str) -> Problem:
        """Return the problem with another rule, and nothing posted."""
        return replace(self, rule=rule, weights=(), budgets=(), posted=None)

    # ── reading and writing ─────────────────────────────────────────────────────────────────────────────────

    @classmethod
    def read(cls, mapping: Mapping[str, Any]) -> Self:
        """Make a problem from the keys of a problem file; errors name the key."""
        keys = read_keys(ProblemKeys, mapping)
        _check_items(keys.items)
        numbers = {name: item for item, name in enumerate(keys.items)}
        rankings = None if keys.rankings is None else read_rankings(keys.rankings, numbers)
        utilities = None
        if keys.utilities is not None:
            agents = len(keys.utilities) if rankings is None else len(rankings)
            utilities = read_numbers("utilities", keys.utilities, (agents, len(keys.items)), blank=True)
        if rankings is None:
            if utilities is None:
                raise ProblemError("", "rankings", "missing: a problem needs rankings or utilities")
            rankings = tuple(map(ranking_of, utilities))
        for key in ("capacities", "weights", "budgets"):
            if getattr(keys, key) == []:
                raise ProblemError("", key, "empty")
        return cls(
            items=tuple(keys.items),
            rankings=rankings,
            rule=keys.rule,
            capacities=tuple(keys.capacities or ()),
            utilities=utilities,
            weights=tuple(keys.weights or ()),
            budgets=tuple(keys.budgets or ()),
            posted=None
            if keys.posted is None
            else _read_posted(keys.posted, numbers, len(rankings), len(keys.items)),
            agent_names=tuple(keys.names.agents or ()),
            bond=keys.bond,
            window=keys.window,
        )

    def to_mapping(self) -> dict[str, Any]:
        """Return the keys of the problem file, without default values.

        Examples
        --------
        >>> problem = example_1()
        >>> Problem.from_mapping(problem.to_mapping()) == problem
        True
        """
        mapping: dict[str, Any] = {"kind": "assignment", "items": list(self.items)}
        if any(capacity != 1 for capacity in self.capacities):
            mapping["capacities"] = list(self.capacities)
        if self.utilities is None or self.rankings != tuple(map(ranking_of, self.utilities)):
            mapping["rankings"] = [in_names(ranking, self.items) for ranking in self.rankings]
        if self.utilities is not None:
            mapping["utilities"] = [[None if u is None else show(u) for u in row] for row in self.utilities]
        mapping["rule"] = self.rule
        for key in ("weights", "budgets"):
            if any(number != 1 for number in getattr(self, key)):
                mapping[key] = show_all(getattr(self, key))
        if self.posted is not None:
            mapping["posted"] = self.posted.to_mapping()
        for key, default in (("bond", DEFAULT_BOND), ("window", DEFAULT_WINDOW)):
            if getattr(self, key) != default:
                mapping[key] = getattr(self, key)
        if self.agent_names != tuple(f"agent {i}" for i in range(1, self.agents + 1)):
            mapping["names"] = {"agents": list(self.agent_names)}
        return mapping


def ranking_of(utilities: Sequence[Fraction | None]) -> Ranking:
    """Rank items by utility; those of equal utility share a rank.

    Examples
    --------
    >>> ranking_of((Fraction(1), None, Fraction(3), Fraction(1)))
    ((2,), (0, 3))
    """
    ranks: dict[Fraction, list[int]] = {}
    for o, u in enumerate(utilities):
        if u is not None:
            ranks.setdefault(u, []).append(o)
    return tuple(tuple(ranks[u]) for u in sorted(ranks, reverse=True))


def in_names(ranking: Sequence[Sequence[int]], items: Sequence[str]) -> list[str | list[str]]:
    """Write a ranking as in a problem file: names of items, and lists of tied names.

    Examples
    --------
    >>> in_names(((1,), (0, 2)), ["a", "b", "c"])
    ['b', ['a', 'c']]
    """
    return [items[rank[0]] if len(rank) == 1 else [items[o] for o in rank] for rank in ranking]


def _check_items(items: Sequence[str]) -> None:
    if not items:
        raise ProblemError("", "items", "must have at least one item")
    check_names("items", items)


def _check_agreement(key: str, ranking: Ranking, row: Utilities) -> None:
    """Check that an agent's utilities agree with its ranking."""
    ranked = {item for rank in ranking for item in rank}
    for o, u in enumerate(row):
        if (u is None) != (o not in ranked):
            reason = (
                "missing, but the agent ranks the item"
                if u is None
                else "must be empty, since the agent does not rank the item"
            )
            raise ProblemError("", f"{key}[{o}]", reason)
    for rank in ranking:
        for o in rank[1:]:
            if row[o] != row[rank[0]]:
                reason = f"{row[o]}, but rankings tie the item with one of utility {row[rank[0]]}"
                raise ProblemError("", f"{key}[{o}]", reason)
    for above, below in pairwise(ranking):
        high, low = row[above[0]], row[below[0]]
        if high is not None and low is not None and high < low:
            reason = f"{low} is above {high}, the utility of an item ranked higher"
            raise ProblemError("", f"{key}[{below[0]}]", reason)


def _read_posted(keys: PostedKeys, items: Mapping[str, int], agents: int, count: int) -> Posted:
    numbers = read_numbers("posted.matrix", keys.matrix, (agents, count), blank=False)
    matrix = tuple(tuple(Fraction(0) if p is None else p for p in row) for row in numbers)
    if keys.lottery is None:
        return Posted(matrix)
    terms = []
    for k, term in enumerate(keys.lottery):
        place = f"posted.lottery[{k}].assignment"
        assignment = read_assignment(place, term.assignment, items)
        if len(assignment) != agents:
            raise ProblemError("", place, f"{len(assignment)} entries for {agents} agents")
        terms.append(Term(term.weight, assignment))
    return Posted(matrix, tuple(terms))


load_problem = Problem.load


def from_orders(
    orders: Sequence[Sequence[int]],
    items: int,
    rule: str = "serial-dictatorship",
    capacities: Sequence[int] = (),
) -> Problem:
    """Make a problem from strict orders of items numbered from 0.

    Examples
    --------
    >>> from_orders([[1, 0], [1]], 2).rankings
    (((1,), (0,)), ((1,),))
    """
    return Problem(
        items=tuple(letter(o) for o in range(items)),
        rankings=tuple(tuple((o,) for o in order) for order in orders),
        rule=rule,
        capacities=tuple(capacities),
    )


def letter(number: int) -> str:
    """Name an item by its number: a, b, …, z, aa, ab, and so on.

    Examples
    --------
    >>> letter(0), letter(25), letter(26)
    ('a', 'z', 'aa')
    """
    name = ""
    while number >= 0:
        number, digit = divmod(number, 26)
        name = chr(ord("a") + digit) + name
        number -= 1
    return name


def example_1() -> Problem:
    """Build the example of Bogomolnaia and Moulin (2001): two agents a > b > c > d, two b > a > d > c."""
    return from_orders([[0, 1, 2, 3]] * 2 + [[1, 0, 3, 2]] * 2, 4)
