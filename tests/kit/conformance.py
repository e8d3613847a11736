"""What every mechanism must pass, whatever it is about.

A mechanism describes itself in a `tests.kit.rig.suite.Suite`; a class in a test module runs it::

    class TestCoinToss(Conformance):
        suite = SUITE
"""

import json
import shlex
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any, ClassVar
from unittest.mock import ANY

import pytest

from parley.chain.abi import Type, signature
from parley.chain.backends import open_evm
from parley.chain.compiler import project_root
from parley.chain.evm import Logs
from parley.chain.history import Recorder
from parley.cli import app
from parley.core import problemfile
from parley.core.errors import ParleyError
from parley.core.randomness import keccak
from parley.core.statistics import MIN_P
from parley.kit.play.player import Player
from parley.kit.verify.decoder import NotReadableError
from parley.kit.verify.verification import Verification
from tests.backends import open_backend
from tests.command import parley
from tests.kit.rig.contract_machine import MismatchError, Reached, drive
from tests.kit.rig.crooked import Altered
from tests.kit.rig.on_node import parley_verify, put_on, report_of
from tests.kit.rig.selected import RoomyEvm
from tests.kit.rig.suite import BY_CHANCE, GAMES, ON_NODE, ContractSuite, Suite
from tests.kit.rig.tampered import broken, only, told_otherwise
from tests.nodes import KINDS, anvil, running

SHARE = 15
"""Of so many crooked variants one is tried in every `make test`; the others are `deep`."""
WANDERINGS, WANDERING_STEPS = 400, 40

SEEN_BY_TRACES = {"balance": "payment"}
"""A trace shows in which call money has left."""
OF_NO_TRANSACTION = {"balance", "burnt bonds", "state"}
"""Rules that are judged when all is over."""
UNMARKED = {"recognition fraction", "state"}
"""What is only asked can leave no mark: its answers show that it ran."""

ROOT = project_root()


