"""Parameters of a dispatch, and the checks of ``create``.

Part of the reference model: :class:`Parameters` has the fields of the Solidity struct in the same order, as
plain integers (money in wei, seats from 0) and addresses as text. :func:`check` is the specification of
creation: it raises the contract's refusals in the contract's order.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import TYPE_CHECKING

from parley.core.limits import MAX_SEATS, MAX_WINDOW, MIN_WINDOW
from parley.core.randomness import Word, keccak
from parley.kit.reference import encode_array, encode_tuple, require

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from parley.mechanisms.guarantees.problem import Problem


NOBODY = "0x" + "00" * 20
"""The address of nobody."""


@dataclass(frozen=True)
class Parameters:
    """What providers agree to by enrolling: the Solidity struct of the same name, field for field.

    Attributes
    ----------
    agents : tuple of str
        The providers' addresses by seat. Addresses are compared as text: use one spelling throughout.
    registrar : str
        The address that registers jobs and attests what became of them.
    rates : tuple of int
        θ by seat: wei for each unit of value.
    floors : tuple of int
        The least pay that is promised, by seat, in wei.
    max_min : bool
        Whether the least pay must be the greatest possible.
    tolerance : int
        Wei by which a fairer allocation must be fairer.
    permutation : bool
        Whether schedules are drawn.
    bond, challenge_bond, provider_bond : int
        Of the dispatcher, of a challenge, and where schedules are drawn of a seat, in wei.
    enrol_window, action_window, attest_window : int
        Seconds.
    """

    agents: tuple[str, ...]
    registrar: str
    rates: tuple[int, ...]
    floors: tuple[int, ...]
    max_min: bool
    tolerance: int
    permutation: bool
    bond: int
    challenge_bond: int
    provider_bond: int
    enrol_window: int
    action_window: int
    attest_window: int

    @property
    def deposit(self) -> int:
        """What the dispatcher pays as it creates: its bond and all floors, in wei."""
        return self.bond + sum(self.floors)

    @property
    def greatest_rate(self) -> int:
        """θ of the seat that has most."""
        return max(self.rates)

    @property
    def seat_bond(self) -> int:
        """What a seat pays as it enrols, in wei."""
        return self.provider_bond if self.permutation else 0

    def digest(self) -> Word:
        """Return keccak256(abi.encode(parameters)), which enrolments name."""
        return keccak(encode_parameters(self))


def check(parameters: Parameters, sender: str) -> None:
    """Check parameters, with the contract's errors in the contract's order; money is looked at later.

    Parameters
    ----------
    sender : str
        The dispatcher.

    Raises
    ------
    Revert
        With the first refusal.

    Examples
    --------
    >>> one, registrar = "0x" + "11" * 20, "0x" + "22" * 20
    >>> p = Parameters((one,), registrar, (3,), (), False, 0, False, 9, 0, 0, 60, 60, 60)
    >>> check(p, one)
    Traceback (most recent call last):
    ...
    parley.kit.reference.Revert: LengthMismatch(0, 1)
    """
    p, n = parameters, len(parameters.agents)
    require(1 <= n <= MAX_SEATS, "AgentCountOutOfRange", n)
    for i, agent in enumerate(p.agents):
        require(int(agent, 16) != 0, "ZeroAgent", i)
        require(agent not in p.agents[:i], "DuplicateAgent", i, p.agents.index(agent))
    require(int(p.registrar, 16) != 0, "ZeroRegistrar")
    require(p.registrar != sender, "RegistrarIsDispatcher", p.registrar)
    for numbers in (p.rates, p.floors):
        require(len(numbers) == n, "LengthMismatch", len(numbers), n)
    for seat in range(n):
        uniform = (p.rates[seat], p.floors[seat]) == (p.rates[0], p.floors[0])
        require(uniform or not p.permutation, "NotUniform", seat)
    for window in (p.enrol_window, p.action_window, p.attest_window):
        require(MIN_WINDOW <= window <= MAX_WINDOW, "WindowOutOfRange", window)


def encode_parameters(p: Parameters) -> bytes:
    """Return abi.encode(parameters): the struct as the one argument of a call."""
    fields: list[bytes | int] = [
        encode_array([int(agent, 16) for agent in p.agents]),
        int(p.registrar, 16),
        encode_array(p.rates),
        encode_array(p.floors),
        int(p.max_min),
        p.tolerance,
        int(p.permutation),
        p.bond,
        p.challenge_bond,
        p.provider_bond,
        p.enrol_window,
        p.action_window,
        p.attest_window,
    ]
    return encode_tuple([encode_tuple(fields)])


def unit_of(values: Iterable[Fraction]) -> Fraction:
    """Return the largest unit in which all values are whole; 0 if they are 0.

    Examples
    --------
    >>> str(unit_of([Fraction(5), Fraction(9, 2), Fraction(3)]))
    '1/2'
    """
    values = list(values)
    scale = lcm(*(value.denominator for value in values))
    return Fraction(gcd(*(int(value * scale) for value in values)), scale)


def parameters_of(problem: Problem, agents: Sequence[str], registrar: str) -> Parameters:
    """Return the parameters of a problem's dispatch; every window is the problem's.

    Values are in `unit_of` all values, so that rates are whole.

    Raises
    ------
    ValueError
        If a dispatch cannot hold the guarantee.

    Examples
    --------
    >>> from parley.mechanisms.guarantees.problem import worked_example
    >>> seats = ["0x" + digits * 20 for digits in ("a1", "a2")]
    >>> p = parameters_of(worked_example(), seats, "0x" + "bb" * 20)
    >>> p.rates, p.floors, p.max_min, p.permutation
    ((100000000, 100000000), (0, 0), True, False)
    """
    terms = problem.terms
    if terms is None:
        raise ValueError("a dispatch cannot hold this guarantee")
    unit, window = unit_of(problem.values), problem.window
    return Parameters(
        agents=tuple(agents),
        registrar=registrar,
        rates=tuple(problem.wei(theta * unit) for theta in problem.pay),
        floors=tuple(map(problem.wei, terms.floors)),
        max_min=terms.max_min,
        tolerance=problem.wei(problem.tolerance),
        permutation=problem.draw == "permutation",
        bond=problem.wei(problem.bond),
        challenge_bond=problem.wei(problem.challenge_bond),
        provider_bond=problem.wei(problem.provider_bond),
        enrol_window=window,
        action_window=window,
        attest_window=window,
    )


NO_PARAMETERS = Parameters((), NOBODY, (), (), False, 0, False, 0, 0, 0, 0, 0, 0)
"""Those of a dispatch that does not exist."""
