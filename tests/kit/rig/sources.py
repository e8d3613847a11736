"""Solidity sources as text: their functions, and the arguments of what is called in them."""

import re
from collections.abc import Iterator
from functools import cache
from os.path import normpath
from pathlib import Path
from typing import NamedTuple

from tests.kit.rig.selected import read_source

_FUNCTION = re.compile(r"^    function (\w+)\(", re.MULTILINE)


class Place(NamedTuple):
    """A part of a source, as offsets in its text."""

    file: str
    start: int
    end: int

    @property
    def text(self) -> str:
        """What stands there."""
        return read_source(self.file)[self.start : self.end]

    @property
    def before(self) -> "Place":
        """The empty place before it."""
        return self._replace(end=self.start)

    def found(self, pattern: str) -> Iterator["Match"]:
        """What a pattern matches in it."""
        for match in re.compile(pattern).finditer(read_source(self.file), self.start, self.end):
            yield Match(self, match)


class Match:
    """What a pattern has matched in a place."""

    def __init__(self, within: Place, match: re.Match[str]) -> None:
        self._within, self._match = within, match

    def text(self, group: int = 0) -> str:
        """What a group has matched."""
        return self._match[group]

    def place(self, group: int = 0) -> Place:
        """Where."""
        return self._within._replace(start=self._match.start(group), end=self._match.end(group))

    @property
    def arguments(self) -> list[Place]:
        """What is between the bracket that the pattern ends with and its fellow, argument by argument."""
        text, at, depth = self._match.string, self._match.end(), 0
        starts, places = at, []
        while depth >= 0:
            depth += (text[at] in "([{") - (text[at] in ")]}")
            if depth < 0 or (depth == 0 and text[at] == ","):
                places.append(_trimmed(self._within._replace(start=starts, end=at)))
                starts = at + 1
            at += 1
        return [place for place in places if place.text]

    @property
    def statement(self) -> Place:
        """From its beginning to the end of the statement."""
        return self.place()._replace(end=self._match.string.index(";", self._match.end()) + 1)


def _trimmed(place: Place) -> Place:
    text = place.text
    start = place.start + len(text) - len(text.lstrip())
    return place._replace(start=start, end=start + len(text.strip()))


class Function(NamedTuple):
    """A function of a contract or library.

    Attributes
    ----------
    name : str
    head : Place
        What comes before its body.
    body : Place
    """

    name: str
    head: Place
    body: Place

    @property
    def is_action(self) -> bool:
        """Whether it can be called from outside, and changes something."""
        return " external" in self.head.text and not self.is_view

    @property
    def is_view(self) -> bool:
        """Whether it can be called from outside, and changes nothing."""
        head = self.head.text
        return " external" in head and (" view" in head or " pure" in head)

    @property
    def checked(self) -> Place | None:
        """The empty place behind an action's checks: the first blank line after the seat was looked at."""
        for match in self.body.found(r"_own\([^\n]*\n(?:[^\n]+\n)*\n"):
            place = match.place()
            return place._replace(start=place.end)
        return None

    @property
    def seat(self) -> str:
        """The expression of the seat that acts."""
        return next((match.arguments[-1].text for match in self.body.found(r"\b_own\(")), "")

    @property
    def common_knowledge(self) -> str:
        """The variable that holds it."""
        return next((match.text(1) for match in self.body.found(r"Head (\w+)\)")), "")


@cache
def functions(file: str) -> list[Function]:
    """The functions of a file, in order."""
    text = read_source(file)
    found = []
    for match in _FUNCTION.finditer(text):
        ends = re.compile(r"[{;]").search(text, match.end())
        assert ends is not None
        if ends[0] == "{":
            body = Place(file, ends.end(), text.index("\n    }\n", match.end()))
            found.append(Function(match[1], Place(file, match.start(), ends.start()), body))
    return found


def refusals(main: str) -> dict[str, set[str]]:
    """The errors that each action of a contract can give, by the name of the action.

    Those of all functions that it may come to: of the contract and its bases by name, of libraries by name
    or, where they are attached to a type, by that of the function alone.
    """
    files = {_stem(file): file for file in imported(main)}
    library = {stem: {one.name: one for one in functions(file)} for stem, file in files.items()}
    bases = with_bases(main)

    def called(function: Function) -> Iterator[Function]:
        own = _stem(function.body.file)
        for match in function.body.found(r"(?:\b(\w+)(\([^()]*\))?\.)?\b(\w+)\("):
            of, name = match.text(1), match.text(3)
            places = [of] if of in library else library if of else bases if own in bases else [own]
            yield from (library[place][name] for place in places if name in library[place])

    def errors(function: Function, seen: set[Place]) -> set[str]:
        if function.body in seen:
            return set()
        seen.add(function.body)
        own = {match.text(1) for match in function.body.found(r"\brevert (?:\w+\.)?(\w+)\(")}
        own |= {"FailedCall"} if next(function.body.found(r"\bAddress\.sendValue\("), None) else set()
        return own.union(*(errors(other, seen) for other in called(function)))

    return {one.name: errors(one, set()) for one in functions(main) if one.is_action}


_BASE = re.compile(r"(?: is |, )([A-Z]\w+)(?=[\w,\s]*\{)")
_IMPORT = re.compile(r'^import \{[^}]*\} from "(\.[^"]+|parley/[^"]+)";', re.MULTILINE)


def with_bases(main: str) -> list[str]:
    """The contract of a file and all that it inherits from, by name."""
    files = {_stem(file): file for file in imported(main)}
    bases = [base for base in _BASE.findall(read_source(main)) if base in files and files[base] != main]
    return list(dict.fromkeys([_stem(main), *(one for base in bases for one in with_bases(files[base]))]))


def _stem(file: str) -> str:
    return Path(file).stem


def imported(main: str) -> list[str]:
    """A file and those that it imports from beside it, and so on."""
    found, left = [], [main]
    while left:
        file = left.pop()
        if file not in found:
            found.append(file)
            for other in _IMPORT.findall(read_source(file)):
                outside = other.startswith("parley/")
                left.append(
                    other.replace("parley", "contracts", 1)
                    if outside
                    else normpath(Path(file).parent / other)
                )
    return found
