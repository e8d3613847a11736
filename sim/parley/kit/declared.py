"""What a mechanism may declare besides its verbs: help, formats, experiments."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Any

    from rich.console import RenderableType

    from parley.kit.options import Given, Option
    from parley.kit.present.page_model import Sheet

__all__ = ["Description", "ExperimentRun", "Format", "Laboratory"]


class Description(NamedTuple):
    """What the help of a command says of a mechanism.

    Attributes
    ----------
    text : str
        One paragraph.
    examples : tuple of str
        Commands as one would type them.
    """

    text: str
    examples: tuple[str, ...] = ()


class Format(NamedTuple):
    """A public file format that problems are imported from.

    Attributes
    ----------
    name : str
        As in ``parley import NAME``.
    description : Description
    file : str
        What the help says of the file.
    options : tuple of Option
        What this format takes.
    read : callable
        From a file, its options and a function that is told of what may not have been meant, the keys of a
        problem file.
    """

    name: str
    description: Description
    file: str
    options: tuple[Option, ...]
    read: Callable[[str, Given, Callable[[str], None]], Mapping[str, Any]]


class ExperimentRun(Protocol):
    """A finished experiment."""

    @property
    def folder(self) -> Path:
        """Where its tables are."""

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What was run, and with what."""

    def tables(self) -> RenderableType:
        """Return what a person reads of it."""

    @property
    def summary(self) -> Any:  # noqa: ANN401 - plain data, as JSON has it
        """What came out, cell by cell."""


class Laboratory(NamedTuple):
    """Experiments of a mechanism.

    Attributes
    ----------
    run : callable
        From an experiment file, the folder to write, the number of workers, and whoever is told of games
        finished and games in all.
    page : callable
        From a finished experiment's folder, its page, and what writes its pictures into that folder.
    """

    run: Callable[[str, Path, int, Callable[[int, int], None]], ExperimentRun]
    page: Callable[[Path], tuple[Sheet, Callable[[], None]]]
