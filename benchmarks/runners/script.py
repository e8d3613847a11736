"""The game that every peer plays: who does what when, and what Parley's bots decide; nothing of any runner.

A game is a generator. It yields the calls that may stand together in one block, and is sent what they
emitted, in the same order. How a call is coded, executed and decoded is the runner's business. What the bots
have worked out for a position is kept from game to game, as in Parley, and so are the hashes of what they
announce and propose.
"""

import dataclasses
from collections.abc import Generator, Mapping, Sequence
from functools import cached_property
from hashlib import shake_256
from random import Random
from typing import Any, NamedTuple, TypeAlias

from parley.chain import accounts
from parley.chain.compiler import Artifact, compile_contracts
from parley.core.randomness import address_word, commitment, keccak, word
from parley.mechanisms.coordination.bots import make_bots, plan, proposer_of
from parley.mechanisms.coordination.contracts import CONTRACTS
from parley.mechanisms.coordination.parameters import Parameters, next_digest
from parley.mechanisms.coordination.play import parameters_of
from parley.mechanisms.coordination.position import Position, Row
from parley.mechanisms.coordination.problem import example_1
from parley.mechanisms.coordination.recognition import fractions

SEED = 1
CREATOR = -1
"""The seat of the account that deploys the contracts and opens the games."""

CALLS = 26
"""Transactions of one game: opened, joined, announced, revealed, proposed, answered, withdrawn."""

BLOCKS = 14
"""Blocks of one game: it is opened; all join; five announce; all reveal; one proposes; four answer; all
withdraw."""


class Call(NamedTuple):
    """A transaction before it is coded: whose, which function, with what arguments and how much wei."""

    seat: int
    function: str
    arguments: tuple[Any, ...]
    value: int = 0


Events: TypeAlias = Mapping[str, Sequence[Any]]
"""What one call emitted: by event name, all arguments but indexed ones, in order, decoded."""

Script: TypeAlias = Generator[list[Call], list[Events], "Played"]


class Played(NamedTuple):
    """How a game went: who proposed, and what it cost each agent, in wei."""

    proposer: int
    costs: Row


class Table:
    """What the players of the paper's example know before the first game.

    Parameters
    ----------
    chain_id : int
        Of the chain that the games are played on.
    mechanism : str
        Address of the contract there.
    recognition : str
        Address of the recognition function there.
    hexadecimal : bool
        Whether the runner takes words of 32 bytes as text.
    """

    problem = example_1()

    def __init__(self, chain_id: int, mechanism: str, recognition: str, *, hexadecimal: bool = False) -> None:
        self.agents = self.problem.agents
        self.seats = accounts.agents()[: self.agents]
        self.chain_id, self.mechanism, self.hexadecimal = chain_id, mechanism, hexadecimal
        code = keccak(artifacts()["PStarRecognition"].deployed_bytecode)
        parameters = parameters_of(self.problem, self.seats, recognition, code)
        self.parameters = tuple(self.given(f) if f == code else f for f in as_tuple(parameters))
        self.digest = parameters.digest()
        self.deposits = tuple(parameters.deposit(i) for i in range(self.agents))
        self.bots = make_bots(["equilibrium"], self.agents)
        self.random = Random(SEED)
        self.root = Position(self.problem)
        self.histories: dict[tuple[Position, Row], bytes] = {}
        self._id_prefix = word(chain_id) + address_word(mechanism) + address_word(accounts.deployer())

    def secrets(self, number: int, round_number: int) -> list[bytes]:
        """The seats' secrets for a round of a game, then, for round 1, its salt: the same as Parley's."""
        material = shake_256(b"parley:%d:%d:%d" % (SEED, number, round_number)).digest(32 * self.agents + 32)
        return [material[at : at + 32] for at in range(0, len(material), 32)]

    def game_id(self, salt: bytes) -> bytes:
        """The id that the contract gives to a game."""
        return keccak(self._id_prefix + salt)

    def given(self, digest: bytes) -> Any:  # noqa: ANN401 - text or bytes
        """A word as the runner takes it."""
        return "0x" + digest.hex() if self.hexadecimal else digest

    def expected(self, number: int) -> Played:
        """What theory says of a game on this chain: who is drawn, and what each then bears in equilibrium."""
        secrets = self.secrets(number, 1)
        proposer = proposer_of(self.equilibrium, self.game_id(secrets[-1]), 1, secrets[:-1])
        if proposer is None:
            raise RuntimeError("a first round is not drawn for")
        return Played(proposer, self.equilibrium.bargaining.proposal(proposer))

    @cached_property
    def equilibrium(self) -> Position:
        """Where the announcements of equilibrium lead."""
        rows = plan(self.root)
        position = self.root
        for row, fraction in zip(rows, fractions(self.problem.recognition, self.problem, rows), strict=True):
            position = position.after(row, fraction)
        return position


