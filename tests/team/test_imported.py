"""`import labels`: a crowd's labels become a coverage problem."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parley.core.errors import ParleyError
from parley.mechanisms.team.imported import read_labels
from parley.mechanisms.team.problem import Problem

if TYPE_CHECKING:
    from pathlib import Path

TABLE = """item,worker,label,correct
a,ann,G,1
a,bo,X,0
b,ann,G,1
b,cy,G,1
c,bo,G,0
d,cy,G,0
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "labels.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_items_count_alike_and_workers_cost_by_their_labels(tmp_path: Path) -> None:
    notes: list[str] = []
    found = read_labels(written(tmp_path, TABLE), cost="1/10", warn=notes.append)
    assert found == {
        "kind": "team",
        "costs": ["1/20", "1/20", "1/20"],
        "success": {"type": "coverage", "weights": ["1/4"] * 4, "sets": [[0, 1], [], [1]]},
        "names": {"agents": ["ann", "bo", "cy"]},
    }
    assert notes == ["workers without a correct label: bo"]
    problem = Problem.from_mapping(found)
    assert problem.success.value([0, 2]) == problem.success.value([0])


def test_workers_with_few_labels_are_left_out_but_their_items_count(tmp_path: Path) -> None:
    text = TABLE + "e,dee,G,1\n"
    found = read_labels(written(tmp_path, text), cost="0.5", min_labels=2)
    assert found["names"] == {"agents": ["ann", "bo", "cy"]}
    assert found["success"]["weights"] == ["1/5"] * 5
    assert found["costs"] == ["1/5"] * 3
    with pytest.raises(ParleyError, match="no worker with 3 labels"):
        read_labels(written(tmp_path, text), cost="1", min_labels=3)


def test_every_label_costs_and_one_right_label_of_an_item_is_enough(tmp_path: Path) -> None:
    notes: list[str] = []
    text = "item,worker,correct\na,ann,0\na,ann,1\na,ann,1\nb,bo,1\n"
    found = read_labels(written(tmp_path, text), cost="1/10", warn=notes.append)
    assert found["costs"] == ["3/20", "1/20"]
    assert found["success"]["sets"] == [[0], [1]]
    assert notes == ["workers with several labels of an item, each of which costs: ann"]


def test_more_workers_than_a_team_takes_are_noted(tmp_path: Path) -> None:
    notes: list[str] = []
    rows = "".join(f"a,w{k},1\n" for k in range(65))
    read_labels(written(tmp_path, "item,worker,correct\n" + rows), cost="1", warn=notes.append)
    assert notes == ["65 workers: a team on chain has at most 64"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("item,who,correct\na,b,1\n", "line 1: unknown column 'worker'"),
        ("item,worker,correct\n", "line 1: no labels"),
        ("item,worker,correct\na,,1\n", "line 2, column worker: empty"),
        ("item,worker,correct\na,b,yes\n", "line 2, column correct: 'yes' is neither 1 nor 0"),
    ],
)
def test_wrong_tables_are_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ParleyError) as caught:
        read_labels(path, cost="1/50")
    assert str(caught.value).startswith(f"{path}: {said}")


def test_a_file_of_another_kind_is_said_before_a_missing_cost(tmp_path: Path) -> None:
    with pytest.raises(ParleyError, match="unknown column 'correct'"):
        read_labels(written(tmp_path, "item,worker\na,b\n"))


@pytest.mark.parametrize(
    ("cost", "said"), [(None, "missing --cost"), ("x", "--cost: 'x'"), ("0", "--cost: 0 is not above 0")]
)
def test_the_cost_is_asked_for(tmp_path: Path, cost: str | None, said: str) -> None:
    with pytest.raises(ParleyError, match=said):
        read_labels(written(tmp_path, TABLE), cost=cost)
