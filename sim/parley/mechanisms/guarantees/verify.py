"""How dispatches are replayed and judged: their rules, their draws, and whether what was accepted is fair.

Each allocation, draw and payment is computed again by the reference model: see `parley.kit.verify`. The
contract cannot know whether an allocation is the fairest. Here it is solved: one that is carried out and is
not max-min fair, because nobody has challenged it or by no more than the tolerance, is a finding.

Examples
--------
Ten dispatches of a lazy dispatcher that nobody watches:

>>> from parley.chain.backends import open_evm
>>> from parley.chain.deploy import deploy
>>> from parley.chain.history import Recorder
>>> from parley.kit.verify.contract import verify_contract
>>> from parley.mechanisms.guarantees.mechanism import MECHANISM
>>> from parley.mechanisms.guarantees.decisions import cast
>>> from parley.mechanisms.guarantees.play import Player
>>> from parley.mechanisms.guarantees.problem import worked_example
>>> machine = Recorder(open_evm("revm"))
>>> book = deploy(machine, MECHANISM.artifacts(), MECHANISM.contracts)
>>> machine.contract = book[MECHANISM.contracts[0]].address
>>> player = Player(machine, machine.contract, cast(worked_example(), ["lazy", "sleeping"]), seed=1)
>>> for k in range(10):
...     _ = player.play(k)
>>> found = verify_contract(MECHANISM, machine)
>>> found.games, found.violations, len(found.findings)
(10, [], 10)
>>> found.findings[0].detail
'the least pay is 900000000 wei, and could be 1000000000'
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache

from parley.chain.deployments import Claims
from parley.chain.history import History
from parley.core.randomness import Word, commitment, keccak, pack_order, unpack_order, word
from parley.kit.reference import NOTHING, Event, Revert
from parley.kit.verify.decoder import Action, Decoder
from parley.kit.verify.replay import Attempt, Drawn, Draws, Replay, number_in, words_in
from parley.kit.verify.rules import Rules
from parley.mechanisms.guarantees.dispatch import Dispatch, Phase
from parley.mechanisms.guarantees.guarantee import MaxMin
from parley.mechanisms.guarantees.model import DispatchModel, claim_of
from parley.mechanisms.guarantees.packed import Job
from parley.mechanisms.guarantees.problem import Problem
from parley.mechanisms.guarantees.solution import solve

__all__ = ["RULES", "DispatchReplay"]

MOST_WEI = 2**53
"""Pay of all jobs in wei up to which fairness is judged."""
SECONDS = 10.0
"""Time to find the fairest allocation of a dispatch."""


def _of_presence(name: str, _fields: Sequence[object]) -> str:
    return {"Lapsed": "lapse", "Drawn": "draw", "Upheld": "winner", "Burnt": "burnt bonds"}.get(
        name, "events"
    )


_ALLOCATED = ("AllocationLengthMismatch", "HolderNotEnrolled", "WrongAllocation")
_ACTIONS = ("register", "post", "concede", "challenge", "disclose", "repair", "open", "attest", "settle")

RULES = Rules(
    refusals={
        **dict.fromkeys(("AlreadyEnrolled", "NotEnrolled"), "steps of a seat"),
        "NotTheRegistrar": "registrar",
        "NotTheDispatcher": "dispatcher",
        **dict.fromkeys(("UnknownChallenge", "NotTheChallenger", "AlreadyDisclosed"), "challenge"),
        "UnwantedCommitment": "commitment",
        "WrongDisclosure": "disclosure",
        **dict.fromkeys(("JobsLengthOutOfRange", "EmptyInterval", "JobsOutOfOrder"), "jobs"),
        **dict.fromkeys(("DepositOutOfRange", "WrongJobs"), "jobs"),
        **dict.fromkeys(_ALLOCATED, "allocation"),
        "Overlap": "overlap",
        "FloorBroken": "floor",
        **dict.fromkeys(("NotFairer", "LessFair"), "fairness"),
        **dict.fromkeys(("StatusesLengthMismatch", "UnknownStatus"), "statuses"),
    },
    of_action={
        "StaleDigest": {"enrol": "parameters digest", **dict.fromkeys(_ACTIONS, "history digest")},
    },
    fields={
        "Created": ("game id", "creator", "salt", "parameters digest", "parameters"),
        "Enrolled": ("game id", "seat", "commitment"),
        "Registered": ("game id", "jobs", "jobs", "jobs"),
        "Conceded": ("game id",),
        "Posted": ("game id", "allocation", "least pay"),
        "Challenged": ("game id", "challenge", "challenge", "commitment"),
        "Disclosed": ("game id", "challenge", "allocation", "least pay"),
        "Upheld": ("game id", "winner", "reward"),
        "Repaired": ("game id", "allocation", "least pay"),
        "Opened": ("game id", "seat", "reveal"),
        "Drawn": ("game id", "schedule draw"),
        "Attested": ("game id", "statuses"),
        "Settled": ("game id", "pay", "refund"),
        "Expired": ("game id", "phase", "silent seats"),
        "Lapsed": ("game id", "phase"),
        "Burnt": ("game id", "burnt bonds"),
        "Withdrawn": ("game id", "seat", "payee", "withdrawal amount"),
    },
    presence=_of_presence,
    others=("draw", "lapse", "lost bond"),
)
"""What a call that the model refuses breaks, and what a field that is not as it should be says."""


_JUDGED = ("Posted", "Disclosed", "Upheld", "Repaired", "Settled")
"""Events of which what follows depends on what they state."""


def _best_schedule(replay: "DispatchReplay", dispatch: Dispatch) -> Drawn | None:
    """The schedule of greatest pay is drawn uniformly among those who take part.

    A draw has begun when secrets are to be opened. If somebody keeps its secret to itself, nobody sees how it
    would have come out.
    """
    begun = dispatch.parameters.permutation and Phase.OPENING <= dispatch.phase <= Phase.SETTLED
    if not begun or dispatch.id in replay.lost:
        return None
    equal = Fraction(1, len(dispatch.enrolled))
    seen = bool(dispatch.schedules) and dispatch.opened == dispatch.enrolled
    return Drawn(
        [equal * (seat in dispatch.enrolled) for seat in range(dispatch.agents)],
        (dispatch.schedules.index(dispatch.ranking[-1]),) if seen else None,
    )


class DispatchReplay(Replay[Dispatch]):
    """The dispatches of one contract, as they ought to have gone."""

    contract, rules = DispatchModel, RULES
    draws = (Draws("schedule_p_value", "schedules", _best_schedule),)

    def __init__(self, history: History, decoder: Decoder, claims: Claims | None = None) -> None:
        super().__init__(history, decoder, claims)
        self._before = NOTHING

    def rule_of_refusal(self, action: str, game: Word, refusal: Revert) -> str:
        """See `parley.kit.verify.replay.Replay.rule_of_refusal`."""
        known = self.model.games.get(game)
        if refusal.name == "NothingToWithdraw" and known and refusal.arguments[0] in known.dues:
            return "lost bond"
        return super().rule_of_refusal(action, game, refusal)

    def mend(self, action: str, game: Dispatch, refusal: Revert, attempt: Attempt) -> Attempt | None:
        """See `parley.kit.verify.replay.Replay.mend`."""
        sender, value, arguments = attempt
        match refusal.name:
            case "NotTheRegistrar":
                sender = game.parameters.registrar
            case "NotTheDispatcher":
                sender = game.creator
            case "NotTheSeat":
                sender = game.payee(int(str(refusal.arguments[0])))
            case "WrongSecret":
                seat, _, secret = arguments
                game.commitments[seat] = commitment(game.id, seat, secret)
            case "WrongDisclosure":
                number, _, _, allocation, salt = arguments
                claim = game.challenges[number]
                sealed = claim_of(game.id, claim.challenger, keccak(allocation), salt)
                game.challenges[number] = claim._replace(commitment=sealed)
            case _:
                return super().mend(action, game, refusal, attempt)
        return Attempt(sender, value, arguments)

    def follow(self, game: Dispatch, want: Mapping[str, Event], have: Mapping[str, Event]) -> None:
        """See `parley.kit.verify.replay.Replay.follow`."""
        super().follow(game, want, have)
        if any(want.get(name) != have.get(name) for name in _JUDGED):
            self.lost.add(game.id)

    def burnt_in(self, game: Dispatch, events: Sequence[Event]) -> int:
        """See `parley.kit.verify.replay.Replay.burnt_in`."""
        del game  # the events state amounts
        return sum(number_in(event, 1) for event in events if event.name == "Burnt")

    # ── draws ────────────────────────────────────────────────────────────────────────────────────────────

    def prepare(self, action: Action, game: Word) -> None:
        """Keep the digest before a call."""
        del action  # whatever it is
        known = self.model.games.get(game)
        self._before = NOTHING if known is None else known.digest

    def check_draws(
        self, game: Dispatch, expected: list[Event], events: list[Event]
    ) -> tuple[list[Event], list[Event]]:
        """See `parley.kit.verify.replay.Replay.check_draws`."""
        want, have = ([event for event in some if event.name == "Drawn"] for some in (expected, events))
        if len(want) != len(have):
            self._note(game.id, "draw", f"{len(have)} draws instead of {len(want)}")
            self.lost.add(game.id)
        elif have:
            self._check_schedules(game, words_in(have[0], 1))
        return [e for e in expected if e.name != "Drawn"], [e for e in events if e.name != "Drawn"]

    def _check_schedules(self, game: Dispatch, found: tuple[int, int]) -> None:
        """Hold a draw against the secrets, and follow it."""
        self.checked["schedule draws"] += 1
        if found == pack_order([schedule + 1 for schedule in game.schedules]):
            return
        schedules = tuple(schedule - 1 for schedule in unpack_order(found, game.agents))
        self._note(game.id, "schedule draw", f"{schedules} where the secrets say {game.schedules}")
        if sorted(schedules) != sorted(game.schedules):
            self.lost.add(game.id)
        game.schedules = schedules
        game.digest = keccak(self._before + b"".join(map(word, found)))

    # ── fairness ─────────────────────────────────────────────────────────────────────────────────────────

    def inspect(self, action: Action, game: Dispatch) -> None:
        """Hold the allocation that was carried out against the fairest one."""
        if action.name not in ("attest", "settle") or not game.parameters.max_min:
            return
        p, enrolled = game.parameters, sorted(game.enrolled)
        values = dict.fromkeys(enrolled, 0)
        allocation = action.arguments[2]
        for job, code in zip(game.job_list(), allocation, strict=True):
            if code:
                values[code - 1] += job.value
        least = min(p.rates[seat] * value for seat, value in values.items())
        rates = tuple(p.rates[seat] for seat in enrolled)
        bounds = _fairest(tuple(game.job_list()), rates)
        if bounds is None or bounds[0] <= least < bounds[1]:
            self.checked["allocations not judged"] += 1
            return
        self.checked["allocations judged"] += 1
        if least < bounds[0]:
            detail = f"the least pay is {least} wei, and could be {bounds[0]}"
            self.find(game.id, "not the fairest", detail)


@lru_cache(maxsize=4096)
def _fairest(jobs: tuple[Job, ...], rates: tuple[int, ...]) -> tuple[int, int] | None:
    """Return bounds on the greatest least pay, in wei; None if the numbers are too large to be judged."""
    if not all(rates) or max(rates) * sum(job.value for job in jobs) > MOST_WEI:
        return None if all(rates) else (0, 0)
    problem = Problem(
        providers=len(rates),
        values=tuple(Fraction(job.value) for job in jobs),
        guarantee=MaxMin(),
        intervals=tuple((Fraction(job.start), Fraction(job.end)) for job in jobs),
        pay=tuple(map(Fraction, rates)),
    )
    found = solve(problem, time_limit=SECONDS)
    if found.tau is None:
        raise ValueError("no least pay was found")
    if found.status == "optimal":
        return int(found.tau), int(found.tau)
    least, most = found.ranges["tau"] or (found.tau, found.tau)
    return int(least), int(most)
