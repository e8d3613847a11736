"""What is tried with a contract beyond the usual play: what it refuses, or takes at the last moment.

A stage is a function and a way, as in ``reveal twice``: once in each game, the first call of that function is
made, or preceded, that way. A sound contract refuses what it must, and the game goes on.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

from parley.chain.abi import python_name
from parley.chain.evm import Logs
from parley.core.randomness import word
from parley.kit.play.player import Player
from parley.kit.verify.decoder import Decoder

PlayerT = TypeVar("PlayerT", bound=Player[Any])

STRANGER = -1
"""Which of the machine's accounts is nobody's seat."""


def trying(player: PlayerT) -> PlayerT:
    """Let a player send what it would only ask: a crooked contract may take it."""

    def send(sender: str, data: bytes, _error: str, _taken: str, value: int = 0) -> None:
        player.evm.transact(sender, player.contract_of(data), data, value)

    setattr(player, "must_refuse", send)  # noqa: B010 - mypy wants no method assigned
    return player


class Staged:
    """A stage, put before a player: what that sends goes through it.

    Parameters
    ----------
    player : Player
    window : int
        Seconds that an action may take.
    stage : str
        See above; empty for none.
    decoder : Decoder
    ways : mapping of str to Way
        Further ways.
    """

    def __init__(
        self, player: Player[Any], window: int, stage: str, decoder: Decoder, ways: Mapping[str, "Way"]
    ) -> None:
        self.evm, self.seats, self.codec = player.evm, player.seats, player.codec
        self.contract_of = player.contract_of
        self.window, self.decoder = window, decoder
        self._really = player.send
        self._name, _, way = stage.partition(" ")
        self._way = {**WAYS, **ways}.get(way)
        self._again = way == "slowly"
        self._done = False
        setattr(player, "send", self._send)  # noqa: B010 - mypy wants no method assigned

    def begin(self) -> None:
        """Let a new game begin."""
        self._done = False

    def _send(self, sender: str, data: bytes, value: int = 0) -> Logs:
        """Send a transaction, the staged one in its way."""
        due = self._name and data[:4] == self.codec.selectors[self._name]
        if self._way is None or self._done or not due:
            return self.really_send(sender, data, value)
        self._done = not self._again
        return self._way(self, sender, data, value)

    def really_send(self, sender: str, data: bytes, value: int = 0) -> Logs:
        """Send a transaction as it is."""
        return self._really(sender, data, value)

    def attempt(self, sender: str, data: bytes, value: int = 0) -> bool:
        """Send something that should be refused; whether it was not."""
        return self.evm.transact(sender, self.contract_of(data), data, value).ok

    def place(self, what: str, data: bytes) -> int:
        """Where a word is in a call.

        An argument by the end of its name, a creation's by the end of a parameter's; of the one array in a
        call its ``length`` or its ``first`` entry.
        """
        name = next(name for name, selector in self.codec.selectors.items() if data[:4] == selector)
        kinds = self.decoder.actions[name]
        if what in ("length", "first"):
            return 4 + 32 * (len(kinds) + (what == "first"))
        fields = kinds[-1].inner if kinds[-1].base == "tuple" else ()
        named = [python_name(one.name).split("_")[-1] for one in (*kinds, *fields)]
        return 4 + 32 * max(k for k, one in enumerate(named) if one == what)


Way: TypeAlias = Callable[[Any, str, bytes, int], Logs]


def _waiting(seconds: int) -> Way:
    """Wait until so many seconds after the deadline; nothing else has taken time in this game."""

    def way(player: Staged, sender: str, data: bytes, value: int) -> Logs:
        player.evm.warp(player.evm.timestamp + player.window + seconds)
        return player.really_send(sender, data, value)

    return way


def _slowly(player: Staged, sender: str, data: bytes, value: int) -> Logs:
    player.evm.warp(player.evm.timestamp + player.window * 2 // 3)
    return player.really_send(sender, data, value)


def _after_an_early_expiry(player: Staged, sender: str, data: bytes, value: int) -> Logs:
    player.evm.warp(player.evm.timestamp + player.window)
    player.attempt(sender, player.codec.selectors["expire"] + data[4:36])
    return player.really_send(sender, data, value)


def _twice(player: Staged, sender: str, data: bytes, value: int) -> Logs:
    logs = player.really_send(sender, data, value)
    player.attempt(sender, data, value)
    return logs


def _by_a_stranger(player: Staged, sender: str, data: bytes, value: int) -> Logs:
    player.attempt(player.evm.accounts[STRANGER], data, value)
    return player.really_send(sender, data, value)


def _by_all_others(player: Staged, sender: str, data: bytes, value: int) -> Logs:
    for other in player.seats:
        if other != sender and player.attempt(other, data, value):
            break
    return player.really_send(sender, data, value)


def _paying(wei: int) -> Way:
    def way(player: Staged, sender: str, data: bytes, value: int) -> Logs:
        player.attempt(sender, data, value + wei)
        return player.really_send(sender, data, value)

    return way


def with_other(what: str, change: Callable[[int], int]) -> Way:
    """Try the call with another word first."""

    def way(player: Staged, sender: str, data: bytes, value: int) -> Logs:
        at = player.place(what, data)
        changed = word(change(int.from_bytes(data[at : at + 32])) % 2**256)
        player.attempt(sender, data[:at] + changed + data[at + 32 :], value)
        return player.really_send(sender, data, value)

    return way


def _nothing(_old: int) -> int:
    return 0


def _other(old: int) -> int:
    return old ^ 1


def _longer(player: Staged, sender: str, data: bytes, value: int) -> Logs:
    at = player.place("length", data)
    length = int.from_bytes(data[at : at + 32])
    player.attempt(sender, data[:at] + word(length + 1) + data[at + 32 :] + word(0), value)
    return player.really_send(sender, data, value)


def _of_a_whole_deposit(wei: int) -> Way:
    """Let the first seat pay the second what the contract takes at most, and so many wei more."""

    def way(player: Staged, sender: str, data: bytes, value: int) -> Logs:
        at = player.place("first", data)
        share, other = (int.from_bytes(data[k : k + 32], signed=True) for k in (at, at + 32))

        def paying(payment: int) -> bytes:
            return data[:at] + word(share + payment) + word(other - payment) + data[at + 64 :]

        least, most = 0, 2**90
        while least < most:
            middle = (least + most + 1) // 2
            taken = player.evm.call(sender, player.contract_of(data), paying(middle), value).ok
            least, most = (middle, most) if taken else (least, middle - 1)
        player.attempt(sender, paying(least + wei), value)
        return player.really_send(sender, data, value)

    return way


WAYS: dict[str, Way] = {
    "late": _waiting(1),
    "punctually": _waiting(0),
    "slowly": _slowly,
    "after an early expiry": _after_an_early_expiry,
    "twice": _twice,
    "by a stranger": _by_a_stranger,
    "by all others": _by_all_others,
    "a wei less": _paying(-1),
    "a wei more": _paying(1),
    "with another digest": with_other("digest", _other),
    "another secret": with_other("secret", _other),
    "with commitment 0": with_other("commitment", _nothing),
    "with another commitment": with_other("commitment", _other),
    "too high": with_other("first", lambda old: old + 10),
    "too low": with_other("first", _nothing),
    "less": with_other("first", lambda old: old - 1),
    "longer": _longer,
    "a whole deposit": _of_a_whole_deposit(1),
    "beyond a deposit": _of_a_whole_deposit(0),
    "without bond": with_other("bond", _nothing),
    "with a short window": with_other("window", lambda _: 59),
    "without rounds": with_other("rounds", _nothing),
}
