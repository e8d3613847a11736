"""Calls to make to a contract that holds many games: what a game waits for, and ways of doing it wrongly.

Most follows from the interface and the model: who is to act, and what ids, seats, digests, commitments and
secrets have to be. A mechanism's own moves say the rest. The contract is never asked what to do.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from random import Random
from typing import Any, ClassVar, Generic, TypeVar

from parley.chain.abi import Type, python_name
from parley.core.randomness import Word, commitment, keccak, word
from parley.kit.reference import NOTHING, Game, ReferenceModel, Revert
from parley.kit.verify.decoder import Decoder
from tests.kit.rig.spoiling import Spoiling

OF_A_STRUCT = 9
"""How many times as often a struct is spoiled as anything else: most can be wrong about it."""


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
class Moves(Generic[G]):
    """What the seats know and how they choose.

    A mechanism's moves have a method ``_name(dice, game, seat)`` for each argument of its own, and perhaps
    ``_other_name(dice, game, value)``, which spoils it; where that is not enough, ``_action(dice, game)``.
    """

    acts_in: ClassVar[Mapping[str, str]] = {}
    """Actions by phase, where the names do not say that they belong together."""

    model: ReferenceModel[G]
    accounts: Sequence[str]
    payees: Sequence[str]
    decoder: Decoder
    salt: int = 0
    offered: dict[Word, Any] = field(default_factory=dict)
    """What opens each commitment that was ever offered."""

    @cached_property
    def _spoiling(self) -> Spoiling:
        return Spoiling(self.accounts, lambda dice, value: self._other_word(dice, value, ()))

    # ──────────────────────────────────────── what the seats know ────────────────────────────────────────

    def new_secret(self) -> Word:
        """A secret that nobody has had before."""
        self.salt += 1
        return keccak(word(self.salt))

    def new_commitment(self, dice: Random, game: G, seat: int) -> Word:
        """A commitment to a new secret."""
        del dice  # a mechanism's own may be of many kinds
        secret = self.new_secret()
        sealed = commitment(game.id, seat, secret)
        self.offered[sealed] = secret
        return sealed

    def secret(self, game: G, seat: int) -> Word:
        """What opens the seat's commitment; a wrong secret if that was not its own."""
        found = self.offered.get(game.commitments[seat]) if game.commitments else None
        return word(self.salt + 1) if found is None else found

    def deposit(self, game: G, seat: int) -> int:
        """What the seat pays with its first action, in wei."""
        del seat  # it is the same for all, if a mechanism does not say otherwise
        return game.parameters.bond

    def stake(self, *parameters: Any) -> int:  # noqa: ANN401 - of any types
        """What the creator pays with these parameters, in wei."""
        del parameters  # nothing, if a mechanism does not say otherwise
        return 0

    # ──────────────────────────────────────── what is to be done ────────────────────────────────────────

    @cached_property
    def method_of(self) -> dict[str, str]:
        """Actions by phase: revealing is done by `reveal`."""
        phases = [phase.name for phase in self.model.playing]
        stems = {method: method.removesuffix("e").upper() for method in self.decoder.actions}
        named = {
            phase: method
            for phase in phases
            for method, stem in stems.items()
            if phase in (f"{stem}ING", f"{stem}{stem[-1]}ING")
        }
        return named | dict(self.acts_in)

    def natural(self, dice: Random, game: G, method: str) -> Call:
        """Compose a call with arguments that would do, were it the time for it."""
        own = getattr(self, f"_{method}", None)
        if own is not None:
            return own(dice, game)  # type: ignore[no-any-return]
        if method == "expire":
            return Call(dice.choice(self.accounts), "expire", (game.id,))
        seat = self.pick(dice, game, game.entitled if method == "withdraw" else self.waited_for(game))
        return self.by_seat(dice, game, method, seat)

    def by_seat(self, dice: Random, game: G, method: str, seat: int) -> Call:
        """Compose a seat's call."""
        args = [self._argument(dice, game, seat, kind) for kind in self.decoder.actions[method][1:]]
        value = self.deposit(game, seat) if method in self.decoder.payable else 0
        return Call(game.parameters.agents[seat], method, (game.id, *args), value)

    def _argument(self, dice: Random, game: G, seat: int, kind: Type) -> Any:  # noqa: ANN401 - of any type
        name = named(kind)
        known = {"seat": seat, "digest": game.digest}
        own = getattr(self, f"_{name}", None)
        if own is not None:
            return own(dice, game, seat)
        if name == "secret":
            return self.secret(game, seat)
        if name == "to":
            return dice.choice(self.payees)
        return self.new_commitment(dice, game, seat) if name.endswith("commitment") else known[name]

    def waited_for(self, game: G) -> Collection[int]:
        """Seats that the game waits for: those that would lose their bonds, or have not committed yet."""
        due = game.overdue() if game.phase in self.model.playing else ()
        return due or [seat for seat, one in enumerate(game.commitments) if one == NOTHING]

    def next_call(self, dice: Random, game: G) -> Call | None:
        """Compose the call that the game waits for; None if all is done."""
        if self.done(game):
            return None
        return self.natural(dice, game, self.method_of.get(game.phase.name, "withdraw"))

    def done(self, game: G) -> bool:
        """Whether the game has ended and nobody has anything to take out."""
        return game.phase in self.model.ended and not game.entitled

    @staticmethod
    def pick(dice: Random, game: G, candidates: Collection[int]) -> int:
        """Choose a seat, among all if there is no candidate."""
        return dice.choice(sorted(candidates) or range(len(game.parameters.agents)))

    # ───────────────────────────────────────── doing it wrongly ─────────────────────────────────────────

    def spoiled(self, dice: Random, *parameters: Any) -> tuple[Any, ...]:  # noqa: ANN401 - of any types
        """Return other parameters of a game than these."""
        for _ in range(dice.choice([1, 1, 2])):
            parameters = self._spoiling.several(
                dice, self.decoder.actions[self.decoder.opening][1:], parameters
            )
        return parameters

    def spoil(self, dice: Random, call: Call) -> Call:
        """Change one thing about a call, not always one that matters. A creation is not spoiled here."""
        kinds, args = self.decoder.actions[call.method], list(call.args)
        last = len(args) - 1
        ways: list[int | str] = ["sender", "value", *range(len(args))]
        # What comes last is looked at last.
        ways += [last] * (OF_A_STRUCT if kinds[last].base == "tuple" else 2)
        if named(kinds[1 if last else 0]) == "seat":
            ways += ["another seat"] * 3
        way = dice.choice(ways)
        if way == "sender":
            return replace(call, sender=dice.choice(self.accounts))
        if way == "value":
            return replace(call, value=max(0, call.value + dice.choice([-1, 1, -call.value, 10**12])))
        if way == "another seat":
            agents = self.model.games[args[0]].parameters.agents
            args[1] = dice.randrange(len(agents))
            return replace(call, sender=agents[args[1]], args=tuple(args))
        assert isinstance(way, int)
        args[way] = self._other(dice, kinds[way], call, way)
        return replace(call, args=tuple(args))

    def _other(self, dice: Random, kind: Type, call: Call, k: int) -> Any:  # noqa: ANN401 - of any type
        game, value = self.model.games.get(call.args[0]), call.args[k]
        own = getattr(self, f"_other_{named(kind)}", None)
        if own is not None and game is not None and dice.random() < 0.5:
            return own(dice, game, value)
        if kind.base == "word":
            return (
                NOTHING
                if k and dice.random() < 0.25
                else self._other_word(dice, value, (game,) if k and game else ())
            )
        return self._spoiling.other(dice, kind, value)

    def _other_word(self, dice: Random, value: Word, of: Collection[G]) -> Word:
        """Another hash or secret: of another game, of another time, of another seat, or of nothing."""
        games = self.model.games
        choices = [
            word(1),
            bytes([value[0] ^ 1]) + value[1:],
            *games,
            *(game.digest for game in games.values()),
        ]
        for game in of:
            choices += game.commitments
            choices += [self.secret(game, seat) for seat in range(len(game.commitments))]
        return dice.choice([NOTHING, *(choice for choice in choices if choice != value)])


def named(kind: Type) -> str:
    """Name of an argument, in snake case."""
    return python_name(kind.name).strip("_")
