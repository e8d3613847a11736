"""Dispatches on a real EVM: the one file that drives the contract.

A :class:`Player` plays dispatch after dispatch on one EVM, as a plan says, and keeps accounts from what the
contract announces.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, field
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from parley.chain.codec import compiled_codec
from parley.core.randomness import address_word, commitment, keccak, unpack_order, word
from parley.kit.play import player as kit
from parley.kit.reference import NOTHING, bits
from parley.mechanisms.guarantees.contracts import MECHANISM
from parley.mechanisms.guarantees.dispatch import Phase
from parley.mechanisms.guarantees.model import claim_of
from parley.mechanisms.guarantees.packed import Outcome as Status
from parley.mechanisms.guarantees.packed import jobs_of, order_of, pack_allocation, pack_jobs
from parley.mechanisms.guarantees.parameters import parameters_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

    from parley.chain.codec import Event
    from parley.chain.evm import Evm
    from parley.mechanisms.guarantees.decisions import Claim, Plan
    from parley.mechanisms.guarantees.problem import Problem
    from parley.mechanisms.guarantees.schedules import Allocation

__all__ = ["Outcome", "Player", "player"]


class Outcome(NamedTuple):
    """How one dispatch went.

    Attributes
    ----------
    game : int
        Its number.
    ending : str
        ``settled``, ``conceded`` or ``lapsed``.
    bots : tuple of str
        Of roles, then by seat.
    registrar : str
        What the registrar did.
    pays : tuple of int
        By seat: what it earned, or its floor, without bonds, in wei.
    schedules : tuple of (int or None)
        By seat: who does the jobs that the allocation gives it; None if nobody does.
    done : tuple of tuple of int
        Jobs that each seat has done.
    committed, disclosed : int
        Challenges.
    upheld, repaired : bool
        Whether a challenge beat the posted allocation, and the dispatcher posted again.
    refused : tuple of str
        Errors by which wrong calls were refused.
    expired : tuple of str
        Phases whose deadline passed.
    """

    game: int
    ending: str
    bots: tuple[str, ...]
    registrar: str
    pays: tuple[int, ...]
    schedules: tuple[int | None, ...]
    done: tuple[tuple[int, ...], ...]
    committed: int
    disclosed: int
    upheld: bool
    repaired: bool
    refused: tuple[str, ...]
    expired: tuple[str, ...]

    @property
    def path(self) -> str:
        """How the dispatch went: its ending, and what happened before it."""
        return ", ".join(
            (
                self.ending,
                *(f"{phase} expired" for phase in self.expired),
                *(("upheld",) if self.upheld else ()),
                *(("repaired",) if self.repaired else ()),
                *(f"{error} refused" for error in self.refused),
            )
        )


class Player(kit.Player[Outcome]):
    """Plays dispatches of one problem with one set of bots on one EVM.

    Parameters
    ----------
    evm : Evm
    contract : str
        Address of the contract.
    plan : Plan
        What the bots do.
    seed : int
        With a game's number, determines secrets, and what becomes of the jobs.

    Attributes
    ----------
    registrar, challenger, copier : str
        The accounts after the seats'.
    """

    def __init__(self, evm: Evm, contract: str, plan: Plan, seed: int) -> None:
        problem = plan.problem
        super().__init__(evm, contract, problem.agents, seed, compiled_codec(MECHANISM))
        accounts, n = evm.accounts, problem.agents
        self.registrar, self.challenger, self.copier = (accounts[(n + k) % len(accounts)] for k in range(3))
        self.plan = plan
        self.parameters = parameters_of(problem, self.seats, self.registrar)
        self._digest = self.parameters.digest()
        self._create = self.codec.functions["create"].given("parameters")(astuple(self.parameters))
        self._order = order_of(problem)
        jobs = jobs_of(problem)
        self._jobs = pack_jobs(jobs)
        self._whole = self.parameters.greatest_rate * sum(job.value for job in jobs)
        self._window = problem.window

    @property
    def roles(self) -> tuple[str, ...]:
        """Dispatcher and challenger."""
        return self.creator, self.challenger

    @property
    def others(self) -> Mapping[str, str]:
        """The registrar, and whoever copies a challenge."""
        return {self.registrar: "registrar", self.copier: "copier"}

    @property
    def parties(self) -> tuple[str, ...]:
        """Seats and roles, and whoever copies a challenge."""
        return tuple(dict.fromkeys((*super().parties, self.copier)))

    # ── one dispatch ────────────────────────────────────────────────────────────────────────────────────

    def play(self, k: int) -> Outcome:
        """Play dispatch k from creation to the last withdrawal."""
        self.begin()
        secrets = self.secrets(k, 1)
        salt = secrets.pop()
        plan, n = self.plan, len(self.seats)
        dispatch = _Dispatch(self.id_of(salt), self._digest, [None] * n, [()] * n)
        self._take(dispatch, self.events(self.creator, self._create(salt), self.parameters.deposit))
        self._enrol(dispatch, secrets)
        if plan.enrolled:
            self._register(dispatch)
        if plan.posted is not None:
            self._challenge(dispatch, self.secrets(k, 2))
            self._open(dispatch, secrets)
            self._attest(dispatch, k)
        self._withdraw(dispatch)
        return Outcome(
            k,
            dispatch.ending,
            plan.names,
            plan.registrar,
            tuple(self._pay_of(dispatch, seat) for seat in range(n)),
            tuple(dispatch.holders),
            tuple(dispatch.done),
            dispatch.committed,
            len(dispatch.disclosed),
            dispatch.winner is not None,
            dispatch.repaired,
            tuple(dispatch.refused),
            tuple(dispatch.expired),
        )

    def _act(
        self, dispatch: _Dispatch, sender: str, function: str, *arguments: object, value: int = 0
    ) -> None:
        self._take(dispatch, self.act(sender, function, dispatch.id, *arguments, value=value))

    def _expire(self, dispatch: _Dispatch) -> None:
        self._take(dispatch, self.expire(dispatch.id, self._window))

    @staticmethod
    def _take(dispatch: _Dispatch, events: Sequence[Event]) -> None:
        for event in events:
            dispatch.take_in(event)

    def _enrol(self, dispatch: _Dispatch, secrets: Sequence[bytes]) -> None:
        enrolled, p = self.plan.enrolled, self.parameters
        sealed = [NOTHING] * len(self.seats)
        for seat in enrolled:
            if p.permutation:
                sealed[seat] = commitment(dispatch.id, seat, secrets[seat])
            arguments = seat, dispatch.digest, sealed[seat]
            self._act(dispatch, self.seats[seat], "enrol", *arguments, value=p.seat_bond)
        if len(enrolled) < len(self.seats):
            self._expire(dispatch)
        dispatch.bind(b"".join(sealed) if p.permutation else word(bits(enrolled)))

    def _register(self, dispatch: _Dispatch) -> None:
        """Register the jobs, and let the dispatcher post."""
        plan = self.plan
        if plan.registrar == "silent":
            self._expire(dispatch)
            return
        self._act(dispatch, self.registrar, "register", dispatch.digest, self._jobs)
        dispatch.bind(keccak(self._jobs))
        if plan.absent:
            self._expire(dispatch)
            return
        if plan.refused is not None:
            self._must_refuse(
                dispatch,
                self.creator,
                self._calling("post", dispatch, self._packed(plan.refused)),
                "FloorBroken",
                self._whole,
            )
        if plan.posted is None:
            self._act(dispatch, self.creator, "concede", dispatch.digest)
            return
        allocation = self._packed(plan.posted)
        self._act(dispatch, self.creator, "post", dispatch.digest, self._jobs, allocation, value=self._whole)
        dispatch.bind(keccak(allocation))

    def _calling(self, function: str, dispatch: _Dispatch, allocation: bytes) -> bytes:
        return self.codec.functions[function].encode(dispatch.id, dispatch.digest, self._jobs, allocation)

    def _must_refuse(self, dispatch: _Dispatch, sender: str, data: bytes, error: str, value: int = 0) -> None:
        self.must_refuse(sender, data, error, f"the contract accepts what breaks a rule: {error}", value)
        dispatch.refused.append(error)

    def _packed(self, allocation: Allocation) -> bytes:
        """Return an allocation as calls bring it."""
        return pack_allocation(self._order, allocation)

    def _challenge(self, dispatch: _Dispatch, salts: Sequence[bytes]) -> None:
        """Let the posted allocation be challenged, and repaired."""
        if not self.parameters.max_min:
            return
        plan, chain = self.plan, NOTHING
        accounts = {"dispatcher": self.creator, "challenger": self.challenger, "copier": self.copier}
        sealed = NOTHING
        for number, claim in enumerate(plan.claims):
            sender = accounts[claim.role]
            if not claim.copied:
                shown = keccak(self._packed(claim.allocation))
                sealed = claim_of(dispatch.id, sender, shown, salts[number])
            self._act(
                dispatch, sender, "challenge", dispatch.digest, sealed, value=self.parameters.challenge_bond
            )
            chain = keccak(chain + address_word(sender) + sealed)
        self._expire(dispatch)
        if not plan.claims:
            return
        dispatch.bind(chain)
        for number, claim in enumerate(plan.claims):
            salt = salts[number - claim.copied]
            self._disclose(dispatch, accounts[claim.role], number, claim, salt)
        if len(dispatch.disclosed) < len(plan.claims):
            self._expire(dispatch)
        if plan.winner is None:
            return
        dispatch.bind(word(plan.winner) + keccak(self._packed(plan.claims[plan.winner].allocation)))
        if plan.repaired is None:
            self._expire(dispatch)
            return
        allocation = self._packed(plan.repaired)
        self._act(dispatch, self.creator, "repair", dispatch.digest, self._jobs, allocation)
        dispatch.bind(keccak(allocation))

    def _disclose(self, dispatch: _Dispatch, sender: str, number: int, claim: Claim, salt: bytes) -> None:
        arguments = number, dispatch.digest, self._jobs, self._packed(claim.allocation), salt
        data = self.codec.functions["disclose"].encode(dispatch.id, *arguments)
        if claim.error:
            self._must_refuse(dispatch, sender, data, claim.error)
        else:
            self._take(dispatch, self.events(sender, data))

    def _open(self, dispatch: _Dispatch, secrets: Sequence[bytes]) -> None:
        """Open secrets, and note who does which schedule."""
        plan = self.plan
        if not self.parameters.permutation:
            for seat in plan.enrolled:
                dispatch.holders[seat] = seat
            return
        for seat in plan.opened:
            self._act(dispatch, self.seats[seat], "open", seat, dispatch.digest, secrets[seat])
        if len(plan.opened) < len(plan.enrolled):
            self._expire(dispatch)
        dispatch.bind(b"".join(map(word, dispatch.schedules)))
        for seat, schedule in enumerate(unpack_order(dispatch.schedules, len(self.seats))):
            if schedule:
                dispatch.holders[schedule - 1] = seat

    def _attest(self, dispatch: _Dispatch, k: int) -> None:
        """Let the jobs be done, and the registrar attest."""
        plan, standing = self.plan, self.plan.standing or ()
        packed = self._packed(standing)
        statuses = self._came_to(dispatch, k)
        for holder, jobs in zip(dispatch.holders, standing, strict=True):
            if holder is not None:
                dispatch.done[holder] = tuple(job for job in jobs if statuses[job] is Status.DONE)
        arguments = dispatch.digest, self._jobs, packed
        if plan.registrar == "late":
            self.wait(self._window)
            self._act(dispatch, self.creator, "settle", *arguments)
        else:
            attested = bytes(statuses[job] for job in self._order)
            self._act(dispatch, self.registrar, "attest", *arguments, attested)

    def _came_to(self, dispatch: _Dispatch, k: int) -> list[Status]:
        """Draw what becomes of each job."""
        problem = self.plan.problem
        if self.plan.registrar == "late":
            return [Status.DONE] * problem.jobs
        dice = Random(f"{self.seed}:{k}:jobs")
        cancelled = [_happens(dice, p) for p in problem.cancellation]
        missed = [_happens(dice, bot.misses) for bot in self.plan.providers]
        found = [Status.CANCELLED if gone else Status.DONE for gone in cancelled]
        for holder, jobs in zip(dispatch.holders, self.plan.standing or (), strict=True):
            if holder is not None and missed[holder]:
                for job in jobs:
                    found[job] = Status.CANCELLED if cancelled[job] else Status.MISSED
        return found

    def _withdraw(self, dispatch: _Dispatch) -> None:
        """Let everybody take what it is owed."""
        n, p = len(self.seats), self.parameters
        for seat in self.plan.enrolled:
            bond = p.seat_bond if dispatch.ending != "settled" or seat in dispatch.opened else 0
            self._take_out(dispatch, self.seats[seat], seat, self._pay_of(dispatch, seat) + bond)
        if dispatch.ending == "settled":
            back = dispatch.refund
        else:
            left_out = sum(p.floors) - sum(p.floors[seat] for seat in self.plan.enrolled)
            back = left_out + (0 if dispatch.lapsed == "posting" else p.bond)
        self._take_out(dispatch, self.creator, n, back)
        for number in sorted(dispatch.disclosed):
            reward = dispatch.reward if number == dispatch.winner else 0
            sender = self.creator if self.plan.claims[number].role == "dispatcher" else self.challenger
            self._take_out(dispatch, sender, n + 1 + number, p.challenge_bond + reward)

    def _take_out(self, dispatch: _Dispatch, sender: str, payee: int, amount: int) -> None:
        if amount:
            self._act(dispatch, sender, "withdraw", payee, sender)

    def _pay_of(self, dispatch: _Dispatch, seat: int) -> int:
        """Return what a seat has earned: its pay, or its floor if the dispatch did not settle."""
        if dispatch.ending == "settled":
            return dispatch.pays[seat]
        return self.parameters.floors[seat] if seat in self.plan.enrolled else 0


def _happens(dice: Random, p: Fraction) -> bool:
    return dice.randrange(p.denominator) < p.numerator


def player(evm: Evm, addresses: Mapping[str, str], problem: Problem, cast: Plan, seed: int) -> Player:
    """Return what plays on a machine where the contract is deployed."""
    del problem  # the plan has it
    return Player(evm, addresses[MECHANISM], cast, seed)


@dataclass(slots=True, eq=False)
class _Dispatch:
    """What the player keeps of the dispatch under way, most of it from the contract's events."""

    id: bytes
    digest: bytes
    """What the next action has to name."""
    holders: list[int | None]
    """By seat: who does the jobs that the allocation gives it."""
    done: list[tuple[int, ...]]
    """By seat: jobs that it has done."""
    ending: str = ""
    lapsed: str = ""
    """The phase it lapsed in."""
    pays: tuple[int, ...] = ()
    refund: int = 0
    reward: int = 0
    winner: int | None = None
    schedules: tuple[int, int] = (0, 0)
    committed: int = 0
    disclosed: set[int] = field(default_factory=set)
    opened: set[int] = field(default_factory=set)
    repaired: bool = False
    refused: list[str] = field(default_factory=list)
    expired: list[str] = field(default_factory=list)

    def bind(self, to: bytes) -> None:
        """Let later actions depend on what has happened."""
        self.digest = keccak(self.digest + to)

    def take_in(self, event: Event) -> None:
        """Note what an event says."""
        match event.name:
            case "Expired":
                self.expired.append(Phase(event.phase).name.lower())
            case "Challenged":
                self.committed += 1
            case "Disclosed":
                self.disclosed.add(event.challenge)
            case "Upheld":
                self.winner, self.reward = event.challenge, event.reward
            case "Repaired":
                self.repaired = True
            case "Opened":
                self.opened.add(event.seat)
            case "Drawn":
                self.schedules = event.schedules
            case "Settled" | "Conceded" | "Lapsed":
                self._end(event)
            case _:
                pass

    def _end(self, event: Event) -> None:
        self.ending = event.name.lower()
        if event.name == "Settled":
            self.pays, self.refund = tuple(event.pays), event.refund
        elif event.name == "Lapsed":
            self.lapsed = Phase(event.phase).name.lower()
