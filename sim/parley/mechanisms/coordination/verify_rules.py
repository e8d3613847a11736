"""The promises that a replay holds the two-stage contract to: which one a refusal, or an event, speaks of."""

from collections.abc import Sequence

from parley.kit.verify.rules import Rules
from parley.mechanisms.coordination.game import Cause

__all__ = ["RULES"]


def _of_presence(name: str, fields: Sequence[object]) -> str:
    if name == "Settled":
        return "settlement"
    if name == "BrokenDown":
        return {Cause.NO_SAVINGS: "no savings", Cause.LAST_ROUND: "last round"}.get(
            Cause(fields[2]) if isinstance(fields[2], int) else Cause.NONE, "breakdown cause"
        )
    return "events"


RULES = Rules(
    refusals={
        "GameExists": "game id",
        "NotTheCreator": "creator",
        "MatrixSizeMismatch": "parameters",
        "CapacityBelowContract": "parameters",
        "NothingContracted": "parameters",
        "TooManyTasks": "parameters",
        "CostTooLarge": "parameters",
        "NotTheSeat": "seat",
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
        "AlreadyRevealed": "reveal",
        "ZeroSecret": "reveal",
        "WrongSecret": "reveal",
        "ProposalLengthMismatch": "proposal sum",
        "ProposalSumMismatch": "proposal sum",
        "ProposalBeyondDeposit": "proposal beyond a deposit",
        "NothingToWithdraw": "one withdrawal per seat",
    },
    of_action={
        ("announce", "NotTheSeat"): "order of announcements",
        ("propose", "NotTheSeat"): "proposer",
        ("respond", "NotTheSeat"): "order of answers",
        ("store", "StaleDigest"): "parameters digest",
        ("join", "StaleDigest"): "parameters digest",
        ("announce", "StaleDigest"): "history digest",
        ("reveal", "StaleDigest"): "history digest",
        ("propose", "StaleDigest"): "history digest",
        ("respond", "StaleDigest"): "proposal digest",
        ("withdraw", "StaleDigest"): "proposal digest",
    },
    fields={
        "Created": ("game id", "creator", "salt", "parameters digest", "parameters"),
        "Stored": ("game id", "parameters", "parameters digest", "parameters", "parameters"),
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
    },
    presence=_of_presence,
    others=("continuation draw", "last round", "no savings", "settlement"),
)
"""What a call that the model refuses breaks, and what a field that is not as it should be says."""
