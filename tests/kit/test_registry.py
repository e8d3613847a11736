"""Mechanisms are found by their kinds, those of other packages too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from parley.core.errors import ParleyError, ProblemError
from parley.kit.declared import Later, later
from parley.kit.options import Given, Option
from parley.kit.registry import contracts, kinds, load, mechanism, mechanisms

if TYPE_CHECKING:
    from collections.abc import Sequence

EXAMPLE = Path(__file__).parents[2] / "problems" / "paper-example-1.toml"

ELSEWHERE = """
from parley.kit.declared import Description
from parley.mechanisms.coordination.mechanism import Coordination

class Elsewhere(Coordination):
    kind = "elsewhere"
    about = "what coordination states, in another package"
    contracts = ("Elsewhere",)
    descriptions = {"solve": Description("As coordination, from another package.", ())}

    def problem(self, mapping, file):
        return super().problem({**mapping, "kind": "coordination"}, file)

MECHANISM = Elsewhere()
"""


def installed(folder: Path, value: str = "elsewhere:MECHANISM", name: str = "elsewhere") -> dict[str, str]:
    """Install a package that adds a mechanism; the environment of a process that has it."""
    (folder / "elsewhere.py").write_text(ELSEWHERE, encoding="utf-8")
    metadata = folder / "elsewhere-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: elsewhere\nVersion: 1.0\n", encoding="utf-8"
    )
    (metadata / "entry_points.txt").write_text(f"[parley.mechanisms]\n{name} = {value}\n", encoding="utf-8")
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])}


def run(environment: dict[str, str], arguments: Sequence[object]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "parley.cli", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_package_adds_a_mechanism_that_every_command_knows(tmp_path: Path) -> None:
    environment = installed(tmp_path)
    file = tmp_path / "mine.toml"
    text = EXAMPLE.read_text(encoding="utf-8")
    file.write_text(text.replace('kind = "coordination"', 'kind = "elsewhere"'), encoding="utf-8")
    solved = run(environment, ["solve", file, "--exact", "--json"])
    assert solved.returncode == 0, solved.stderr
    assert json.loads(solved.stdout)["savings"] == "38"
    told = " ".join(run(environment, ["solve", "--help"]).stdout.split())
    assert "Elsewhere: As coordination, from another package." in told
    refused = run(environment, ["solve", file, "--runs", "9"])
    assert (refused.returncode, refused.stderr) == (
        2,
        "--runs: only for problems of kind assignment, not elsewhere\n",
    )


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("coordination", "elsewhere:MECHANISM", "there is a mechanism of kind coordination already"),
        ("elsewhere", "nowhere:MECHANISM", "mechanism elsewhere cannot be loaded: No module named 'nowhere'"),
        ("elsewhere", "elsewhere:Elsewhere", "mechanism elsewhere is not a Mechanism"),
    ],
)
def test_a_package_that_cannot_be_used_is_named_in_one_line(
    tmp_path: Path, name: str, value: str, reason: str
) -> None:
    done = run(installed(tmp_path, value, name), ["solve", EXAMPLE])
    assert (done.returncode, done.stderr) == (2, f"entry point {value}: {reason}\n")


def test_every_mechanism_says_what_it_is() -> None:
    assert [one.kind for one in mechanisms()] == list(kinds())
    assert len(set(contracts())) == len(contracts())
    for one in mechanisms():
        assert mechanism(one.kind) is one
        assert {"solve", "simulate", "audit", "verify"} <= set(one.descriptions)
        for option in one.options:
            assert option.verb in ("solve", "audit", "simulate", "compare")


def test_only_the_declaration_imports_later_and_only_what_it_names() -> None:
    with later("somebody.else"):
        from decimal import Decimal as Real  # noqa: PLC0415
    assert Real(1) == 1
    with later(__name__):
        import decimal  # noqa: PLC0415
        from decimal import Decimal as Put  # noqa: PLC0415

        from no.such.module import nothing  # type: ignore[import-not-found]  # noqa: PLC0415
    assert (decimal.Decimal, Put("0.5")) == (Real, Real("0.5"))
    assert isinstance(Put, Later)
    with pytest.raises(ModuleNotFoundError, match="no"):
        nothing()
    from decimal import Decimal as Again  # noqa: PLC0415

    assert Again is Real


def test_a_problem_is_loaded_from_python_too() -> None:
    mapping = {
        "kind": "coordination",
        "contracted": [[300, 0], [0, 1]],
        "capacity": [[300, 0], [200, 1]],
        "costs": [{"type": "quadratic", "quadratic": 1, "linear": 0}],
        "continuation": 0.9,
        "recognition": "p-star",
    }
    assert str(load(mapping).problem.to_mapping()["continuation"]) == "9/10"
    with pytest.raises(ProblemError, match="kind: missing; known: coordination, assignment"):
        load({})
    with pytest.raises(ParleyError, match="unknown kind 'poker'"):
        mechanism("poker")


def test_options_are_checked_whoever_gives_them() -> None:
    runs = Option("solve", "runs", int, "Runs.", least=2, most=9)
    flag = Option("solve", "exact", bool, "Exactly.")
    assert Given([runs, flag], {"exact": True}).flag("exact")
    wrongs: list[tuple[dict[str, object], str]] = [
        ({"runs": 1}, "runs: 1 is below 2"),
        ({"runs": 10}, "runs: 10 is above 9"),
        ({"runs": True}, "runs: True is not a whole number"),
        ({"runs": "9"}, "runs: '9' is not a whole number"),
        ({"exact": 1}, "exact: 1 is not a truth value"),
        ({"ran": 3}, "ran: no such option"),
    ]
    for wrong, reason in wrongs:
        with pytest.raises(ParleyError, match=reason):
            Given([runs, flag], wrong)
    problem = load(EXAMPLE)
    with pytest.raises(ParleyError, match="runs: no such option; known: exact, announce"):
        problem.solve(runs=5)
    with pytest.raises(ParleyError, match="poster: no such option; known: none"):
        problem.simulate(games=1, options={"poster": "late"})
