"""Lotteries on a real EVM: the one file that drives the lottery contract.

A :class:`Player` plays lottery after lottery on one EVM, as a plan says: it puts together the seats' calls
and the organizer's, reads what the contract emits, and keeps accounts from the money that actually moved. It
knows the contract's calls and events; how they are sent is the driver's business.

Calldata is put together from parts encoded once: all but the lottery's id and the secrets is the same every
time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from parley.chain.compiler import compile_contracts
from parley.chain.deploy import deploy
from parley.core.errors import ParleyError
from parley.core.randomness import address_word, commitment, keccak, word
from parley.kit.play import player as driver
from parley.kit.reference import NOTHING
from parley.mechanisms.assignment.contracts import CONTRACTS, MECHANISM
from parley.mechanisms.assignment.events import (
    PARAMETERS,
    Assigned,
    Cancelled,
    Expired,
    OrderDrawn,
    Revealed,
    TermDrawn,
    Withdrawn,
    decode,
)
from parley.mechanisms.assignment.lottery_state import Phase
from parley.mechanisms.assignment.model import committed_digest, revealed_digest
from parley.mechanisms.assignment.parameters import Parameters, Rule, encode_parameters
from parley.mechanisms.assignment.problem import RULES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.chain.evm import Evm
    from parley.mechanisms.assignment.certificate import Order
    from parley.mechanisms.assignment.events import Event
    from parley.mechanisms.assignment.lottery import Assignment
    from parley.mechanisms.assignment.plan import Plan
    from parley.mechanisms.assignment.problem import Problem

__all__ = ["CONTRACTS", "FUNCTIONS", "Outcome", "Player", "deploy_mechanism", "parameters_of"]

_CERTIFICATE = "(uint256,uint256[],uint256[],uint256[],bytes)"
"""The ABI's name of the Certificate struct."""


FUNCTIONS = driver.selectors(
    {
        "create": f"bytes32,{PARAMETERS}",
        "commit": "bytes32,uint256,bytes32,bytes32",
        "reveal": "bytes32,uint256,bytes32,bytes32,bytes,bytes32",
        "post": f"bytes32,bytes32,{_CERTIFICATE}",
        "open": "bytes32,uint256,bytes32,bytes32",
        "expire": "bytes32",
        "withdraw": "bytes32,uint256,address",
    }
)
"""Selectors of the contract's actions."""

_CREATE, _COMMIT, _REVEAL, _POST, _OPEN, _EXPIRE, _WITHDRAW = FUNCTIONS.values()
_WRONG_SECRET = driver.selectors({"WrongSecret": "uint256,bytes32"})["WrongSecret"]

_WORDS = tuple(word(i) for i in range(64))
_RANKING_AT = word(192)
"""Where the ranking stands behind the six words of head of `reveal`."""

ASSIGNMENTS_KEPT = 10_000
"""Different assignments that are kept decoded."""


def deploy_mechanism(evm: Evm) -> str:
    """Put the contract on a chain, and return its address."""
    return deploy(evm, compile_contracts(), CONTRACTS)[MECHANISM].address


