"""Calls to make: what could be done next in a dispatch, and the many ways of doing it wrongly."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from parley.chain.evm import FUNDS
from parley.core.limits import MAX_WINDOW
from parley.core.randomness import Word, keccak, word
from parley.kit.reference import NOTHING
from parley.mechanisms.guarantees.dispatch import Dispatch, Phase
from parley.mechanisms.guarantees.model import claim_of
from parley.mechanisms.guarantees.packed import MAX_JOBS, Job, Outcome, pack_jobs, unpack_jobs
from parley.mechanisms.guarantees.parameters import Parameters
from tests.kit.rig import moves
from tests.kit.rig.moves import Call

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from random import Random

LARGEST = 2**64 - 1
"""Value of a job, and rate."""


def parameters(dice: Random, accounts: Sequence[str]) -> Parameters:
    """A dispatch that may be opened: of small numbers, so that there are many ties, or of the largest."""
    seats = dice.choice([1, 2, 2, 3, 3, 4])
    permutation = dice.random() < 0.5
    rate, floor = dice.choice([1, 1, 3, 7, 2**40, LARGEST]), dice.choice([0, 0, 0, 0, 1])
    uniform = permutation or dice.random() < 0.3
    return Parameters(
        agents=tuple(dice.sample(list(accounts), seats)),
        registrar=dice.choice(list(accounts)),
        rates=tuple(rate if uniform else dice.choice([0, 1, 2, rate]) for _ in range(seats)),
        floors=tuple(
            floor * min(rate, 9) if uniform else dice.choice([0, 0, 0, 0, 0, 0, 1, 5]) for _ in range(seats)
        ),
        max_min=dice.random() < 0.7,
        tolerance=dice.choice([0, 0, 1, 2 * rate]),
        permutation=permutation,
        bond=dice.choice([0, 1, 9, 10**15]),
        challenge_bond=dice.choice([0, 5, 10**12]),
        provider_bond=dice.choice([0, 7, 10**12]),
        enrol_window=dice.choice([60, 600, 600, MAX_WINDOW]),
        action_window=dice.choice([60, 600, 600, MAX_WINDOW]),
        attest_window=dice.choice([60, 6000, MAX_WINDOW, MAX_WINDOW]),
    )


def random_jobs(dice: Random, rate: int = 1) -> list[Job]:
    """Jobs in order, of which many overlap; their values do not earn more than there is."""
    jobs = []
    dear = LARGEST if rate <= 3 and dice.random() < 0.1 else dice.choice([1, 3, 9])
    for _ in range(dice.choice([0, 3, 4, 5, 5, 8, 8])):
        start = dice.randint(0, 6)
        jobs.append(Job(start, start + dice.randint(1, 4), dice.choice([0, dear, dice.randint(0, dear)])))
    return sorted(jobs)


def random_allocation(dice: Random, jobs: Sequence[Job], seats: Sequence[int]) -> bytes:
    """A feasible allocation: jobs to whoever has least, or to anybody, or to nobody."""
    ends, values, codes = dict.fromkeys(seats, 0), dict.fromkeys(seats, 0), []
    fairly = dice.random() < 0.5
    for job in jobs:
        free = [seat for seat in seats if ends[seat] <= job.start]
        if not free or dice.random() < 0.1:
            codes.append(0)
            continue
        seat = min(free, key=lambda one: (values[one], dice.random())) if fairly else free[0]
        ends[seat] = job.end
        values[seat] += job.value
        codes.append(seat + 1)
    return bytes(codes)


@dataclass
class Moves(moves.Moves[Dispatch]):
    """What the payees know, and how they choose."""

    bodies: dict[Word, bytes] = field(default_factory=dict)
    """Allocations by their hashes."""
    claims: dict[Word, tuple[bytes, Word]] = field(default_factory=dict)
    """What opens each challenge: allocation and salt."""

    def stake(self, *parameters: Any) -> int:  # noqa: ANN401 - as in the rig
        (p,) = parameters
        return min(int(p.deposit), FUNDS // 2)

    def deposit(self, game: Dispatch, seat: int) -> int:
        del seat  # all pay the same
        return game.parameters.seat_bond

    # ──────────────────────────────────────── what is to be done ────────────────────────────────────────

    def waited_for(self, game: Dispatch) -> Collection[int]:
        if game.phase is Phase.ENROLLING:
            return set(range(game.agents)) - game.enrolled
        if game.phase is Phase.OPENING:
            return {seat for seat in game.enrolled - game.opened if game.commitments[seat] in self.offered}
        return ()

    def by_seat(self, dice: Random, game: Dispatch, method: str, seat: int) -> Call:
        if method == "withdraw":
            return Call(game.payee(seat), method, (game.id, seat, dice.choice(self.payees)))
        return super().by_seat(dice, game, method, seat)

    def next_call(self, dice: Random, game: Dispatch) -> Call | None:
        if game.phase is Phase.POSTING and (dice.random() < 0.02 or not self._found(dice, game)):
            return self._concede(dice, game)
        if game.phase is Phase.CHALLENGING and dice.random() < 0.3 + 0.1 * len(game.challenges):
            return self._expire(dice, game)
        if game.phase is Phase.DISCLOSING and not self._claims_of(game) and dice.random() < 0.5:
            return self._expire(dice, game)
        if game.phase is Phase.REPAIRING and dice.random() < 0.3:
            return self._expire(dice, game)
        return super().next_call(dice, game)

    def _new_commitment(self, dice: Random, game: Dispatch, seat: int) -> Word:
        if not game.parameters.permutation:
            return NOTHING
        return self.new_commitment(dice, game, seat)

    def _commitment(self, dice: Random, game: Dispatch, seat: int) -> Word:
        if game.enrolled and game.parameters.permutation and dice.random() < 0.05:
            # A copy, which its owner will not be able to open.
            return game.commitments[min(game.enrolled)]
        return self._new_commitment(dice, game, seat)

    def _expire(self, dice: Random, game: Dispatch) -> Call:
        if game.phase is Phase.ATTESTING and dice.random() < 0.9:
            return self._settle(dice, game)
        return Call(dice.choice(self.accounts), "expire", (game.id,))

    def _register(self, dice: Random, game: Dispatch) -> Call:
        jobs = pack_jobs(random_jobs(dice, game.parameters.greatest_rate if game.parameters.rates else 1))
        return Call(game.parameters.registrar, "register", (game.id, game.digest, jobs))

    def _post(self, dice: Random, game: Dispatch) -> Call:
        allocation = self._found(dice, game) or self._any(dice, game)
        due = game.parameters.greatest_rate * sum(job.value for job in game.job_list())
        # Nobody has more.
        paid = min(due, FUNDS // 2)
        return Call(game.creator, "post", (game.id, game.digest, game.jobs, allocation), paid)

    def _concede(self, _dice: Random, game: Dispatch) -> Call:
        return Call(game.creator, "concede", (game.id, game.digest))

    def _challenge(self, dice: Random, game: Dispatch) -> Call:
        sender = dice.choice(self.accounts)
        known = [claim.commitment for claim in game.challenges if claim.commitment != NOTHING]
        if known and dice.random() < 0.2:
            sealed = dice.choice(known)  # a copy
        else:
            found = [self._any(dice, game) for _ in range(dice.choice([1, 6, 12]))]
            allocation, salt = max(found, key=lambda one: self._least(game, one)), self.new_secret()
            if game.challenges and dice.random() < 0.3:
                opened = [self.claims[one] for one in known if one in self.claims]
                allocation = opened[0][0] if opened else allocation  # as fair as another
            sealed = claim_of(game.id, sender, keccak(allocation), salt)
            self.claims[sealed] = allocation, salt
            self.bodies[keccak(allocation)] = allocation
        return Call(sender, "challenge", (game.id, game.digest, sealed), game.parameters.challenge_bond)

    def _claims_of(self, game: Dispatch) -> list[int]:
        """Challenges that can be disclosed with success."""
        bound = game.least + game.parameters.tolerance
        return [
            number
            for number, claim in enumerate(game.challenges)
            if claim.commitment in self.claims
            and self._least(game, self.claims[claim.commitment][0]) > bound
            and claim.commitment
            == claim_of(
                game.id,
                claim.challenger,
                keccak(self.claims[claim.commitment][0]),
                self.claims[claim.commitment][1],
            )
        ]

    def _disclose(self, dice: Random, game: Dispatch) -> Call:
        hopeful, many = self._claims_of(game), len(game.challenges)
        number = dice.choice(hopeful) if hopeful and dice.random() < 0.8 else dice.randrange(many or 1)
        if number >= many:
            return Call(
                dice.choice(self.accounts),
                "disclose",
                (game.id, number, game.digest, game.jobs, b"", word(1)),
            )
        claim = game.challenges[number]
        allocation, salt = self.claims.get(claim.commitment, (self._any(dice, game), word(1)))
        args = (game.id, number, game.digest, game.jobs, allocation, salt)
        return Call(claim.challenger, "disclose", args)

    def _repair(self, dice: Random, game: Dispatch) -> Call:
        allocation = self._any(dice, game)
        if game.winner and self._least(game, allocation) < game.winner.least and dice.random() < 0.8:
            allocation = self.bodies[game.winner.allocation]
        self.bodies[keccak(allocation)] = allocation
        return Call(game.creator, "repair", (game.id, game.digest, game.jobs, allocation))

    def _attest(self, dice: Random, game: Dispatch) -> Call:
        allocation = self.bodies.get(game.allocation, b"")
        likely = dice.choice([[Outcome.DONE], list(Outcome), [Outcome.DONE, Outcome.CANCELLED]])
        statuses = bytes(dice.choice(likely) for _ in allocation)
        args = (game.id, game.digest, game.jobs, allocation, statuses)
        return Call(game.parameters.registrar, "attest", args)

    def _settle(self, dice: Random, game: Dispatch) -> Call:
        allocation = self.bodies.get(game.allocation, b"")
        args = (game.id, game.digest, game.jobs, allocation)
        return Call(dice.choice(self.accounts), "settle", args)

    def _withdraw(self, dice: Random, game: Dispatch) -> Call:
        payee = dice.choice(sorted(game.entitled) or range(game.payees))
        if game.phase not in self.model.ended:
            payee = dice.randrange(game.payees)
        return Call(game.payee(payee), "withdraw", (game.id, payee, dice.choice(self.payees)))

    # ─────────────────────────────────────────── allocations ────────────────────────────────────────────

    def _any(self, dice: Random, game: Dispatch) -> bytes:
        """A feasible allocation, which may break floors."""
        allocation = random_allocation(dice, game.job_list(), sorted(game.enrolled))
        self.bodies[keccak(allocation)] = allocation
        return allocation

    def _found(self, dice: Random, game: Dispatch) -> bytes | None:
        """An allocation that keeps floors, if some attempts find one; most of the time not the fairest."""
        found = (self._any(dice, game) for _ in range(8))
        return next((one for one in found if self._least(game, one) >= 0), None)

    @staticmethod
    def _least(game: Dispatch, allocation: bytes) -> int:
        """The least pay of a feasible allocation; −1 if a floor is broken."""
        p, values = game.parameters, dict.fromkeys(game.enrolled, 0)
        if len(allocation) != len(game.job_list()):
            return -1
        for job, code in zip(game.job_list(), allocation, strict=True):
            if code:
                values[code - 1] += job.value
        earned = {seat: p.rates[seat] * amount for seat, amount in values.items()}
        if any(pay < p.floors[seat] for seat, pay in earned.items()):
            return -1
        return min(earned.values(), default=-1)

    # ───────────────────────────────────────── doing it wrongly ─────────────────────────────────────────

    @staticmethod
    def _other_allocation(dice: Random, game: Dispatch, right: bytes) -> bytes:
        codes = bytearray(right)
        if codes:
            codes[dice.randrange(len(codes))] = dice.choice([0, 1, game.agents, game.agents + 1, 255])
        others = [right[:-1], right + b"\0", bytes(len(right)), b"\1" * len(right), bytes(codes)]
        return dice.choice([*others, bytes(codes), bytes(codes)])

    @staticmethod
    def _other_jobs(dice: Random, _game: Dispatch, right: bytes) -> bytes:
        jobs = unpack_jobs(right)
        if jobs:
            k = dice.randrange(len(jobs))
            start, end, value = jobs[k]
            jobs[k] = dice.choice(
                [
                    Job(start, start, value),
                    Job(end, start, value),
                    Job(0, end, value),
                    Job(start, end, LARGEST),
                ]
            )
        swapped = pack_jobs(reversed(unpack_jobs(right)))
        return dice.choice(
            [right[:-1], right + bytes(16), b"\1" * 16 * MAX_JOBS, swapped, pack_jobs(jobs), pack_jobs(jobs)]
        )

    @staticmethod
    def _other_statuses(dice: Random, _game: Dispatch, right: bytes) -> bytes:
        codes = bytearray(right)
        if codes:
            codes[dice.randrange(len(codes))] = dice.choice([0, 1, 2, 3, 255])
        return dice.choice([right[:-1], right + b"\0", b"", bytes(codes), bytes(codes), bytes(codes)])

    def spoil(self, dice: Random, call: Call) -> Call:
        """Also: somebody else's challenge, and what a payee that does not exist might take."""
        if call.method in ("disclose", "withdraw") and dice.random() < 0.3:
            game = self.model.games.get(call.args[0])
            most = game.payees if game else 1
            other = dice.choice([0, most - 1, most, 2**200])
            sender = call.sender
            if game is not None and call.method == "withdraw" and other < most and dice.random() < 0.5:
                sender = game.payee(other)
            return replace(call, sender=sender, args=(call.args[0], other, *call.args[2:]))
        spoiled = super().spoil(dice, call)
        # Another allocation may do as well.
        self.bodies |= {keccak(one): one for one in spoiled.args if isinstance(one, bytes)}
        return spoiled
