"""Many variants of contracts in one compilation.

Each changed place asks which variant runs, and the answer is the last word of the deployed code
(``tests/contracts/Selected.sol``). So one run of the compiler serves any number of variants, on any machine,
and variant 0 is the contract as it stands in the tree.
"""

import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from parley.chain.compiler import Artifact, CompilerWarning, compile_sources, project_root, read_settings
from parley.chain.revm import RevmEvm
from parley.core.randomness import word

LIBRARY = "tests/contracts/Selected.sol"
_IMPORT = f'import {{Selected}} from "{LIBRARY}";\n'
_FIRST_STATEMENT = re.compile(
    r"^(?=import |abstract contract |contract |library |interface |type |/// @)", re.MULTILINE
)

# Of hundreds of questions the optimizer would make hundreds of copies; what is left keeps the stack shallow.
_OPTIMIZER = {
    "enabled": False,
    "details": {"yul": True, "yulDetails": {"stackAllocation": True, "optimizerSteps": "u"}},
}

MARK = 1 << 255
"""The storage slot that is not zero once a variant's changed place has run."""


class Edit(NamedTuple):
    """What one variant puts in a place of a source.

    Attributes
    ----------
    start, end : int
        The place, as offsets in the text.
    new : str
        What stands there instead.
    variant : int
        Number of the variant.
    """

    start: int
    end: int
    new: str
    variant: int


def merged(text: str, edits: Iterable[Edit], ask: str = "ran") -> str:
    """Put all edits into one source: each takes effect in its own variant.

    A place that ends in ``;`` or ``}`` is taken for statements, every other for an expression; an empty place
    is one where statements are inserted. Of two places one may hold the other.

    Parameters
    ----------
    text : str
    edits : iterable of Edit
    ask : str
        The function of the library that is asked: ``chosen`` in contracts that are called statically.
    """
    places: dict[tuple[int, int], list[Edit]] = {}
    for edit in edits:
        places.setdefault((edit.start, edit.end), []).append(edit)
    if not places:
        return text
    body, _ = _rendered(text, 0, len(text), sorted(places.items(), key=lambda p: (p[0][0], -p[0][1])), ask)
    at = _FIRST_STATEMENT.search(body)
    assert at is not None
    return body[: at.start()] + _IMPORT + body[at.start() :]


_Places = Sequence[tuple[tuple[int, int], list[Edit]]]


def _rendered(text: str, start: int, end: int, places: _Places, ask: str) -> tuple[str, _Places]:
    """The text from start to end with the places that begin there, and the places after it."""
    parts, at = [], start
    while places and places[0][0][0] < end:
        (first, last), edits = places[0]
        assert first >= at, f"two changes overlap without one holding the other: {text[first:last]}"
        assert last <= end, f"a change reaches beyond the one that holds it: {text[first:last]}"
        inner, places = _rendered(text, first, last, places[1:], ask)
        parts += [text[at:first], _choice(text[first:last], inner, edits, ask)]
        at = last
    return "".join([*parts, text[at:end]]), places


def _choice(old: str, inner: str, edits: Sequence[Edit], ask: str) -> str:
    by_new: dict[str, list[int]] = {}
    for edit in edits:
        by_new.setdefault(edit.new, []).append(edit.variant)
    asked = {
        new: " || ".join(f"Selected.{ask}({variant})" for variant in variants)
        for new, variants in by_new.items()
    }
    if not old.strip() or old.rstrip()[-1] in ";}":
        ways = "".join(f"if ({question}) {{ {new} }} else " for new, question in asked.items())
        return f"{ways}{{ {inner} }}"
    ways = "".join(f"({question}) ? ({new}) : " for new, question in asked.items())
    return f"({ways}({inner}))"


@cache
def read_source(file: str) -> str:
    """A source of the tree."""
    return (project_root() / file).read_text(encoding="utf-8")


def compiled(sources: Mapping[str, str], mains: Sequence[str]) -> dict[str, Artifact]:
    """Compile the contracts of these files with changed sources."""
    settings = read_settings()
    with warnings.catch_warnings():
        # The compiler may well wonder about what is crooked, and about the length of it all.
        warnings.simplefilter("ignore", CompilerWarning)
        return compile_sources(
            {file: sources.get(file) for file in mains},
            overrides=sources,
            settings=replace(
                settings, optimizer=_OPTIMIZER, remappings=(*settings.remappings, "parley/=contracts/")
            ),
        )


def select(artifact: Artifact, variant: int) -> Artifact:
    """The contract as that variant: its code with the number behind it. It must have no constructor."""
    code = artifact.deployed_bytecode + word(variant)
    # PUSH3 size, DUP1, PUSH1 11, PUSH0, CODECOPY, PUSH0, RETURN, then the code
    loader = b"\x62" + len(code).to_bytes(3) + bytes.fromhex("80600b5f395ff3")
    return replace(artifact, bytecode=loader + code, deployed_bytecode=code)


class RoomyEvm(RevmEvm):
    """The fast machine, where code may be of any length."""

    code_limit = 1 << 24

    def marked(self, contract: str) -> bool:
        """Whether the changed place of a variant has run in a contract."""
        return bool(self._evm.storage(contract, MARK))
