"""The game in Python, for line-ups whose bots draw random numbers.

It follows `parley.mechanisms.coordination.play.Player` and needs no EVM. Random draws come from the hashes of
the chain or from ordinary random numbers.
"""

from collections.abc import Sequence
from hashlib import shake_256
from random import Random
from typing import NamedTuple, Protocol

from parley.core.randomness import commitment, keccak, pack_order, permutation, seed, uniform, word
from parley.mechanisms.coordination.bots import Bot, Reveals
from parley.mechanisms.coordination.position import Position, Row
from parley.mechanisms.coordination.twins.nodes import Node, decider_of
from parley.mechanisms.coordination.twins.tables import BROKEN_DOWN, EXPIRED, SETTLED

__all__ = ["Hashes", "Luck", "Played", "Source", "play_game"]


class Played(NamedTuple):
    """A game of a twin; `ending` is an index into `ENDINGS`."""

    ending: int
    rounds: int
    proposer: int
    position: Position
    costs: Row
    transactions: int
    transcript: bytes


class Source(Protocol):
    """The random source of a game."""

    dice: Random
    """The random numbers of bots."""

    def commit(self, seat: int) -> bytes:
        """What a seat commits to on joining."""

    def silent(self, bots: Sequence[Bot], position: Position, round_number: int) -> set[int]:
        """Return the seats that do not reveal in a round; its draws are determined already."""

    def proposer(self, position: Position, round_number: int) -> int | None:
        """Return the proposer; None if the bargaining ends."""

    def order(self, round_number: int, proposer: int) -> list[int]:
        """Return the other seats in the order of answers."""

    def note(self, *words: bytes) -> None:
        """Add words that the chain hashed to the transcript."""

    def transcript(self) -> bytes:
        """Hash of all that was noted."""


class Hashes:
    """The secrets of a game, and the draws from them.

    Parameters
    ----------
    prefix : bytes
        The words that a game's id hashes, before the salt.
    run, number, agents : int
        Seed of the run, number of the game, number of seats.
    noting : bool
        Whether to keep a transcript.
    """

    def __init__(self, prefix: bytes, run: int, number: int, agents: int, *, noting: bool) -> None:
        self.run, self.number, self.agents = run, number, agents
        self.noting = noting
        self.words: list[bytes] = []
        material = self._derived(1)
        self.secrets, salt = material[:agents], material[agents]
        self.fresh: list[bytes] = []
        self.game = keccak(prefix + salt)
        self.dice = Random(salt)
        self.note(self.game)

    def _derived(self, round_number: int) -> list[bytes]:
        size = 32 * (self.agents + 1)
        material = shake_256(b"parley:%d:%d:%d" % (self.run, self.number, round_number)).digest(size)
        return [material[at : at + 32] for at in range(0, size, 32)]

    def commit(self, seat: int) -> bytes:
        """What a seat commits to on joining."""
        return commitment(self.game, seat, self.secrets[seat]) if self.noting else b""

    def silent(self, bots: Sequence[Bot], position: Position, round_number: int) -> set[int]:
        """Return the silent seats; each seat sees earlier reveals."""
        if round_number > 1:
            self.secrets = self.fresh
        self.fresh = self._derived(round_number + 1)[: self.agents]
        watched = any(bot.reveals_last for bot in bots)
        seen: dict[int, bytes] = {}
        for seat in sorted(range(self.agents), key=lambda i: bots[i].reveals_last):
            bot, secret = bots[seat], self.secrets[seat]
            if not bot.acts("revealing") or (
                watched and not bot.reveals(position, Reveals(self.game, round_number, seen), secret)
            ):
                continue
            seen[seat] = secret
            if self.noting:
                self.note(commitment(self.game, seat, self.fresh[seat]))
        return set(range(self.agents)) - set(seen)

    def proposer(self, position: Position, round_number: int) -> int | None:
        """As the contract draws."""
        delta = position.problem.continuation
        if round_number > 1:
            continuation = seed(b"continuation", self.game, round_number, self.secrets)
            if uniform(continuation, 0, delta.denominator) >= delta.numerator:
                return None
        drawn = seed(b"proposer", self.game, round_number, self.secrets)
        for agent, (numerator, denominator) in enumerate(position.fractions[:-1]):
            if denominator and uniform(drawn, agent, denominator) < numerator:
                return agent
        return self.agents - 1

    def order(self, round_number: int, proposer: int) -> list[int]:
        """As the contract draws."""
        others = [seat for seat in range(self.agents) if seat != proposer]
        order = permutation(seed(b"order", self.game, round_number, self.secrets), others)
        self.note(word(proposer), *map(word, pack_order(order)))
        return order

    def note(self, *words: bytes) -> None:
        """Add words to the transcript."""
        self.words.extend(words)

    def transcript(self) -> bytes:
        """Hash of all that was noted."""
        return keccak(b"".join(self.words))


