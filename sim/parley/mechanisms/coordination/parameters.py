"""Parameters of a game, and the checks of ``create``.

Part of the reference model: :class:`Parameters` has the fields of the Solidity struct in the same order, as
plain integers (quantities in units, money in wei, seats from 0) and addresses as text. :func:`check` and
:func:`check_rows` are the specification of creation: they raise the contract's refusals in the contract's
order.

The data of seats are stored in pages; a page has as many seats as fit into the code of one contract. A game
with several pages is created without its matrices, whose rows follow page by page, from the last page to the
first.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import pairwise
from typing import NamedTuple

from parley.core.randomness import Word, address_word, keccak, word
from parley.kit.reference import encode_array, encode_tuple, require

MAX_AGENTS = 64
"""Seats fit one byte each in two words, and a set of seats one word."""

MAX_TASK_TYPES = 64
"""Limits the work of one announcement."""

MAX_BREAKPOINTS = 16
"""Limits the work of one evaluation of a piecewise cost."""

MIN_EXPONENT = 2
MAX_EXPONENT = 8
"""With at most 8, 2^96 · (2^16)^8 fits well into a word."""

MIN_WINDOW = 60
"""Seconds: several blocks on every chain, so that no single block builder can silence an agent."""

MAX_WINDOW = 30 * 24 * 60 * 60
"""Seconds (30 days): the longest delay that one silent agent can cause in one step."""

QUANTITY_LIMIT = 1 << 32
"""Totals of units stay below it, so that quantities and recognition fractions fit into 32 bits."""

MAX_PAGE = 24_575
"""Bytes of a page: the maximum code size of a contract, minus one."""

MAX_TOTAL_COST = (1 << 96) - 1
"""Wei: 79 billion ether, more than exists; so sums of costs and deposits never overflow."""


class CostKind(IntEnum):
    """The built-in cost functions."""

    QUADRATIC = 0
    POWER = 1
    PIECEWISE = 2


@dataclass(frozen=True)
class Cost:
    """A cost function of whole units, in wei; unused fields are ignored.

    Attributes
    ----------
    exponent : int
        Of a power cost.
    denominator, coefficient, linear : int
        (coefficient · q^exponent + linear · q) / denominator; the exponent of a quadratic cost is 2.
    breakpoints, slopes : tuple of int
        Units, and wei per unit from that breakpoint on.

    Examples
    --------
    >>> Cost(CostKind.QUADRATIC, denominator=2, coefficient=1, linear=3).of(4)
    14
    >>> Cost(CostKind.PIECEWISE, breakpoints=(0, 5, 10), slopes=(1, 2, 4)).of(12)
    23
    """

    kind: CostKind
    exponent: int = 0
    denominator: int = 0
    coefficient: int = 0
    linear: int = 0
    breakpoints: tuple[int, ...] = ()
    slopes: tuple[int, ...] = ()

    @property
    def degree(self) -> int:
        """Exponent of the leading term of a quadratic or power cost."""
        return 2 if self.kind == CostKind.QUADRATIC else self.exponent

    def numerator(self, load: int) -> int:
        """Return coefficient · load^degree + linear · load, before the division."""
        power: int = load**self.degree
        return self.coefficient * power + self.linear * load

    def of(self, load: int) -> int:
        """Return f(load) in wei; exact, because creation refuses costs that are not whole."""
        if self.kind != CostKind.PIECEWISE:
            return self.numerator(load) // self.denominator
        ends = (*self.breakpoints[1:], load)
        return sum(
            slope * (min(end, load) - start)
            for start, end, slope in zip(self.breakpoints, ends, self.slopes, strict=True)
            if load > start
        )


class Page(NamedTuple):
    """Rows of D and C of one page's seats, from `seat` on."""

    seat: int
    contracted: tuple[int, ...]
    capacity: tuple[int, ...]

    def digest(self, before: Word) -> Word:
        """Return the digest continued with this page: keccak256(abi.encode(digest, rows of D, of C))."""
        return keccak(before + encode_tuple([encode_array(self.contracted), encode_array(self.capacity)], 1))


