"""Strategies of populations by name: bots, adaptive bots, and users' classes."""

from __future__ import annotations

import inspect
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from parley.core import exact
from parley.core.errors import ParleyError
from parley.core.userfile import run_file, told
from parley.mechanisms.coordination.bots import KINDS, Bot, make_bots
from parley.mechanisms.coordination.experiment.adaptive import ADAPTIVE
from parley.mechanisms.coordination.experiment.strategy import Experience, Strategy, at_height

if TYPE_CHECKING:
    from fractions import Fraction

__all__ = ["Experience", "Strategy", "at_height", "known_strategies", "make_strategy"]


def known_strategies() -> dict[str, type[Bot]]:
    """Return all named strategies: bots and adaptive bots."""
    return KINDS | ADAPTIVE


def make_strategy(name: str, seat: int, folder: Path = Path()) -> Bot:
    """Make a strategy from its name in an experiment file.

    Parameters
    ----------
    name : str
        A kind of bot as ``parley simulate`` takes it (``greedy``, ``stubborn:1/4``, …); one that adapts, with
        its arguments by name (``quantal:temperature=1/20``); or ``FILE.py:Class`` with arguments likewise
        (``FILE.py:Class:hope=1/2``). A Python file is run.
    folder : Path
        Folder of the experiment file; FILE.py is relative to it.

    Raises
    ------
    ParleyError
        If the strategy is unknown or invalid.

    Examples
    --------
    >>> make_strategy("greedy", 0).kind, make_strategy("quantal:temperature=1/20", 0).kind
    ('greedy', 'quantal')
    """
    name = name.strip()
    file, mark, rest = name.partition(".py:")
    if mark:
        class_name, _, argument = rest.partition(":")
        return _build(_class_of(str(folder / f"{file}.py"), class_name), name, seat, argument)
    kind, _, argument = name.partition(":")
    if kind in KINDS:
        try:
            return make_bots([name], seat + 1)[seat]
        except ParleyError as error:
            raise ParleyError(str(error).removeprefix("--bots: ")) from None
    known = known_strategies()
    if kind not in known:
        raise ParleyError(f"unknown strategy {name!r} (known: {', '.join(known)}, or FILE.py:Class)")
    return _build(known[kind], name, seat, argument)


def _build(made: type[Bot], name: str, seat: int, argument: str) -> Bot:
    """Make a strategy with the arguments after its name."""
    known = [key for key in inspect.signature(made).parameters if key != "seat"]
    given: dict[str, Fraction] = {}
    for part in argument.split(",") if argument else ():
        key, mark, value = (text.strip() for text in part.partition("="))
        if not mark or key not in known or key in given:
            raise ParleyError(
                f"{name!r}: {part!r} is not an argument KEY=NUMBER (known: {', '.join(known) or 'none'})"
            )
        try:
            given[key] = exact.parse(value)
        except ValueError as error:
            raise ParleyError(f"{name!r}: {key}: {error}") from None
    try:
        return made(seat, **given)
    except ParleyError as error:
        raise ParleyError(f"{name!r}: {error}") from None
    except Exception as error:
        raise ParleyError(f"{name!r}: {told(error)}") from error


@lru_cache(maxsize=64)
def _class_of(file: str, name: str) -> type[Bot]:
    found = getattr(run_file(file), name, None)
    if not isinstance(found, type) or not issubclass(found, Bot):
        raise ParleyError(f"{file}: no subclass {name!r} of Strategy")
    return found
