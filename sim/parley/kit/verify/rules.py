"""The rules that a replay holds a contract to, by name: which one a refusal, or an event, speaks of."""

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
"""What every mechanism is held to."""

_REFUSALS: Mapping[str, str] = {
    "GameExists": "game id",
    "WrongPhase": "phase",
    "DeadlinePassed": "deadline",
    "DeadlineNotPassed": "deadline",
    "SeatOutOfRange": "seat",
    "NotTheSeat": "seat",
    "AlreadyRevealed": "steps of a seat",
    "NothingToWithdraw": "one withdrawal per seat",
    "StaleDigest": "digest",
    "ZeroCommitment": "commitment",
    "ZeroSecret": "reveal",
    "WrongSecret": "reveal",
    "WrongDeposit": "deposit",
}
"""The rules that the errors of `contracts/game/IGame.sol` speak of."""

SILENT = "silent seats"
"""What a field speaks of whose bits are the seats that lose their bonds."""


class Violation(NamedTuple):
    """A promise that the contract has broken.

    Attributes
    ----------
    game : str or None
        Id of the game; None for what concerns them all.
    transaction : str or None
        Hash; None for what no single transaction shows.
    rule : str
        Which promise, in a few words.
    detail : str
        What was to be, and what was.
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
        What a field of an event that is not as it should be says, by the event's name and the position.
    refusals : dict of str to str
        Which rule a call breaks that goes through where the model gives this error, beside the errors of all
        games; every other error is one of creation.
    of_action : dict of (str, str) to str
        The same for an action and an error, where that says more.
    presence : callable
        The rule that an event, given its name and its fields, breaks by being there, or by not being there.
    others : collection of str
        Rules that nothing of this names.

    Examples
    --------
    >>> rules = Rules({}, of_action={("respond", "NotTheSeat"): "order of answers"})
    >>> [rules.of_refusal(action, Revert("NotTheSeat", 2, "0x00")) for action in ("join", "respond")]
    ['seat', 'order of answers']
    >>> rules.of_refusal("create", Revert("ZeroBond"))
    'creation'
    """

    fields: Mapping[str, Sequence[str]]
    refusals: Mapping[str, str] = field(default_factory=dict)
    of_action: Mapping[tuple[str, str], str] = field(default_factory=dict)
    presence: Callable[[str, Sequence[object]], str] = _events
    others: Collection[str] = ()

    @cached_property
    def by_error(self) -> Mapping[str, str]:
        """The rules of all errors that have one."""
        return {**_REFUSALS, **self.refusals}

    @cached_property
    def all(self) -> frozenset[str]:
        """Every rule that a violation can name."""
        named = (rule for rules in self.fields.values() for rule in rules)
        return _COMMON.union(self.by_error.values(), self.of_action.values(), named, self.others)

    def silent_seats(self, event: Event) -> int:
        """How many seats an event says were silent, and lost their bonds: the bits of such a field."""
        told = zip(self.fields.get(event.name, ()), event.fields, strict=False)
        return sum(bits.bit_count() for rule, bits in told if rule == SILENT and isinstance(bits, int))

    def of_refusal(self, action: str, refusal: Revert) -> str:
        """Return the rule that a call breaks which goes through and which the model refuses."""
        special = self.of_action.get((action, refusal.name))
        return special or self.by_error.get(refusal.name, "creation")


def shown(value: object) -> str:
    """Return a field of an event for a person to read.

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
