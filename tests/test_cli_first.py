"""What a newcomer meets first: the version, what is installed, standard input, and hints for mistakes."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from importlib.metadata import version
from inspect import signature
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import pytest
from typer.testing import CliRunner

from parley.cli import app, doctor
from parley.cli.importing import importers
from parley.core import resources
from parley.core.errors import ProblemError
from parley.core.files import MAX_BYTES
from parley.core.problemfile import read_stream

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "problems" / "team-worked-example.toml"
EXAMPLE_1 = (ROOT / "problems" / "paper-example-1.toml").read_text(encoding="utf-8")
runner = CliRunner()


def refused(*call: str, given: str | None = None) -> str:
    """The one line that a command says when it refuses."""
    result = runner.invoke(app, list(call), input=given)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    return result.stderr.rstrip("\n")


def test_the_version_is_the_packages() -> None:
    result = runner.invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"parley {version('parley-sim')}\n")


def test_shells_can_complete_commands() -> None:
    completed = subprocess.run(
        [sys.executable, "-m", "parley.cli"],
        env={"_PARLEY_COMPLETE": "complete_bash", "COMP_WORDS": "parley sim", "COMP_CWORD": "1"}
        | {"PYTHONPATH": str(ROOT / "sim")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.stdout.split() == ["simulate"]


# ── standard input ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("command", ["solve", "audit"])
def test_a_problem_can_come_from_standard_input(command: str) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    verb, *options = command.split()
    named = runner.invoke(app, [verb, str(EXAMPLE), *options, "--json"])
    given = runner.invoke(app, [verb, "-", *options, "--json"], input=text)
    assert json.loads(given.stdout) == json.loads(named.stdout)


def test_standard_input_may_be_json() -> None:
    keys = {"kind": "assignment", "rule": "boston", "items": ["x"], "rankings": [["x"], []]}
    result = runner.invoke(app, ["solve", "-", "--json"], input=f" \n{json.dumps(keys)}")
    assert json.loads(result.stdout)["matrix"] == [["1"], ["0"]]


def test_errors_name_standard_input() -> None:
    assert refused("solve", "-", given="kind = ]") == (
        "standard input: line 1, column 8: invalid TOML: Invalid value"
    )
    assert refused("solve", "-", given='{"kind": 1}').startswith("standard input: kind: unknown kind 1")
    with pytest.raises(ProblemError, match="input: is closed"):
        read_stream(None, "input")
    with pytest.raises(ProblemError, match=f"input: is larger than {MAX_BYTES} characters"):
        read_stream(io.StringIO("#" * (MAX_BYTES + 1)), "input")
    with pytest.raises(ProblemError, match="input: byte 0: not UTF-8 text"):
        read_stream(io.TextIOWrapper(io.BytesIO(b"\xff"), encoding="utf-8"), "input")


# ── the wrong file, the wrong word ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["rules", "greed", "value-loss"])
@pytest.mark.parametrize("verb", ["solve", "simulate", "audit"])
def test_an_experiment_is_told_where_it_belongs(verb: str, name: str) -> None:
    file = str(ROOT / "problems" / "experiments" / f"{name}.toml")
    assert refused(verb, file) == f"{file}: holds an experiment, not a problem; use parley experiment"


@pytest.mark.parametrize("verb", ["solve", "simulate", "audit", "serve", "compare", "experiment"])
def test_a_folder_is_told_where_it_belongs(verb: str, tmp_path: Path) -> None:
    assert refused(verb, str(tmp_path)) == f"{tmp_path}: is a folder, not a file"
    (tmp_path / "simulation.json").write_text("{}", encoding="utf-8")
    said = refused(verb, str(tmp_path))
    assert said == f"{tmp_path}: is the folder of a run, not a file; parley report makes a page of it"


def test_an_experiment_without_its_kind_is_recognized() -> None:
    said = refused("solve", "-", given='title = "x"\ngames = 2\nproblem = {file = "x.toml"}')
    assert said == "standard input: holds an experiment, not a problem; use parley experiment"


def test_a_file_with_a_key_problem_is_not_always_an_experiment() -> None:
    assert refused("solve", "-", given='{"problem": "x"}').startswith("standard input: kind: missing")


def test_a_problem_is_told_where_it_belongs() -> None:
    said = refused("experiment", str(EXAMPLE))
    assert said == f"{EXAMPLE}: holds a problem, not an experiment; use parley solve, simulate or audit"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ('kind = "taem"', "kind: unknown kind 'taem' (did you mean team?); known: coordination"),
        ('kind = "coordination"\ncapasity = 1', "capasity: unknown key (did you mean capacity?)"),
        (
            'kind = "assignment"\nrule = "bostn"\nitems = ["a"]',
            "rule: unknown: 'bostn' (did you mean boston?); known: 'serial-dictatorship'",
        ),
        (
            'kind = "team"\ncosts = [1]\nsuccess = {type = "aditive"}',
            "success.type: unknown: 'aditive' (did you mean additive?); known: additive",
        ),
        (
            EXAMPLE_1.replace("p-star", "pstar"),
            "recognition: unknown recognition function 'pstar' (did you mean p-star?); known: p-star",
        ),
        ('kind = "experimnt"', "kind: unknown kind 'experimnt'; known: coordination"),
        (
            'kind = "team"\ncosts = [1]\nsuccess = {type = "at-least-one", contributions = [1]}',
            (
                "success.contributions: unknown key for type at-least-one, which has probabilities; "
                "it belongs to type additive, budget-additive, partition-matroid"
            ),
        ),
        (
            'kind = "guarantees"\nproviders = 2\nvalues = [1]\nguarantee = {type = "max-min", floor = 1}',
            "guarantee.floor: unknown key for type max-min; it belongs to type income",
        ),
        (
            'kind = "coordination"\ncosts = [{type = "power", quadratic = 1}]',
            (
                "costs[0].quadratic: unknown key for type power, which has coefficient, exponent, linear; "
                "it belongs to type quadratic"
            ),
        ),
        ('kind = "team"\ncapacity = 1', "capacity: unknown key here; it belongs to kind coordination"),
    ],
)
def test_unknown_words_name_the_nearest_known_one(given: str, said: str) -> None:
    assert refused("solve", "-", given=given).startswith(f"standard input: {said}")


def test_unknown_commands_options_and_bots_name_the_nearest() -> None:
    assert "Did you mean 'solve'" in refused("slove", "x")
    assert "--games" in refused("simulate", str(EXAMPLE), "--gmaes", "3")
    assert "did you mean shirker?" in refused("simulate", str(EXAMPLE), "--bots", "shirkr")


@pytest.mark.parametrize(
    ("lines", "key", "owner"),
    [
        ("generations = 3\nvary = {window = [60]}", "generations", "an experiment with populations"),
        ("bots = 'greedy'\nsweep = {rate = [1]}", "sweep", "an experiment with populations"),
        ("samples = 3", "samples", "a study of value loss under max-min fairness"),
    ],
)
def test_keys_of_other_experiments_are_told_where_they_belong(
    lines: str, key: str, owner: str, tmp_path: Path
) -> None:
    file = tmp_path / "mine.toml"
    problem = ROOT / "problems" / "paper-example-1.toml"
    text = f'kind = "experiment"\ntitle = "x"\ngames = 2\nproblem = {{file = "{problem}"}}\n{lines}\n'
    file.write_text(text, encoding="utf-8")
    assert refused("experiment", str(file)) == f"{file}: {key}: unknown key here; it belongs to {owner}"


def numeric() -> list[str]:
    """Every option of every command that takes a whole number, as `simulate --games`."""
    groups = {"": app.registered_commands, "import ": importers.registered_commands}
    return [
        f"{group}{command.name or command.callback.__name__} --{name.replace('_', '-')}"
        for group, commands in groups.items()
        for command in commands
        if command.callback is not None
        for name, option in signature(command.callback, eval_str=True).parameters.items()
        if get_args(option.annotation)[0] in (int, int | None)
    ]


def test_many_options_are_numbers() -> None:
    assert {"simulate --games", "audit --problems", "import labels --min-labels"} <= {*numeric()}


@pytest.mark.parametrize("option", numeric())
def test_numbers_are_refused_in_plain_words(option: str) -> None:
    *command, flag = option.split()
    assert refused(*command, "FILE", flag, "x") == f"{flag}: 'x' is not a whole number"
    assert refused(*command, "FILE", flag, "1/2") == f"{flag}: '1/2' is not a whole number"
    assert re.fullmatch(rf"{flag}: -1 is below \d+", refused(*command, "FILE", flag, "-1"))


def test_bounds_of_numbers_are_named() -> None:
    assert refused("simulate", str(EXAMPLE), "--games", "0") == "--games: 0 is below 1"
    assert refused("serve", "--port", "65536") == "--port: 65536 is above 65535"
    said = refused("solve", str(EXAMPLE), "--time-limit", "0")
    assert said == "--time-limit: '0' is not a positive number of seconds"


def test_unknown_kinds_of_experiments_name_the_nearest(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('kind = "experimnt"', encoding="utf-8")
    assert refused("experiment", str(file)).startswith(
        f"{file}: kind: unknown kind 'experimnt' (did you mean experiment?); known: experiment"
    )


# ── parley doctor ───────────────────────────────────────────────────────────────────────────────────────────


def test_doctor_says_what_is_there_and_what_needs_it() -> None:
    result = runner.invoke(app, ["doctor", "--json"])
    assert result.exit_code == 0
    checks = {check["name"]: check for check in json.loads(result.stdout)["checks"]}
    assert checks["Python"]["version"] == sys.version.split()[0]
    assert checks["parley-sim"]["version"] == version("parley-sim")
    assert {"pyrevm", "py-evm", "Node.js", "anvil", "hardhat", "browser", "d3", "Plot"} <= checks.keys()
    for check in checks.values():
        assert check["needed_for"]
        assert bool(check["path"]) == check["found"]
    shown = runner.invoke(app, ["doctor"])
    assert shown.exit_code == 0
    assert all(name in shown.stdout for name in checks)


def test_doctor_finds_nothing_where_nothing_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("PARLEY_BROWSER", raising=False)
    monkeypatch.setenv("PARLEY_SOLC", str(tmp_path / "solc"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    elsewhere = SimpleNamespace(tree=lambda: None, packaged=resources.packaged, solidity=resources.solidity)
    monkeypatch.setattr(doctor, "resources", elsewhere)
    monkeypatch.setattr(doctor, "PACKAGES", {"no-such-package": "nothing"})
    result = runner.invoke(app, ["doctor", "--json"])
    assert result.exit_code == 0
    checks = json.loads(result.stdout)["checks"]
    assert [check["name"] for check in checks if check["found"]] == ["Python"]
    assert "not found" in runner.invoke(app, ["doctor"]).stdout


def test_doctor_says_if_a_program_does_not_run(tmp_path: Path) -> None:
    program = tmp_path / "anvil"
    program.write_text("#!/no/such/interpreter\n", encoding="utf-8")
    program.chmod(0o755)
    assert doctor._program("anvil", str(program), "x").version == "does not run"