def parameters_of(problem: Problem, agents: Sequence[str]) -> Parameters:
    """What `create` is called with for a problem.

    Parameters
    ----------
    problem : Problem
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


class Player(driver.Player[Outcome]):
    """Plays lotteries of one problem with one set of bots on one EVM.

    Parameters
    ----------
    evm : Evm
    contract : str
        Address of the lottery contract.
    plan : Plan
        What the bots do: `parley.mechanisms.assignment.plan.plan`.
    seed : int
        With a game's number, determines its salt and secrets, on whatever EVM.
    """

    def __init__(self, evm: Evm, contract: str, plan: Plan, seed: int) -> None:
        problem = plan.problem
        super().__init__(evm, contract, problem.agents, seed, FUNCTIONS, MECHANISM)
        self.plan = plan
        self._window, self._bond = problem.window, problem.bond
        self._id_prefix = word(evm.chain_id) + address_word(contract) + address_word(self.creator)
        encoded = encode_parameters(parameters_of(problem, self.seats))
        # As the second argument of `create`, the struct starts behind two words of head, not one.
        self._create_tail = word(64) + encoded[32:]
        self._digest = keccak(encoded)
        self._rankings = tuple(map(bytes, plan.reports))
        self._reveal_tails = tuple(
            word(len(ranking)) + ranking + bytes(-len(ranking) % 32) for ranking in self._rankings
        )
        certificate = plan.certificate
        # Behind three words of head.
        self._post_tail = b"" if certificate is None else word(96) + certificate.encoded()[32:]
        self._posted = b"" if certificate is None else keccak(certificate.encoded())
        self._shown = [
            ranking if seat in plan.reveals else b"" for seat, ranking in enumerate(self._rankings)
        ]
        self._withdraw_tails = tuple(map(address_word, self.seats))
        self._assignments: dict[bytes, Assignment] = {}

    # ── one lottery ────────────────────────────────────────────────────────────────────────────────

    def play(self, k: int) -> Outcome:
        """Play lottery k from creation to the last withdrawal."""
        self.begin()
        secrets = self.secrets(k, 1)
        salt = secrets.pop()
        lottery = keccak(self._id_prefix + salt)
        state = _Lottery(lottery, len(self.seats))
        self.send(self.creator, _CREATE + salt + self._create_tail)
        self._commit(state, secrets)
        if not state.over:
            self._reveal(state, secrets, self._second_secrets(k))
        if not (state.over or self.plan.serial):
            self.send(self.creator, _POST + lottery + state.digest + self._post_tail)
            state.digest = keccak(state.digest + self._posted)
            self._open(state, self._second_secrets(k))
        lost = self._withdraw(state)
        self.transactions += len(self.sent)
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
        prefix, digest, bond = _COMMIT + lottery, self._digest, self._bond
        copied = b""
        for seat in plan.commits:
            # Those that copy come last, and repeat what the first one has put on chain.
            if seat in plan.copies:
                sealed = copied
            else:
                sealed = commitment(lottery, seat, keccak(secrets[seat] + self._rankings[seat]))
            copied = copied or sealed
            state.commitments[seat] = sealed
            self.send(self.seats[seat], prefix + _WORDS[seat] + digest + sealed, bond)
        state.digest = committed_digest(digest, state.commitments)
        if len(plan.commits) < len(self.seats):
            self._expire(state)

    def _reveal(self, state: _Lottery, secrets: Sequence[bytes], second: Sequence[bytes]) -> None:
        plan, lottery = self.plan, state.id
        prefix, digest = _REVEAL + lottery, state.digest
        promised = [NOTHING] * len(self.seats)

        def opening(seat: int) -> bytes:
            """What a seat reveals: all arguments of `reveal` behind its own number."""
            if second:
                promised[seat] = commitment(lottery, seat, second[seat])
            return digest + secrets[seat] + _RANKING_AT + promised[seat] + self._reveal_tails[seat]

        for seat in plan.reveals:
            self._send(state, self.seats[seat], prefix + _WORDS[seat] + opening(seat))
        copied = plan.commits[0]
        if copied in plan.reveals:
            for seat in plan.copies:
                self._try_copy(self.seats[seat], prefix + _WORDS[seat] + opening(copied))
                state.copies += 1
        if second:
            state.digest = revealed_digest(digest, self._shown, promised)
        if len(plan.reveals) < len(plan.commits):
            self._expire(state)

    def _try_copy(self, sender: str, data: bytes) -> None:
        """Open a copied commitment with what the copied seat has revealed, which the contract has to refuse.

        The contract is asked, as a wallet asks before it sends; nothing is sent that would be reverted, and
        `sent` holds nothing of it.

        Raises
        ------
        ParleyError
            If the contract would open it, or refuses it for another reason than that it opens to nothing.
        """
        answer = self.evm.call(sender, self.contract, data)
        if answer.ok:
            raise ParleyError("the contract opens a copied commitment")
        if not answer.output.startswith(_WRONG_SECRET):
            raise self._refusal(data, answer.output)

    def _open(self, state: _Lottery, second: Sequence[bytes]) -> None:
        prefix = _OPEN + state.id
        for seat in self.plan.opens:
            self._send(state, self.seats[seat], prefix + _WORDS[seat] + state.digest + second[seat])
        if len(self.plan.opens) < len(self.plan.reveals):
            self._expire(state)

    def _expire(self, state: _Lottery) -> None:
        """Somebody was silent: wait until the deadline has passed, and go on without it."""
        self.wait(self._window)
        self._send(state, self.creator, _EXPIRE + state.id)

    def _withdraw(self, state: _Lottery) -> tuple[int, ...]:
        """Everybody takes its bond that still has one; returns what each seat has lost."""
        lost = [0] * len(self.seats)
        prefix = _WITHDRAW + state.id
        for seat in self.plan.commits:
            lost[seat] = self._bond
            if not state.blamed >> seat & 1:
                data = prefix + _WORDS[seat] + self._withdraw_tails[seat]
                for event in decode(self.send(self.seats[seat], data)):
                    if isinstance(event, Withdrawn):
                        lost[seat] -= event.amount
        return tuple(lost)

    def _send(self, state: _Lottery, sender: str, data: bytes) -> None:
        """Send a transaction, and take in what it emitted."""
        for event in decode(self.send(sender, data)):
            state.take_in(event)

    def _decoded(self, codes: bytes) -> Assignment:
        """Which item each seat got, of what the contract says in one byte for each."""
        found = self._assignments.get(codes)
        if found is None:
            seats = len(self.seats)
            found = tuple(code - 1 if code else None for code in codes[:seats]) or (None,) * seats
            if len(self._assignments) < ASSIGNMENTS_KEPT:
                self._assignments[codes] = found
        return found


class _Lottery:
    """What the player keeps of the lottery under way, most of it from the contract's events."""

    __slots__ = (
        "blamed",
        "codes",
        "commitments",
        "copies",
        "digest",
        "expired",
        "forfeits",
        "id",
        "order",
        "over",
        "reports",
        "seats",
        "term",
    )

    def __init__(self, lottery: bytes, seats: int) -> None:
        self.id = lottery
        self.seats = seats
        self.commitments = [NOTHING] * seats
        self.digest = NOTHING
        """What the next action has to name, once all have committed."""
        self.reports: list[Order | None] = [None] * seats
        self.codes = b""
        self.order: Order = ()
        self.term = -1
        self.expired: list[str] = []
        self.blamed = 0
        """Bit i is seat i's that has lost its bond."""
        self.forfeits = 0
        """Those of them that had revealed."""
        self.copies = 0
        self.over = False

    def take_in(self, event: Event) -> None:
        """Note what an event says."""
        match event:
            case Revealed():
                self.reports[event.seat] = tuple(event.ranking)
            case Expired():
                phase = Phase(event.phase)
                self.expired.append(phase.name.lower())
                self.blamed |= event.silent
                self.forfeits = event.silent if phase is Phase.OPENING else 0
            case OrderDrawn():
                self.order = tuple(event.order[: self.seats])
            case TermDrawn():
                self.term = event.term
            case Assigned():
                self.codes = event.codes
                self.over = True
            case Cancelled():
                self.over = True
            case _:
                pass
