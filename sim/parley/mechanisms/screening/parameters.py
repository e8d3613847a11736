"""Parameters of a market, the checks of ``create``, and the columns that choices allow.

Part of the reference model: :class:`Parameters` has the fields of the Solidity struct in the same order, as
plain integers (quantities in whole units, seats and tasks from 0) and addresses as text. :func:`check` is the
specification of creation: it raises the contract's refusals in the contract's order.

The trading sets of a seat are numbered as choices: 0 is its status quo, and rays count from 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from parley.core.randomness import Word, keccak
from parley.kit.reference import Revert, encode_array, encode_tuple, require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.screening.market import Market
    from parley.mechanisms.screening.problem import Problem
    from parley.mechanisms.screening.rays import Vector

MAX_AGENTS = 64
"""Sets of seats fit 64 bits, and choices of four bits each one word."""

MIN_TASKS = 2
MAX_TASKS = 8
"""The contract keeps a column, its social cost with it, in one word."""

MAX_QUANTITY = 2**20 - 1
"""Units."""

MAX_COST = 2**31 - 1
"""Social cost of a unit, positive or negative, in any unit of cost."""

MIN_WINDOW = 60
"""Seconds: several blocks on every chain, so that no single block builder can silence an agent."""

MAX_WINDOW = 30 * 24 * 60 * 60
"""Seconds (30 days): the longest delay that silent agents can cause in one step."""

REMEDIAL = 255
"""In place of a number of rays: the one trading set of the menu is everything up to the status quo."""


class Column(NamedTuple):
    """How a seat's tasks change, and what that costs society.

    Attributes
    ----------
    change : tuple of int
        κ at full length, in units: taken if positive, given up if negative.
    cost : int
        π·κ.
    """

    seat: int
    change: tuple[int, ...]
    cost: int


@dataclass(frozen=True)
class Parameters:
    """What agents agree to by choosing: the Solidity struct of the same name, field for field.

    Attributes
    ----------
    agents : tuple of str
        Addresses by seat. Addresses are compared as text: use one spelling throughout.
    costs : tuple of int
        π, row by row: seat j and task i are at j · m + i.
    status_quo : tuple of int
        η, row by row, in units.
    menus : tuple of int
        Number of rays by seat, or `REMEDIAL`.
    endpoints : tuple of int
        η + κ of all rays at full length, seat by seat, in units: m numbers for each ray.
    choosing_window, posting_window : int
        Seconds.
    """

    agents: tuple[str, ...]
    tasks: int
    costs: tuple[int, ...]
    status_quo: tuple[int, ...]
    menus: tuple[int, ...]
    endpoints: tuple[int, ...]
    choosing_window: int
    posting_window: int

    bond: ClassVar[int] = 0
    """Wei: nobody pays."""

    def digest(self) -> Word:
        """Return keccak256(abi.encode(parameters)), which choices name."""
        return keccak(encode_parameters(self))

    def row(self, matrix: Sequence[int], seat: int) -> tuple[int, ...]:
        """Return a seat's row of a matrix."""
        return tuple(matrix[seat * self.tasks : (seat + 1) * self.tasks])

    def rays(self, seat: int) -> list[Column]:
        """Return the rays of a seat's menu; none if it is remedial.

        Examples
        --------
        >>> p = Parameters(("0x" + "11" * 20,), 2, (1, 3), (2, 2), (1,), (4, 0), 60, 60)
        >>> p.rays(0)
        [Column(seat=0, change=(2, -2), cost=-4)]
        """
        counts = [_rays(menu) for menu in self.menus[: seat + 1]]
        return [
            self._column(seat, self.row(self.endpoints, sum(counts[:-1]) + k)) for k in range(counts[seat])
        ]

    def sets(self, seat: int) -> int:
        """Return how many trading sets a seat has besides its status quo."""
        return 1 if self.menus[seat] == REMEDIAL else self.menus[seat]

    def remedial_columns(self, seat: int) -> list[Column]:
        """Return one column for each task of which a seat has some: it gives up all of it."""
        own = self.row(self.status_quo, seat)
        without = [tuple(0 if i == task else q for i, q in enumerate(own)) for task in range(self.tasks)]
        return [self._column(seat, rest) for rest in without if rest != own]

    def _column(self, seat: int, endpoint: Sequence[int]) -> Column:
        change = tuple(e - q for e, q in zip(endpoint, self.row(self.status_quo, seat), strict=True))
        cost = sum(price * x for price, x in zip(self.row(self.costs, seat), change, strict=True))
        return Column(seat, change, cost)


