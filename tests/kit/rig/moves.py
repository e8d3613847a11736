"""Calls to make to a contract that holds many games: what a game waits for, and ways of doing it wrongly.

What the actions of a mechanism look like, its own moves say. Everything is drawn with the help of the model
alone: the contract is never asked what to do.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, ClassVar, Generic, TypeVar

from parley.core.randomness import Word, keccak, word
from parley.kit.reference import Game, ReferenceModel, Revert

HUGE = 2**256 - 1

ANOTHER_SEAT = ("another seat",) * 3


G = TypeVar("G", bound=Game)


@dataclass(frozen=True)
class Call:
    """One transaction to the contract: arguments in the contract's order."""

    sender: str
    method: str
    args: tuple[Any, ...]
    value: int = 0


def call_model(model: ReferenceModel[Any], call: Call) -> Any:  # noqa: ANN401 - an id, or nothing
    """Make the call on the model. Money sent to what takes none reverts without a reason."""
    act = getattr(model, call.method)
    paid = (call.value,) if "value" in act.__func__.__code__.co_varnames else ()
    if call.value and not paid:
        raise Revert("")
    return act(call.sender, *paid, *call.args)


@dataclass
class Moves(ABC, Generic[G]):
    """What the seats know and how they choose.

    A mechanism's moves have a method ``_name(dice, game)`` for each of its actions but the creation.
    """

    method_of: ClassVar[Mapping[Any, str]]
    """What is done in which phase that has not ended."""
    further_ways: ClassVar[Mapping[str, Sequence[str]]]
    """Ways of getting a call wrong, by its method, that are tried more often than the others."""

    model: ReferenceModel[G]
    accounts: Sequence[str]
    payees: Sequence[str]
    salt: int = 0

    def new_secret(self) -> Word:
        """A secret that nobody has had before."""
        self.salt += 1
        return keccak(word(self.salt))

    def note(self, call: Call) -> None:
        """Take notice of a call that went through."""

    # ──────────────────────────────────────── what is to be done ────────────────────────────────────────

    def natural(self, dice: Random, game: G, method: str) -> Call:
        """Compose a call with arguments that would do, were it the time for it."""
        return getattr(self, f"_{method}")(dice, game)  # type: ignore[no-any-return]

    def next_call(self, dice: Random, game: G) -> Call | None:
        """Compose the call that the game waits for; None if all is done."""
        return (
            None if self.done(game) else self.natural(dice, game, self.method_of.get(game.phase, "withdraw"))
        )

    def done(self, game: G) -> bool:
        """Whether the game has ended and nobody has anything to take out."""
        return game.phase in self.model.ended and not game.entitled

    def _withdraw(self, dice: Random, game: G) -> Call:
        seat = self._seat(dice, game, game.entitled)
        return Call(game.parameters.agents[seat], "withdraw", (game.id, seat, dice.choice(self.payees)))

    def _expire(self, dice: Random, game: G) -> Call:
        return Call(dice.choice(self.accounts), "expire", (game.id,))

    @staticmethod
    def _seat(dice: Random, game: G, candidates: Iterable[int]) -> int:
        return dice.choice(sorted(candidates) or range(len(game.parameters.agents)))

    # ───────────────────────────────────────── doing it wrongly ─────────────────────────────────────────

    def spoil(self, dice: Random, call: Call) -> Call:
        """Change one thing about a call, not always one that matters. A creation is not spoiled here."""
        args = list(call.args)
        ways = ["sender", "value", *(f"argument {k}" for k in range(len(args)))]
        way = dice.choice([*ways, *self.further_ways.get(call.method, ())])
        if way == "sender":
            return replace(call, sender=dice.choice(self.accounts))
        if way == "value":
            return replace(call, value=max(0, call.value + dice.choice([-1, 1, -call.value, 10**12])))
        if way == "another seat":
            agents = self.model.games[args[0]].parameters.agents
            args[1] = dice.randrange(len(agents))
            return replace(call, sender=agents[args[1]], args=tuple(args))
        k = int(way.split()[1])
        args[k] = self._other(dice, args[k], call, k)
        return replace(call, args=tuple(args))

    def _other(self, dice: Random, value: Any, call: Call, k: int) -> Any:  # noqa: ANN401 - of any argument
        if isinstance(value, bool):
            return not value
        if isinstance(value, int):
            return dice.choice([max(0, value - 1), value + 1, 0, 64, 255, HUGE])
        if isinstance(value, str):
            return dice.choice(self.accounts)
        return self._other_data(dice, value, call, k)

    @abstractmethod
    def _other_data(self, dice: Random, value: Any, call: Call, k: int) -> Any:  # noqa: ANN401 - of any type
        """Another hash, secret or list in place of argument k."""
