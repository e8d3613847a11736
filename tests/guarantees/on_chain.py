"""A dispatch on the real contract: a thin driver, for tests that play it by hand."""

from __future__ import annotations

from dataclasses import astuple, replace
from typing import TYPE_CHECKING, Any

from parley.core.randomness import commitment, keccak, word
from parley.mechanisms.guarantees.model import claim_of
from parley.mechanisms.guarantees.packed import Job, pack_jobs
from parley.mechanisms.guarantees.parameters import Parameters
from tests.kit.rig import table as table_of
from tests.kit.rig.table import Done, members, went

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from parley.chain.evm import Evm

(
    NONE,
    ENROLLING,
    REGISTERING,
    POSTING,
    CHALLENGING,
    DISCLOSING,
    REPAIRING,
    OPENING,
    ATTESTING,
    SETTLED,
    CONCEDED,
    LAPSED,
) = range(12)

ENROL_WINDOW, ACTION_WINDOW, ATTEST_WINDOW = 600, 300, 7200
BOND, CHALLENGE_BOND, PROVIDER_BOND = 1001, 100, 50
RATE, FLOOR = 10, 20

MAX_MIN = Parameters(
    agents=(),
    registrar="",
    rates=(RATE,) * 3,
    floors=(FLOOR,) * 3,
    max_min=True,
    tolerance=5,
    permutation=False,
    bond=BOND,
    challenge_bond=CHALLENGE_BOND,
    provider_bond=PROVIDER_BOND,
    enrol_window=ENROL_WINDOW,
    action_window=ACTION_WINDOW,
    attest_window=ATTEST_WINDOW,
)
"""Three equal providers with a floor of two units of value each. A table puts addresses in."""
DRAWN = replace(MAX_MIN, permutation=True)
"""The same, and schedules are drawn."""
FLOORS = replace(MAX_MIN, max_min=False)
"""The same without max-min fairness."""

JOBS = (Job(0, 2, 5), Job(1, 3, 4), Job(2, 5, 6), Job(3, 4, 2), Job(4, 6, 3), Job(5, 7, 2))
"""Their values sum to 22; the second overlaps the first and the third, and so on."""
VALUE = sum(job.value for job in JOBS)
LAZY = bytes([1, 2, 1, 2, 3, 0])
"""Values 11, 6 and 3."""
FAIRER = bytes([1, 2, 3, 2, 0, 0])
"""Values 5, 6 and 6."""
FAIREST = bytes([1, 2, 3, 2, 0, 1])
"""Values 7, 6 and 6; nothing is fairer."""
MOST = bytes([1, 2, 3, 2, 1, 2])
"""Values 8, 8 and 6: as fair, and nothing is left out."""
ALONE = bytes([1, 0, 1, 0, 0, 1])
"""Breaks floors."""


