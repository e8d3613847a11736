"""Parameters of a project, and the checks of ``create``.

Part of the reference model: :class:`Parameters` has the fields of the Solidity struct in the same order, as
plain integers (money in wei, seats from 0) and addresses as text. :func:`check` is the specification of
creation: it raises the contract's refusals in the contract's order.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from parley.core.limits import MAX_SEATS, MAX_WINDOW, MIN_WINDOW
from parley.core.randomness import Word, keccak
from parley.kit.reference import encode_array, encode_tuple, require

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["NOBODY", "NO_PARAMETERS", "Kind", "Parameters", "check", "check_wages", "encode_parameters"]

NOBODY = "0x" + "00" * 20
"""The address of nobody."""
MAX_TABLE = 8
"""Members of a project whose function is a table."""
MAX_ELEMENTS = 256
"""Elements of a coverage function."""
NO_WAGE = 2**256 - 1
"""The least wage of who adds nothing."""


class Kind(IntEnum):
    """What kind of function gives the probability of success."""

    ADDITIVE = 0
    BUDGET_ADDITIVE = 1
    COVERAGE = 2
    TABLE = 3


@dataclass(frozen=True)
class Parameters:
    """What members agree to by accepting: the Solidity struct of the same name, field for field.

    Attributes
    ----------
    agents : tuple of str
        The members' addresses by seat. Addresses are compared as text: use one spelling throughout.
    wages, costs : tuple of int
        By seat, in wei; wages in ascending order.
    reward : int
        What success is worth, in wei.
    kind : Kind
    denominator : int
        D.
    values : tuple of int
        By seat, and then the budget if there is one; by element; or by set of members.
    sets : tuple of int
        Of a coverage function: the elements of each member, by bits.
    referee : str
    form_window, work_window : int
        Seconds.

    Examples
    --------
    >>> p = Parameters(("0xa1", "0xa2"), (5, 6), (1, 2), 99, Kind.COVERAGE, 9, (4, 3, 2), (0b011, 0b110),
    ...                "0xee", 60, 60)
    >>> p.value(0b01), p.value(0b11), p.marginals()
    (7, 9, (4, 2))
    """

    agents: tuple[str, ...]
    wages: tuple[int, ...]
    costs: tuple[int, ...]
    reward: int
    kind: Kind
    denominator: int
    values: tuple[int, ...]
    sets: tuple[int, ...]
    referee: str
    form_window: int
    work_window: int

    @property
    def payroll(self) -> int:
        """The sum of the wages: what the principal pays as it creates, and the bond, in wei."""
        return sum(self.wages)

    @property
    def bond(self) -> int:
        """What the guarantor pays, in wei."""
        return self.payroll

    def value(self, workers: int) -> int:
        """Return F(E), for a set of members as bits."""
        if self.kind is Kind.TABLE:
            return self.values[workers]
        if self.kind is Kind.COVERAGE:
            covered = 0
            for seat, elements in enumerate(self.sets):
                covered |= elements if workers >> seat & 1 else 0
            return sum(weight for k, weight in enumerate(self.values) if covered >> k & 1)
        total = sum(self.values[seat] for seat in range(len(self.agents)) if workers >> seat & 1)
        return min(total, self.values[-1]) if self.kind is Kind.BUDGET_ADDITIVE else total

    @property
    def everybody(self) -> int:
        """The whole team, as bits."""
        return (1 << len(self.agents)) - 1

    def marginals(self) -> tuple[int, ...]:
        """Return what each member adds to the others: m_j = F(S) − F(S∖j)."""
        team = self.everybody
        whole = self.value(team)
        return tuple(whole - self.value(team ^ 1 << seat) for seat in range(len(self.agents)))

    def digest(self) -> Word:
        """Return keccak256(abi.encode(parameters)), which consents name."""
        return keccak(encode_parameters(self))


def check(parameters: Parameters, sender: str) -> None:
    """Check parameters, with the contract's errors in the contract's order; money is looked at later.

    Parameters
    ----------
    sender : str
        The principal.

    Raises
    ------
    Revert
        With the first refusal.

    Examples
    --------
    Two members who contribute 3/5 and 2/5. The first one would rather have the wage of the second:

    >>> one, two, boss, referee = ("0x" + digits * 20 for digits in ("a1", "a2", "d0", "ee"))
    >>> from dataclasses import replace
    >>> fair = Parameters(
    ...     (one, two), (120, 200), (60, 80), 1000, Kind.ADDITIVE, 5, (3, 2), (), referee, 60, 60)
    >>> check(fair, boss)
    >>> check(replace(fair, wages=(119, 200)), boss)
    Traceback (most recent call last):
    ...
    parley.kit.reference.Revert: Envy(0, 1, 119, 120)
    """
    p = parameters
    _check_bounds(p, sender)
    if p.kind is Kind.TABLE:
        _check_table(p.values, len(p.agents))
    whole = p.value(p.everybody)
    require(whole <= p.denominator, "ProbabilityAboveOne", whole, p.denominator)
    check_wages(p.wages, p.costs, p.denominator, whole, p.marginals())
    require(p.payroll <= p.reward, "PayrollAboveReward", p.payroll, p.reward)


def check_wages(
    wages: Sequence[int], costs: Sequence[int], denominator: int, whole: int, adds: Sequence[int]
) -> None:
    """Check that wages are in order, feasible and fair, in linear time.

    Parameters
    ----------
    whole : int
        F(S).
    adds : sequence of int
        m_j, what each member adds to the others.

    Raises
    ------
    Revert
        With the first refusal.

    Examples
    --------
    >>> check_wages([200, 250], [60, 80], 5, 5, [3, 2])
    Traceback (most recent call last):
    ...
    parley.kit.reference.Revert: UnjustifiedPremium(0, 1)
    """
    seats = range(len(wages))
    for j in seats[1:]:
        require(wages[j] >= wages[j - 1], "WagesOutOfOrder", j)
    for j in seats:
        due = costs[j] * denominator
        least = -(-due // adds[j]) if adds[j] else NO_WAGE
        require(wages[j] * adds[j] >= due, "BelowCutOff", j, wages[j], least)
    lowest = wages[0]
    for j in seats:
        other = wages[j] * (whole - adds[j])
        envied = wages[j] > lowest and other > lowest * whole
        require(not envied, "Envy", 0, j, lowest, -(-other // whole))
    below = None
    for j in seats[1:]:
        if wages[j] > wages[j - 1]:
            below = j - 1
        works_for_it = below is not None and wages[below] * adds[j] >= costs[j] * denominator
        require(not works_for_it, "UnjustifiedPremium", below, j)


def _check_bounds(p: Parameters, sender: str) -> None:
    n = len(p.agents)
    require(1 <= n <= MAX_SEATS, "AgentCountOutOfRange", n)
    for i, agent in enumerate(p.agents):
        require(int(agent, 16) != 0, "ZeroAgent", i)
        require(agent not in p.agents[:i], "DuplicateAgent", i, p.agents.index(agent))
    require(int(p.referee, 16) != 0, "ZeroReferee")
    require(p.referee not in (sender, *p.agents), "RefereeHasPart", p.referee)
    for numbers in (p.wages, p.costs):
        require(len(numbers) == n, "LengthMismatch", len(numbers), n)
    for seat, cost in enumerate(p.costs):
        require(cost != 0, "ZeroCost", seat)
    _check_form(p, n)
    for window in (p.form_window, p.work_window):
        require(MIN_WINDOW <= window <= MAX_WINDOW, "WindowOutOfRange", window)


def _check_form(p: Parameters, n: int) -> None:
    """Check that the function is described as it must be."""
    covers, listed = p.kind is Kind.COVERAGE, p.kind is Kind.TABLE
    given = len(p.values)
    require(p.denominator != 0, "ZeroDenominator")
    require(not listed or n <= MAX_TABLE, "TooManyMembers", n)
    require(not covers or given <= MAX_ELEMENTS, "TooManyElements", given)
    count = 1 << n if listed else n + (p.kind is Kind.BUDGET_ADDITIVE)
    require(covers or given == count, "LengthMismatch", given, count)
    require(len(p.sets) == n * covers, "LengthMismatch", len(p.sets), n * covers)
    for seat, elements in enumerate(p.sets):
        require(elements >> given == 0, "UnknownElement", seat, elements)
    require(not listed or p.values[0] == 0, "NobodySucceeds", p.values[0] if p.values else 0)


def _check_table(f: Sequence[int], n: int) -> None:
    """Check that a function is monotone, then that it is submodular."""
    for team in range(1 << n):
        for i in range(n):
            require(f[team | 1 << i] >= f[team], "NotMonotone", team, i)
    for team in range(1 << n):
        outside = [i for i in range(n) if not team >> i & 1]
        for i in outside:
            for j in outside:
                if j > i:
                    both = f[team | 1 << i | 1 << j] + f[team]
                    require(f[team | 1 << i] + f[team | 1 << j] >= both, "NotSubmodular", team, i, j)


def encode_parameters(p: Parameters) -> bytes:
    """Return abi.encode(parameters): the struct as the one argument of a call."""
    fields: list[bytes | int] = [
        encode_array([int(agent, 16) for agent in p.agents]),
        encode_array(p.wages),
        encode_array(p.costs),
        p.reward,
        int(p.kind),
        p.denominator,
        encode_array(p.values),
        encode_array(p.sets),
        int(p.referee, 16),
        p.form_window,
        p.work_window,
    ]
    return encode_tuple([encode_tuple(fields)])


NO_PARAMETERS = Parameters((), (), (), 0, Kind.ADDITIVE, 0, (), (), NOBODY, 0, 0)
"""Those of a project that does not exist."""
