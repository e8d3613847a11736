"""A table at which one game is played on the real contract, step by step, with everything spelled out."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from parley.chain.evm import Evm
from parley.core.randomness import Word, commitment, keccak, unpack_order, word
from parley.kit.reference import NOTHING
from parley.mechanisms.coordination.game import Game, Phase
from parley.mechanisms.coordination.parameters import Cost, CostKind, Page, Parameters
from tests.backends import open_backend
from tests.coordination.on_chain import OnChain
from tests.kit.rig import table as table_of
from tests.kit.rig.table import Done, went

JOIN_WINDOW, ACTION_WINDOW, BOND = 1_000, 600, 7

X = ((2,), (2,), (1,))
"""What is announced unless a test says otherwise: F(D) = 170, F(X) = 90."""


class Table(table_of.Table):
    """Three seats, one task type, f(q) = 10 q² wei, equal probabilities, δ = 1/2, at most three rounds."""

    contract = "TwoStageMechanism"

    def __init__(self, evm: str | Evm = "revm", **changes: Any) -> None:  # noqa: ANN401 - fields of any type
        self.subject = OnChain(open_backend(evm) if isinstance(evm, str) else evm, accounts=64)
        super().__init__(3, self.subject.evm, self.subject.address)
        self.coder, self.interface = self.subject.coder, self.subject.coder.interface
        self.creator, self.stranger = self.subject.accounts[-2:]
        rule = changes.pop("recognition", "EqualRecognition")
        self.parameters = Parameters(
            agents=tuple(self.seats),
            task_types=1,
            contracted=(4, 1, 0),
            capacity=(4, 3, 2),
            costs=(Cost(CostKind.QUADRATIC, denominator=1, coefficient=10),),
            recognition=(at := self.subject.recognition.get(rule, rule)),
            recognition_code=keccak(self.evm.code(at)),
            continuation_numerator=1,
            continuation_denominator=2,
            bond=BOND,
            join_window=JOIN_WINDOW,
            action_window=ACTION_WINDOW,
            max_rounds=3,
        )
        self.parameters = replace(self.parameters, **changes)
        self.rows: Sequence[Sequence[int]] = X
        self.secret_salt = 0
        self.shares: tuple[int, ...] = ()
        self.answered = NOTHING

    @property
    def parameters(self) -> Parameters:
        return self._parameters

    @parameters.setter
    def parameters(self, parameters: Parameters) -> None:
        self._parameters, self.seats = parameters, list(parameters.agents)

    # ───────────────────────────────────────────── asking ────────────────────────────────────────────────

    def commitment(self, seat: int) -> Word:
        return bytes(self.ask("commitment", self.id, seat))

    def order(self) -> list[int]:
        return unpack_order(self.ask("order", self.id), len(self.seats) - 1)

    def fraction(self, seat: int) -> tuple[int, int]:
        _, numerator, denominator = self.ask("announcementOf", self.id, seat)
        return numerator, denominator

    # ───────────────────────────────────────────── acting ────────────────────────────────────────────────

    def secret(self, seat: int, rnd: int) -> Word:
        return keccak(word(self.secret_salt) + word(seat) + word(rnd))

    def promise(self, seat: int, rnd: int) -> Word:
        """The commitment to a round's secret."""
        return commitment(self.id, seat, self.secret(seat, rnd))

    def create(self, parameters: Parameters | None = None, sender: str = "") -> Done:
        opening = (parameters or self.parameters).opening()
        return self.do(sender or self.creator, "create", self.salt, opening)

    def store(self, page: Page, **other: Any) -> Done:  # noqa: ANN401 - of any type
        args = {"digest": self.digest, "contracted": page.contracted, "capacity": page.capacity}
        sender = other.pop("sender", self.creator)
        return self.do(sender, "store", self.id, *(args | other).values())

    def join(self, seat: int, **given: Any) -> Done:  # noqa: ANN401 - of any type
        own = {"commitment": self.promise(seat, 1), "value": self.parameters.deposit(seat)}
        return self.by_seat("join", seat, **own | given)

    def announce(self, seat: int, announcement: Sequence[int], **given: Any) -> Done:  # noqa: ANN401
        return self.by_seat("announce", seat, announcement=announcement, **given)

    def reveal(self, seat: int, **given: Any) -> Done:  # noqa: ANN401 - of any type
        rnd = self.state.round
        own = {"secret": self.secret(seat, rnd), "next_commitment": self.promise(seat, rnd + 1)}
        return self.by_seat("reveal", seat, **own | given)

    def propose(self, shares: Sequence[int], **given: Any) -> Done:  # noqa: ANN401 - of any type
        state = self.state
        outcome = self.by_seat("propose", state.proposer, shares=shares, **given)
        if outcome.ok:
            self.shares, self.answered = tuple(shares), state.digest
        return outcome

    def respond(self, accept: bool, **given: Any) -> Done:  # noqa: ANN401, FBT001 - the contract's argument
        return self.by_seat("respond", self.order()[self.state.turn], accept=accept, **given)

    def withdraw(self, seat: int, to: str = "", **given: Any) -> Done:  # noqa: ANN401 - of any type
        settled = self.phase == Phase.SETTLED
        own = {"shares": self.shares, "digest": self.answered} if settled else {"shares": ()}
        return self.by_seat("withdraw", seat, to=to or self.seats[seat], **own | given)

    # ──────────────────────────────────────────── playing ────────────────────────────────────────────────

    def own_costs(self) -> tuple[int, ...]:
        """Cost shares without side payments."""
        return tuple(self.parameters.cost(i).of(sum(row)) for i, row in enumerate(self.rows))

    def play_to(self, phase: Phase, rnd: int = 1) -> "Table":
        """Play until that phase of that round begins, rejecting to get to a later round."""
        if self.phase == Phase.NONE:
            went(self.create())
            for page in self.parameters.pages():
                went(self.store(page))
        while (state := self.state).phase != phase or (phase >= Phase.REVEALING and state.round != rnd):
            match state.phase:
                case Phase.JOINING:
                    went(self.join(state.turn))
                case Phase.ANNOUNCING:
                    went(self.announce(state.turn, self.rows[state.turn]))
                case Phase.REVEALING:
                    for seat in range(len(self.seats)):
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
        return self._game(rnd).draw_continuation(self.secrets(rnd))

    def secrets(self, rnd: int) -> list[Word]:
        return [self.secret(seat, rnd) for seat in range(len(self.seats))]

    def drawn(self, rnd: int, fractions: Sequence[tuple[int, int]]) -> tuple[int, list[int]]:
        """Proposer and order that the secrets of a round must give."""
        game = self._game(rnd, [*fractions, (0, 0)][: len(self.seats)])
        game.proposer = game.draw_proposer(self.secrets(rnd))
        return game.proposer, game.draw_order(self.secrets(rnd))

    def _game(self, rnd: int, fractions: Sequence[tuple[int, int]] = ()) -> Game:
        return Game(self.id, self.parameters, 0, NOTHING, round=rnd, fractions=list(fractions))


def pieces(breakpoints: tuple[int, ...], slopes: tuple[int, ...]) -> tuple[Cost, ...]:
    return (Cost(CostKind.PIECEWISE, breakpoints=breakpoints, slopes=slopes),)


def agents(count: int) -> tuple[str, ...]:
    return tuple("0x" + f"{k + 1:040x}" for k in range(count))