def as_tuple(parameters: Parameters) -> tuple[Any, ...]:
    """The parameters as the struct's fields in order, the way every ABI layer takes them."""
    costs = [tuple(_plain(value) for value in dataclasses.astuple(cost)) for cost in parameters.costs]
    fields = {field.name: _plain(getattr(parameters, field.name)) for field in dataclasses.fields(parameters)}
    return tuple((fields | {"costs": costs}).values())


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever the struct holds
    if isinstance(value, tuple):
        return list(value)
    return int(value) if isinstance(value, int) else value


def game(table: Table, number: int) -> Script:
    """Play one game in equilibrium.

    Raises
    ------
    RuntimeError
        If it does not settle in its first round.
    """
    bots, given, agents = table.bots, table.given, range(table.agents)
    secrets = table.secrets(number, 1)
    salt = secrets[-1]
    digest = table.game_id(salt)
    sealed = [commitment(digest, i, secrets[i]) for i in agents]
    fresh = table.secrets(number, 2)
    resealed = [commitment(digest, i, fresh[i]) for i in agents]
    key = given(digest)
    yield [Call(CREATOR, "create", (given(salt), table.parameters))]

    known = given(table.digest)
    yield [Call(i, "join", (key, i, known, given(sealed[i])), table.deposits[i]) for i in agents]

    position, history = table.root, table.digest
    for i in agents:
        row = bots[i].announce(position, table.random)
        [events] = yield [Call(i, "announce", (key, given(history), list(row)))]
        _, _, numerator, denominator = events["Announced"]
        step = (position, row)
        if step not in table.histories:
            table.histories[step] = keccak(history + b"".join(map(word, row)))
        history = table.histories[step]
        position = position.after(row, (numerator, denominator))
    bargaining = position.bargaining

    history = keccak(history + b"".join(sealed))
    revealed = yield [
        Call(i, "reveal", (key, i, given(history), given(secrets[i]), given(resealed[i]))) for i in agents
    ]
    # A block may have them in any order: whoever came last has the draw.
    [drawn] = [events["ProposerDrawn"] for events in revealed if "ProposerDrawn" in events]
    proposer, packed = drawn[1], drawn[2][0]

    shares = bots[proposer].propose(bargaining, last_round=False)
    [events] = yield [Call(proposer, "propose", (key, given(history), list(shares)))]
    proposed = events["Proposed"][2]
    offer = given(next_digest(history, shares))

    for turn in range(table.agents - 1):
        seat = packed >> 8 * turn & 0xFF
        accepted = bots[seat].accepts(bargaining, proposed[seat], table.random, last_round=False)
        [events] = yield [Call(seat, "respond", (key, offer, accepted))]
    if "Settled" not in events:
        raise RuntimeError(f"game {number} does not settle: {events}")

    answered = given(history)
    paid = yield [Call(i, "withdraw", (key, i, table.seats[i], answered, list(proposed))) for i in agents]
    moved = {seat: amount for seat, _, amount in (events["Withdrawn"] for events in paid)}
    costs = [bargaining.announced_costs[i] + table.deposits[i] - moved[i] for i in agents]
    return Played(proposer, tuple(costs))


def artifacts() -> dict[str, Artifact]:
    """The contracts to deploy, in the order that decides their addresses."""
    compiled = compile_contracts()
    return {name: compiled[name] for name in CONTRACTS}
