"""The script that makes mutants of the theory, and the list of those that survive."""

import ast
import tomllib

from scripts import mutants_theory as script
from tests.mutants.theory import drawn, mutants_of

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


def test_every_survivor_in_the_list_is_a_mutant_of_today_and_has_a_reason() -> None:
    listed = tomllib.loads(script.REASONS.read_text(encoding="utf-8"))["survivors"]
    files = {entry["mutant"].partition(":")[0] for entry in listed}
    every = {m.name for file in files for m in mutants_of(file, (script.ROOT / file).read_text("utf-8"))}
    for entry in listed:
        assert entry["mutant"] in every
        assert len(entry["reason"]) > 20
