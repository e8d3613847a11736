"""What a mechanism tells the suite of conformance, and the games that the suite plays of it.

Games are played on a machine that writes them down, to the end even where a contract is crooked.
"""

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from random import Random
from typing import Any, NamedTuple

from parley.chain.abi import Interface, python_name
from parley.chain.backends import open_evm
from parley.chain.compiler import Artifact
from parley.chain.deploy import deploy
from parley.chain.deployments import Claims
from parley.chain.evm import Evm
from parley.chain.history import History, Recorder
from parley.core.errors import ParleyError
from parley.core.randomness import word
from parley.kit.loaded import LoadedProblem
from parley.kit.mechanism import Mechanism
from parley.kit.play.player import Player
from parley.kit.protocols import A, C, OutcomeT, P, S
from parley.kit.reference import Revert
from parley.kit.verify.contract import Declared, decoder_of, verify_contract
from parley.kit.verify.decoder import Decoder
from parley.kit.verify.rules import Rules
from parley.kit.verify.verification import Verification
from tests.kit.rig.contract_machine import ContractMachine
from tests.kit.rig.crooked import Campaign, Variant
from tests.kit.rig.on_chain import OnChain
from tests.kit.rig.selected import RoomyEvm
from tests.kit.rig.sources import refusals
from tests.kit.rig.staging import Staged, Way
from tests.kit.rig.tampered import (
    Retelling,
    a_wei_short,
    by_stranger,
    late,
    left_out,
    of_no_function,
    paid_for,
    paying_less,
    with_unknown_event,
    with_word,
    without_events,
)

GAMES = 8
"""Of each crooked contract."""


ON_NODE = (
    "every withdrawal is paid to the owner",
    "reveal is refused in some games",
    "a wei of every withdrawal goes to the owner",
    "shortfalls pay for a rebate to the owner",
    "a withdrawal is a wei short of what it announces",
    "a wei of every deposit goes to the owner",
    "a lost bond is not counted as burnt",
    "reveal is refused unless the draw suits",
    "reveal does nothing for one seat",
    "reveal stores another commitment",
    "withdraw is refused to one seat",
    "Revealed is emitted twice",
    "a deposit may be a wei short",
    "a stranger may reveal for a seat",
    "the order is not uniform",
)
"""Variants that are tried on a node too, of every mechanism that has them; the first two always."""
BY_CHANCE = {"reveal is refused unless the draw suits", "the order is not uniform"}
"""Variants of `ON_NODE` that are wrong in some games only, by what is drawn there: more games are played."""


class Tampered(NamedTuple):
    """A record that is told otherwise than it was.

    Attributes
    ----------
    action : str
        The first call of this is told otherwise.
    change : callable
    rule : str
        The one that is broken then.
    setting : str
        See `Suite.setting`.
    """

    action: str
    change: Retelling
    rule: str
    setting: str = ""


class Seen(NamedTuple):
    """A crooked contract, what was played of it, and what was found."""

    variant: Variant
    machine: Recorder
    found: Verification


