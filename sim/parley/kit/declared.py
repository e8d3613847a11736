"""Types of a mechanism's declarations: help, import formats, experiments."""

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
    """Help text of a command for one mechanism.

    Attributes
    ----------
    text : str
        One paragraph.
    examples : tuple of str
        Example commands.
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
        Help text for the file.
    options : tuple of Option
        Options of this format.
    read : callable
        Takes a file, its options and a function that is called with warnings; returns the keys of a problem
        file.
    """

    name: str
    description: Description
    file: str
    options: tuple[Option, ...]
    read: Callable[[str, Given, Callable[[str], None]], Mapping[str, Any]]


class Laboratory(NamedTuple):
    """A mechanism's own experiments, besides sweeps.

    Attributes
    ----------
    read : callable
        Takes the keys of an experiment file and its name; returns the experiment, or None for a sweep.
    sheet : callable
        Takes the folder of a finished experiment; returns its page.
    """

    read: Callable[[Mapping[str, Any], str], Experiment | None]
    sheet: Callable[[Path], Sheet]
