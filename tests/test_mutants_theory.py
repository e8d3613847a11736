"""The script that makes mutants of the theory, and the list of those that survive."""

import ast
import json
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

from scripts import mutants_theory as script
from tests.mutants.theory import Mutant, drawn, mutants_of

SOURCE = '''
def f(a: int, b: int = 2) -> int:
    """Do something with 1."""
    if a < b and not a:
        raise ValueError(1)
    total = g(a, b)
    total += 3
    return total
'''
FOUND = [
    ("2", "3"),
    ("2", "1"),
    ("if a < b and (not a):", "if not (a < b and (not a)):"),
    ("a < b and (not a)", "a < b or not a"),
    ("a < b", "a <= b"),
    ("a < b", "a >= b"),
    ("not a", "a"),
    ("raise ValueError(1)", "pass"),
    ("1", "2"),
    ("1", "0"),
    ("g(a, b)", "g(b, a)"),
    ("total += 3", "total -= 3"),
    ("total += 3", "pass"),
    ("3", "4"),
    ("3", "2"),
    ("return total", "return None"),
]


def test_a_mutant_changes_one_place_and_nothing_that_is_said() -> None:
    mutants = list(mutants_of("m.py", SOURCE))
    assert [(mutant.before, mutant.after) for mutant in mutants] == FOUND
    plain = ast.unparse(ast.parse(SOURCE))
    texts = [mutant.source() for mutant in mutants]
    assert len({plain, *texts}) == len(FOUND) + 1
    for text in texts:
        before, after = plain.splitlines(), text.splitlines()
        assert sum(one != other for one, other in zip(before, after, strict=True)) == 1
        assert '"""Do something with 1."""' in text
    assert {mutant.function for mutant in mutants} == {"f"}


def test_a_sample_does_not_change_with_mutants_elsewhere() -> None:
    mutants = list(mutants_of("m.py", SOURCE))
    one = list(drawn(mutants, 1).values())
    assert one != list(drawn(mutants, 2).values())
    fewer = [mutant for mutant in mutants if mutant.before != "3"]
    assert list(drawn(fewer, 1).values()) == [mutant for mutant in one if mutant in fewer]


def test_a_mutant_is_loaded_in_the_place_of_the_module_that_everybody_imports() -> None:
    for file in script.modules(""):
        found = find_spec(script.Mutated(Mutant(file, 1, "", "", "", str)).name)
        assert found is not None
        assert found.origin == str(script.ROOT / file)


@pytest.mark.parametrize(
    ("kills", "fails", "verdict"),
    [
        ({}, {}, "SURVIVED"),
        ({"b": 1 << 8}, {}, "killed"),
        ({"b": 9}, {}, "too long"),
        ({"b": 1 << 8}, {"b"}, "SURVIVED"),
        ({"b": 1 << 8, "c": 1 << 8}, {"b"}, "killed"),
        ({"c": 1 << 8}, {"b"}, "killed"),
        ({"a": 1 << 8, "b": 9, "c": 1 << 8}, {"a", "b", "c"}, "SURVIVED"),
    ],
)
def test_a_test_that_fails_without_the_mutant_kills_nothing(
    kills: dict[str, int], fails: set[str], verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = script.modules("")[0]
    mutant = Mutant(module, 1, "f", "1", "2", lambda: "changed")

    def meet(met: Mutant, seconds: dict[str, float]) -> tuple[int, int]:
        """Run until a test fails."""
        statuses = kills if met is mutant else dict.fromkeys(fails, 1 << 8)
        if met is not mutant:
            assert ast.dump(ast.parse(met.source())) == ast.dump(
                ast.parse((script.ROOT / module).read_text())
            )
        for count, test in enumerate(seconds, 1):
            if statuses.get(test):
                return statuses[test], count
        return 0, len(seconds)

    monkeypatch.setattr(script, "meet", meet)
    assert script.VERDICTS[script.verdict(mutant, {"a": 0.1, "b": 0.2, "c": 0.3})] == verdict


def test_a_stopped_run_goes_on_and_another_one_tries_again_what_survived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "TRIED", tmp_path / "tried")
    assert script.known("now", again=False) == {}
    lines = [
        ["one", False, "now"],
        ["two", True, "now"],
        ["three", False, "before"],
        ["four", True, "before"],
    ]
    (tmp_path / "tried").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert script.known("now", again=False) == {"one": False, "two": True}
    assert script.known("now", again=True) == {"one": False, "three": False}


def test_every_survivor_in_the_list_is_a_mutant_of_today_and_has_a_reason() -> None:
    listed = tomllib.loads(script.REASONS.read_text(encoding="utf-8"))["survivors"]
    files = {entry["mutant"].partition(":")[0] for entry in listed}
    every = {m.name for file in files for m in mutants_of(file, (script.ROOT / file).read_text("utf-8"))}
    for entry in listed:
        assert entry["mutant"] in every
        assert len(entry["reason"]) > 20