class Chosen(NamedTuple):
    """Games that somebody who knew all secrets beforehand has chosen to hold.

    Attributes
    ----------
    key : str
        The p-value that shows it.
    games : int
        To choose from.
    wanted : callable
        From the outcome of a game.
    setting : str
    bots : sequence of str
    """

    key: str
    games: int
    wanted: Callable[[Any], bool]
    setting: str = ""
    bots: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class ContractSuite:
    """What the suite of conformance needs to know of a contract.

    A *setting* says in the mechanism's own words what games are about; empty is the usual.

    Attributes
    ----------
    mechanism : Mechanism
    player : callable
        From a machine, addresses by contract, names of bots (none: the usual ones), a setting and a seed.
    settings : sequence of str
        Those that honest games are played in.
    populations : mapping of str to sequence of str
        Bots that play honest games, by what is particular of them.
    silent : sequence of str
        Bots of which one loses its bond in every game.
    mixed : sequence of str
        Bots that take many ways.
    campaign : Campaign
        The crooked variants.
    ways : mapping of str to Way
        Further ways of `tests.kit.rig.staging`.
    tampered : mapping of str to Tampered
        Beyond `records_that_do_not_add_up`.
    setting_of : mapping of str to str
        The setting in which an action is seen, if that is not the usual one.
    chosen : sequence of Chosen
    machine : type of ContractMachine
    subject : callable
        From a machine and perhaps another contract than the tree's.
    runs, steps : int
        Of contract and model, in which all errors and endings are to be reached.
    unreached : mapping of str to collection of str
        Refusals that no small game comes to, by the action; of none those of an action that is never made.
    endings : collection of str
        What `ContractMachine.remarkable` is to be told.
    machines : collection of str
        Errors that no call that succeeds can break: of a payee that takes no money, of too little gas.
    burns : bool
        Whether who is silent loses a bond that nobody gets.
    variants : int
        How many crooked variants there are at least.
    window : int
        Seconds that an action may take in the games that are played.
    salt_at : int
        Place of the salt among the arguments of the action that opens a game.
    """

    mechanism: Declared
    player: Callable[[Evm, Mapping[str, str], Sequence[str], str, int], Player[Any]]
    settings: Sequence[str]
    populations: Mapping[str, Sequence[str]]
    silent: Sequence[str]
    mixed: Sequence[str]
    campaign: Campaign
    tampered: Mapping[str, Tampered]
    chosen: Sequence[Chosen]
    machine: type[ContractMachine[Any]]
    subject: Callable[[Evm, Artifact | None], OnChain]
    runs: int
    steps: int
    endings: Collection[str]
    unreached: Mapping[str, Collection[str]] = field(default_factory=dict)
    machines: Collection[str] = ("FailedCall", "InsufficientBalance")
    setting_of: Mapping[str, str] = field(default_factory=dict)
    ways: Mapping[str, Way] = field(default_factory=dict)
    burns: bool = True
    variants: int = 60
    window: int = 3600
    salt_at: int = 0

    @cached_property
    def refusals(self) -> Mapping[str, Collection[str]]:
        """Errors that each action can give, by the source."""
        return refusals(self.campaign.main)

    @cached_property
    def errors(self) -> Mapping[str, Collection[str]]:
        """Those that games come to: to no seat that is out of range, unless the action names its seat."""
        found = {}
        for action, errors in self.refusals.items():
            but = {*self.unreached.get(action, ())}
            if action in self.unreached and not but:
                continue
            if not _place(self.decoder, action, "seat"):
                but.add("SeatOutOfRange")
            found[action] = set(errors) - but
        return found

    @property
    def creation(self) -> Collection[str]:
        """Errors that only creation gives, which need no rule of their own."""
        return set(self.refusals[self.decoder.opening]) - self.rules.by_error.keys()

    def records_that_do_not_add_up(self) -> dict[str, Tampered]:
        """Records told otherwise: what follows from the interface, and the mechanism's own."""
        decoder, rules = self.decoder, self.rules
        # The id depends on the creator, whether or not the event names it.
        opening, opened = decoder.opening, rules.fields[self.mechanism.verifier().opened]
        creator = next((rule for rule in ("creator", "guarantor") if rule in opened), "game id")
        told = {
            f"{opening} left out": Tampered(opening, left_out, "phase"),
            f"{opening} by a stranger": Tampered(opening, by_stranger, creator),
            f"{opening} with another salt": Tampered(opening, with_word(self.salt_at, word(9)), "game id"),
        }
        if "withdraw" in decoder.actions:
            told |= {
                "withdraw left out": Tampered("withdraw", left_out, "state"),
                "withdraw to somebody else": Tampered("withdraw", with_word(2, word(9)), "payee"),
                "withdraw paying less": Tampered("withdraw", paying_less, "payment"),
                **_paid_otherwise(sorted(decoder.payable)),
            }
        for action, errors in self.errors.items():
            if action in (opening, "expire"):
                continue
            setting = self.setting_of.get(action, "")
            changes: dict[str, tuple[Retelling, str]] = {
                "of no function": (of_no_function, "unexplained event"),
                "with an unknown event": (with_unknown_event, "events"),
            }
            if action != "withdraw":
                changes["without its events"] = without_events, "events"
            if action not in decoder.payable:
                changes["paid for"] = paid_for, "deposit"
            if "DeadlinePassed" in errors:
                changes["late"] = late, "deadline"
            if "NotTheSeat" in errors:
                changes["by a stranger"] = by_stranger, rules.of_refusal(action, Revert("NotTheSeat"))
            for name, error, value in (
                ("digest", "StaleDigest", 9),
                ("secret", "WrongSecret", 9),
                ("commitment", "ZeroCommitment", 0),
            ):
                if (
                    error in errors
                    and (place := _place(decoder, action, name))
                    and (value or action in decoder.payable)
                ):
                    rule = rules.of_refusal(action, Revert(error))
                    changes[f"with another {name}"] = with_word(place, word(value)), rule
            told |= {f"{action} {how}": Tampered(action, *change, setting) for how, change in changes.items()}
        return told | dict(self.tampered)

    @property
    def contract(self) -> str:
        """Name of the contract that holds the games."""
        return self.mechanism.contracts[0]

    @property
    def rules(self) -> Rules:
        """What a violation can be called."""
        return self.mechanism.verifier().rules

    @cached_property
    def decoder(self) -> Decoder:
        """How calls and events read."""
        return decoder_of(self.mechanism, Claims(0, {}, {}, {}, self.interfaces))

    @property
    def interfaces(self) -> dict[str, Any]:
        """What a deployment file says of the contract's interface: read if the contract is not the tree's."""
        return {self.contract: self.campaign.artifacts(None)[self.contract].abi}

    @property
    def pays(self) -> bool:
        """Whether money leaves the contract by withdrawals."""
        return "withdraw" in self.decoder.actions

    def verify(
        self, history: History, claims: Claims | None = None, creators: Collection[str] = ()
    ) -> Verification:
        """Judge a contract's history."""
        claims = claims or Claims(history.chain_id, {}, {}, {}, self.interfaces)
        return verify_contract(self.mechanism, history, claims, creators=creators)

    def deployed(self, evm: Evm, variant: str | None = None) -> dict[str, str]:
        """Addresses of the contracts, put on a machine under their own names: see `Campaign.artifacts`."""
        deployed = deploy(evm, self.campaign.artifacts(variant), self.mechanism.contracts)
        return {name: one.address for name, one in deployed.items()}

    def recording(self, variant: str | None = None) -> tuple[Recorder, dict[str, str]]:
        """A machine that writes down what happens to the contract on it, and the addresses there."""
        machine = Recorder(open_evm("revm") if variant is None else RoomyEvm())
        addresses = self.deployed(machine, variant)
        machine.contract = addresses[self.contract]
        return machine, addresses

    def playing(self, bots: Sequence[str] = (), setting: str = "") -> Player[Any]:
        """A player of the tree's contracts on a machine of its own."""
        machine = open_evm("revm")
        return self.player(machine, self.deployed(machine), bots, setting, 3)

    def played(
        self, games: Sequence[int], bots: Sequence[str] = (), setting: str = "", seed: int = 3
    ) -> tuple[Recorder, Claims]:
        """Games of the tree's contracts on a recording machine, and what a deployment file would say."""
        machine, addresses = self.recording()
        player = self.player(machine, addresses, bots, setting, seed)
        for k in games:
            player.play(k)
        return machine, replace(claims_of(machine, addresses), interfaces=self.interfaces)

    def staged(self, name: str, variant: Variant, games: Sequence[int]) -> tuple[Recorder, Claims]:
        """Games of a crooked contract, or with no name of the sound one, played as a variant wants them."""
        machine, addresses = self.recording(name)
        self.stage(machine, addresses, variant, games)
        return machine, replace(claims_of(machine, addresses), interfaces=self.interfaces)

    def scenes(self, name: str) -> Iterator[Variant]:
        """A variant with all bots and settings that may have to play for it to show, if it names none."""
        variant = self.campaign.variants[name]
        populations = [variant.bots] if variant.bots else self.populations.values()
        for bots, setting in product(populations, [variant.setting] if variant.setting else self.settings):
            yield replace(variant, bots=tuple(bots), setting=setting)

    def seen(self, name: str) -> "Seen":
        """Play a crooked contract, in the first of its scenes in which something is wrong if there is one."""
        for scene in self.scenes(name):
            machine, claims = self.staged(name, scene, range(GAMES))
            found = self.verify(machine, claims)
            if not found.holds:
                return Seen(scene, machine, found)
        raise AssertionError(f"{name}: nothing is found")

    def stage(
        self, machine: Recorder, addresses: Mapping[str, str], variant: Variant, games: Sequence[int]
    ) -> None:
        """Games as a variant wants them: whatever it may let through is tried, and the money is taken."""
        player = self.player(machine, addresses, variant.bots, variant.setting, 3)
        staged = Staged(player, self.window, variant.stage, self.decoder, self.ways)
        for k in games:
            staged.begin()
            with contextlib.suppress(ParleyError, LookupError, ValueError, TypeError, AttributeError):
                player.play(k)
            if self.pays and (not variant.stage or variant.stage.startswith("withdraw")):
                self._take_all(player, machine)

    def _take_all(self, player: Player[Any], machine: Recorder) -> None:
        """Let every payee try to withdraw from the latest game, as the model says that it may."""
        replay = self.mechanism.verifier()(machine, self.decoder)
        for call in machine.calls():
            replay.take(call)
        if not replay.model.games:
            return
        *_, game = replay.model.games.values()
        named = {address.lower(): address for address in player.parties}
        payees = (
            [named[game.payee(k).lower()] for k in range(game.payees)]
            if hasattr(game, "payees")
            else player.seats
        )
        for seat, address in enumerate(payees):
            moves = self.machine.moves_type(replay.model, (), [address], self.decoder)
            arguments = moves.by_seat(Random(seat), game, "withdraw", seat).args
            machine.transact(
                address, player.contract, Interface(player.codec.abi).encode("withdraw", *arguments)
            )


