"""What the suites of conformance have to know of team contracts: of projects, and of draws."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, replace
from random import Random
from typing import Any

from parley.chain.abi import Interface
from parley.chain.compiler import Artifact
from parley.chain.evm import Evm, Logs
from parley.core.randomness import word
from parley.kit.bots import seated
from parley.mechanisms.team.decisions import Plan, plan_of
from parley.mechanisms.team.mechanism import MECHANISM as TEAM
from parley.mechanisms.team.parameters import NOBODY, Kind, Parameters
from parley.mechanisms.team.play import Player
from tests.kit.rig.on_chain import OnChain
from tests.kit.rig.staging import Staged, Way, trying
from tests.kit.rig.suite import Chosen, ContractSuite, Suite, Tampered
from tests.kit.rig.tampered import by_stranger, with_word
from tests.team.contract_machine import ContractMachine, DrawMachine, DrawOnChain
from tests.team.crooked import CAMPAIGN, DRAW_CAMPAIGN, SILENT, UNFORMED
from tests.team.problems import ADDITIVE, COVERED, LISTED, PROBLEMS, RETRACTED, UNHEARD, USUAL, random_keys

PROJECTS, DRAWS = TEAM.replayed()


def _plan(setting: str, bots: Sequence[str]) -> Plan:
    problem = PROBLEMS[setting]
    names = seated((bots or ("rational",))[: problem.agents], problem.agents)
    principal = "retracting" if setting == RETRACTED else "honest"
    return plan_of(problem, tuple(names), principal, "silent" if setting == UNHEARD else "prompt")


class ByHand(Player):
    """Projects whose referee is a person: it tosses a coin."""

    def referee_among(self, addresses: Mapping[str, str]) -> str:
        del addresses  # it is no contract
        return self.evm.accounts[-2]

    def _vouch(self, project: Any, secret: bytes) -> None:  # noqa: ANN401 - as the player keeps it
        del secret
        data = self._call("vouch", project.id, self._agreed, self.creator)
        self._act(project, self.referee, data, self.parameters.payroll)
        project.deadline = self.evm.timestamp + self.parameters.work_window

    def _work(self, project: Any, k: int, secrets: Sequence[bytes]) -> None:  # noqa: ANN401 - likewise
        del secrets
        if self.plan.referee == "silent":
            self._expire(project, project.id, 0)
        else:
            success = Random(f"{self.seed}:{k}").random() < 1 / 2
            self._act(project, self.referee, self._call("report", project.id, success))


def by_hand(
    evm: Evm, addresses: Mapping[str, str], bots: Sequence[str] = (), setting: str = "", seed: int = 3
) -> Player:
    """Who plays the problem of a setting, with a person as referee."""
    return trying(ByHand(evm, addresses, _plan(setting, bots), seed))


def drawing(
    evm: Evm, addresses: Mapping[str, str], bots: Sequence[str] = (), setting: str = "", seed: int = 3
) -> Player:
    """Who plays the problem of a setting, with a draw."""
    return trying(Player(evm, addresses, _plan(setting, bots), seed))


# ── ways ────────────────────────────────────────────────────────────────────────────────────────────────────


def _encoded(player: Staged, action: str, *arguments: object) -> bytes:
    return Interface(player.codec.abi).encode(action, *arguments)


def creating(change: Callable[[Parameters, str], Parameters]) -> Way:
    """Try to create a project that must not be, paying its wages, before one that may."""

    def way(player: Staged, sender: str, data: bytes, value: int) -> Logs:
        salt, right = SUITE.decoder.read_action(data).arguments
        wrong = change(right, sender)
        player.attempt(sender, _encoded(player, "create", salt, astuple(wrong)), wrong.payroll)
        return player.really_send(sender, data, value)

    return way


def vouching(who: Callable[[Staged], str]) -> Way:
    """Try to vouch with another guarantor first."""

    def way(player: Staged, sender: str, data: bytes, value: int) -> Logs:
        game, (digest, _) = (read := SUITE.decoder.read_action(data)).game, read.arguments
        player.attempt(sender, _encoded(player, "vouch", game, digest, who(player)), value)
        return player.really_send(sender, data, value)

    return way


def _after_two_vouchers(player: Staged, sender: str, data: bytes, value: int) -> Logs:
    read = SUITE.decoder.read_action(data)
    twice = _encoded(player, "vouch", read.game, read.arguments[-1], player.evm.accounts[-3])
    for setting in SUITE.settings:
        payroll = sum(_plan(setting, ()).terms.wages)
        for _ in range(2):
            player.attempt(player.evm.accounts[-2], twice, payroll)
    return player.really_send(sender, data, value)


def _backward(p: Parameters, _: str) -> Parameters:
    """Everything in the order of falling wages."""
    values = p.values[::-1] if p.kind is Kind.ADDITIVE else p.values
    turned = replace(p, agents=p.agents[::-1], wages=p.wages[::-1], costs=p.costs[::-1])
    return replace(turned, values=values, sets=p.sets[::-1])


def _equal(p: Parameters, **changes: Any) -> Parameters:  # noqa: ANN401 - of any type
    """Something else that is wrong, with wages that are equal, so that nobody envies anybody."""
    return replace(p, wages=p.wages[-1:] * len(p.wages), reward=2**95, **changes)


def _twice_by_the_guarantor(player: Staged, sender: str, data: bytes, value: int) -> Logs:
    logs = player.really_send(sender, data, value)
    payee, _ = SUITE.decoder.read_action(data).arguments
    if payee > len(player.seats):
        player.attempt(sender, data, value)
    else:
        player.begin()
    return logs


def _other_parameters(player: Staged, sender: str, data: bytes, value: int) -> Logs:
    read = DRAW_SUITE.decoder.read_action(data)
    digest, right, secret = read.arguments
    wrong = astuple(replace(right, reward=right.reward + 1))
    player.attempt(sender, _encoded(player, "draw", read.game, digest, wrong, secret), value)
    return player.really_send(sender, data, value)


WAYS: Mapping[str, Way] = {
    "after two vouchers": _after_two_vouchers,
    "for nobody": vouching(lambda _: NOBODY),
    "for a member": vouching(lambda player: player.seats[0]),
    "twice by the guarantor": _twice_by_the_guarantor,
    "with other parameters": _other_parameters,
    "without a referee": creating(lambda p, _: replace(p, referee=NOBODY)),
    "with a member as referee": creating(lambda p, _: replace(p, referee=p.agents[0])),
    "without a cost": creating(lambda p, _: replace(p, costs=(0, *p.costs[1:]))),
    "without a denominator": creating(lambda p, _: _equal(p, denominator=0, values=(0,) * len(p.values))),
    "with a chance above one": creating(lambda p, _: replace(p, denominator=p.value(p.everybody) - 1)),
    "above the reward": creating(lambda p, _: replace(p, reward=p.payroll - 1)),
    "out of order": creating(_backward),
    "below a cut-off": creating(lambda p, _: replace(p, wages=(1, *p.wages[1:]))),
    "with envy": creating(lambda p, _: replace(p, wages=(p.wages[0] - 1, *p.wages[1:]))),
    "with a premium": creating(lambda p, _: replace(p, wages=(*p.wages[:-1], p.wages[-1] + 1))),
    "with a drop": creating(lambda p, _: _equal(p, values=(*p.values[:-1], min(p.values[1:-1]) - 1))),
    "with a bend": creating(lambda p, _: _equal(p, values=(0, 1, 1, *p.values[3:]))),
}

POPULATIONS = {"rational": ("rational",), "one does not accept": UNFORMED}
DRAW_POPULATIONS = {
    "rational": ("rational",),
    **{f"all {name}": (name,) for name in ("shirker", "random", "dearer")},
    "some silent": SILENT,
    "all silent": ("silent:committing",),
    "nobody reveals": ("silent:revealing",),
    "all sorts": ("random", "dearer:5", "silent:revealing"),
}

TAMPERED = {
    "a retraction by somebody else": Tampered("retract", by_stranger, "principal", RETRACTED),
    "a report by somebody else": Tampered("report", by_stranger, "referee"),
    "a voucher by somebody else": Tampered("vouch", by_stranger, "referee"),
    "a voucher for the principal's own": Tampered("vouch", with_word(2, word(0)), "guarantor"),
}
DRAW_TAMPERED = {
    "a draw by somebody else": Tampered("draw", by_stranger, "guarantor"),
    "a draw with another secret": Tampered("draw", with_word(3, word(9)), "reveal"),
    "another effort": Tampered("reveal", with_word(3, word(0)), "reveal"),
}

ENDINGS = {"succeeded", "failed", "lapsed", "retracted", "dissolved", "dissolved with a guarantor"}
DRAW_ENDINGS = {"succeeded", "failed", "lapsed", "some are silent", "nobody committed"}


def projects_on(evm: Evm, contract: Artifact | None = None) -> OnChain:
    """The projects' contract on a machine, and those who call it."""
    return OnChain(PROJECTS, evm, contract)


