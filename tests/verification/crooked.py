"""Deliberately crooked variants of contracts, and records that somebody has tampered with."""

import warnings
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sim.chain.compiler import Artifact, CompilerWarning, compile_contracts, project_root
from sim.chain.history import Call, Recorder


class Change(NamedTuple):
    """A text that stands once in a file, and what to put in its place."""

    old: str
    new: str
    file: str


class Variant(NamedTuple):
    """A crooked contract.

    Attributes
    ----------
    changes : tuple of Change
    rule : str
        The rule by which it is caught.
    bots : tuple of str
        Who has to play for it to show, if not the usual ones.
    consequences : tuple of str
        Rules that are broken as well because of it.
    """

    changes: tuple[Change, ...]
    rule: str
    bots: tuple[str, ...] = ()
    consequences: tuple[str, ...] = ()


def sources_of(variant: Variant) -> dict[str, str]:
    """The sources that a variant changes, changed. Each place must exist once, lest nothing be crooked."""
    sources: dict[str, str] = {}
    for change in variant.changes:
        text = sources.get(change.file) or (project_root() / change.file).read_text(encoding="utf-8")
        assert text.count(change.old) == 1, (
            f"{change.file} holds {text.count(change.old)} times: {change.old}"
        )
        sources[change.file] = text.replace(change.old, change.new)
    return sources


def artifacts_of(variant: Variant | None, main: str) -> Mapping[str, Artifact]:
    """The tree's contracts, with a variant's in place of those that it changes.

    Parameters
    ----------
    variant : Variant or None
    main : str
        The source file whose contract is made of the changed sources.
    """
    artifacts = dict(compile_contracts())
    if variant is not None:
        with warnings.catch_warnings():
            # The compiler may well wonder about a crooked contract.
            warnings.simplefilter("ignore", CompilerWarning)
            artifacts |= compile_contracts(overrides=sources_of(variant), only=[main])
    return artifacts


class Altered(Recorder):
    """A history that somebody has tampered with."""

    def __init__(self, machine: Recorder, calls: Sequence[Call]) -> None:
        super().__init__(machine.evm, machine.contract)
        self._calls = list(calls)
        self._gains = machine.gains_by_block()
