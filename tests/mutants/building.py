"""All mutants of a source in one compilation."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from parley.chain import solc
from parley.chain.compiler import Artifact
from tests.kit.rig.selected import Edit, compiled, merged, read_source
from tests.mutants.operators import Mutant, mutants_of, syntax_trees

_ERROR = re.compile(r"(\S+\.sol):(\d+):(\d+): \w*Error")
_ASKED = re.compile(r"Selected\.\w+\((\d+)\)")
_MARKED = re.compile(r"/\*(\d+)<\*/(.*?)/\*\1>\*/", re.DOTALL)


class Built(NamedTuple):
    """The mutants of a source, compiled.

    Attributes
    ----------
    file : str
    mutants : dict of int to Mutant
        By the number that selects them.
    refused : list of Mutant
        Those that are no Solidity.
    artifacts : dict of str to Artifact
        The contracts, by name.
    """

    file: str
    mutants: dict[int, Mutant]
    refused: list[Mutant]
    artifacts: dict[str, Artifact]


def build(file: str, mains: Sequence[str], ask: str = "ran") -> Built:
    """Make all mutants of a source, and compile them with the contracts that hold it.

    Parameters
    ----------
    file : str
    mains : sequence of str
        Files whose contracts are compiled.
    ask : str
        See `tests.kit.rig.selected.merged`.
    """
    text = read_source(file)
    mutants = dict(enumerate(mutants_of(file, text, syntax_trees([file])[file]), start=1))
    refused: list[Mutant] = []
    while True:
        edits = [
            Edit(mutant.start, mutant.end, f"/*{number}<*/{mutant.new}/*{number}>*/", number)
            for number, mutant in mutants.items()
        ]
        source = merged(text, edits, ask)
        try:
            return Built(file, mutants, refused, compiled({file: source}, mains))
        except solc.SolidityError as error:
            wrong = _wrong(file, source, error)
            refused += [mutants.pop(number) for number in sorted(wrong)]


def _wrong(file: str, source: str, error: solc.SolidityError) -> set[int]:
    """Numbers of the mutants that the compiler complains of."""
    places = _ERROR.findall(str(error))
    if not places or any(name != file for name, _, _ in places):
        raise error
    return {_mutant_at(source, int(line), int(column)) for _, line, column in places}


def _mutant_at(source: str, line: int, column: int) -> int:
    """The mutant that an error at a place speaks of: the innermost there, or the next one."""
    lines = source.split("\n")
    # Columns are counted in bytes.
    before = len(lines[line - 1].encode()[: column - 1].decode(errors="ignore"))
    at = sum(len(text) + 1 for text in lines[: line - 1]) + before
    inside = [found for found in _MARKED.finditer(source) if found.start() <= at < found.end()]
    if inside:
        return int(min(inside, key=lambda found: found.end() - found.start())[1])
    following = _ASKED.search(source, at)
    if following is None:
        raise ValueError(f"no mutant at {line}:{column}")
    return int(following[1])
