"""What a mechanism may declare besides its verbs: help, formats, experiments."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Any

    from parley.kit.experiment.experiment import Experiment
    from parley.kit.options import Given, Option
    from parley.kit.present.page_model import Sheet

__all__ = ["Description", "Format", "Laboratory"]


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


class Laboratory(NamedTuple):
    """Experiments that a mechanism adds to sweeps.

    Attributes
    ----------
    read : callable
        From the keys of an experiment file and its name: the experiment, or None if it asks for a sweep.
    sheet : callable
        From a finished experiment's folder: its page.
    """

    read: Callable[[Mapping[str, Any], str], Experiment | None]
    sheet: Callable[[Path], Sheet]
