"""Problem files from tables of cases."""

from __future__ import annotations

import json
from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from parley.core.errors import ProblemError
from parley.mechanisms.screening.cases import read_cases, shrunk, weight_of_prior
from parley.mechanisms.screening.problem import Problem
from tests.command import parley

if TYPE_CHECKING:
    from pathlib import Path

CASES = """agent,type,cost
ann,fever,3
ann,fever,5
ann,fracture,1
bob,fever,2
bob,fracture,9.5
bob,fracture,10.5
"""


def read(tmp_path: Path, text: str = CASES, **options: Any) -> tuple[dict[str, Any], list[str]]:  # noqa: ANN401
    """The problem of a table, and notes."""
    file, notes = tmp_path / "cases.csv", list[str]()
    file.write_text(text, encoding="utf-8")
    return read_cases(file, warn=notes.append, **options), notes


def test_costs_are_shrunk_means_and_the_status_quo_counts_cases(tmp_path: Path) -> None:
    found, notes = read(tmp_path, prior=1)
    # Means 10/3 and 7: (3 + 5 + 10/3) / 3, (1 + 7) / 2; (2 + 10/3) / 2, (20 + 7) / 3.
    assert found["social_costs"] == [["34/9", "4"], ["8/3", "9"]]
    assert found["status_quo"] == [[2, 1], [1, 2]]
    assert found["names"] == {"agents": ["ann", "bob"], "tasks": ["fever", "fracture"]}
    assert notes == ["preferences are a guess: what a case costs an agent is uniform on [1, 2]"]
    assert Problem.from_mapping(found).agents == 2
    assert read(tmp_path, prior=0)[0]["social_costs"] == [["4", "1"], ["2", "10"]]


def test_an_outcome_is_good(tmp_path: Path) -> None:
    text = CASES.replace("cost", "outcome")
    assert read(tmp_path, text, prior=0)[0]["social_costs"] == [["-4", "-1"], ["-2", "-10"]]
    assert read(tmp_path, outcome="cost", prior=0)[0]["social_costs"] == [["-4", "-1"], ["-2", "-10"]]


def test_shrinkage_finds_the_prior_that_cases_were_drawn_from() -> None:
    # Agents' means have variance 4, cases within an agent 36: nine cases of the mean are best.
    dice = Random(3)
    groups = []
    for _ in range(4_000):
        mean = dice.gauss(0, 2)
        groups.append([Fraction(round(1000 * dice.gauss(mean, 6)), 1000) for _ in range(dice.randint(2, 9))])
    # The estimate's standard error is about 0.4: that of the variance between, relative, is about 4%.
    assert abs(float(weight_of_prior(groups)) - 9) < 2.5
    means = [float(x) for x in shrunk(groups[:50])]
    assert max(means) - min(means) < max(float(sum(g) / len(g)) for g in groups[:50]) * 2


@pytest.mark.parametrize(
    ("text", "options", "line"),
    [
        (CASES, {"agent": "agnet"}, "line 1: unknown column 'agnet' (did you mean agent?)"),
        (CASES, {"cost": "cost", "outcome": "cost"}, "line 1: both a column of costs and one of outcomes"),
        (CASES + "ann,fever,many\n", {}, "line 8, column cost: 'many' is not a number"),
        (CASES + ",fever,1\n", {}, "line 8, column agent: empty"),
        ("agent,type,cost\n", {}, "line 1: no cases"),
        (
            "agent,type,cost\nann,fever,1\n",
            {},
            "line 1: one type of cases, fever; a market needs at least two",
        ),
    ],
)
def test_what_cannot_be_read_is_named_in_one_line(
    tmp_path: Path, text: str, options: dict[str, Any], line: str
) -> None:
    with pytest.raises(ProblemError) as error:
        read(tmp_path, text, **options)
    assert str(error.value).startswith(f"{tmp_path / 'cases.csv'}: {line}")


def test_few_cases_are_told_and_agents_with_most_are_kept(tmp_path: Path) -> None:
    found, notes = read(tmp_path, CASES + "eve,fever,1\n")
    assert notes[0] == "no cases, so the type's mean was taken: eve fracture"
    assert found["status_quo"][2] == [1, 0]
    found, notes = read(tmp_path, CASES + "eve,fever,1\n", agents=2)
    assert found["names"]["agents"] == ["ann", "bob"]
    assert notes[0] == "1 agents with the fewest cases were left out"
    many = CASES + "".join(f"a{k},fever,1\n" for k in range(70))
    assert any(note.startswith("72 agents: can be solved") for note in read(tmp_path, many)[1])


def test_the_command_writes_a_problem_that_can_be_solved(tmp_path: Path) -> None:
    file, out = tmp_path / "cases.csv", tmp_path / "cases.json"
    file.write_text(CASES, encoding="utf-8")
    assert parley("import", "cases", file, "--out", out, "--prior", 2).returncode == 0
    written = json.loads(out.read_text(encoding="utf-8"))
    out.write_text(json.dumps(written | {"menus": [[[1, -1]], [[-1, 1]]]}), encoding="utf-8")
    assert parley("solve", out).returncode == 0
