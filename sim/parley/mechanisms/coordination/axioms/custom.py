"""Recognition functions that a user brings: a function in a Python file, by ``FILE.py:FUNCTION``.

A function of one parameter is a function of turns, as ``recognition.p_star`` is, and can be played on chain
if it has a contract. A function of three parameters is a function of problems, as in the paper: it gets X, D
and C as tuples of rows of whole units and returns n probabilities. It may depend on anything, even on
announcements that have not been made when an agent's turn comes, and then cannot be drawn with on chain.

Neither may depend on the unit that quantities are counted in.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from parley.core.errors import ParleyError, shorten
from parley.core.userfile import run_file, told
from parley.mechanisms.coordination.axioms.triple import Recognition, Triple, stick_broken
from parley.mechanisms.coordination.recognition import RECOGNITION, RecognitionFunction, Turn

MAX_UNITS = 2**32
"""The contract keeps both parts of a fraction in 32 bits."""


@dataclass(frozen=True)
class Named:
    """A recognition function with its name."""

    name: str
    probabilities: Recognition
    """As a function of problems (X, D, C)."""
    fraction: RecognitionFunction | None
    """As a function of turns, if it is one."""


def recognition_named(text: str) -> Named:
    """Look up a recognition function by name, or load it from a Python file.

    Parameters
    ----------
    text : str
        ``p-star`` and the like, or ``FILE.py:FUNCTION``. The file is run.

    Raises
    ------
    ParleyError
        In one line: no such name, file or function; or, when the result is used, a function that fails or
        returns no probabilities.

    Examples
    --------
    >>> recognition_named("p-star").name
    'p-star'
    """
    if text in RECOGNITION:
        return Named(text, stick_broken(RECOGNITION[text]), RECOGNITION[text])
    file, colon, name = text.rpartition(":")
    if not colon or not file.endswith(".py"):
        raise ParleyError(
            f"{shorten(text)}: unknown recognition function; known: {', '.join(RECOGNITION)},"
            " or FILE.py:FUNCTION"
        )
    function = getattr(run_file(file), name, None)
    if not callable(function):
        raise ParleyError(f"{file}: no function {name!r}")
    try:
        parameters = len(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        parameters = 0
    if parameters == 1:
        fraction = _guarded_fraction(text, function)
        return Named(text, stick_broken(fraction), fraction)
    if parameters == 3:
        return Named(text, _guarded_probabilities(text, function), None)
    raise ParleyError(
        f"{text}: takes {parameters} parameters; a recognition function takes one (a turn)"
        " or three (announced, contracted, capacity)"
    )


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _guarded_fraction(text: str, function: Callable[[Turn], Any]) -> RecognitionFunction:
    def fraction(turn: Turn) -> tuple[int, int]:
        try:
            result = function(turn)
        except Exception as error:
            raise ParleyError(f"{text}: {told(error)}, at {turn}") from error
        whole = isinstance(result, Sequence) and len(result) == 2 and all(map(_whole, result))
        if not whole or not 0 <= result[0] <= result[1] < MAX_UNITS:
            raise ParleyError(
                f"{text}: {shorten(result)} is not a numerator and a denominator, whole and"
                f" 0 ≤ numerator ≤ denominator < 2^32, at {turn}"
            )
        return int(result[0]), int(result[1])

    return fraction


def _guarded_probabilities(text: str, function: Callable[..., Any]) -> Recognition:
    def probabilities(triple: Triple) -> tuple[Fraction, ...]:
        try:
            result = function(triple.allocation, triple.contracted, triple.capacity)
            given = tuple(Fraction(p) for p in result)
        except Exception as error:
            raise ParleyError(f"{text}: {told(error)}, at {triple}") from error
        if len(given) != triple.agents or min(given) < 0 or sum(given) != 1:
            numbers = ", ".join(map(str, given))
            raise ParleyError(
                f"{text}: ({numbers}) is not a probability for each of {triple.agents} agents that sum to 1"
                f" (use fractions.Fraction, which does not round), at {triple}"
            )
        return given

    return probabilities
