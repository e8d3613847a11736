import json
import pickle
from decimal import Decimal
from pathlib import Path

import pytest

from parley.core import problemfile
from parley.core.errors import ParleyError, ProblemError
from parley.kit.registry import kinds, load, mechanism
from parley.mechanisms.assignment.problem import Problem as Lottery
from parley.mechanisms.coordination.problem import Problem
from tests.coordination.problems import example_1_keys

READY = Path(__file__).parents[1] / "problems"


def test_decimals_reach_the_reader_unrounded(tmp_path: Path) -> None:
    toml, text = tmp_path / "a.toml", tmp_path / "a.json"
    toml.write_text("x = 0.1000000000000000000000000000001\n")
    text.write_text('{"x": 0.1000000000000000000000000000001}')
    assert (
        problemfile.read(toml)
        == problemfile.read(text)
        == {"x": Decimal("0.1000000000000000000000000000001")}
    )


def test_toml_and_json_state_the_same_problem(tmp_path: Path) -> None:
    path = tmp_path / "a.JSON"
    path.write_text("\ufeff" + json.dumps(example_1_keys()), encoding="utf-8")
    problem = load(path).problem
    assert isinstance(problem, Problem)
    assert problem.total_cost(problem.contracted) == 127


@pytest.mark.parametrize("file", sorted(READY.glob("*.toml")), ids=lambda path: path.stem)
def test_the_kind_says_which_mechanism_reads_a_file(file: Path) -> None:
    problem = load(file)
    assert problem.kind == problemfile.read(file)["kind"]
    mapping = problemfile.read(file)
    assert problem.problem.to_mapping() == mechanism(problem.kind).problem(mapping, "").to_mapping()
    problem.problem.check_playable()


def test_every_kind_has_a_ready_problem_and_no_other_has_a_room() -> None:
    assert {problemfile.read(file)["kind"] for file in READY.glob("*.toml")} == set(kinds())
    with pytest.raises(ParleyError, match="unknown kind 'chain'"):
        mechanism("chain")


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("a.toml", "x = \n", "line 1, column 5: invalid TOML: Invalid value"),
        ("a.toml", "x = 1\nx = 2\n", "invalid TOML: Cannot overwrite a value"),
        ("a.toml", "x = [1,\n", "invalid TOML"),
        ("a.toml", "x = 1e99999999999999999999\n", "out of range"),
        ("a.toml", f"x = {'9' * 5000}\n", "TOML: Exceeds the limit"),
        ("a.json", '{"x": 1,}', "line 1, column 9: invalid JSON"),
        ("a.json", '{"x": 1, "x": 2}', "x: duplicate key"),
        ("a.json", "[1, 2]", "must be an object with keys, not [1, 2]"),
        ("a.json", "", "line 1, column 1: invalid JSON"),
        ("a.json", "[" * 100_000, "nested too deeply"),
        ("a.json", "{}", "kind: missing; known: coordination, assignment, screening, guarantees, team"),
        (
            "a.json",
            '{"kind": "auction"}',
            "kind: unknown kind 'auction'; known: coordination, assignment, screening, guarantees, team",
        ),
        ("a.json", '{"kind": ["coordination"]}', "kind: unknown kind"),
    ],
)
def test_a_broken_file_gets_one_line(tmp_path: Path, name: str, text: str, line: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ProblemError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing.toml"
    with pytest.raises(ProblemError, match=r"missing\.toml: cannot be read: No such file"):
        load(missing)
    with pytest.raises(ProblemError, match="is a folder, not a file"):
        load(tmp_path)
    with pytest.raises(ProblemError, match="cannot be read"):
        load("a\0b.toml")
    (tmp_path / "latin.toml").write_bytes(b"names = '\xe9'")
    with pytest.raises(ProblemError, match="byte 9: not UTF-8 text"):
        load(tmp_path / "latin.toml")


def test_errors_are_one_line_whatever_they_quote() -> None:
    error = ProblemError("a\nb.toml", "key\r", "reason\x1b[31m")
    assert str(error) == r"a\nb.toml: key\r: reason\x1b[31m"
    assert isinstance(error, ParleyError)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - ours
    assert str(copy) == str(error)
    assert str(ParleyError("two\nlines")) == r"two\nlines"


def test_what_is_written_as_toml_reads_as_the_same_problem(tmp_path: Path) -> None:
    names = ['quoted "name"', "back\\slash", "日本", *(f"agent {k}" for k in range(60))]
    lines = {
        "items": ["a", "b"],
        "utilities": [["1/3", None], [2, 0]] + [[None, 1]] * 61,
        "capacities": [0, 7],
        "bond": 5,
        "names": {"agents": names},
    }
    mapping = {"kind": "assignment", "rule": "boston"} | lines
    text = problemfile.to_toml(mapping)
    assert max(map(len, text.splitlines())) <= problemfile.WIDTH
    file = tmp_path / "a.toml"
    file.write_text(text, encoding="utf-8")
    problem = load(file).problem
    assert problem == Lottery.from_mapping(mapping)
    assert isinstance(problem, Lottery)
    assert problem.agent_names == tuple(names)


@pytest.mark.parametrize("file", sorted(READY.glob("*.toml")), ids=lambda path: path.stem)
def test_every_ready_problem_is_written_as_it_was_read(file: Path, tmp_path: Path) -> None:
    mapping = load(file).problem.to_mapping()
    copy = tmp_path / "copy.toml"
    copy.write_text(problemfile.to_toml(mapping), encoding="utf-8")
    assert load(copy).problem.to_mapping() == mapping


@pytest.mark.parametrize(
    ("text", "hinted"),
    [("a = 4/5", True), ("b = 1\na = [1, 4 / 5]", True), ("a = 4.5.6", False), ('b = "4/5"\na = x', False)],
)
def test_a_fraction_without_quotes_is_told_to_have_some(text: str, hinted: bool, tmp_path: Path) -> None:  # noqa: FBT001
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ProblemError) as refused:
        problemfile.read(file)
    assert ('write a fraction in quotes, such as "9/10"' in str(refused.value)) is hinted
    assert refused.value.key.startswith("line ")
