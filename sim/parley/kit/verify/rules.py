"""The rules that a replay checks, by error and event."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from parley.kit.reference import Event, Revert

__all__ = ["Rules", "Violation", "shown"]

_COMMON = frozenset(
    {
        "balance",
        "burnt bonds",
        "creation",
        "deployed code",
        "deposit",
        "events",
        "game id",
        "payee",
        "payment",
        "refusal",
        "seat",
        "state",
        "unexplained event",
        "unknown call",
    }
)
"""Rules of every mechanism."""

_REFUSALS: Mapping[str, str] = {
    "GameExists": "game id",
    "WrongPhase": "phase",
    "DeadlinePassed": "deadline",
    "DeadlineNotPassed": "deadline",
    "SeatOutOfRange": "seat",
    "NotTheSeat": "seat",
    "AlreadyRevealed": "steps of a seat",
    "NothingToWithdraw": "one withdrawal per seat",
    "ZeroCommitment": "commitment",
    "ZeroSecret": "reveal",
    "WrongSecret": "reveal",
    "WrongDeposit": "deposit",
}
"""Rules of the errors of `IGame.sol`, `ISecrets.sol` and `IBonds.sol` in `contracts/game`."""

SILENT = "silent seats"
"""The rule of an event field whose bits are the seats that lose their bonds."""


class Violation(NamedTuple):
    """A broken rule.

    Attributes
    ----------
    game : str or None
        Id of the game; None if it concerns all games.
    transaction : str or None
        Hash; None if no single transaction shows the violation.
    detail : str
        Expected and actual values.
    """

    game: str | None
    transaction: str | None
    rule: str
    detail: str


def _events(_name: str, _fields: Sequence[object]) -> str:
    return "events"


@dataclass(frozen=True)
class Rules:
    """A mechanism's rules by name.

    Attributes
    ----------
    fields : dict of str to sequence of str
        Rule of each event field, by the event's name and the field's position.
    refusals : dict of str to str
        Rule of each error, besides the errors of all games; other errors belong to creation.
    of_action : dict of str to dict of str to str
        For an error, the rules of actions where they are more specific.
    presence : callable
        Takes an event's name and fields; returns the rule that it breaks if it is unexpected or missing.
    others : collection of str
        Further rules.

    Examples
    --------
    >>> rules = Rules({}, of_action={"NotTheSeat": {"respond": "order of answers"}})
    >>> [rules.of_refusal(action, Revert("NotTheSeat", 2, "0x00")) for action in ("join", "respond")]
    ['seat', 'order of answers']
    >>> rules.of_refusal("create", Revert("ZeroBond"))
    'creation'
    """

    fields: Mapping[str, Sequence[str]]
    refusals: Mapping[str, str] = field(default_factory=dict)
    of_action: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    presence: Callable[[str, Sequence[object]], str] = _events
    others: Collection[str] = ()

    @cached_property
    def by_error(self) -> Mapping[str, str]:
        """Rules by error."""
        return {**_REFUSALS, **self.refusals}

    @cached_property
    def all(self) -> frozenset[str]:
        """Names of all rules."""
        named = (rule for rules in self.fields.values() for rule in rules)
        special = (rule for rules in self.of_action.values() for rule in rules.values())
        return _COMMON.union(self.by_error.values(), special, named, self.others)

    def silent_seats(self, event: Event) -> int:
        """Return the number of seats that lost their bonds by an event."""
        told = zip(self.fields.get(event.name, ()), event.fields, strict=False)
        return sum(bits.bit_count() for rule, bits in told if rule == SILENT and isinstance(bits, int))

    def of_refusal(self, action: str, refusal: Revert) -> str:
        """Return the rule that a call breaks if the contract accepts it and the model rejects it."""
        special = self.of_action.get(refusal.name, {}).get(action)
        return special or self.by_error.get(refusal.name, "creation")


def shown(value: object) -> str:
    """Return a readable field of an event.

    Examples
    --------
    >>> from enum import IntEnum
    >>> shown((IntEnum("Cause", "EXPIRED").EXPIRED, 3)), shown(bytes(2))
    ('(EXPIRED, 3)', '0x0000')
    """
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, tuple):
        return "(" + ", ".join(map(shown, value)) + ")"
    return value.name if isinstance(value, Enum) else str(value)
