"""Games on a real EVM: the one file that drives the two-stage contract.

A :class:`Player` plays game after game on one EVM, each through its own bots' decisions: it puts together
their calls, reads what the contract emits, and keeps accounts from the money that actually moved. It knows
the contract's calls and events; how they are sent is the driver's business.

Calldata is put together by encoders made once: of a game's 26 transactions, few bytes differ from the last
game's.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from random import Random
from typing import NamedTuple, Self

from parley.chain.codec import Event, compiled_codec
from parley.chain.compiler import compile_contracts
from parley.chain.deploy import deployed_addresses
from parley.chain.evm import Evm, Logs
from parley.core.errors import ParleyError
from parley.core.randomness import Word, commitment, keccak, unpack_order
from parley.kit.bots import Bots
from parley.kit.play import player as kit
from parley.kit.reference import NOTHING
from parley.mechanisms.coordination.bots import Bot, Reveals
from parley.mechanisms.coordination.contracts import CONTRACTS, MECHANISM, RECOGNITION_CONTRACTS
from parley.mechanisms.coordination.parameters import Cost, CostKind, Parameters, next_digest
from parley.mechanisms.coordination.position import Bargaining, Position, Row
from parley.mechanisms.coordination.problem import Problem

__all__ = ["Deployment", "Outcome", "Player", "deploy_mechanism", "parameters_of", "player"]


_POSITIONS_KEPT = 20_000
"""Positions whose encodings are kept; random announcements reach new ones for ever."""


class Deployment(NamedTuple):
    """Addresses of the mechanism and of its recognition functions, by the names that problem files use."""

    mechanism: str
    recognition: Mapping[str, str]

    @classmethod
    def at(cls, addresses: Mapping[str, str]) -> Self:
        """Where the contracts stand, by the contracts' own names."""
        return cls(
            addresses[MECHANISM],
            {name: addresses[contract] for name, contract in RECOGNITION_CONTRACTS.items()},
        )


def deploy_mechanism(evm: Evm) -> Deployment:
    """Put the mechanism and all recognition functions on a chain, always in the same order."""
    return Deployment.at(deployed_addresses(evm, CONTRACTS))


def parameters_of(
    problem: Problem, agents: Sequence[str], recognition: str, recognition_code: bytes
) -> Parameters:
    """What is agreed on in games of a problem.

    Parameters
    ----------
    agents : sequence of str
        Addresses by seat.
    recognition : str
        Address of the recognition function.
    recognition_code : bytes
        Keccak-256 of the code there.
    """
    costs = tuple(
        Cost(CostKind(c.kind), c.exponent, c.denominator, c.coefficient, c.linear, c.breakpoints, c.slopes)
        for c in problem.chain_costs
    )
    return Parameters(
        agents=tuple(agents),
        task_types=problem.task_types,
        contracted=tuple(problem.contracted.ravel().tolist()),
        capacity=tuple(problem.capacity.ravel().tolist()),
        costs=costs[:1] if all(cost == costs[0] for cost in costs) else costs,
        recognition=recognition,
        recognition_code=recognition_code,
        continuation_numerator=problem.continuation.numerator,
        continuation_denominator=problem.continuation.denominator,
        bond=problem.bond_wei,
        join_window=problem.window,
        action_window=problem.window,
        max_rounds=problem.max_rounds,
    )


class Outcome(NamedTuple):
    """How one game went.

    Attributes
    ----------
    game : int
        Its number.
    position : Position
        As far as the announcements came.
    rounds : int
        Bargaining rounds that began, 0 if none did.
    proposer : int
        Of the first round; -1 if none was drawn.
    ending : str
        ``settled``, ``broken down`` or ``expired``.
    costs : tuple of int
        What the game cost each agent, in wei: the work it ends up with, less what it was paid on balance.
    """

    game: int
    position: Position
    rounds: int
    proposer: int
    ending: str
    costs: Row

    @property
    def withheld(self) -> bool:
        """Whether the draw of a first proposer was begun and never completed: somebody withheld."""
        everybody = len(self.position.rows) == self.position.problem.agents
        return self.ending == "expired" and not self.rounds and everybody

    @property
    def path(self) -> str:
        """The kind of way the game took: its ending, and whether a rejection was survived on the way."""
        return f"{self.ending}, continued" if self.rounds > 1 else self.ending


class _Ended(Exception):  # noqa: N818 - not an error
    """The game is over; how."""

    def __init__(self, ending: str) -> None:
        super().__init__(ending)
        self.ending = ending


