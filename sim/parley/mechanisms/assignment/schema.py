"""The keys of an assignment problem file, and the reading of its lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from parley.core import keys
from parley.core.errors import ProblemError, shorten
from parley.core.keys import As, Keys, Matrix, Names, Number, Whole, did_you_mean
from parley.core.limits import DEFAULT_WINDOW

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

Ranking = tuple[tuple[int, ...], ...]
"""An agent's ranks, best first, each with the items that the agent is indifferent between."""

Rule = Literal["serial-dictatorship", "probabilistic-serial", "boston", "welfare", "pseudo-market"]
DEFAULT_BOND = 10**15
"""Default bond in wei: a thousandth of an ether."""
NOTHING = (None, "")
"""A missing number or item in a file; TOML has no null."""


class NameKeys(Keys):
    """Names of agents for tables."""

    agents: Names = None
    """Names of the agents, in order.

    Default: "agent 1", "agent 2", …
    Example: ["Ann", "Ben", "Cleo"]
    """


class TermKeys(Keys):
    """One assignment of a posted lottery, with its probability."""

    weight: Number
    """The probability of this assignment.

    Example: "1/2"
    """
    assignment: Annotated[list[Any], As(list[str | int | None])]
    """The item of each agent: a name, or a number from 0; null or "" is nothing.

    Example: ["a", "b", ""]
    """


class PostedKeys(Keys):
    """A posted matrix and its lottery."""

    matrix: Matrix
    """The probability of each item for each agent: a row for each agent, a column for each item.

    Example: [["1/2", "1/2", 0], ["1/2", "1/2", 0], [0, 0, 1]]
    """
    lottery: list[TermKeys] | None = None
    """Assignments whose average is the matrix.

    Default: a lottery that is computed from the matrix
    Example:
        [
            { weight = "1/2", assignment = ["a", "b", "c"] },
            { weight = "1/2", assignment = ["b", "a", "c"] },
        ]
    """


class ProblemKeys(Keys):
    """All keys of an assignment problem."""

    kind: Literal["assignment"]
    items: list[str]
    """Names of the items.

    Example: ["a", "b", "c"]
    """
    rule: Rule
    """The rule that assigns the items; `welfare` and `pseudo-market` need `utilities`.

    Example: "serial-dictatorship"
    """
    capacities: list[Whole] | None = None
    """How many agents can get each item.

    Unit: agents
    Default: 1 for each item
    Example: [1, 1, 2]
    """
    rankings: Annotated[list[Any] | None, As(list[list[str | list[str]]])] = None
    """The items that each agent wants, best first; a list inside the list is a tie.

    An agent never gets an item that it does not rank. A file needs `rankings`, `utilities` or both.
    Default: as the utilities rank the items
    Usual:
        [
            ["a", "b", "c"],
            ["a", "c", "b"],
            ["b", ["a", "c"]],
        ]
    """
    utilities: Annotated[list[Any] | None, As(list[list[Number | Literal[""] | None]])] = None
    """What each item is worth to each agent: a row for each agent, a column for each item.

    Nothing is worth 0. An item that an agent does not want has "" (in JSON also null).
    Unit: utility
    Default: none
    Example:
        [
            [3, 2, 1],
            [3, 1, 2],
            [2, 3, 2],
        ]
    """
    weights: list[Number] | None = None
    """The weight of each agent's utility; only with the rule `welfare`.

    Default: 1 for each agent
    Example: [1, 1, 2]
    """
    budgets: list[Number] | None = None
    """What each agent can spend; only with the rule `pseudo-market`.

    Default: 1 for each agent
    Example: [1, 1, 2]
    """
    posted: PostedKeys | None = None
    """A random assignment that an organizer posts; it is checked, and then used instead of the rule's own."""
    bond: Whole = DEFAULT_BOND
    """What an agent pays when it commits, and loses if it is silent later.

    Unit: wei
    Example: 1000000000000000
    """
    window: Whole = DEFAULT_WINDOW
    """Time for each step on chain, from 60 to 2592000.

    Unit: seconds
    Example: 7200
    """
    names: NameKeys = NameKeys()