@dataclass(frozen=True)
class Parameters:
    """What agents agree to by joining: the Solidity struct of the same name, field for field.

    Attributes
    ----------
    agents : tuple of str
        Addresses by seat. Addresses are compared as text: use one spelling throughout.
    task_types : int
        m.
    contracted, capacity : tuple of int
        D and C row by row, in units: entry i · m + t belongs to seat i and type t.
    costs : tuple of Cost
        One for all agents or one each.
    recognition : str
        Address of the recognition function.
    recognition_code : bytes
        Keccak-256 of the code there.
    continuation_numerator, continuation_denominator : int
        δ.
    bond : int
        B in wei.
    join_window, action_window : int
        Seconds.
    max_rounds : int
        Maximum number of bargaining rounds.
    """

    agents: tuple[str, ...]
    task_types: int
    contracted: tuple[int, ...]
    capacity: tuple[int, ...]
    costs: tuple[Cost, ...]
    recognition: str
    recognition_code: Word
    continuation_numerator: int
    continuation_denominator: int
    bond: int
    join_window: int
    action_window: int
    max_rounds: int

    def row(self, matrix: Sequence[int], seat: int) -> tuple[int, ...]:
        """Return one seat's row of D or C."""
        return tuple(matrix[seat * self.task_types : (seat + 1) * self.task_types])

    def cost(self, seat: int) -> Cost:
        """Return the seat's cost function."""
        return self.costs[0] if len(self.costs) == 1 else self.costs[seat]

    def contracted_cost(self, seat: int) -> int:
        """Return f_i(d_i): the cost of the seat's contracted tasks, in wei."""
        return self.cost(seat).of(sum(self.row(self.contracted, seat)))

    def deposit(self, seat: int) -> int:
        """Return B + f_i(d_i): the bond and the highest cost share that it would accept."""
        return self.bond + self.contracted_cost(seat)

    @property
    def seats_per_page(self) -> int:
        """Seats per page; all seats, if one page is enough."""
        segments = max(
            (min(len(c.breakpoints), MAX_BREAKPOINTS) for c in self.costs if c.kind == CostKind.PIECEWISE),
            default=0,
        )
        cost, shared = 32 + 16 * segments, len(self.costs) == 1
        front = 96 + (cost if shared else 0)
        seat = 36 + 12 * self.task_types + (0 if shared else cost)
        return min(len(self.agents), (MAX_PAGE - front) // seat)

    def pages(self) -> Iterator[Page]:
        """Yield the arguments of `store`, in order; none if all rows go with `create`."""
        n, m, step = len(self.agents), self.task_types, self.seats_per_page
        if step == n:
            return
        for first in reversed(range(0, n, step)):
            rows = slice(first * m, min(first + step, n) * m)
            yield Page(first, self.contracted[rows], self.capacity[rows])

    def opening(self) -> "Parameters":
        """Return the argument of `create`: without the matrices, if their rows follow."""
        if self.seats_per_page == len(self.agents):
            return self
        return replace(self, contracted=(), capacity=())

    def digest_of_call(self) -> Word:
        """Return keccak256(abi.encode(parameters)) for the argument of `create`."""
        return keccak(encode_parameters(self))

    def digest(self) -> Word:
        """Return the hash that joining names: keccak256(abi.encode(parameters)), continued with each page."""
        digest = self.opening().digest_of_call()
        for page in self.pages():
            digest = page.digest(digest)
        return digest


def next_digest(digest: Word, numbers: Sequence[int]) -> Word:
    """Return the digest continued with numbers: keccak256(digest ‖ each as a word).

    Examples
    --------
    >>> next_digest(word(1), [2, -3]) == keccak(word(1) + word(2) + word(-3))
    True
    """
    return keccak(digest + b"".join(word(number) for number in numbers))


def check(parameters: Parameters, code_of: Callable[[str], Word | None]) -> None:
    """Check parameters except the matrices, with the contract's errors in the contract's order.

    For the matrices see :func:`check_rows`.

    Parameters
    ----------
    parameters : Parameters
        Every field within its Solidity type.
    code_of : callable
        The hash of the code at an address; None if there is none.

    Raises
    ------
    Revert
        With the first refusal.
    """
    p = parameters
    n, m = len(p.agents), p.task_types
    require(2 <= n <= MAX_AGENTS, "AgentCountOutOfRange", n)
    require(1 <= m <= MAX_TASK_TYPES, "TaskTypeCountOutOfRange", m)
    delta = p.continuation_numerator, p.continuation_denominator
    require(delta[0] < delta[1], "ContinuationOutOfRange", *delta)
    require(p.bond > 0, "ZeroBond")  # otherwise withholding a secret would cost nothing
    for window in (p.join_window, p.action_window):
        require(MIN_WINDOW <= window <= MAX_WINDOW, "WindowOutOfRange", window)
    require(p.max_rounds > 0, "ZeroRounds")
    code = code_of(p.recognition)
    require(code is not None, "RecognitionWithoutCode", p.recognition)
    require(p.recognition_code == code, "RecognitionCodeMismatch", p.recognition_code, code)
    require(len(p.costs) in (1, n), "CostCountMismatch", len(p.costs), n)

    for i, agent in enumerate(p.agents):
        require(int(agent, 16) != 0, "ZeroAgent", i)
        require(agent not in p.agents[:i], "DuplicateAgent", i, p.agents.index(agent))
    for k, cost in enumerate(p.costs):
        check_cost(k, cost)


def check_rows(parameters: Parameters, page: Page) -> None:
    """Check rows, with the contract's errors in the contract's order.

    Parameters
    ----------
    parameters : Parameters
        With the rows of the page and of all later pages.
    page : Page
        Of the right size.

    Raises
    ------
    Revert
        With the first refusal. Checks that need all rows happen with the first page.
    """
    p, first, m = parameters, page.seat, parameters.task_types
    for k in reversed(range(len(page.contracted) // m)):
        for t, (c, d) in enumerate(zip(p.row(page.capacity, k), p.row(page.contracted, k), strict=True)):
            require(c >= d, "CapacityBelowContract", first + k, t, c, d)
    tasks, capacity = sum(p.contracted), sum(p.capacity)
    require(tasks > 0 or first > 0, "NothingContracted")
    require(max(tasks, capacity) < QUANTITY_LIMIT, "TooManyTasks", tasks, capacity)
    if first > 0:
        return
    total = 0
    for i in range(len(p.agents)):
        # The maximum workload of an agent, so that no later sum of costs exceeds the limit.
        total += p.cost(i).of(min(tasks, sum(p.row(p.capacity, i))))
        require(total <= MAX_TOTAL_COST, "CostTooLarge", i)


def check_cost(k: int, cost: Cost) -> None:
    """Refuse a cost function that is not increasing, convex and whole.

    Polynomials must be strictly convex; slopes of a piecewise cost must increase strictly. A polynomial of
    degree e that is whole at 0, 1, …, e is whole everywhere, so that e divisions prove it.

    Parameters
    ----------
    k : int
        Its index, for the error.

    Raises
    ------
    Revert

    Examples
    --------
    q² / 2 is not whole at 1, (q² + q) / 2 is whole everywhere:

    >>> check_cost(0, Cost(CostKind.QUADRATIC, denominator=2, coefficient=1, linear=0))
    Traceback (most recent call last):
    ...
    parley.kit.reference.Revert: CostNotWhole(0, 1)
    >>> check_cost(0, Cost(CostKind.QUADRATIC, denominator=2, coefficient=1, linear=1))
    """
    if cost.kind == CostKind.PIECEWISE:
        starts, slopes = cost.breakpoints, cost.slopes
        sizes = len(starts), len(slopes)
        well_formed = sizes[0] == sizes[1] and 1 <= sizes[0] <= MAX_BREAKPOINTS
        well_formed = well_formed and starts[0] == 0 and _strictly_increasing(starts)
        require(well_formed, "BreakpointsInvalid", k, *sizes)
        require(slopes[0] > 0 and _strictly_increasing(slopes), "CostNotConvex", k)
        return
    if cost.kind == CostKind.POWER:
        require(MIN_EXPONENT <= cost.exponent <= MAX_EXPONENT, "ExponentOutOfRange", k, cost.exponent)
    require(cost.coefficient > 0, "CostNotConvex", k)
    require(cost.denominator > 0, "CostNotWhole", k, 0)
    for q in range(1, cost.degree + 1):
        require(cost.numerator(q) % cost.denominator == 0, "CostNotWhole", k, q)


def encode_parameters(p: Parameters) -> bytes:
    """Return abi.encode(parameters): the struct as the one argument of a call."""
    costs = [encode_tuple(_cost_fields(cost)) for cost in p.costs]
    fields: list[bytes | int] = [
        encode_array([int(agent, 16) for agent in p.agents]),
        p.task_types,
        encode_array(p.contracted),
        encode_array(p.capacity),
        word(len(costs)) + encode_tuple(costs),
        int.from_bytes(address_word(p.recognition), "big"),
        int.from_bytes(p.recognition_code, "big"),
        p.continuation_numerator,
        p.continuation_denominator,
        p.bond,
        p.join_window,
        p.action_window,
        p.max_rounds,
    ]
    return encode_tuple([encode_tuple(fields)])


def _cost_fields(cost: Cost) -> list[bytes | int]:
    return [
        int(cost.kind),
        cost.exponent,
        cost.denominator,
        cost.coefficient,
        cost.linear,
        encode_array(cost.breakpoints),
        encode_array(cost.slopes),
    ]


def _strictly_increasing(values: Sequence[int]) -> bool:
    return all(low < high for low, high in pairwise(values))