@dataclass(frozen=True, kw_only=True)
class Suite(ContractSuite):
    """What the suite of conformance needs of a mechanism.

    Attributes
    ----------
    problem : mapping
        What they play, as the keys of its file.
    problems : callable
        A random problem, as the keys of its file, for a round trip.
    on_node : sequence of str
        Variants that are tried on a node too, besides those that all mechanisms have; the first one always.
    examples : mapping of str to sequence of str
        By command, options that make its documented examples quick.
    """

    mechanism: Mechanism[Any, Any, Any, Any, Any]
    problem: Mapping[str, Any]
    problems: Callable[[Random], Mapping[str, Any]]
    on_node: Sequence[str] = ()
    examples: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def load(self, keys: Mapping[str, Any]) -> LoadedProblem[Any, Any, Any, Any, Any]:
        """A problem from the keys of its file, of this mechanism whether it is registered or not."""
        return LoadedProblem(self.mechanism, self.mechanism.problem(keys, ""), "")


def _paid_otherwise(actions: Sequence[str]) -> dict[str, Tampered]:
    """Actions that take money, not told, or told with less."""
    left = {f"{one} left out": Tampered(one, left_out, "phase") for one in actions}
    return left | {f"{one} with a wei less": Tampered(one, a_wei_short, "deposit") for one in actions}


def _place(decoder: Decoder, action: str, name: str) -> int:
    """Where an argument is whose name ends like this: 0 if there is none."""
    named = [python_name(one.name).split("_")[-1] for one in decoder.actions[action]]
    return named.index(name) if name in named else 0


def populations(mechanism: Mechanism[P, S, A, OutcomeT, C], seats: int) -> dict[str, tuple[str, ...]]:
    """The usual bots, each other bot at one seat among them and at all seats, and silence in each phase."""
    usual, *others = mechanism.bots
    acting = [phase for phase, acts in mechanism.phases.items() if acts]
    found: dict[str, tuple[str, ...]] = {usual: (usual,)}
    for name in others:
        bot, of_phase = name.partition("[")[0].partition(":")[0], "PHASE" in name
        for one in [f"{bot}:{phase}" for phase in acting] if of_phase else [bot]:
            found[f"one {one}"] = (usual, one, *[usual] * (seats - 2))
        if not of_phase:
            found[f"all {bot}"] = (bot,)
    return found


def claims_of(machine: Recorder, addresses: Mapping[str, str]) -> Claims:
    """What a deployment file would say."""
    return Claims(machine.chain_id, {name: one.lower() for name, one in addresses.items()}, {}, {})