def parameters_of(problem: Problem, market: Market, agents: Sequence[str]) -> Parameters:
    """Return the parameters of a market as it is played, in whole units.

    Parameters
    ----------
    problem : Problem
        Social costs become whole numbers, times its `cost_scale`.
    market : Market
        Its menus, or designed ones, in whole units.
    agents : sequence of str
        Addresses by seat.

    Examples
    --------
    >>> from parley.mechanisms.screening.problem import worked_example
    >>> problem = worked_example()
    >>> p = parameters_of(problem, problem.market(), ["0x" + digit * 40 for digit in "abc"])
    >>> problem.market().unit, p.row(p.status_quo, 0), p.rays(0)[0].change, p.costs[:2]
    (6, (12, 12), (10, -12), (1, 3))
    """

    def whole(rows: Sequence[Vector], scale: int) -> tuple[int, ...]:
        return tuple(int(x * scale) for row in rows for x in row)

    ends = [
        tuple(own + x for own, x in zip(held, ray, strict=True))
        for held, menu in zip(market.status_quo, market.menus, strict=True)
        for ray in menu.rays
    ]
    return Parameters(
        agents=tuple(agents),
        tasks=market.tasks,
        costs=whole(market.social_costs, problem.cost_scale),
        status_quo=whole(market.status_quo, market.unit),
        menus=tuple(REMEDIAL if menu.remedial else len(menu.rays) for menu in market.menus),
        endpoints=whole(ends, market.unit),
        choosing_window=problem.window,
        posting_window=problem.window,
    )


def columns(parameters: Parameters, choices: Sequence[int]) -> list[Column]:
    """Return the columns that choices allow, by seat: the chosen ray, or those of a remedial set.

    Parameters
    ----------
    choices : sequence of int
        By seat: 0 to stay, otherwise the number of the trading set.

    Examples
    --------
    >>> p = Parameters(("0x" + "11" * 20,) * 2, 2, (1, 3, 5, 0), (2, 2, 4, 0), (1, REMEDIAL), (4, 0), 60, 60)
    >>> [(column.seat, column.change, column.cost) for column in columns(p, [1, 1])]
    [(0, (2, -2), -4), (1, (-4, 0), -20)]
    """
    found: list[Column] = []
    for seat, choice in enumerate(choices):
        if choice and parameters.menus[seat] == REMEDIAL:
            found += parameters.remedial_columns(seat)
        elif choice:
            found.append(parameters.rays(seat)[choice - 1])
    return found