class Player(kit.Player[Outcome]):
    """Plays games of one problem with one set of bots on one EVM.

    Parameters
    ----------
    bots : sequence of Bot
        One per seat.
    seed : int
        With a game's number, determines its salt, secrets and random choices, on whatever EVM.
    """

    def __init__(
        self, evm: Evm, deployment: Deployment, problem: Problem, bots: Sequence[Bot], seed: int
    ) -> None:
        n = problem.agents
        super().__init__(evm, deployment.mechanism, n, seed, compiled_codec(MECHANISM))
        self.problem = problem
        self.bots = bots
        recognition = deployment.recognition[problem.recognition]
        parameters = parameters_of(problem, self.seats, recognition, keccak(evm.code(recognition)))
        functions = self.codec.functions
        self._create = functions["create"].given("parameters")(astuple(parameters.opening()))
        store = functions["store"].given("digest", "contracted", "capacity")
        self._stores = [store(*page) for page in _pages(parameters)]
        self._digest = parameters.digest()
        join, reveal = functions["join"].given("seat", "digest"), functions["reveal"].given("seat")
        self._joins = [join(seat, self._digest) for seat in range(n)]
        self._reveals = [reveal(seat) for seat in range(n)]
        self._announcing = functions["announce"].given("digest", "announcement")
        self._proposing = functions["propose"].given("shares")
        respond = functions["respond"].given("accept")
        self._answers = respond(False), respond(True)
        self._withdrawing = functions["withdraw"].given("seat", "to", "shares")
        self._withdraw_unsettled = self._withdrawals(())
        self._deposits = tuple(parameters.deposit(i) for i in range(n))
        self._contracted_costs = tuple(parameters.contracted_cost(i) for i in range(n))
        self._reveal_order = sorted(range(n), key=lambda i: bots[i].reveals_last)
        self._watched = any(bot.reveals_last for bot in bots)
        self._needs_random = any(bot.kind == "random" for bot in bots)
        self._random = Random()
        self._root = Position(problem)
        self._moves: dict[tuple[Position, Row], tuple[Callable[..., bytes], bytes]] = {}
        self._offers: dict[Row, tuple[Callable[..., bytes], list[Callable[..., bytes]]]] = {}

    # ── one game ───────────────────────────────────────────────────────────────────────────────────

    def play(self, k: int) -> Outcome:
        """Play game k from creation to the last withdrawal."""
        n = self.problem.agents
        secrets = self.secrets(k, 1)
        salt = secrets[n]
        game = self.id_of(salt)
        if self._needs_random:
            self._random.seed(salt)
        self.begin()
        state = _Game(k, game, self._root, self._digest, [NOTHING] * n)
        self.send(self.creator, self._create(salt))
        for store in self._stores:
            self.send(self.creator, store(game))
        try:
            self._join(state, secrets)
            self._announce(state)
            self._bargain(state, secrets)
            ending = "settled"
        except _Ended as end:
            ending = end.ending
        costs = self._withdraw(state, settled=ending == "settled")
        if len(self._moves) > _POSITIONS_KEPT:
            self._root = Position(self.problem)
            self._moves.clear()
            self._offers.clear()
        return Outcome(k, state.position, state.rounds, state.proposer, ending, costs)

    def _join(self, state: "_Game", secrets: Sequence[bytes]) -> None:
        complete = True
        for seat, address in enumerate(self.seats):
            if not self.bots[seat].acts("joining"):
                complete = False
                continue
            sealed = commitment(state.game, seat, secrets[seat])
            state.commitments[seat] = sealed
            self.send(address, self._joins[seat](state.game, sealed), self._deposits[seat])
            state.joined.append(seat)
        if not complete:
            self._expire(state)

    def _announce(self, state: "_Game") -> None:
        position = state.position
        digest = self._digest
        events: list[Event] = []
        for seat, bot in enumerate(self.bots):
            if not bot.acts("announcing"):
                state.position, state.digest = position, digest
                self._expire(state)
            row = bot.announce(position, self._random)
            move = self._moves.get((position, row))
            if move is None:
                move = self._moves[position, row] = self._announcing(digest, row), next_digest(digest, row)
            announce, digest = move
            events = self.events(self.seats[seat], announce(state.game))
            announced = events[0]
            position = position.after(row, (announced.numerator, announced.denominator))
        state.position, state.digest = position, digest
        if len(events) > 1:
            # Announced, then broken down: the allocation saves nothing.
            raise _Ended("broken down")

    def _bargain(self, state: "_Game", secrets: Sequence[bytes]) -> None:
        """Rounds until one is settled; a breakdown or expiry on the way is raised."""
        bargaining = state.position.bargaining
        round_number = 1
        while True:
            state.digest = keccak(state.digest + b"".join(state.commitments))
            fresh = self.secrets(state.number, round_number + 1)
            drawn = self._reveal(state, round_number, secrets, fresh)
            secrets = fresh
            state.rounds += 1
            if round_number == 1:
                state.proposer = drawn.proposer
            last_round = round_number == self.problem.max_rounds
            if self._negotiate(state, bargaining, drawn, last_round=last_round):
                return
            if last_round:
                raise _Ended("broken down")
            round_number += 1

    def _reveal(
        self, state: "_Game", round_number: int, secrets: Sequence[bytes], fresh: Sequence[bytes]
    ) -> Event:
        """Everybody reveals; returns the draw that follows."""
        game = state.game
        seen: dict[int, bytes] = {}
        logs: Logs = ()
        complete = True
        for seat in self._reveal_order:
            bot, secret = self.bots[seat], secrets[seat]
            if not bot.acts("revealing") or (
                self._watched and not bot.reveals(state.position, Reveals(game, round_number, seen), secret)
            ):
                complete = False
                continue
            sealed = state.commitments[seat] = commitment(game, seat, fresh[seat])
            logs = self.send(self.seats[seat], self._reveals[seat](game, state.digest, secret, sealed))
            if self._watched:
                seen[seat] = self.codec.decode(logs)[0].secret
        if not complete:
            self._expire(state)
        drawn = self.codec.decode(logs)[1]
        if drawn.name == "ProposerDrawn":
            return drawn
        # The continuation draw came first, and said stop.
        raise _Ended("broken down")

    def _negotiate(
        self,
        state: "_Game",
        bargaining: Bargaining,
        drawn: Event,
        *,
        last_round: bool,
    ) -> bool:
        """One proposal and the answers to it; whether all accepted."""
        bots = self.bots
        proposer = drawn.proposer
        if not bots[proposer].acts("proposing"):
            self._expire(state)
        shares = bots[proposer].propose(bargaining, last_round=last_round)
        offer = self._offers.get(shares)
        if offer is None:
            offer = self._offers[shares] = self._proposing(shares), self._withdrawals(shares)
        propose, state.withdrawals = offer
        state.answered = state.digest
        (proposed,) = self.events(self.seats[proposer], propose(state.game, state.digest))
        offered = proposed.shares
        state.digest = next_digest(state.digest, shares)
        for seat in unpack_order(drawn.order, len(bots) - 1):
            if not bots[seat].acts("responding"):
                self._expire(state)
            accepted = bots[seat].accepts(bargaining, offered[seat], self._random, last_round=last_round)
            self.send(self.seats[seat], self._answers[accepted](state.game, state.digest))
            if not accepted:
                return False
        return True

    def _withdrawals(self, shares: Row) -> list[Callable[..., bytes]]:
        """Return what encodes withdrawals that name a proposal, by seat."""
        return [self._withdrawing(seat, address, shares) for seat, address in enumerate(self.seats)]

    def _expire(self, state: "_Game") -> None:
        """Somebody was silent: wait until the deadline has passed, and end the game."""
        self.expire(state.game, self.problem.window)
        raise _Ended("expired")

    def _withdraw(self, state: "_Game", *, settled: bool) -> Row:
        """Everybody takes its money; returns what the game cost each agent."""
        costs = list(state.position.bargaining.announced_costs if settled else self._contracted_costs)
        withdraw, digest = self._withdraw_unsettled, state.digest
        if settled and state.withdrawals is not None:
            withdraw, digest = state.withdrawals, state.answered
        for seat in state.joined:
            withdrawn, *_ = self.events(self.seats[seat], withdraw[seat](state.game, digest))
            costs[seat] += self._deposits[seat] - withdrawn.amount
        return tuple(costs)


