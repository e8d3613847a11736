"""What fairness costs: the figures of docs/studies/team-study.md, and the script that draws them."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from parley.mechanisms.team.examples import coverage_example, example_6_1
from parley.mechanisms.team.problem import worked_example
from parley.mechanisms.team.study import family, hired_as_costs_rise, price, random_team
from scripts import team as script
from tests.team.brute import Brute

if TYPE_CHECKING:
    from collections.abc import Iterator

F = Fraction
PAGE = (Path(__file__).parents[2] / "docs" / "studies" / "team-study.md").read_text(encoding="utf-8")


def rows(head: str) -> Iterator[list[str]]:
    """Return the table below a header, as texts."""
    _, _, rest = PAGE.partition(head)
    for line in rest.split("\n\n")[0].splitlines():
        if line.startswith("| "):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def test_the_family_is_as_the_page_says() -> None:
    stated = list(rows("| agents | unconstrained |"))
    found = [
        [str(one.agents), *map(str, (one.unconstrained, one.fair, one.nondiscriminatory))] for one in family()
    ]
    assert [row[:4] for row in stated] == found
    assert [float(row[4].removesuffix("%")) for row in stated] == [
        round(100 * float(one.lost), 1) for one in family()
    ]
    assert all(one.proven for one in family())


def test_random_teams_are_as_the_page_says() -> None:
    stated = {int(row[0]): row[1:] for row in rows("| agents | mean lost |")}
    assert list(stated) == list(script.SIZES)
    for agents in (5, 10, 20, 50):
        size = script.measured(agents, script.SEEDS)
        assert stated[agents][:3] == [f"{size.mean:.1f}%", f"{size.most:.1f}%", f"{size.equal:.1f}%"]
        assert stated[agents][3] == "all"
        assert size.proven


def test_prices_are_those_of_all_teams() -> None:
    dice = Random(1)
    for seed in range(6):
        drawn = random_team(dice.randint(2, 6), seed)
        found, brute = price(drawn), Brute(drawn)
        assert (found.fair, found.nondiscriminatory, found.unconstrained) == tuple(
            brute.best(rule)[0] for rule in ("fair", "nondiscriminatory", "unconstrained")
        )
    assert price(worked_example()).lost == F(1, 35)
    with pytest.raises(ValueError, match="no fair optimum: the success function is not submodular"):
        price(example_6_1()[0])
    with pytest.raises(ValueError, match="the success function is not submodular"):
        list(hired_as_costs_rise(example_6_1()[0], [F(1)]))


def test_dearer_effort_is_hired_less() -> None:
    levels = list(hired_as_costs_rise(coverage_example(), [F(1), F(10), F(30), F(60)]))
    revenues = [level.revenue for level in levels]
    assert revenues == sorted(revenues, reverse=True)
    assert [len(level.contract.team) for level in levels] == [2, 1, 1, 0]
    assert all(level.proven for level in levels)


def test_the_script_prints_tables_and_draws(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "SIZES", (5, 10))
    monkeypatch.setattr(script, "LEVELS", (F(1, 10), F(9, 10)))
    labels = tmp_path / "labels.csv"
    labels.write_text("item,worker,correct\na,ann,1\nb,bo,1\nc,bo,0\n", encoding="utf-8")
    assert script.run(["--out", str(tmp_path), "--labels", str(labels), "--seeds", "2"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"^\| 585 \| 1/2 \| 17/64 \| 7/32 \| 46\.9% \|$", said, re.MULTILINE)
    assert re.search(r"^\| 1/10 \| 2 \| 0\.667 \|", said, re.MULTILINE)
    for name in ("team-price", "team-shares", "team-crowd"):
        assert (tmp_path / f"{name}.svg").stat().st_size > 1000
