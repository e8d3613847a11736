"""What a runner is here, and the loop of those that send one transaction at a time."""

from abc import ABC, abstractmethod
from typing import Protocol

from benchmarks.runners.script import Call, Events, Played, Table, game


class Runner(Protocol):
    """Something that plays whole games."""

    def prepare(self) -> None:
        """Set up a chain with the contracts and nothing else; not timed."""

    def play(self, games: int) -> list[Played]:
        """Play games 0, 1, …; timed."""

    def check(self, played: list[Played]) -> None:
        """Hold the games against theory; not timed.

        Raises
        ------
        AssertionError
            If a game went otherwise than it must have on this chain.
        """

    def close(self) -> None:
        """Stop whatever was started."""


class Peer(ABC):
    """A runner that executes calls one by one; `table` and `send` are what differs."""

    table: Table

    @abstractmethod
    def prepare(self) -> None:
        """See `Runner.prepare`."""

    @abstractmethod
    def send(self, call: Call) -> Events:
        """Code a call, execute it, and decode what it emits."""

    def play(self, games: int) -> list[Played]:
        """See `Runner.play`."""
        return [self._game(number) for number in range(games)]

    def _game(self, number: int) -> Played:
        script = game(self.table, number)
        send = self.send
        block = next(script)
        try:
            while True:
                block = script.send([send(call) for call in block])
        except StopIteration as end:
            result: Played = end.value
            return result

    def check(self, played: list[Played]) -> None:
        """See `Runner.check`."""
        check(self.table, played)

    def close(self) -> None:  # noqa: B027 - most start nothing that must be stopped
        """See `Runner.close`."""


def check(table: Table, played: list[Played]) -> None:
    """Hold games against theory.

    Raises
    ------
    AssertionError
        If one has another proposer, or other costs, than it must have on its chain.
    """
    for number, result in enumerate(played):
        expected = table.expected(number)
        if result != expected:
            raise AssertionError(f"game {number} went {result}, but theory says {expected}")
