"""The promises that a replay holds the lottery contract to: which one a refusal, or an event, speaks of."""

from collections.abc import Sequence

from parley.kit.verify.rules import Rules

__all__ = ["RULES"]


def _of_presence(name: str, _fields: Sequence[object]) -> str:
    return "cancellation" if name == "Cancelled" else "events"


RULES = Rules(
    refusals={
        "LotteryExists": "game id",
        "WrongPhase": "phase",
        "DeadlinePassed": "deadline",
        "DeadlineNotPassed": "deadline",
        "SeatOutOfRange": "seat",
        "NotTheSeat": "seat",
        "AlreadyCommitted": "steps of a seat",
        "NotCommitted": "steps of a seat",
        "AlreadyRevealed": "steps of a seat",
        "NotRevealed": "steps of a seat",
        "AlreadyOpened": "steps of a seat",
        "ZeroCommitment": "commitment",
        "UnwantedCommitment": "commitment",
        "WrongDeposit": "deposit",
        "ZeroSecret": "reveal",
        "WrongSecret": "reveal",
        "RankingTooLong": "ranking",
        "UnknownItem": "ranking",
        "ItemRankedTwice": "ranking",
        "NotTheOrganizer": "organizer",
        "DenominatorOutOfRange": "certificate",
        "MatrixLengthMismatch": "certificate",
        "TimesLengthMismatch": "certificate",
        "AssignmentsLengthMismatch": "certificate",
        "TooManyTerms": "certificate",
        "TimeOutOfRange": "eating schedule",
        "EatenMismatch": "eating schedule",
        "ShareMismatch": "eating schedule",
        "ZeroWeight": "weights",
        "WeightsMismatch": "weights",
        "UnwantedItem": "unranked item",
        "CapacityExceeded": "capacity",
        "AverageMismatch": "average",
        "NothingToWithdraw": "one withdrawal per seat",
    },
    of_action={
        ("commit", "StaleDigest"): "parameters digest",
        ("reveal", "StaleDigest"): "history digest",
        ("post", "StaleDigest"): "history digest",
        ("open", "StaleDigest"): "certificate digest",
    },
    fields={
        "Created": ("game id", "creator", "salt", "parameters digest", "parameters"),
        "Committed": ("game id", "seat", "commitment"),
        "Revealed": ("game id", "seat", "reveal", "ranking", "commitment"),
        "Posted": ("game id", "organizer", "certificate", "certificate"),
        "Opened": ("game id", "seat", "reveal"),
        "Expired": ("game id", "phase", "silent seats"),
        "OrderDrawn": ("game id", "order draw"),
        "TermDrawn": ("game id", "term draw", "term"),
        "Assigned": ("game id", "assignment"),
        "Cancelled": ("game id", "phase"),
        "Withdrawn": ("game id", "seat", "payee", "withdrawal amount"),
    },
    presence=_of_presence,
    others=("cancellation", "draw", "forfeit", "lost bond", "matrix", "picks"),
)
"""What a call that the model refuses breaks, and what a field that is not as it should be says."""
