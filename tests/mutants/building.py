"""All mutants of a source in one compilation."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from parley.chain import solc
from parley.chain.compiler import Artifact, cache_directory, project_root, read_settings, source_closure
from tests.mutants.operators import Mutant, mutants_of, syntax_tree
from tests.verification.selected import Edit, compiled, merged, read_source

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
        See `tests.verification.selected.merged`.
    """
    text = read_source(file)
    mutants = dict(enumerate(mutants_of(file, text, syntax_tree(file)), start=1))
    refused = []
    while True:
        edits = [
            Edit(mutant.start, mutant.end, f"/*{number}<*/{mutant.new}/*{number}>*/", number)
            for number, mutant in mutants.items()
        ]
        source = merged(text, edits, ask)
        wrong = _wrong(file, source, mains)
        if not wrong:
            break
        refused += [mutants.pop(number) for number in sorted(wrong)]
    return Built(file, mutants, refused, compiled({file: source}, mains))


def _wrong(file: str, source: str, mains: Sequence[str]) -> set[int]:
    """Numbers of mutants that the compiler refuses."""
    root = project_root()
    settings = read_settings(root)
    closure = source_closure(list(mains), {file: source}, root, settings.remappings)
    request = {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in closure.items()},
        "settings": {**settings.standard_json(), "outputSelection": {"*": {"*": ["abi"]}}},
    }
    try:
        solc.run(request, settings.version, root, cache_directory(root))
    except solc.SolidityError as error:
        places = _ERROR.findall(str(error))
        if not places or any(name != file for name, _, _ in places):
            raise
        return {_mutant_at(source, int(line), int(column)) for _, line, column in places}
    return set()


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