def check(parameters: Parameters) -> None:
    """Check parameters, with the contract's errors in the contract's order.

    Raises
    ------
    Revert
        With the first refusal.

    Examples
    --------
    >>> check(Parameters(("0x" + "11" * 20,), 9, (), (), (), (), 60, 60))
    Traceback (most recent call last):
    ...
    parley.kit.reference.Revert: TaskCountOutOfRange(9)
    """
    p = parameters
    n, m = len(p.agents), p.tasks
    require(1 <= n <= MAX_AGENTS, "AgentCountOutOfRange", n)
    require(MIN_TASKS <= m <= MAX_TASKS, "TaskCountOutOfRange", m)
    for i, agent in enumerate(p.agents):
        require(int(agent, 16) != 0, "ZeroAgent", i)
        require(agent not in p.agents[:i], "DuplicateAgent", i, p.agents.index(agent))
    for window in (p.choosing_window, p.posting_window):
        require(MIN_WINDOW <= window <= MAX_WINDOW, "WindowOutOfRange", window)
    for numbers, expected in ((p.costs, n * m), (p.status_quo, n * m), (p.menus, n)):
        require(len(numbers) == expected, "LengthMismatch", len(numbers), expected)
    rays = sum(map(_rays, p.menus))
    require(len(p.endpoints) == rays * m, "LengthMismatch", len(p.endpoints), rays * m)
    for quantity in (*p.status_quo, *p.endpoints):
        require(quantity <= MAX_QUANTITY, "QuantityOutOfRange", quantity)
    for cost in p.costs:
        require(-MAX_COST <= cost <= MAX_COST, "CostOutOfRange", cost)
    for seat, menu in enumerate(p.menus):
        require(_rays(menu) <= m, "TooManyRays", seat, _rays(menu), m)
    _check_menus(p)


def _rays(menu: int) -> int:
    return 0 if menu == REMEDIAL else menu


def _check_menus(p: Parameters) -> None:
    """Check that rays are rays, then that they have full length, then that no type likes two of them."""
    menus = [p.rays(seat) for seat in range(len(p.agents))]
    every = [(seat, k, ray.change) for seat, menu in enumerate(menus) for k, ray in enumerate(menu, 1)]
    for seat, k, change in every:
        require(min(change) < 0 < max(change), "MonotoneRay", seat, k)
    for seat, k, change in every:
        held = p.row(p.status_quo, seat)
        full = any(x < 0 and q + x == 0 for x, q in zip(change, held, strict=True))
        require(full, "RayNotFull", seat, k)
    for seat, menu in enumerate(menus):
        crossing = find_crossing([ray.change for ray in menu])
        if crossing is not None:
            raise Revert("NotPolarized", seat, *crossing)


def find_crossing(rays: Sequence[Sequence[int]]) -> tuple[int, int, int, int] | None:
    """Return what shows that some type likes two rays of a menu; None if all are polarized.

    A witness is (k, l, a, b): ray k gives up task a, and a later ray l task b. If a = b, a type that minds
    little else likes both rays. If κ'_a κ''_b > κ'_b κ''_a, so does one that minds a and b in the right
    proportion. Rays that give up the same task come first, in the order of l and then of a. Other witnesses
    come in the order of their lower task, then of the other one.

    Source: Valenzuela-Stookey, section 3, the definition of polarized rays, and Lemma 5.

    Examples
    --------
    >>> find_crossing([(2, -3), (-3, 2)]), find_crossing([(3, -2), (-2, 3)])
    ((1, 2, 1, 0), None)
    >>> find_crossing([(2, -3, 1), (1, -1, 0)])
    (1, 2, 1, 1)
    """
    gives = [[task for task, x in enumerate(ray) if x < 0] for ray in rays]
    for later, given in enumerate(gives):
        for task in given:
            for k in range(later):
                if task in gives[k]:
                    return k + 1, later + 1, task, task
    witnesses = [
        (k + 1, later + 1, a, b)
        for k, later in combinations(range(len(rays)), 2)
        for a, b in product(gives[k], gives[later])
        if rays[k][a] * rays[later][b] > rays[k][b] * rays[later][a]
    ]
    return min(witnesses, key=lambda found: sorted(found[2:]), default=None)


def encode_parameters(p: Parameters) -> bytes:
    """Return abi.encode(parameters): the struct as the one argument of a call."""
    fields: list[bytes | int] = [
        encode_array([int(agent, 16) for agent in p.agents]),
        p.tasks,
        *map(encode_array, (p.costs, p.status_quo, p.menus, p.endpoints)),
        p.choosing_window,
        p.posting_window,
    ]
    return encode_tuple([encode_tuple(fields)])