class Table(table_of.Table):
    """One dispatch.

    Parameters
    ----------
    parameters : Parameters
        Without addresses.
    jobs : sequence of Job
    posted : bytes
        What the dispatcher posts, unless told otherwise.
    """

    contract = "GuaranteedDispatch"

    def __init__(
        self,
        parameters: Parameters = MAX_MIN,
        jobs: Sequence[Job] = JOBS,
        posted: bytes = LAZY,
        evm: str | Evm = "revm",
    ) -> None:
        super().__init__(len(parameters.rates), evm)
        self.agreed = parameters
        self.job_list = list(jobs)
        self.posted = self.standing = posted
        self.registrar = self.evm.accounts[-2]
        self.challengers: list[str] = []
        self.claimed: list[bytes] = []

    @property
    def parameters(self) -> Parameters:
        """What it is created with."""
        return replace(self.agreed, agents=tuple(self.seats), registrar=self.registrar)

    @property
    def jobs(self) -> bytes:
        """As calls bring them."""
        return pack_jobs(self.job_list)

    @property
    def greatest_pay(self) -> int:
        """What all jobs can earn."""
        return self.parameters.greatest_rate * sum(job.value for job in self.job_list)

    @property
    def n(self) -> int:
        """Number of seats, and of the dispatcher as a payee."""
        return len(self.seats)

    def secret(self, seat: int) -> bytes:
        """A seat's secret."""
        return keccak(self.salt + word(seat))

    def sealed(self, seat: int) -> bytes:
        """A seat's commitment, where there is one."""
        permutation = self.agreed.permutation
        return commitment(self.id, seat, self.secret(seat)) if permutation else bytes(32)

    def claim(self, challenger: str, allocation: bytes, salt: bytes = b"s" * 32) -> bytes:
        """A challenger's commitment."""
        return claim_of(self.id, challenger, keccak(allocation), salt)

    # ── actions ────────────────────────────────────────────────────────────────────────────────────

    def create(self, value: int | None = None, sender: str = "", **changes: Any) -> Done:  # noqa: ANN401 - of any type
        """Open the dispatch; changes are to its parameters by name."""
        p = replace(self.parameters, **changes)
        paid = p.deposit if value is None else value
        return self.do(sender or self.creator, "create", self.salt, astuple(p), value=paid)

    def enrol(self, seat: int, sealed: bytes | None = None, value: int | None = None) -> Done:
        """Take part."""
        sealed = self.sealed(seat) if sealed is None else sealed
        value = self.parameters.seat_bond if value is None else value
        return self.by_seat("enrol", seat, commitment=sealed, value=value)

    def register(self, jobs: bytes | None = None, sender: str = "") -> Done:
        """Register the jobs."""
        jobs = self.jobs if jobs is None else jobs
        return self.do(sender or self.registrar, "register", self.id, self.digest, jobs)

    def post(self, allocation: bytes | None = None, sender: str = "", value: int | None = None) -> Done:
        """Post an allocation."""
        allocation = self.posted if allocation is None else allocation
        value = self.greatest_pay if value is None else value
        args = (self.id, self.digest, self.jobs, allocation)
        return self.do(sender or self.creator, "post", *args, value=value)

    def concede(self, sender: str = "") -> Done:
        """Give up."""
        return self.do(sender or self.creator, "concede", self.id, self.digest)

    def challenge(self, allocation: bytes, challenger: str = "", value: int | None = None) -> Done:
        """Claim that an allocation is fairer."""
        challenger = challenger or self.evm.accounts[-3]
        value = self.agreed.challenge_bond if value is None else value
        args = (self.id, self.digest, self.claim(challenger, allocation))
        done = self.do(challenger, "challenge", *args, value=value)
        if done.ok:
            self.challengers.append(challenger)
            self.claimed.append(allocation)
        return done

    def disclose(self, challenge: int = 0, **given: Any) -> Done:  # noqa: ANN401 - of any type
        """Show what was claimed."""
        known = {
            "sender": self.challengers[challenge] if challenge < len(self.challengers) else self.stranger,
            "digest": self.digest,
            "jobs": self.jobs,
            "allocation": self.claimed[challenge] if challenge < len(self.claimed) else b"",
            "salt": b"s" * 32,
        } | given
        args = [known[name] for name in ("digest", "jobs", "allocation", "salt")]
        return self.do(known["sender"], "disclose", self.id, challenge, *args)

    def repair(self, allocation: bytes, sender: str = "") -> Done:
        """Post again."""
        args = (self.id, self.digest, self.jobs, allocation)
        return self.do(sender or self.creator, "repair", *args)

    def open(self, seat: int) -> Done:
        """Open a seat's secret."""
        return self.by_seat("open", seat, secret=self.secret(seat))

    def attest(
        self, statuses: bytes | None = None, sender: str = "", allocation: bytes | None = None
    ) -> Done:
        """Attest; all is done if nothing else is said."""
        allocation = self.standing if allocation is None else allocation
        statuses = bytes(len(self.job_list)) if statuses is None else statuses
        args = (self.id, self.digest, self.jobs, allocation, statuses)
        return self.do(sender or self.registrar, "attest", *args)

    def settle(self, sender: str = "", allocation: bytes | None = None) -> Done:
        """Settle in place of the registrar."""
        allocation = self.standing if allocation is None else allocation
        args = (self.id, self.digest, self.jobs, allocation)
        return self.do(sender or self.stranger, "settle", *args)

    def withdraw(self, payee: int, to: str = "", sender: str = "") -> Done:
        """Take out what a payee is owed."""
        sender = sender or self.payee(payee)
        return self.do(sender, "withdraw", self.id, payee, to or sender)

    def payee(self, number: int) -> str:
        """A payee's address."""
        if number > self.n:
            return self.challengers[number - self.n - 1]
        return self.creator if number == self.n else self.seats[number]

    # ── views ──────────────────────────────────────────────────────────────────────────────────────

    def owed(self) -> list[int]:
        """What all payees are owed."""
        return [int(self.ask("owedTo", self.id, k)) for k in range(self.n + 1 + len(self.challengers))]

    def schedules(self) -> list[int]:
        """By seat, after the draw: one more than the seat to which the allocation gives its jobs."""
        data = b"".join(packed.to_bytes(32, "little") for packed in self.state.schedules)
        return list(data[: self.n])

    # ── whole phases ───────────────────────────────────────────────────────────────────────────────

    def enrol_all(self, *, but: Sequence[int] = ()) -> Done:
        """Everybody enrols; if somebody does not, its deadline is waited for."""
        return self._all(self.enrol, members((1 << self.n) - 1 & ~self.state.enrolled), but)

    def open_all(self, *, but: Sequence[int] = ()) -> Done:
        """Everybody who has enrolled opens its secret."""
        return self._all(self.open, members(self.state.enrolled & ~self.state.opened), but)

    def expired(self) -> Done:
        """Let the deadline pass, and say so."""
        self.to_deadline(past=1)
        return went(self.expire())

    def play_to(self, phase: int) -> Table:
        """Play until that phase begins, nobody silent, with a challenge if the phase needs one."""
        acts: dict[int, Callable[[], object]] = {
            NONE: lambda: went(self.create()),
            ENROLLING: self.enrol_all,
            REGISTERING: lambda: went(self.register()),
            POSTING: lambda: went(self.post()),
            CHALLENGING: lambda: self._wait_for_challenges(phase),
            DISCLOSING: lambda: went(self.disclose()),
            REPAIRING: self.repaired,
            OPENING: self.open_all,
            ATTESTING: lambda: went(self.attest()),
        }
        while (now := self.phase) != phase:
            assert now in acts, f"the dispatch ended in phase {now}"
            acts[now]()
        return self

    def repaired(self) -> Done:
        """Repair as well as can be."""
        done = went(self.repair(MOST))
        self.standing = MOST
        return done

    def _wait_for_challenges(self, phase: int) -> None:
        if phase in (DISCLOSING, REPAIRING) and not self.challengers:
            went(self.challenge(FAIREST))
        self.expired()

    def _all(self, act: Callable[[int], Done], seats: Iterable[int], but: Sequence[int]) -> Done:
        last = None
        for seat in seats:
            if seat not in but:
                last = went(act(seat))
        if but:
            self.to_deadline(past=1)
            last = went(self.expire())
        assert last is not None
        return last