def player(evm: Evm, addresses: Mapping[str, str], problem: Problem, cast: Bots[Bot], seed: int) -> Player:
    """Return what plays on a machine where the contracts are deployed.

    Raises
    ------
    ParleyError
        If the recognition function there has code that the bots do not know: they would not join.
    """
    contract = RECOGNITION_CONTRACTS[problem.recognition]
    if evm.code(addresses[contract]) != compile_contracts()[contract].deployed_bytecode:
        raise ParleyError(
            f"bots refuse to join a game with an unknown recognition function: the code at "
            f"{addresses[contract]} is not that of {contract}"
        )
    return Player(evm, Deployment.at(addresses), problem, cast, seed)


def _pages(parameters: Parameters) -> Iterator[tuple[Word, Sequence[int], Sequence[int]]]:
    """Yield the arguments of `store` but for the game's id, page by page."""
    digest = parameters.opening().digest_of_call()
    for page in parameters.pages():
        yield digest, page.contracted, page.capacity
        digest = page.digest(digest)


@dataclass(slots=True, eq=False)
class _Game:
    """What the player keeps of the game under way."""

    number: int
    game: bytes
    position: Position
    digest: bytes
    commitments: list[bytes]
    joined: list[int] = field(default_factory=list)
    rounds: int = 0
    proposer: int = -1
    answered: bytes = NOTHING
    """What the proposal answered to."""
    withdrawals: list[Callable[..., bytes]] | None = None
    """What encodes withdrawals that name the proposal, by seat, once there is one."""
