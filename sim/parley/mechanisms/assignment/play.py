"""Lotteries on a real EVM: the one file that drives the lottery contract.

A :class:`Player` plays lottery after lottery on one EVM, as a plan says: it puts together the seats' calls
and the organizer's, reads what the contract emits, and keeps accounts from the money that actually moved. It
knows the contract's calls and events; how they are sent is the driver's business.

Calldata is put together by encoders made once: all but the lottery's id and the secrets is the same every
time.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from parley.chain.codec import compiled_codec
from parley.core.randomness import commitment, keccak, unpack_order
from parley.kit.play import player as kit
from parley.kit.reference import NOTHING
from parley.mechanisms.assignment.contracts import MECHANISM
from parley.mechanisms.assignment.lottery_state import Phase
from parley.mechanisms.assignment.model import committed_digest, revealed_digest
from parley.mechanisms.assignment.parameters import Parameters, Rule
from parley.mechanisms.assignment.problem import RULES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parley.chain.codec import Event
    from parley.chain.evm import Evm
    from parley.mechanisms.assignment.certificate import Order
    from parley.mechanisms.assignment.lottery import Assignment
    from parley.mechanisms.assignment.plan import Plan
    from parley.mechanisms.assignment.problem import Problem

__all__ = ["Outcome", "Player", "parameters_of", "player"]

ASSIGNMENTS_KEPT = 10_000
"""Different assignments that are kept decoded."""


def parameters_of(problem: Problem, agents: Sequence[str]) -> Parameters:
    """What `create` is called with for a problem.

    Parameters
    ----------
    agents : sequence of str
        Addresses by seat.

    Examples
    --------
    >>> from parley.mechanisms.assignment.problem import example_1
    >>> parameters_of(example_1(), ["0x" + "11" * 20] * 4).rule.text
    'serial-dictatorship'
    """
    return Parameters(
        agents=tuple(agents),
        capacities=problem.capacities,
        rule=Rule(RULES.index(problem.rule)),
        bond=problem.bond,
        join_window=problem.window,
        action_window=problem.window,
    )


class Outcome(NamedTuple):
    """How one lottery went.

    Attributes
    ----------
    game : int
        Its number.
    ending : str
        ``drawn`` or ``cancelled``.
    assignment : tuple of (int or None)
        The item that each seat got; None for nothing.
    reports : tuple of (tuple of int or None)
        What each seat revealed, best first; None if it did not.
    forfeits : tuple of int
        Seats that revealed and lost their item by not opening their second secret.
    bonds_lost : tuple of int
        By seat: what it paid and did not get back, in wei.
    order : tuple of int
        In which seats picked, silent ones among them; empty if none was drawn.
    term : int
        Which of the posted assignments was drawn; -1 if none was.
    expired : tuple of str
        Phases whose deadline passed.
    copies : int
        Copied commitments that the contract refused to open.
    """

    game: int
    ending: str
    assignment: Assignment
    reports: tuple[Order | None, ...]
    forfeits: tuple[int, ...]
    bonds_lost: tuple[int, ...]
    order: Order
    term: int
    expired: tuple[str, ...]
    copies: int

    @property
    def path(self) -> str:
        """The kind of way the lottery took: its ending, the phases that ran out, whether a copy was tried."""
        missed = tuple(f"{phase} expired" for phase in self.expired)
        return ", ".join((self.ending, *missed, *(("copy refused",) if self.copies else ())))


class Player(kit.Player[Outcome]):
    """Plays lotteries of one problem with one set of bots on one EVM.

    Parameters
    ----------
    contract : str
        Address of the lottery contract.
    plan : Plan
        What the bots do: `parley.mechanisms.assignment.plan.plan`.
    seed : int
        With a game's number, determines its salt and secrets, on whatever EVM.
    """

    def __init__(self, evm: Evm, contract: str, plan: Plan, seed: int) -> None:
        problem = plan.problem
        super().__init__(evm, contract, problem.agents, seed, compiled_codec(MECHANISM))
        self.plan = plan
        self._window, self._bond = problem.window, problem.bond
        parameters, certificate = parameters_of(problem, self.seats), plan.certificate
        functions = self.codec.functions
        self._digest = parameters.digest()
        self._create = functions["create"].given("parameters")(astuple(parameters))
        self._rankings = tuple(map(bytes, plan.reports))
        commit, opening = functions["commit"].given("seat", "digest"), functions["open"].given("seat")
        withdraw = functions["withdraw"].given("seat", "to")
        self._revealing = functions["reveal"].given("seat", "ranking")
        self._commits = [commit(seat, self._digest) for seat in range(problem.agents)]
        self._reveals = [self._revealing(seat, ranking) for seat, ranking in enumerate(self._rankings)]
        self._opens = [opening(seat) for seat in range(problem.agents)]
        self._withdrawals = [withdraw(seat, address) for seat, address in enumerate(self.seats)]
        if certificate is not None:
            self._post = functions["post"].given("certificate")(certificate)
            self._posted = keccak(certificate.encoded())
        self._shown = [
            ranking if seat in plan.reveals else b"" for seat, ranking in enumerate(self._rankings)
        ]
        self._assignments: dict[tuple[int, int], Assignment] = {}

    # ── one lottery ────────────────────────────────────────────────────────────────────────────────

    def play(self, k: int) -> Outcome:
        """Play lottery k from creation to the last withdrawal."""
        self.begin()
        secrets = self.secrets(k, 1)
        salt = secrets.pop()
        lottery = self.id_of(salt)
        n = len(self.seats)
        state = _Lottery(lottery, n, [NOTHING] * n, [None] * n)
        self.send(self.creator, self._create(salt))
        self._commit(state, secrets)
        if not state.over:
            self._reveal(state, secrets, self._second_secrets(k))
        if not (state.over or self.plan.serial):
            self.send(self.creator, self._post(lottery, state.digest))
            state.digest = keccak(state.digest + self._posted)
            self._open(state, self._second_secrets(k))
        lost = self._withdraw(state)
        return Outcome(
            k,
            "drawn" if state.codes else "cancelled",
            self._decoded(state.codes),
            tuple(state.reports),
            tuple(seat for seat in self.plan.reveals if state.forfeits >> seat & 1),
            lost,
            state.order,
            state.term,
            tuple(state.expired),
            state.copies,
        )

    def _second_secrets(self, k: int) -> list[bytes]:
        """What is opened after the posting; nothing under serial dictatorship."""
        return [] if self.plan.serial else self.secrets(k, 2)

    def _commit(self, state: _Lottery, secrets: Sequence[bytes]) -> None:
        plan, lottery = self.plan, state.id
        bond = self._bond
        copied = b""
        for seat in plan.commits:
            # Those that copy come last, and repeat what the first one has put on chain.
            if seat in plan.copies:
                sealed = copied
            else:
                sealed = commitment(lottery, seat, keccak(secrets[seat] + self._rankings[seat]))
            copied = copied or sealed
            state.commitments[seat] = sealed
            self.send(self.seats[seat], self._commits[seat](lottery, sealed), bond)
        state.digest = committed_digest(self._digest, state.commitments)
        if len(plan.commits) < len(self.seats):
            self._expire(state)

    def _reveal(self, state: _Lottery, secrets: Sequence[bytes], second: Sequence[bytes]) -> None:
        plan, lottery = self.plan, state.id
        digest = state.digest
        promised = [NOTHING] * len(self.seats)
        for seat in plan.reveals:
            if second:
                promised[seat] = commitment(lottery, seat, second[seat])
            data = self._reveals[seat](lottery, digest, secrets[seat], promised[seat])
            self._send(state, self.seats[seat], data)
        copied = plan.commits[0]
        if copied in plan.reveals:
            opening = digest, secrets[copied], promised[copied]
            for seat in plan.copies:
                copy = self._revealing(seat, self._rankings[copied])
                data = copy(lottery, *opening)
                self.must_refuse(
                    self.seats[seat], data, "WrongSecret", "the contract opens a copied commitment"
                )
                state.copies += 1
        if second:
            state.digest = revealed_digest(digest, self._shown, promised)
        if len(plan.reveals) < len(plan.commits):
            self._expire(state)

    def _open(self, state: _Lottery, second: Sequence[bytes]) -> None:
        for seat in self.plan.opens:
            self._send(state, self.seats[seat], self._opens[seat](state.id, state.digest, second[seat]))
        if len(self.plan.opens) < len(self.plan.reveals):
            self._expire(state)

    def _expire(self, state: _Lottery) -> None:
        """Somebody was silent: wait until the deadline has passed, and go on without it."""
        for event in self.expire(state.id, self._window):
            state.take_in(event)

    def _withdraw(self, state: _Lottery) -> tuple[int, ...]:
        """Everybody takes its bond that still has one; returns what each seat has lost."""
        lost = [0] * len(self.seats)
        for seat in self.plan.commits:
            lost[seat] = self._bond
            if not state.blamed >> seat & 1:
                withdrawn, *_ = self.events(self.seats[seat], self._withdrawals[seat](state.id))
                lost[seat] -= withdrawn.amount
        return tuple(lost)

    def _send(self, state: _Lottery, sender: str, data: bytes) -> None:
        """Send a transaction, and take in what it emitted."""
        for event in self.events(sender, data):
            state.take_in(event)

    def _decoded(self, codes: tuple[int, int] | None) -> Assignment:
        """Which item each seat got, of what the contract says in one byte for each."""
        if codes is None:
            return (None,) * len(self.seats)
        found = self._assignments.get(codes)
        if found is None:
            found = tuple(code - 1 if code else None for code in unpack_order(codes, len(self.seats)))
            if len(self._assignments) < ASSIGNMENTS_KEPT:
                self._assignments[codes] = found
        return found


def player(evm: Evm, addresses: Mapping[str, str], problem: Problem, cast: Plan, seed: int) -> Player:
    """Return what plays on a machine where the contract is deployed."""
    del problem  # the plan has it
    return Player(evm, addresses[MECHANISM], cast, seed)


@dataclass(slots=True, eq=False)
class _Lottery:
    """What the player keeps of the lottery under way, most of it from the contract's events."""

    id: bytes
    seats: int
    commitments: list[bytes]
    reports: list[Order | None]
    digest: bytes = NOTHING
    """What the next action has to name, once all have committed."""
    codes: tuple[int, int] | None = None
    """What the contract says was assigned."""
    order: Order = ()
    term: int = -1
    expired: list[str] = field(default_factory=list)
    blamed: int = 0
    """Bit i is seat i's that has lost its bond."""
    forfeits: int = 0
    """Those of them that had revealed."""
    copies: int = 0
    over: bool = False

    def take_in(self, event: Event) -> None:
        """Note what an event says."""
        match event.name:
            case "Revealed":
                self.reports[event.seat] = tuple(event.ranking)
            case "Expired":
                phase, silent = Phase(event.phase), event.silent
                self.expired.append(phase.name.lower())
                self.blamed |= silent
                self.forfeits = silent if phase is Phase.OPENING else 0
            case "OrderDrawn":
                self.order = tuple(unpack_order(event.order, self.seats))
            case "TermDrawn":
                self.term = event.term
            case "Assigned":
                self.codes = event.assignment
                self.over = True
            case "Cancelled":
                self.over = True
            case _:
                pass