class Luck:
    """Ordinary random numbers with exactly the probabilities of the chain's draws."""

    def __init__(self, run: int, number: int, agents: int) -> None:
        self.dice = Random(b"parley:statistical:%d:%d" % (run, number))
        self.agents = agents
        self._drawn: int | None = None

    def commit(self, seat: int) -> bytes:  # noqa: ARG002 - nothing is hashed
        """Nothing."""
        return b""

    def silent(self, bots: Sequence[Bot], position: Position, round_number: int) -> set[int]:
        """Who sleeps; else, the draw settled, the last withholder if it is not recognized."""
        silent = {seat for seat, bot in enumerate(bots) if not bot.acts("revealing")}
        if silent:
            return silent
        self._drawn = self._draw(position, round_number)
        decider = decider_of(bots)
        return {decider} if decider >= 0 and self._drawn != decider else set()

    def _draw(self, position: Position, round_number: int) -> int | None:
        delta = position.problem.continuation
        if round_number > 1 and self.dice.randrange(delta.denominator) >= delta.numerator:
            return None
        for agent, (numerator, denominator) in enumerate(position.fractions[:-1]):
            if denominator and self.dice.randrange(denominator) < numerator:
                return agent
        return self.agents - 1

    def proposer(self, position: Position, round_number: int) -> int | None:  # noqa: ARG002 - drawn before
        """Return the proposer drawn before the reveals."""
        return self._drawn

    def order(self, round_number: int, proposer: int) -> list[int]:  # noqa: ARG002 - one stream for all
        """A shuffle."""
        others = [seat for seat in range(self.agents) if seat != proposer]
        self.dice.shuffle(others)
        return others

    def note(self, *words: bytes) -> None:
        """Nothing."""

    def transcript(self) -> bytes:
        """Nothing."""
        return bytes(32)


class _Ended(Exception):  # noqa: N818 - not an error
    """The game has ended; carries the ending and the seats that lost their bonds."""

    def __init__(self, ending: int, silent: set[int] | None = None) -> None:
        super().__init__(ending)
        self.ending = ending
        self.silent = silent or set()


class _Game:
    """A running game."""

    def __init__(self, bots: Sequence[Bot], root: Node, source: Source) -> None:
        self.problem = root.position.problem
        self.bots = bots
        self.node = root
        self.source = source
        self.rounds = 0
        self.first_proposer = -1
        self.transactions = 1
        self.shares: Row = ()

    def play(self, digest: bytes) -> Played:
        """Play from joining to the last withdrawal; `digest` is that of the parameters."""
        joined = [seat for seat, bot in enumerate(self.bots) if bot.acts("joining")]
        self.transactions += len(joined)
        ending, silent = SETTLED, set[int]()
        try:
            self._announce(joined, digest)
            self._bargain()
        except _Ended as end:
            ending, silent = end.ending, end.silent
        self.transactions += len(joined) + (ending == EXPIRED)
        costs = self.shares
        if ending != SETTLED:
            problem = self.problem
            alone = (problem.cost_wei(i, int(d.sum())) for i, d in enumerate(problem.contracted))
            costs = tuple(cost + problem.bond_wei * (i in silent) for i, cost in enumerate(alone))
        return Played(
            ending,
            self.rounds,
            self.first_proposer,
            self.node.position,
            costs,
            self.transactions,
            self.source.transcript(),
        )

    def _announce(self, joined: Sequence[int], digest: bytes) -> None:
        source, bots = self.source, self.bots
        source.note(*map(source.commit, joined))
        try:
            if len(joined) < len(bots):
                raise _Ended(EXPIRED)
            for seat, bot in enumerate(bots):
                if not bot.acts("announcing"):
                    raise _Ended(EXPIRED, {seat})
                row = bot.announce(self.node.position, source.dice)
                self.node = self.node.after(row)
                digest = keccak(digest + b"".join(map(word, row)))
                self.transactions += 1
        finally:
            source.note(digest)
        if self.node.bargaining.savings <= 0:
            raise _Ended(BROKEN_DOWN)

    def _bargain(self) -> None:
        n, source, position = len(self.bots), self.source, self.node.position
        for round_number in range(1, self.problem.max_rounds + 1):
            silent = source.silent(self.bots, position, round_number)
            self.transactions += n - len(silent)
            if silent:
                raise _Ended(EXPIRED, silent)
            proposer = source.proposer(position, round_number)
            if proposer is None:
                raise _Ended(BROKEN_DOWN)
            self.rounds += 1
            if round_number == 1:
                self.first_proposer = proposer
            order = source.order(round_number, proposer)
            if self._agreed(proposer, order, last_round=round_number == self.problem.max_rounds):
                return
        raise _Ended(BROKEN_DOWN)

    def _agreed(self, proposer: int, order: Sequence[int], *, last_round: bool) -> bool:
        """Play a proposal and its answers; return whether all accept."""
        bots, bargaining, source = self.bots, self.node.bargaining, self.source
        if not bots[proposer].acts("proposing"):
            raise _Ended(EXPIRED, {proposer})
        self.shares = shares = bots[proposer].propose(bargaining, last_round=last_round)
        source.note(self.node.digest(shares))
        self.transactions += 1
        answered = 0
        accepted = True
        try:
            for seat in order:
                if not bots[seat].acts("responding"):
                    raise _Ended(EXPIRED, {seat})
                accepted = bots[seat].accepts(bargaining, shares[seat], source.dice, last_round=last_round)
                answered += 1
                if not accepted:
                    break
        finally:
            self.transactions += answered
            source.note(word(2 * answered + accepted))
        return accepted


def play_game(bots: Sequence[Bot], root: Node, source: Source, digest: bytes) -> Played:
    """Play one game.

    Parameters
    ----------
    bots : sequence of Bot
        One per seat.
    root : Node
        Position before the first announcement. Games should share it, because it caches bots' decisions.
    digest : bytes
        Digest of the game's parameters.

    Raises
    ------
    UnexpectedRevertError
        If the contract would reject a bot's announcement or proposal.
    """
    return _Game(bots, root, source).play(digest)
