"""The keys of an assignment problem file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from parley.core.keys import As, Keys, Matrix, Names, Number, Wei, Whole, Window
from parley.core.limits import DEFAULT_WINDOW

Rule = Literal["serial-dictatorship", "probabilistic-serial", "boston", "welfare", "pseudo-market"]
DEFAULT_BOND = 10**15
"""Default bond in wei: a thousandth of an ether."""


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
    bond: Wei = DEFAULT_BOND
    """What an agent pays when it commits, and loses if it is silent later.

    Unit: wei
    Example: 1000000000000000
    """
    window: Window = DEFAULT_WINDOW
    """Time for each step on chain, from 60 to 2592000.

    Unit: seconds
    Example: 7200
    """
    names: NameKeys = NameKeys()
