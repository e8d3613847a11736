"""Deliberately crooked variants of contracts, and records that somebody has tampered with."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from parley.chain.compiler import Artifact, compile_contracts
from parley.chain.history import Call, Recorder
from tests.kit.rig.selected import Edit, compiled, merged, read_source, select
from tests.kit.rig.sources import Place

OWNER = "payable(address(0xbad))"
"""Who gets what a crooked contract takes, in Solidity."""


class Change(NamedTuple):
    """A text that occurs once in a file, and what to put in its place.

    Attributes
    ----------
    old : str
        With ``«…»`` around what is replaced; all of it if there are none.
    new : str
    file : str
    """

    old: str
    new: str
    file: str

    def edit(self, variant: int) -> Edit:
        """The change in the file's text. Its place must exist once, lest nothing be crooked."""
        text = read_source(self.file)
        before, mark, rest = self.old.partition("«")
        part, _, after = rest.partition("»") if mark else (before, "", "")
        before = before if mark else ""
        context = before + part + after
        assert text.count(context) == 1, f"{self.file} has {text.count(context)} times: {context}"
        start = text.index(context) + len(before)
        return Edit(start, start + len(part), self.new, variant)


class Put(NamedTuple):
    """What to put in a place.

    Attributes
    ----------
    place : Place
    new : str
    """

    place: Place
    new: str

    @property
    def file(self) -> str:
        """The file that is changed."""
        return self.place.file

    def edit(self, variant: int) -> Edit:
        """The change in the file's text."""
        return Edit(self.place.start, self.place.end, self.new, variant)


@dataclass(frozen=True)
class Variant:
    """A crooked contract.

    Attributes
    ----------
    rule : str
        The rule by which it is caught, and by no other.
    changes : tuple of (Change or Put)
    bots : tuple of str
        Who has to play for it to show; empty if any population may.
    stage : str
        What is tried beyond the usual play: see `tests.kit.rig.staging`.
    setting : str
        What the games are about, in the mechanism's own words; empty if anything.
    also : str
        Why other rules have to speak as well, where some have: ``rule, rule: reason``.
    """

    rule: str
    changes: tuple[Change | Put, ...]
    bots: tuple[str, ...] = ()
    stage: str = ""
    setting: str = ""
    also: str = ""

    @property
    def rules(self) -> set[str]:
        """All rules that may speak of it."""
        return {self.rule, *filter(None, self.also.partition(":")[0].split(", "))}


def changing(file: str) -> Callable[..., Variant]:
    """What makes a variant that changes one place, of that file if of no other."""

    def crooked(rule: str, old: str, new: str, file: str = file, **other: Any) -> Variant:  # noqa: ANN401
        return Variant(rule, (Change(old, new, file),), **other)

    return crooked


class Campaign:
    """All crooked variants of a mechanism's contracts, by name; together they take one run of the compiler.

    Parameters
    ----------
    variants : mapping of str to Variant
    contracts : mapping of str to collection of str
        Contract files, and the files that each is made from: the variants of these concern it.
    called : collection of str
        Files whose code is called statically.
    own : callable
        Returns the sound contracts, if they are not the tree's.
    """

    def __init__(
        self,
        variants: Mapping[str, Variant],
        contracts: Mapping[str, Collection[str]],
        called: Collection[str] = (),
        own: Callable[[], Mapping[str, Artifact]] = compile_contracts,
    ) -> None:
        self.variants = variants
        self.numbers = {name: number for number, name in enumerate(variants, start=1)}
        self._contracts, self._called, self._own = contracts, called, own

    def sources(self) -> dict[str, str]:
        """The sources with all variants in them."""
        edits: dict[str, list[Edit]] = {}
        for name, variant in self.variants.items():
            for change in variant.changes:
                edits.setdefault(change.file, []).append(change.edit(self.numbers[name]))
        return {
            file: merged(read_source(file), found, "chosen" if file in self._called else "ran")
            for file, found in edits.items()
        }

    @property
    def main(self) -> str:
        """The file of the first contract."""
        return next(iter(self._contracts))

    def changes_main(self, name: str) -> bool:
        """Whether a variant is one of the first contract, and not only of what that calls."""
        main, *_ = self._contracts.values()
        return any(change.file in main for change in self.variants[name].changes)

    def artifacts(self, name: str | None) -> dict[str, Artifact]:
        """The tree's contracts, with a variant's in place of those that it concerns.

        ``""`` names the variant that changes nothing, and None the tree's own contracts.
        """
        artifacts = dict(self._own())
        if name is None:
            return artifacts
        changed = {change.file for change in self.variants[name].changes} if name else set()
        for main, parts in self._contracts.items():
            if not name or changed & set(parts):
                for contract, artifact in self._all.items():
                    if artifact.source == main:
                        artifacts[contract] = select(artifact, self.numbers.get(name, 0))
        return artifacts

    @cached_property
    def _all(self) -> dict[str, Artifact]:
        return compiled(self.sources(), list(self._contracts))


class Altered(Recorder):
    """A history that somebody has tampered with."""

    def __init__(self, machine: Recorder, calls: Sequence[Call]) -> None:
        super().__init__(machine.evm, machine.contract)
        self._calls = list(calls)
        self._gains = machine.gains_by_block()