def draws_on(evm: Evm, contract: Artifact | None = None) -> OnChain:
    """The referee's contract on a machine, and those who call it."""
    return DrawOnChain(DRAWS, evm, contract)


SUITE = Suite(
    mechanism=TEAM,
    player=by_hand,
    settings=(USUAL, COVERED, LISTED, RETRACTED, UNHEARD),
    populations=POPULATIONS,
    silent=UNFORMED,
    mixed=("random", "dearer", "rational"),
    problem=ADDITIVE,
    problems=random_keys,
    campaign=CAMPAIGN,
    tampered=TAMPERED,
    setting_of={"retract": RETRACTED},
    chosen=(),
    machine=ContractMachine,
    subject=projects_on,
    runs=24,
    steps=40,
    unreached={
        "create": {"TooManyMembers", "TooManyElements", "WrongDeposit", "NotSubmodular", "ZeroReferee"}
    },
    endings=ENDINGS,
    burns=False,
    ways=WAYS,
    examples={"simulate": ("--games", "3")},
    on_node=("the floor is left out",),
    window=PROBLEMS[USUAL].window,
)

DRAW_SUITE = ContractSuite(
    mechanism=DRAWS,
    player=drawing,
    settings=(USUAL, COVERED, LISTED, UNHEARD),
    populations=DRAW_POPULATIONS,
    silent=SILENT,
    mixed=("random", "dearer", "rational"),
    campaign=DRAW_CAMPAIGN,
    tampered=DRAW_TAMPERED,
    chosen=(
        Chosen("recognition_p_value", 120, lambda outcome: outcome.ending == "succeeded", bots=("random",)),
    ),
    machine=DrawMachine,
    subject=draws_on,
    runs=20,
    steps=40,
    endings=DRAW_ENDINGS,
    unreached={"open": {"GameExists"}, "reveal": {"NotCommitted"}, "commit": {"AlreadyCommitted"}},
    # The projects' contract looks at agents and windows.
    machines=("ZeroAgent", "DuplicateAgent", "WindowOutOfRange"),
    burns=False,
    ways=WAYS,
    window=PROBLEMS[USUAL].window,
    salt_at=1,
)
