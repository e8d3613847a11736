"""Recognition functions out of a user's file: what is taken, and what is refused in one line."""

from pathlib import Path

import pytest

from parley.core.errors import ParleyError
from parley.mechanisms.coordination.axioms.custom import recognition_named
from parley.mechanisms.coordination.axioms.triple import Triple, recognition_of

TRIPLE = Triple.of([[2, 0], [1, 3]], [[3, 0], [0, 3]], [[3, 0], [2, 3]])

FUNCTIONS = """
from fractions import Fraction

def same_as_p_star(turn):
    return sum(turn.maximal), turn.remaining

def by_last(announced, contracted, capacity):
    n = len(announced)
    return [Fraction(1, n)] * n

def rounding(announced, contracted, capacity):
    return [1 / 3] * len(announced)

def beyond(turn):
    return 2, 1

def not_whole(turn):
    return 0.5, 1

def failing(turn):
    return 1 // 0, 1

def two(a, b):
    return 1

number = 3
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(FUNCTIONS, encoding="utf-8")
    return path


def test_a_function_of_turns_is_one_of_problems_too(file: Path) -> None:
    named = recognition_named(f"{file}:same_as_p_star")
    assert named.fraction is not None
    assert named.probabilities(TRIPLE) == recognition_of("p-star")(TRIPLE)


def test_a_function_of_problems_has_no_fractions(file: Path) -> None:
    named = recognition_named(f"{file}:by_last")
    assert named.fraction is None
    assert [str(p) for p in named.probabilities(TRIPLE)] == ["1/2", "1/2"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("rounding", "sum to 1"),
        ("beyond", "(2, 1) is not a numerator and a denominator"),
        ("not_whole", "(0.5, 1) is not a numerator and a denominator"),
        ("failing", "ZeroDivisionError"),
    ],
)
def test_a_function_that_gives_no_probabilities_is_refused_when_it_does(
    file: Path, name: str, said: str
) -> None:
    named = recognition_named(f"{file}:{name}")
    with pytest.raises(ParleyError) as caught:
        named.probabilities(TRIPLE)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("p-stern", "unknown recognition function; known: p-star, equal"),
        ("{file}:nowhere", "no function 'nowhere'"),
        ("{file}:number", "no function 'number'"),
        ("{file}:two", "takes 2 parameters"),
        ("{file}x.py:f", "no such file"),
    ],
)
def test_what_is_no_function_is_refused_by_name(file: Path, text: str, said: str) -> None:
    with pytest.raises(ParleyError) as caught:
        recognition_named(text.replace("{file}", str(file)))
    assert said in str(caught.value)


def test_a_file_that_does_not_run_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text("def f(turn)\n    return 1, 2\n", encoding="utf-8")
    with pytest.raises(ParleyError) as caught:
        recognition_named(f"{path}:f")
    assert str(caught.value).startswith(f"{path}: SyntaxError")
    assert "\n" not in str(caught.value)
