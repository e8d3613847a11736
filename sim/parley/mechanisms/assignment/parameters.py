"""Parameters of a lottery, and the checks of ``create``.

Part of the reference model: :class:`Parameters` has the fields of the Solidity struct in the same order, as
plain integers (money in wei, seats and items from 0) and addresses as text. :func:`check` is the
specification of creation: it raises the contract's refusals in the contract's order.
"""

from dataclasses import dataclass
from enum import IntEnum

from parley.core.randomness import Word, keccak
from parley.kit.reference import encode_array, encode_tuple, require
from parley.mechanisms.assignment.problem import RULES
from parley.mechanisms.assignment.terms import terms_needed, terms_that_fit

MAX_AGENTS = 64
"""Seats fit one byte each in two words, and a set of seats 64 bits."""

MAX_ITEMS = 64
"""A ranking fits two words."""

MIN_WINDOW = 60
"""Seconds: several blocks on every chain, so that no single block builder can silence an agent."""

MAX_WINDOW = 30 * 24 * 60 * 60
"""Seconds (30 days): the longest delay that one silent agent can cause in one step."""


class Rule(IntEnum):
    """The rule of a lottery.

    Examples
    --------
    >>> Rule.PROBABILISTIC_SERIAL.text
    'probabilistic-serial'
    """

    SERIAL_DICTATORSHIP = 0
    PROBABILISTIC_SERIAL = 1
    BOSTON = 2
    WELFARE = 3
    PSEUDO_MARKET = 4

    @property
    def text(self) -> str:
        """Its name in problem files."""
        return RULES[self]


@dataclass(frozen=True)
class Parameters:
    """What agents agree to by committing: the Solidity struct of the same name, field for field.

    Attributes
    ----------
    agents : tuple of str
        Addresses by seat. Addresses are compared as text: use one spelling throughout.
    capacities : tuple of int
        How many agents may get each item.
    bond : int
        In wei.
    join_window, action_window : int
        Seconds.
    """

    agents: tuple[str, ...]
    capacities: tuple[int, ...]
    rule: Rule
    bond: int
    join_window: int
    action_window: int

    def digest(self) -> Word:
        """Return keccak256(abi.encode(parameters)), which commitments name."""
        return keccak(encode_parameters(self))


def check(parameters: Parameters) -> None:
    """Check parameters, with the contract's errors in the contract's order.

    Raises
    ------
    Revert
        With the first refusal.

    Examples
    --------
    >>> check(Parameters(("0x" + "11" * 20,), (), Rule.BOSTON, 0, 60, 60))
    Traceback (most recent call last):
    ...
    parley.kit.reference.Revert: ItemCountOutOfRange(0)
    """
    p = parameters
    n, m = len(p.agents), len(p.capacities)
    require(1 <= n <= MAX_AGENTS, "AgentCountOutOfRange", n)
    require(1 <= m <= MAX_ITEMS, "ItemCountOutOfRange", m)
    for i, agent in enumerate(p.agents):
        require(int(agent, 16) != 0, "ZeroAgent", i)
        require(agent not in p.agents[:i], "DuplicateAgent", i, p.agents.index(agent))
    for window in (p.join_window, p.action_window):
        require(MIN_WINDOW <= window <= MAX_WINDOW, "WindowOutOfRange", window)
    if p.rule is not Rule.SERIAL_DICTATORSHIP:
        terms, most = terms_needed(n, m), terms_that_fit(n, m, p.rule.text)
        require(terms <= most, "TermsMayNotFit", terms, most)


def encode_parameters(p: Parameters) -> bytes:
    """Return abi.encode(parameters): the struct as the one argument of a call."""
    fields: list[bytes | int] = [
        encode_array([int(agent, 16) for agent in p.agents]),
        encode_array(p.capacities),
        int(p.rule),
        p.bond,
        p.join_window,
        p.action_window,
    ]
    return encode_tuple([encode_tuple(fields)])
