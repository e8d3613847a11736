"""Crooked variants of what all games of seats share: the same for every mechanism that is built on it."""

from collections.abc import Mapping, Sequence

from tests.kit.rig.crooked import OWNER, Change, Variant

GAMES = "contracts/game/Games.sol"
PAGES = "contracts/game/Pages.sol"
BONDS = "contracts/game/Bonds.sol"
SECRETS = "contracts/game/Secrets.sol"
DRAWS = "contracts/randomness/Draws.sol"
COMMIT_REVEAL = "contracts/randomness/CommitReveal.sol"

FILES = (GAMES, PAGES, BONDS, SECRETS, DRAWS, COMMIT_REVEAL)

_LATE = "«block.timestamp > status.deadline()») revert"
_EARLY = "«block.timestamp <= status.deadline()») revert"


def common(
    first: str, timed: str, silent: Sequence[str], order: str, seats: Mapping[str, tuple[str, str]]
) -> dict[str, Variant]:
    """The variants that do not depend on what a game is about.

    Parameters
    ----------
    first : str
        The action that pays and commits.
    timed : str
        The first action after it.
    silent : sequence of str
        Bots of which one loses its bond.
    order : str
        The rule of the order that is drawn; empty if none is.
    seats : mapping of str to (str, str)
        Actions of a seat, with the rule that a stranger breaks who makes them, and their setting.
    """

    def crooked(
        rule: str,
        old: str,
        new: str,
        file: str = GAMES,
        *,
        stage: str = "",
        bots: Sequence[str] = (),
        setting: str = "",
    ) -> Variant:
        return Variant(rule, (Change(old, new, file),), tuple(bots), stage, setting)

    return {
        "every withdrawal is paid to the owner": crooked(
            "payee", "Address.sendValue(«to», amount)", OWNER, BONDS
        ),
        "a withdrawal is a wei short of what it announces": crooked(
            "payment", "Address.sendValue(to, «amount»)", "amount - 1", BONDS
        ),
        "a withdrawal announces a wei too much": crooked(
            "withdrawal amount", "emit Withdrawn(id, seat, to, «amount»)", "amount + 1", BONDS
        ),
        "a withdrawal announces another payee": crooked(
            "payee", "emit Withdrawn(id, seat, «to», amount)", OWNER, BONDS
        ),
        "a deposit may be a wei short": crooked(
            "deposit",
            "«msg.value != required»",
            "msg.value + 1 < required",
            BONDS,
            stage=f"{first} a wei less",
        ),
        "a deposit has to be a wei more": crooked(
            "refusal", "«msg.value != required»", "msg.value != required + 1", BONDS
        ),
        **({"the order is not uniform": crooked(order, "«k-- > 1»", "k-- > 2", DRAWS)} if order else {}),
        "a game may have a short window": crooked(
            "creation",
            "«window_ < MIN_WINDOW» ||",
            "window_ + 1 < MIN_WINDOW",
            PAGES,
            stage="create with a short window",
        ),
        "a commitment opens with any secret": crooked(
            "reveal",
            "«CommitReveal.commitment(id, seat, committed) != current»",
            "current == 0",
            SECRETS,
            stage="reveal another secret",
        ),
        "a commitment is not bound to its game": crooked(
            "refusal",
            "return «keccak256(abi.encode(id, seat, secret))»",
            "keccak256(abi.encode(seat, secret))",
            COMMIT_REVEAL,
        ),
        "a game's id does not depend on its creator": crooked(
            "game id",
            "abi.encode(block.chainid, address(this), «creator», salt)",
            "address(0)",
            COMMIT_REVEAL,
        ),
        "an action may be a second late": crooked(
            "deadline", _LATE, "block.timestamp > status.deadline() + 1", stage=f"{timed} late"
        ),
        "an action at the deadline is late": crooked(
            "refusal", _LATE, "block.timestamp >= status.deadline()", stage=f"{timed} punctually"
        ),
        "a phase may be ended at its deadline": crooked(
            "deadline", _EARLY, "block.timestamp < status.deadline()", stage=f"{timed} after an early expiry"
        ),
        "a phase can be ended a second late only": crooked(
            "refusal", _EARLY, "block.timestamp <= status.deadline() + 1", bots=silent
        ),
        "a window is a second too long": crooked(
            "deadline", "_after(«head.window()»)", "head.window() + 1", stage=f"{timed} late"
        ),
        "a window is a second too short": crooked(
            "refusal", "_after(«head.window()»)", "head.window() - 1", stage=f"{timed} punctually"
        ),
        **{
            f"a stranger may {action} for a seat": crooked(
                rule,
                "«address(uint160(word >> 96)) != msg.sender») revert",
                "msg.sender == address(0)",
                stage=f"{action} by a stranger",
                setting=setting,
            )
            for action, (rule, setting) in seats.items()
        },
    }
