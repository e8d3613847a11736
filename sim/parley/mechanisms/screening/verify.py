"""How markets are replayed and judged: their rules, and each selection solved again.

A market draws nothing and pays nobody. The certificate of each posting is checked by the reference model, and
its shares are compared with a selection that is solved from the choices alone: see `parley.kit.verify`.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from parley.kit.verify.decoder import Action
from parley.kit.verify.replay import Replay
from parley.kit.verify.rules import Rules
from parley.mechanisms.screening.model import Market, RayMarketModel
from parley.mechanisms.screening.parameters import Column
from parley.mechanisms.screening.selection import select

__all__ = ["RULES", "MarketReplay"]


def _of_presence(name: str, _fields: Sequence[object]) -> str:
    return "lapse" if name == "Lapsed" else "events"


RULES = Rules(
    refusals={
        "AlreadyChosen": "steps of a seat",
        "UnknownChoice": "choice",
        "ZeroDenominator": "certificate",
        "BasisOutOfOrder": "certificate",
        "NotBasic": "prices",
        "ShareOutOfRange": "shares",
        "NotCleared": "clearing",
    },
    of_action={"StaleDigest": {"choose": "parameters digest", "post": "history digest"}},
    fields={
        "Created": ("game id", "creator", "salt", "parameters digest", "parameters"),
        "Chosen": ("game id", "seat", "choice"),
        "Expired": ("game id", "phase", "silent seats"),
        "Posted": ("game id", "poster"),
        "Settled": ("game id", "selection", "selection"),
        "Lapsed": ("game id",),
    },
    presence=_of_presence,
    others=("lapse",),
)
"""What a call that the model refuses breaks, and what a field that is not as it should be says."""


class MarketReplay(Replay[Market]):
    """Replays markets on their reference model."""

    contract = RayMarketModel
    rules = RULES

    def inspect(self, action: Action, game: Market) -> None:
        """Solve the selection that was posted again."""
        if action.name != "post":
            return
        self.checked["selections"] += 1
        due = _solved(tuple(game.columns))
        if game.shares != due:
            found, right = (", ".join(map(str, shares)) for shares in (game.shares, due))
            self.note(game.id, "selection", f"shares {found} instead of {right}", self._call.transaction)


@lru_cache(maxsize=4096)
def _solved(columns: tuple[Column, ...]) -> tuple[Fraction, ...]:
    changes = [tuple(map(Fraction, column.change)) for column in columns]
    return select(changes, [column.cost for column in columns]).shares
