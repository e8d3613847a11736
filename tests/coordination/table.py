"""A table at which one game is played on the real contract, step by step, with everything spelled out."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from eth_abi.abi import decode

from parley.chain.evm import Evm
from parley.core.randomness import (
    Word,
    commitment,
    game_id,
    keccak,
    permutation,
    seed,
    uniform,
    unpack_order,
    word,
)
from parley.kit.reference import NOTHING, Event, Revert
from parley.mechanisms.coordination.game import Cause, Phase, State
from parley.mechanisms.coordination.parameters import Cost, CostKind, Page, Parameters
from tests.backends import open_backend
from tests.coordination.on_chain import OnChain
from tests.kit.rig.on_chain import Outcome

JOIN_WINDOW, ACTION_WINDOW, BOND = 1_000, 600, 7

X = ((2,), (2,), (1,))
"""What is announced unless a test says otherwise: F(D) = 170, F(X) = 90."""


class Table:
    """Three seats, one task type, f(q) = 10 q² wei, equal probabilities, δ = 1/2, at most three rounds."""

    def __init__(self, evm: str | Evm = "revm", **changes: Any) -> None:  # noqa: ANN401 - fields of any type
        self.contract = OnChain(open_backend(evm) if isinstance(evm, str) else evm, accounts=64)
        self.evm = self.contract.evm
        self.creator, self.stranger = self.contract.accounts[-2:]
        rule = changes.pop("recognition", "EqualRecognition")
        self.parameters = Parameters(
            agents=tuple(self.contract.accounts[:3]),
            task_types=1,
            contracted=(4, 1, 0),
            capacity=(4, 3, 2),
            costs=(Cost(CostKind.QUADRATIC, denominator=1, coefficient=10),),
            recognition=(at := self.contract.recognition.get(rule, rule)),
            recognition_code=keccak(self.evm.code(at)),
            continuation_numerator=1,
            continuation_denominator=2,
            bond=BOND,
            join_window=JOIN_WINDOW,
            action_window=ACTION_WINDOW,
            max_rounds=3,
        )
        self.parameters = replace(self.parameters, **changes)
        self.salt = word(1)
        self.address = self.contract.address
        self.rows: Sequence[Sequence[int]] = X
        self.secret_salt = 0
        self.shares: tuple[int, ...] = ()
        self.answered = NOTHING

    @property
    def n(self) -> int:
        return len(self.parameters.agents)

    @property
    def id(self) -> Word:
        return game_id(self.evm.chain_id, self.address, self.creator, self.salt)

    # As `tests.contracts.seats` asks every table:

    @property
    def seats(self) -> Sequence[str]:
        return self.parameters.agents

    @property
    def phase(self) -> Phase:
        return self.state().phase

    @property
    def deadline(self) -> int:
        return self.state().deadline

    @property
    def digest(self) -> Word:
        return self.state().digest

    # ───────────────────────────────────────────── asking ────────────────────────────────────────────────

    def state(self) -> State:
        types = ["uint8", "uint8", "uint8", "uint8", "uint8", "uint16", "uint40", "bytes32", "uint96"]
        phase, cause, turn, proposer, lapsed, *rest = decode(types, self._ask("state", self.id))
        return State(Phase(phase), Cause(cause), turn, proposer, Phase(lapsed), *rest)

    def commitment(self, seat: int) -> Word:
        return self._ask("commitment", self.id, seat)

    def order(self) -> list[int]:
        words = decode(["uint256", "uint256"], self._ask("order", self.id))
        return unpack_order(words, self.n - 1)

    def burnt(self) -> int:
        return int.from_bytes(self._ask("burnt"))

    def balance(self) -> int:
        return self.evm.balance(self.contract.address)

    def fraction(self, seat: int) -> tuple[int, int]:
        _, numerator, denominator = decode(["uint256"] * 3, self._ask("announcementOf", self.id, seat))
        return numerator, denominator

    def _ask(self, name: str, *args: Any) -> bytes:  # noqa: ANN401 - of any type
        return self.contract.ask(self.contract.coder.call_data(name, *args))

    # ───────────────────────────────────────────── acting ────────────────────────────────────────────────

    def do(self, sender: str, method: str, *args: Any, value: int = 0) -> Outcome:  # noqa: ANN401 - of any type
        return self.contract.do(sender, method, *args, value=value)

    def agent(self, seat: int) -> str:
        return self.parameters.agents[seat]

    def secret(self, seat: int, rnd: int) -> Word:
        return keccak(word(self.secret_salt) + word(seat) + word(rnd))

    def promise(self, seat: int, rnd: int) -> Word:
        """The commitment to a round's secret."""
        return commitment(self.id, seat, self.secret(seat, rnd))

    def create(self, parameters: Parameters | None = None, sender: str = "") -> Outcome:
        opening = (parameters or self.parameters).opening()
        return self.do(sender or self.creator, "create", self.salt, opening)

    def store(self, page: Page, **other: Any) -> Outcome:  # noqa: ANN401 - of any type
        args = {"digest": self.state().digest, "contracted": page.contracted, "capacity": page.capacity}
        sender = other.pop("sender", self.creator)
        return self.do(sender, "store", self.id, *(args | other).values())

    def join(self, seat: int, **other: Any) -> Outcome:  # noqa: ANN401 - of any type
        args = {"seat": seat, "digest": self.state().digest, "commitment": self.promise(seat, 1)}
        value = other.pop("value", self.parameters.deposit(seat))
        sender = other.pop("sender", self.agent(seat))
        return self.do(sender, "join", self.id, *(args | other).values(), value=value)

    def announce(self, seat: int, announcement: Sequence[int], **other: Any) -> Outcome:  # noqa: ANN401
        digest = other.get("digest", self.state().digest)
        return self.do(other.get("sender", self.agent(seat)), "announce", self.id, digest, announcement)

    def reveal(self, seat: int, **other: Any) -> Outcome:  # noqa: ANN401 - of any type
        rnd = self.state().round
        args = {
            "seat": seat,
            "digest": self.state().digest,
            "secret": self.secret(seat, rnd),
            "promise": self.promise(seat, rnd + 1),
        }
        sender = other.pop("sender", self.agent(seat))
        return self.do(sender, "reveal", self.id, *(args | other).values())

    def propose(self, shares: Sequence[int], **other: Any) -> Outcome:  # noqa: ANN401 - of any type
        state = self.state()
        sender = other.get("sender", self.agent(state.proposer))
        outcome = self.do(sender, "propose", self.id, other.get("digest", state.digest), shares)
        if outcome.ok:
            self.shares, self.answered = tuple(shares), state.digest
        return outcome

    def respond(self, accept: bool, **other: Any) -> Outcome:  # noqa: ANN401, FBT001 - the contract's argument
        state = self.state()
        return self.do(
            other.get("sender", self.agent(self.order()[state.turn])),
            "respond",
            self.id,
            other.get("digest", state.digest),
            accept,
        )

    def expire(self, sender: str = "") -> Outcome:
        return self.do(sender or self.stranger, "expire", self.id)

    def withdraw(
        self,
        seat: int,
        to: str = "",
        shares: Sequence[int] | None = None,
        sender: str = "",
        digest: Word | None = None,
    ) -> Outcome:
        state = self.state()
        settled = state.phase is Phase.SETTLED
        if shares is None:
            shares = self.shares if settled else ()
        if digest is None:
            digest = self.answered if settled else state.digest
        agent = self.agent(seat)
        return self.do(sender or agent, "withdraw", self.id, seat, to or agent, digest, shares)

    # ──────────────────────────────────────────── playing ────────────────────────────────────────────────

    def own_costs(self) -> tuple[int, ...]:
        """Cost shares without side payments."""
        return tuple(self.parameters.cost(i).of(sum(row)) for i, row in enumerate(self.rows))

    def play_to(self, phase: Phase, rnd: int = 1) -> "Table":
        """Play until that phase of that round begins, rejecting to get to a later round."""
        if self.state().phase is Phase.NONE:
            went(self.create())
            for page in self.parameters.pages():
                went(self.store(page))
        while (state := self.state()).phase is not phase or (phase >= Phase.REVEALING and state.round != rnd):
            match state.phase:
                case Phase.JOINING:
                    went(self.join(state.turn))
                case Phase.ANNOUNCING:
                    went(self.announce(state.turn, self.rows[state.turn]))
                case Phase.REVEALING:
                    for seat in range(self.n):
                        went(self.reveal(seat))
                case Phase.PROPOSING:
                    went(self.propose(self.own_costs()))
                case Phase.RESPONDING:
                    went(self.respond(state.round >= rnd))
                case _:
                    raise AssertionError(f"the game ended in round {state.round}: {state}")
        return self

    def on_lucky_secrets(self, *continued: bool) -> "Table":
        """Choose secrets so that the draws before round two, three, … come out like this."""
        while any(self.goes_on(rnd) != wanted for rnd, wanted in enumerate(continued, start=2)):
            self.secret_salt += 1
        return self

    def goes_on(self, rnd: int) -> bool:
        p = self.parameters
        fresh = seed(b"continuation", self.id, rnd, self.secrets(rnd))
        return uniform(fresh, 0, p.continuation_denominator) < p.continuation_numerator

    def secrets(self, rnd: int) -> list[Word]:
        return [self.secret(seat, rnd) for seat in range(self.n)]

    def drawn(self, rnd: int, fractions: Sequence[tuple[int, int]]) -> tuple[int, list[int]]:
        """Proposer and order that the secrets of a round must give."""
        proposer_seed = seed(b"proposer", self.id, rnd, self.secrets(rnd))
        proposer = next(
            (j for j, (g, h) in enumerate(fractions) if h and uniform(proposer_seed, j, h) < g), self.n - 1
        )
        others = [seat for seat in range(self.n) if seat != proposer]
        return proposer, permutation(seed(b"order", self.id, rnd, self.secrets(rnd)), others)

    # ─────────────────────────────────────────── expecting ───────────────────────────────────────────────

    def expect(self, outcome: Outcome, name: str, *arguments: object) -> None:
        """Hold a refusal against the error that it must give."""
        assert not outcome.ok, f"went through instead of {name}{arguments}"
        expected = self.contract.coder.revert_data(Revert(name, *arguments))
        assert outcome.output == expected, (
            f"reverts with {self.contract.coder.show_revert(outcome.output)}, not {name}{arguments}"
        )

    def emitted(self, outcome: Outcome, *events: tuple[Any, ...]) -> None:
        """Hold the events of a call against those it must emit: each a name and fields after the id."""
        assert outcome.ok
        logs = self.contract.logs(*(Event(name, (self.id, *fields)) for name, *fields in events))
        assert outcome.logs == logs

    def late(self, seconds: int) -> int:
        """Move to so many seconds after the deadline, and return it."""
        deadline = self.state().deadline
        self.evm.warp(deadline + seconds)
        return deadline


def went(outcome: Outcome) -> None:
    """Hold that a call went through."""
    assert outcome.ok, outcome.output.hex()


def pieces(breakpoints: tuple[int, ...], slopes: tuple[int, ...]) -> tuple[Cost, ...]:
    return (Cost(CostKind.PIECEWISE, breakpoints=breakpoints, slopes=slopes),)


def agents(count: int) -> tuple[str, ...]:
    return tuple("0x" + f"{k + 1:040x}" for k in range(count))
