"""The rules that a replay holds a contract to, by name: which one a refusal, or an event, speaks of."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sim.coordination.game import Cause
from sim.coordination.model import Event
from sim.coordination.parameters import Revert

__all__ = [
    "ALL_RULES",
    "FIELD_RULES",
    "Violation",
    "rule_of_presence",
    "rule_of_refusal",
    "shown",
    "shown_fraction",
]


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


# Which rule a call breaks that the model refuses; every other refusal is one of creation.
_REFUSALS = {
    "GameExists": "game id",
    "WrongPhase": "phase",
    "DeadlinePassed": "deadline",
    "DeadlineNotPassed": "deadline",
    "SeatOutOfRange": "seat",
    "AlreadyJoined": "seat",
    "WrongDeposit": "deposit",
    "ZeroCommitment": "commitment",
    "AnnouncementLengthMismatch": "announcement bounds",
    "AnnouncementTooHigh": "announcement bounds",
    "AnnouncementTooLow": "announcement bounds",
    "RecognitionOutOfRange": "recognition fraction",
    "": "recognition fraction",  # the recognition contract itself refuses
    "AlreadyRevealed": "reveal",
    "ZeroSecret": "reveal",
    "WrongSecret": "reveal",
    "ProposalLengthMismatch": "proposal sum",
    "ProposalSumMismatch": "proposal sum",
    "ProposalBeyondDeposit": "proposal beyond a deposit",
    "WrongRound": "round",
    "NothingToWithdraw": "one withdrawal per seat",
}
_WRONG_SENDER = {
    "announce": "order of announcements",
    "propose": "proposer",
    "respond": "order of answers",
}
_WRONG_DIGEST = {
    "join": "parameters digest",
    "announce": "history digest",
    "respond": "proposal digest",
    "withdraw": "proposal digest",
}

# What a field of an event that is not as it should be says, by position.
FIELD_RULES: Mapping[str, Sequence[str]] = {
    "Created": ("game id", "creator", "salt", "parameters digest", "parameters"),
    "Joined": ("game id", "seat", "commitment", "deposit"),
    "Announced": (
        "game id",
        "order of announcements",
        "announcement",
        "recognition fraction",
        "recognition fraction",
    ),
    "Revealed": ("game id", "round", "seat", "reveal", "commitment"),
    "ProposerDrawn": ("game id", "round", "proposer draw", "permutation draw"),
    "Proposed": ("game id", "round", "proposer", "proposal"),
    "Responded": ("game id", "round", "order of answers", "answer"),
    "Settled": ("game id", "round"),
    "BrokenDown": ("game id", "round", "breakdown cause", "silent seats"),
    "Withdrawn": ("game id", "seat", "payee", "withdrawal amount"),
}

_OTHERS = (
    "balance",
    "burnt bonds",
    "continuation draw",
    "creation",
    "deployed code",
    "events",
    "last round",
    "no savings",
    "payment",
    "settlement",
    "state",
    "unexplained event",
    "unknown call",
)
ALL_RULES = frozenset(
    (
        *_REFUSALS.values(),
        *_WRONG_SENDER.values(),
        *_WRONG_DIGEST.values(),
        *(rule for rules in FIELD_RULES.values() for rule in rules),
        *_OTHERS,
    )
)
"""Every rule that a violation can name."""


def rule_of_refusal(action: str, refusal: Revert) -> str:
    """Return the rule that a call breaks which goes through and which the model refuses.

    Examples
    --------
    >>> rule_of_refusal("respond", Revert("NotTheSeat", 2, "0x00"))
    'order of answers'
    """
    if refusal.name == "NotTheSeat":
        return _WRONG_SENDER.get(action, "seat")
    if refusal.name == "StaleDigest":
        return _WRONG_DIGEST[action]
    return _REFUSALS.get(refusal.name, "creation")


def shown_fraction(event: Event) -> str:
    """Return the recognition fraction of an ``Announced`` event, for a person to read."""
    return f"{event.fields[3]}/{event.fields[4]}"


def shown(value: object) -> str:
    """Return a field of an event for a person to read.

    Examples
    --------
    >>> shown((Cause.EXPIRED, 3)), shown(bytes(2))
    ('(EXPIRED, 3)', '0x0000')
    """
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, tuple):
        return "(" + ", ".join(map(shown, value)) + ")"
    return value.name if isinstance(value, Cause) else str(value)


def rule_of_presence(name: str, fields: Sequence[object]) -> str:
    """Return the rule that an event breaks by being there, or by not being there."""
    if name == "Settled":
        return "settlement"
    if name == "BrokenDown":
        return {Cause.NO_SAVINGS: "no savings", Cause.LAST_ROUND: "last round"}.get(
            Cause(fields[2]) if isinstance(fields[2], int) else Cause.NONE, "breakdown cause"
        )
    return "events"