def sample(names: list[str]) -> list[str]:
    """Some of them, always the same, in their order."""
    return sorted(Random(11).sample(names, -(-len(names) // SHARE)), key=names.index)


def nothing_is_found(found: Verification) -> None:
    """Hold that a history was judged good."""
    assert list(found.violations) == []
    assert found.holds


class ContractConformance:
    """The suite of a contract: it does what its model does, and a verification catches it if it does not."""

    suite: ClassVar[ContractSuite]

    @classmethod
    def pytest_generate_tests(cls, metafunc: pytest.Metafunc) -> None:
        """Try some variants always, and all of them when there is time."""
        suite = cls.suite
        names = list(suite.campaign.variants)
        some = {"driven": [name for name in names if suite.campaign.changes_main(name)]}
        if isinstance(suite, Suite):
            some["on_node"] = [*suite.on_node, *(name for name in ON_NODE if name in names)]
        for argument, first in cls.often().items():
            if argument in metafunc.fixturenames:
                marked = [
                    pytest.param(name, marks=() if name in first else pytest.mark.deep, id=name)
                    for name in some.get(argument, names)
                ]
                metafunc.parametrize(argument, marked)
        if "tampered" in metafunc.fixturenames:
            records = list(suite.records_that_do_not_add_up())
            metafunc.parametrize(
                "tampered",
                [
                    pytest.param(one, marks=() if k % 3 == 0 else pytest.mark.deep, id=one)
                    for k, one in enumerate(records)
                ],
            )
        for argument, every in cls.lists().items():
            if argument in metafunc.fixturenames:
                metafunc.parametrize(argument, every, ids=lambda one: getattr(one, "key", None) or str(one))

    @classmethod
    def often(cls) -> dict[str, Sequence[str]]:
        """Arguments that name variants, and those that are always tried."""
        campaign = cls.suite.campaign
        first = sample(list(campaign.variants))
        driven = [name for name in first if campaign.changes_main(name)]
        return {"variant": first, "sound_as": first[::4], "driven": driven[::4]}

    @classmethod
    def lists(cls) -> dict[str, Sequence[Any]]:
        """Arguments of tests, and all that they can be."""
        suite = cls.suite
        return {
            "any_variant": list(suite.campaign.variants),
            "population": list(suite.populations),
            "setting": suite.settings,
            "chosen": suite.chosen,
        }

    # ── play ──

    def test_a_game_depends_on_seed_and_number_alone(self) -> None:
        forward, backward, other = (self._player(self.suite.mixed, seed=seed) for seed in (3, 3, 8))
        sent = {k: (forward.play(k).path, forward.sent) for k in range(6)}
        assert {k: (backward.play(k).path, backward.sent) for k in reversed(range(6))} == sent
        other.play(0)
        assert other.sent != sent[0][1]

    def test_both_evms_see_the_same_transactions(self, population: str) -> None:
        bots = self.suite.populations[population]
        players = [self._player(bots, evm=evm) for evm in ("revm", "py-evm")]
        for k in range(2):
            here, there = ((player.play(k).path, player.sent, player.balances()) for player in players)
            assert here == there

    def _player(
        self,
        bots: Sequence[str],
        setting: str = "",
        seed: int = 3,
        evm: str = "revm",
    ) -> Player[Any]:
        machine = open_backend(evm)
        return self.suite.player(machine, self.suite.deployed(machine), bots, setting, seed)

    def test_functions_are_called_by_the_hashes_of_their_signatures(self) -> None:
        codec = self._player(()).codec
        signatures = [(entry["name"], signature(entry)) for entry in codec.abi if entry["type"] == "function"]
        hashes = {name: keccak(text.encode())[:4] for name, text in signatures}
        assert hashes == dict(codec.selectors)

    # ── contract and model ──

    def missing_from(self, reached: Reached) -> set[str]:
        """Refusals and endings that no game has come to."""
        refusals = {f"{action}!{error}" for action, errors in self.suite.errors.items() for error in errors}
        return (refusals - reached.outcomes.keys()) | (set(self.suite.endings) - reached.endings.keys())

    def _driven(
        self, evm: str, runs: int, steps: int, until: Callable[[Reached], bool] = lambda _: True
    ) -> Reached:
        return drive(self.suite.machine, self.suite.subject(open_backend(evm), None), runs, steps, until)

    def _everything_was_reached(self, reached: Reached) -> bool:
        """Whether enough has happened: a campaign that agrees because nothing did shows nothing."""
        return (
            not self.missing_from(reached)
            and all(reached.outcomes[action] > 10 for action in self.suite.errors)
            and (not self.suite.burns or reached.burnt_bonds > 20)
            and (not self.suite.pays or reached.events["Withdrawn"] > 50)
            and reached.games_at_once >= 3
        )

    def test_contract_and_model_agree_on_thousands_of_arbitrary_calls(self) -> None:
        reached = self._driven(
            "revm", self.suite.runs, self.suite.steps, lambda so_far: so_far.calls >= 2_000
        )
        assert reached.calls >= 2_000
        # What is rarer, too, is reached by many more calls.
        assert all(reached.outcomes[action] > 0 for action in self.suite.errors)
        assert len(self.missing_from(reached)) <= len(self.missing_from(Reached())) // 3

    def test_contract_and_model_agree_on_the_reference_machine(self) -> None:
        reached = self._driven("py-evm", 4, 15, lambda so_far: so_far.calls >= 100)
        assert reached.calls >= 100

    @pytest.mark.deep
    def test_contract_and_model_agree_on_many_more_calls(self) -> None:
        reached = self._driven("revm", 9 * self.suite.runs, 60, lambda so_far: so_far.calls >= 40_000)
        assert reached.calls >= 40_000
        assert self._everything_was_reached(reached), self.missing_from(reached)

    @pytest.mark.deep
    def test_contract_and_model_agree_on_many_more_calls_to_the_reference_machine(self) -> None:
        assert self._driven("py-evm", 25, 40, lambda so_far: so_far.calls >= 1_000).calls >= 1_000

    # ── rules ──

    def test_every_event_has_a_rule_for_each_field(self) -> None:
        assert {name: len(kinds) for name, kinds in self.suite.decoder.events.items()} == {
            name: len(rules) for name, rules in self.suite.rules.fields.items()
        }

    def test_every_refusal_beyond_creation_has_a_rule_of_its_own(self) -> None:
        abi, rules = self.suite.campaign.artifacts(None)[self.suite.contract].abi, self.suite.rules
        errors = {entry["name"] for entry in abi if entry["type"] == "error"}
        own = rules.refusals.keys() | rules.of_action.keys()
        # Beside the contract's own errors, the empty one of a contract that it asks.
        assert own - {""} <= errors
        assert errors - own - rules.by_error.keys() == {*self.suite.creation, *self.suite.machines}

    def test_every_error_is_one_of_an_action(self) -> None:
        abi = self.suite.campaign.artifacts(None)[self.suite.contract].abi
        errors = {entry["name"] for entry in abi if entry["type"] == "error"}
        assert errors <= {*self.suite.machines}.union(*self.suite.refusals.values())

    # ── honest histories ──

    def test_honest_games_hold(self, setting: str, population: str) -> None:
        machine, claims = self.suite.played(range(10), self.suite.populations[population], setting)
        found = self.suite.verify(machine, claims)
        nothing_is_found(found)
        assert (found.not_followed, found.surplus) == (0, 0)
        assert found.own_code is True
        assert (found.kind, found.games) == (self.suite.mechanism.kind, 10)
        calls = Counter(
            self.suite.decoder.read_action(call.data).name for call in machine.calls() if call.failure is None
        )
        assert {
            name: found.checked[name] for name in self.suite.decoder.actions if name in found.checked
        } == calls

    def test_arbitrary_calls_and_failures_accuse_nobody(self) -> None:
        reached = self._wandered(range(12))
        assert sum(count for name, count in reached.outcomes.items() if "!" in name) > 200
        assert not self.suite.burns or reached.burnt_bonds > 0

    @pytest.mark.deep
    def test_failed_calls_of_every_error_accuse_nobody(self) -> None:
        assert not self.missing_from(self._wandered(range(1000, 1600)))

    def _wandered(self, seeds: range) -> Reached:
        """Arbitrary calls, each history judged."""
        reached = Reached()
        for seed in seeds:
            machine = Recorder(open_evm("revm"))
            subject = self.suite.subject(machine, None)
            machine.contract = subject.address
            setattr(subject, "fresh", lambda: None)  # noqa: B010 - the history is kept
            self.suite.machine(subject, reached).wander(Random(seed), 60)
            nothing_is_found(self.suite.verify(machine))
        return reached

    def test_calls_with_trailing_or_unpadded_bytes_accuse_nobody(self, setting: str) -> None:
        machine, addresses = self.suite.recording()
        player = self.suite.player(machine, addresses, (), setting, 1)
        really, actions = player.send, self.suite.decoder.actions

        def send(sender: str, data: bytes, value: int = 0) -> Logs:
            if player.contract_of(data).lower() != machine.contract:
                return really(sender, data, value)
            name = self.suite.decoder.read_action(data).name
            if actions[name][-1].base == "bytes":
                return really(sender, _unpadded(data, len(actions[name])), value)
            return really(sender, data + b"\xff" * (1 + len(player.sent) % 45), value)

        setattr(player, "send", send)  # noqa: B010 - mypy wants no method assigned
        player.play(0)
        nothing_is_found(self.suite.verify(machine))

    # ── crooked contracts ──

    def test_a_crooked_contract_is_caught_by_the_rule_it_breaks_and_no_other(self, variant: str) -> None:
        crooked, machine, found = self.suite.seen(variant)
        assert not found.holds
        assert {violation.rule for violation in found.violations} == crooked.rules
        # What a call changed before it was refused is undone, the mark too.
        refused = any(call.failure is not None for call in machine.calls())
        assert isinstance(machine.evm, RoomyEvm)
        assert (
            machine.evm.marked(machine.contract)
            or crooked.rule in UNMARKED
            or (crooked.rule == "refusal" and refused)
        )
        if crooked.rule not in OF_NO_TRANSACTION:
            first = next(violation for violation in found.violations if violation.rule == crooked.rule)
            assert first.game is not None
            assert first.transaction is not None

    def test_the_sound_contract_is_not_accused_of_what_is_tried_with_it(self, sound_as: str) -> None:
        scene = self.suite.seen(sound_as).variant
        found = self.suite.verify(*self.suite.staged("", scene, range(GAMES)))
        assert list(found.violations) == []
        assert found.games >= GAMES

    def test_the_contract_machine_finds_a_crooked_contract(self, driven: str) -> None:
        """Contract and model driven with the same calls differ, whatever the audit says."""
        contract = self.suite.campaign.artifacts(driven)[self.suite.contract]
        subject = self.suite.subject(RoomyEvm(), contract)

        def drive_on() -> None:
            for seed in range(WANDERINGS):
                self.suite.machine(subject, Reached()).wander(Random(seed), WANDERING_STEPS)

        with pytest.raises((MismatchError, AssertionError)):
            drive_on()

    def test_every_variant_still_has_its_place_and_a_rule(self, any_variant: str) -> None:
        crooked = self.suite.campaign.variants[any_variant]
        assert [change.edit(1) for change in crooked.changes]
        assert crooked.rules <= self.suite.rules.all
        assert len(crooked.rules) == 1 or crooked.also.partition(": ")[2], "a second rule needs a reason"

    def test_there_are_enough_variants(self) -> None:
        assert len(self.suite.campaign.variants) >= self.suite.variants

    # ── records that do not add up ──

    def test_a_record_that_is_not_as_it_should_be_is_named(self, tampered: str) -> None:
        action, change, rule, setting = self.suite.records_that_do_not_add_up()[tampered]
        machine, claims = self.suite.played(range(3), setting=setting)
        for game in (0, 2):
            told = told_otherwise(machine, self.suite.decoder, only(action, change), game)
            assert broken(self.suite.verify(told, claims))[rule] > 0

    def test_a_call_through_another_contract_needs_traces(self) -> None:
        machine, claims = self.suite.played(range(1))
        calls = [call._replace(direct=False, data=b"") for call in machine.calls()]
        with pytest.raises(ParleyError, match="debug_traceTransaction"):
            self.suite.verify(Altered(machine, calls), claims)

    def test_money_forced_in_is_no_violation_and_is_shown(self) -> None:
        machine, claims = self.suite.played(range(2))
        # Code that destroys itself in the contract's favour: PUSH20 … SELFDESTRUCT, as 22 bytes of one word.
        runtime = b"\x73" + bytes.fromhex(machine.contract[2:]) + b"\xff"
        address = machine.deploy(b"\x75" + runtime + bytes.fromhex("5f526016600af3"))
        assert machine.transact(machine.accounts[0], address, b"", value=5).ok
        found = self.suite.verify(machine, claims)
        nothing_is_found(found)
        assert found.surplus == 5

    def test_cut_off_records_are_refused_and_not_misread(self, setting: str) -> None:
        decoder = self.suite.decoder
        for call in self.suite.played(range(2), self.suite.silent, setting)[0].calls():
            whole = decoder.read_action(call.data)
            # What fills up the last word of bytes may be missing: the compiler's decoder does not need it.
            padded = _ends_in_bytes(decoder.actions[whole.name])
            for cut in (3, 4, 35, len(call.data) - (32 if padded else 1)):
                with pytest.raises(NotReadableError):
                    decoder.read_action(call.data[:cut])
            assert decoder.read_action(call.data + b"more") == whole
            for log in call.logs:
                assert decoder.read_event(log).name in decoder.events
                with pytest.raises(NotReadableError):
                    decoder.read_event(log._replace(data=log.data[:-1] if log.data else b"\0"))
                with pytest.raises(NotReadableError):
                    decoder.read_event(log._replace(topics=log.topics[:1]))

    def test_a_deployment_whose_code_has_changed_is_named(self) -> None:
        machine, claims = self.suite.played(range(1))
        told = replace(claims, code_hashes={self.suite.contract: "0x" + "00" * 32})
        assert [violation.rule for violation in self.suite.verify(machine, told).violations] == [
            "deployed code"
        ]

    @pytest.mark.deep
    def test_five_thousand_games_hold(self, setting: str) -> None:
        found = self.suite.verify(*self.suite.played(range(5_000), setting=setting))
        assert (found.games, list(found.violations), found.holds) == (5_000, [], True)


class OfMoney:
    """What a contract that takes deposits and pays must pass as well."""

    suite: ClassVar[ContractSuite]

    def test_two_withdrawals_of_one_seat_are_one_too_many(self) -> None:
        machine, claims = self.suite.played(range(1))
        calls = list(machine.calls())
        found = self.suite.verify(Altered(machine, [*calls, calls[-1]._replace(block=0)]), claims)
        assert [v.rule for v in found.violations if v.game is not None] == ["one withdrawal per seat"]

    def test_money_is_accounted_for(self) -> None:
        found = self.suite.verify(*self.suite.played(range(3), self.suite.silent)).to_json()
        assert (found["holds"], found["owed_wei"], found["surplus_wei"]) == (True, "0", "0")
        assert (int(found["burnt_wei"]) > 0) is self.suite.burns


class OfDraws:
    """What a contract that draws must pass as well."""

    suite: ClassVar[ContractSuite]

    def test_games_that_were_chosen_are_noticed(self, chosen: Any) -> None:  # noqa: ANN401 - a Chosen
        # Every single draw is right; but the games were chosen, by somebody who knew all secrets beforehand.
        trial = self.suite.playing(chosen.bots, chosen.setting)
        games = [k for k in range(chosen.games) if chosen.wanted(trial.play(k))]
        found = self.suite.verify(*self.suite.played(games, chosen.bots, chosen.setting))
        assert not found.violations
        p_value = found.to_json()[chosen.key]
        assert p_value is not None
        assert p_value < MIN_P
        assert not found.holds

    def test_games_in_all_settings_are_tested_together(self) -> None:
        machine, addresses = self.suite.recording()
        for seed, setting in enumerate(self.suite.settings):
            player = self.suite.player(machine, addresses, (), setting, seed)
            for k in range(40):
                player.play(k)
        found = self.suite.verify(machine)
        nothing_is_found(found)
        assert found.games == 40 * len(self.suite.settings)
        assert found.recognition_p_value is not None

    def test_games_with_oneself_with_chosen_salts_accuse_nobody(self) -> None:
        chosen = self.suite.chosen[0]
        machine, addresses = self.suite.recording()
        self.suite.player(machine, addresses, chosen.bots, chosen.setting, 4).play(0)
        stranger = machine.accounts[10]
        trial, strangers = (
            _by(stranger, self.suite.player(evm, where, chosen.bots, chosen.setting, 3))
            for evm, where in (_elsewhere(self.suite), (machine, addresses))
        )
        games = [k for k in range(chosen.games) if chosen.wanted(trial.play(k))]
        for k in games:
            strangers.play(k)
        found = self.suite.verify(machine)
        nothing_is_found(found)
        assert found.games == 1 + len(games)
        (other,) = found.others
        assert (other.creator, other.games) == (stranger.lower(), len(games))
        # Asked about that creator, the audit says so.
        assert not self.suite.verify(machine, creators=[stranger]).holds


class Conformance(ContractConformance):
    """The suite of a mechanism."""

    suite: ClassVar[Suite]

    @classmethod
    def lists(cls) -> dict[str, Sequence[Any]]:
        """Arguments of tests, and all that they can be."""
        return {**super().lists(), "example": cls.examples(), "file": cls.files()}

    @classmethod
    def often(cls) -> dict[str, Sequence[str]]:
        """Arguments that name variants, and those that are always tried."""
        return {**super().often(), "on_node": [ON_NODE[0]]}

    @classmethod
    def files(cls) -> list[str]:
        """Ready problem files of the kind."""
        found = sorted((ROOT / "problems").glob("*.toml"))
        kind = cls.suite.mechanism.kind
        return [path.name for path in found if problemfile.read(str(path)).get("kind") == kind]

    @classmethod
    def examples(cls) -> list[str]:
        """The documented commands that need no node, and no file that is only meant as an example."""
        return [
            example
            for description in cls.suite.mechanism.descriptions.values()
            for example in description.examples
            if "http" not in example and all(map(_is_there, shlex.split(example)[2:]))
        ]

    # ── files and commands ──

    def test_a_file_says_what_its_problem_says(self, file: str) -> None:
        self._round_trip(problemfile.read(str(ROOT / "problems" / file)))

    def test_random_problems_survive_a_round_trip(self) -> None:
        for seed in range(40):
            self._round_trip(self.suite.problems(Random(seed)))

    def _round_trip(self, keys: Any) -> None:  # noqa: ANN401 - plain data
        problem = self.suite.load(keys).problem
        written = json.loads(json.dumps(problem.to_mapping()))
        again = self.suite.load(written).problem
        assert again.to_mapping() == problem.to_mapping()
        assert again.agents == problem.agents

    def test_a_documented_example_runs(
        self, example: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(ROOT)
        _, verb, *arguments = shlex.split(example)
        with pytest.raises(SystemExit) as ended:
            app([verb, *arguments, *self.suite.examples.get(verb, ())], prog_name="parley")
        printed = capsys.readouterr()
        assert ended.value.code in ((0, 1) if "--check" in arguments else (0,)), printed.err
        assert printed.out

    def _simulated(self, **play: Any) -> tuple[list[Any], dict[str, Any]]:  # noqa: ANN401 - as `simulate` takes
        problem = self.suite.load(self.suite.problem)
        run = problem.simulate(seed=4, bots=list(self.suite.mixed), **play)
        report = run.to_json()
        timed = ("seconds", "games_per_second", "gas", "evm", "cross_check")
        assert report["cross_check"]["identical"]
        return run.to_arrow().to_pylist(), {key: value for key, value in report.items() if key not in timed}

    def test_any_number_of_workers_plays_the_same_games(self) -> None:
        alone = self._simulated(games=600)
        assert len(alone[0]) == 600
        assert [row["game"] for row in alone[0]] == list(range(600))
        assert self._simulated(games=600, workers=2) == alone

    def test_both_evms_play_the_same_games(self) -> None:
        assert self._simulated(games=4, evm="py-evm") == self._simulated(games=4)

    def test_every_rule_is_explained(self) -> None:
        text = (ROOT / "docs" / "reference" / "verifying.md").read_text(encoding="utf-8")
        assert all(f"\n| `{rule}` |" in text for rule in self.suite.rules.all)

    # ── on a node ──

    # On the other nodes `tests/test_cli_deploy.py` does it, for all mechanisms together.
    @pytest.mark.parametrize(
        "node_kind", [KINDS[0], *(pytest.param(kind, marks=pytest.mark.deep) for kind in KINDS[1:])]
    )
    def test_deployed_played_and_verified_by_the_commands(self, node_kind: str, tmp_path: Path) -> None:
        file, problem = tmp_path / "deployment.json", tmp_path / "problem.json"
        problem.write_text(json.dumps(self.suite.problem), encoding="utf-8")
        with running(node_kind) as node:
            for arguments in (
                ("deploy", "--evm", node.url, "--out", str(file)),
                ("simulate", str(problem), "--games", "50", "--evm", node.url, "--deployment", str(file)),
            ):
                done = parley(*arguments)
                assert done.returncode == 0, done.stderr
            if node_kind == "hardhat" and len(self.suite.mechanism.replayed()) > 1:
                # Contracts call each other, and this node does not tell what a call does inside.
                done = parley_verify(node.url, file)
                assert (done.returncode, done.stdout) == (2, "")
                assert "needs traces" in done.stderr
                return
            report = report_of(node.url, file, status=0)
        games = 50 * len(self.suite.mechanism.replayed())
        assert (report["games"], report["violations"], report["holds"]) == (games, [], True)
        p_value, parts = report["recognition_p_value"], self.suite.mechanism.replayed()
        draws = [bool(part.verifier().draws) for part in parts]
        assert p_value > MIN_P if any(draws) else p_value is None
        for one in report["contracts"]:
            played = one["kind"] == self.suite.mechanism.kind
            assert (one["games"], one["own_code"], one["owed_wei"]) == (50 * played, True, "0")
            drawn = played and draws.pop(0)
            assert one["recognition_p_value"] == (p_value if drawn else None)

    def test_honest_games_on_a_node_hold(self, tmp_path: Path) -> None:
        suite, file = self.suite, tmp_path / "deployment.json"
        with running("anvil") as node:
            machine, addresses = put_on(
                node.url, file, suite.campaign.artifacts(None), suite.mechanism.contracts
            )
            empty = report_of(node.url, file, status=0)
            assert (empty["games"], empty["draws"], empty["recognition_p_value"]) == (0, 0, None)
            populations = zip(sample(list(suite.populations)), cycle(suite.settings), strict=False)
            for seed, (population, setting) in enumerate(populations):
                player = suite.player(machine, addresses, suite.populations[population], setting, seed)
                for k in range(2):
                    player.play(k)
            report = report_of(node.url, file, status=0)
            brief = report_of(node.url, file, "--events-only", status=0)
            shown = parley("verify", "--evm", node.url, "--deployment", str(file))
        assert (report["games"], report["violations"], report["holds"]) == (2 + 2 * seed, [], True)
        assert len(report["contracts"]) == len(suite.mechanism.replayed())
        for one, of_events in zip(report["contracts"], brief["contracts"], strict=True):
            # Calls that failed are not among them.
            checked = {what: times for what, times in one["checked"].items() if what != "refused calls"}
            assert of_events == {**one, "events_only": True, "seconds": ANY, "checked": checked}
        assert shown.returncode == 0
        assert "no violation" in shown.stdout

    def test_a_crooked_contract_on_a_node_is_caught_by_the_command(
        self, on_node: str, tmp_path: Path
    ) -> None:
        suite, file = self.suite, tmp_path / "deployment.json"
        variant = suite.seen(on_node).variant
        # All variants together are longer than a contract may be.
        with anvil("--disable-code-size-limit") as node:
            evm, addresses = put_on(
                node.url, file, suite.campaign.artifacts(on_node), suite.mechanism.contracts
            )
            contract = addresses[suite.contract]
            games = range(24 if on_node in BY_CHANCE else 4)
            suite.stage(Recorder(evm, contract), addresses, variant, games)
            report = report_of(node.url, file, status=1)
        assert report["holds"] is False
        rules = {SEEN_BY_TRACES.get(rule, rule) for rule in variant.rules}
        assert {violation["rule"] for violation in report["violations"]} == rules
        assert all(violation["contract"] == contract.lower() for violation in report["violations"])


def _is_there(word: str) -> bool:
    """Whether an argument is no file, or one that is in the tree."""
    return (
        Path(word).suffix not in (".toml", ".json", ".py", ".sol", ".csv", ".soi") or (ROOT / word).exists()
    )


def _unpadded(data: bytes, arguments: int) -> bytes:
    """A call without what fills up the last word of its last argument, which is bytes."""
    at = 4 + int.from_bytes(data[32 * arguments - 28 : 32 * arguments + 4], "big")
    return data[: at + 32 + int.from_bytes(data[at : at + 32], "big")]


def _ends_in_bytes(kinds: Sequence[Type]) -> bool:
    """Whether what comes last may be bytes."""
    return any(kind.base == "bytes" or _ends_in_bytes(kind.inner) for kind in kinds)


def _elsewhere(suite: ContractSuite) -> tuple[Any, dict[str, str]]:
    machine = open_evm("revm")
    return machine, suite.deployed(machine)


def _by(creator: str, player: Player[Any]) -> Player[Any]:
    """A player whose games somebody else creates."""
    player.creator = creator
    return player
