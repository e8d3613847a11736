"""What the suite of conformance has to know of provider guarantees."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, replace
from typing import Any

from parley.chain.abi import Interface
from parley.chain.compiler import Artifact
from parley.chain.evm import Evm, Logs
from parley.core.randomness import word
from parley.mechanisms.guarantees.decisions import cast, plan_of
from parley.mechanisms.guarantees.mechanism import MECHANISM
from parley.mechanisms.guarantees.packed import pack_jobs, unpack_jobs
from parley.mechanisms.guarantees.parameters import NOBODY, Parameters
from parley.mechanisms.guarantees.play import Player
from tests.guarantees.contract_machine import ContractMachine
from tests.guarantees.crooked import CAMPAIGN, SILENT
from tests.guarantees.problems import FLOORS, JOBS, LATE, PROBLEMS, USUAL, random_keys
from tests.kit.rig.on_chain import OnChain
from tests.kit.rig.staging import Staged, Way, trying
from tests.kit.rig.suite import Chosen, Suite, Tampered
from tests.kit.rig.tampered import by_stranger, with_word

UNWATCHED = {**JOBS, "guarantee": {"type": "income", "floor": 1}, "draw": "permutation"}
"""Without max-min fairness nobody waits for challenges."""
REGISTRARS = {USUAL: "honest", FLOORS: "honest", LATE: "late"}


def player(
    evm: Evm, addresses: Mapping[str, str], bots: Sequence[str] = (), setting: str = "", seed: int = 3
) -> Player:
    """Who plays the problem of a setting."""
    plan = cast(PROBLEMS[setting], bots or ("lazy",))
    plan = plan_of(plan.problem, plan.names, REGISTRARS[setting])
    return trying(Player(evm, addresses[SUITE.contract], plan, seed))


def subject(evm: Evm, contract: Artifact | None = None) -> OnChain:
    """The contract on a machine, and those who call it."""
    return OnChain(MECHANISM, evm, contract)


# ── ways ────────────────────────────────────────────────────────────────────────────────────────────────────


def _encoded(player: Staged, data: bytes, arguments: Sequence[Any], action: str = "") -> bytes:
    read = SUITE.decoder.read_action(data)
    named = () if read.name == "create" else (read.game,)
    return Interface(player.codec.abi).encode(action or read.name, *named, *arguments)


def bringing(what: str, change: Callable[[bytes], bytes]) -> Way:
    """Try the call with other jobs, another allocation or other statuses first."""

    def way(player: Staged, sender: str, data: bytes, value: int) -> Logs:
        action = SUITE.decoder.read_action(data)
        names = [kind.name for kind in SUITE.decoder.actions[action.name]][1:]
        arguments = list(action.arguments)
        arguments[names.index(what)] = change(arguments[names.index(what)])
        player.attempt(sender, _encoded(player, data, arguments), value)
        return player.really_send(sender, data, value)

    return way


def creating(change: Callable[[Parameters, str], Parameters]) -> Way:
    """Try to create a dispatch that must not be before one that may."""

    def way(player: Staged, sender: str, data: bytes, value: int) -> Logs:
        salt, right = SUITE.decoder.read_action(data).arguments
        player.attempt(sender, _encoded(player, data, (salt, astuple(change(right, sender)))), value)
        return player.really_send(sender, data, value)

    return way


def _settled_early(player: Staged, sender: str, data: bytes, value: int) -> Logs:
    *arguments, _ = SUITE.decoder.read_action(data).arguments
    player.attempt(sender, _encoded(player, data, arguments, "settle"))
    return player.really_send(sender, data, value)


def _twice_by(wanted: Callable[[int], bool]) -> Way:
    """Withdraw twice, if the payee is wanted."""

    def way(player: Staged, sender: str, data: bytes, value: int) -> Logs:
        logs = player.really_send(sender, data, value)
        payee, _ = SUITE.decoder.read_action(data).arguments
        if wanted(payee - len(player.seats)):
            player.attempt(sender, data, value)
        else:
            player.begin()
        return logs

    return way


def _with_first(change: Callable[[int, int, int], tuple[int, int, int]]) -> Callable[[bytes], bytes]:
    def changed(jobs: bytes) -> bytes:
        first, *others = unpack_jobs(jobs)
        return pack_jobs([type(first)(*change(*first)), *others])

    return changed


WAYS: Mapping[str, Way] = {
    "giving nothing": bringing("allocation", lambda right: bytes(len(right))),
    "giving all to one": bringing("allocation", lambda right: b"\1" * len(right)),
    "giving one too many": bringing("allocation", lambda right: right + b"\0"),
    "giving to nobody's seat": bringing("allocation", lambda right: b"\4" + right[1:]),
    "of other jobs": bringing("jobs", _with_first(lambda start, end, value: (start, end, value + 1))),
    "with an empty interval": bringing("jobs", _with_first(lambda start, _, value: (start, start, value))),
    "out of order": bringing("jobs", lambda right: right[16:] + right[:16]),
    "with a status too many": bringing("statuses", lambda right: right + b"\0"),
    "with an unknown status": bringing("statuses", lambda right: b"\3" + right[1:]),
    "without a registrar": creating(lambda p, _: replace(p, registrar=NOBODY)),
    "with the dispatcher as registrar": creating(lambda p, sender: replace(p, registrar=sender)),
    "with another rate": creating(lambda p, _: replace(p, rates=(*p.rates[:-1], p.rates[0] - 1))),
    "after an early settlement": _settled_early,
    "twice by the dispatcher": _twice_by(lambda k: k == 0),
    "twice by a challenger": _twice_by(lambda k: k > 0),
}


def _seats(*three: str) -> tuple[str, ...]:
    return ("lazy", "watchful", *three)


POPULATIONS = {
    "most of it": ("lazy", "copying", "reliable", "reliable", "withholding"),
    **{name: (name,) for name in ("honest", "greedy", "lazy", "insured", "conceding", "absent")},
    **{f"lazy, {name}": ("lazy", name) for name in ("sleeping", "griefing")},
    "insured, griefing": ("insured", "griefing"),
    "honest, griefing": ("honest", "griefing"),
    "one absent": _seats("reliable", "absent", "reliable"),
    "all absent": _seats("absent", "absent", "absent"),
    "one withholding": _seats("reliable", "reliable", "withholding"),
    "all withholding": _seats("withholding", "withholding", "withholding"),
    "no-shows": _seats("no-show", "no-show:1/3", "reliable"),
    "all sorts": _seats("no-show:1/3", "withholding", "absent"),
}

TAMPERED = {
    "an enrolment agreeing to nothing": Tampered("enrol", with_word(2, word(9)), "parameters digest"),
    "a concession by somebody else": Tampered("concede", by_stranger, "dispatcher", FLOORS),
    "a disclosure by somebody else": Tampered("disclose", by_stranger, "challenge"),
    "a disclosure of a challenge that is not there": Tampered("disclose", with_word(1, word(9)), "challenge"),
    "a disclosure with another salt": Tampered("disclose", with_word(5, word(9)), "disclosure"),
    "a repair by somebody else": Tampered("repair", by_stranger, "dispatcher"),
    "an attestation by somebody else": Tampered("attest", by_stranger, "registrar"),
    "an early settlement": Tampered("settle", lambda call: call._replace(timestamp=1), "deadline", LATE),
}

ENDINGS = {
    *("settled", "conceded", "lapsed enrolling", "lapsed registering", "lapsed posting"),
    *("upheld", "upheld among several", "repaired", "drawn with silent seats", "drawn with nobody"),
}

UNREACHED = {
    "create": {"WrongDeposit"},
    "register": {"DepositOutOfRange"},
    "disclose": {"AllocationLengthMismatch", "HolderNotEnrolled", "Overlap", "WrongJobs"},
    "repair": {"FloorBroken", "Overlap", "HolderNotEnrolled"},
    "open": {"NotEnrolled"},
    "settle": {"StaleDigest", "UnknownStatus", "WrongAllocation", "WrongJobs"},
}
"""Directed tests come to them; a settlement brings no statuses."""

SUITE = Suite(
    mechanism=MECHANISM,
    player=player,
    settings=tuple(PROBLEMS),
    populations=POPULATIONS,
    silent=SILENT,
    mixed=("lazy", "griefing", "reliable", "no-show:1/2", "withholding"),
    problem=UNWATCHED,
    problems=random_keys,
    campaign=CAMPAIGN,
    tampered=TAMPERED,
    setting_of={"concede": FLOORS, "settle": LATE},
    chosen=(
        Chosen("schedule_p_value", 120, lambda outcome: outcome.schedules[2] == 1),
        Chosen("recognition_p_value", 120, lambda outcome: outcome.schedules[2] == 1),
    ),
    machine=ContractMachine,
    subject=subject,
    runs=24,
    steps=40,
    unreached=UNREACHED,
    endings=ENDINGS,
    ways=WAYS,
    examples={"simulate": ("--games", "3")},
    on_node=(
        "the winner gets the whole bond",
        "the dispatcher keeps its bond though it was disproved",
        "of equal challenges the later one wins",
    ),
    window=PROBLEMS[USUAL].window,
)