def read_rankings(value: list[Any], items: Mapping[str, int]) -> tuple[Ranking, ...]:
    """Read rankings: names of items, and lists of tied names.

    Parameters
    ----------
    items : mapping of str to int
        Numbers of the items by name.

    Raises
    ------
    ProblemError
        If an item is unknown or a duplicate.

    Examples
    --------
    >>> read_rankings([["b", ["a", "c"]], ["c"]], {"a": 0, "b": 1, "c": 2})
    (((1,), (0, 2)), ((2,),))
    """
    return tuple(_read_ranking(f"rankings[{i}]", row, items) for i, row in enumerate(value))


def _read_ranking(place: str, row: object, items: Mapping[str, int]) -> Ranking:
    if not isinstance(row, list | tuple):
        raise ProblemError("", place, f"{shorten(row)} is not a ranking (a list of items, best first)")
    seen: set[int] = set()
    ranks = []
    for k, entry in enumerate(row):
        tied = entry if isinstance(entry, list | tuple) else [entry]
        if not tied:
            raise ProblemError("", f"{place}[{k}]", "empty")
        rank = []
        for name in tied:
            item = items.get(name) if isinstance(name, str) else None
            if item is None:
                hint = did_you_mean(name, items) if isinstance(name, str) else ""
                raise ProblemError("", f"{place}[{k}]", f"unknown item {shorten(name)}{hint}")
            if item in seen:
                raise ProblemError("", f"{place}[{k}]", f"duplicate name {shorten(name)}")
            seen.add(item)
            rank.append(item)
        ranks.append(tuple(sorted(rank)))
    return tuple(ranks)


def read_numbers(
    key: str, value: object, shape: tuple[int, int], *, blank: bool
) -> tuple[tuple[Fraction | None, ...], ...]:
    """Read a matrix of exact numbers that are not negative.

    Parameters
    ----------
    key : str
        Key in the file, for messages.
    shape : (int, int)
        Agents and items.
    blank : bool
        Whether null or an empty text may replace a number.

    Raises
    ------
    ProblemError
        Naming the entry that is wrong.

    Examples
    --------
    >>> read_numbers("utilities", [["1/2", None]], (1, 2), blank=True)
    ((Fraction(1, 2), None),)
    """
    agents, items = shape
    table = keys.rows(key, value)
    if len(table) != agents:
        raise ProblemError("", key, f"{len(table)} rows for {agents} agents")
    for i, row in enumerate(table):
        if len(row) != items:
            raise ProblemError("", f"{key}[{i}]", f"{len(row)} entries for {items} items")
    hint = ": leave it empty (null or an empty text) if the agent does not want the item" if blank else ""
    return tuple(
        tuple(
            None if blank and entry in NOTHING else keys.amount(f"{key}[{i}][{o}]", entry, hint)
            for o, entry in enumerate(row)
        )
        for i, row in enumerate(table)
    )


def read_assignment(place: str, value: list[Any], items: Mapping[str, int]) -> tuple[int | None, ...]:
    """Read who gets which item: a name, or a number from 0; null or an empty text for nothing.

    Examples
    --------
    >>> read_assignment("", ["b", 0, None], {"a": 0, "b": 1})
    (1, 0, None)
    """
    assignment: list[int | None] = []
    for i, entry in enumerate(value):
        if entry in NOTHING:
            assignment.append(None)
        elif isinstance(entry, str) and entry in items:
            assignment.append(items[entry])
        elif isinstance(entry, int) and not isinstance(entry, bool) and 0 <= entry < len(items):
            assignment.append(entry)
        else:
            raise ProblemError("", f"{place}[{i}]", f"unknown item {shorten(entry)}")
    return tuple(assignment)
