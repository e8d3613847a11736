"""Count what each mechanism has to say besides theory, contract and reference model.

    python scripts/glue.py

Glue is what drives and reads a contract, counts and compares, and what people look at; and the tests' rig.
Blank lines, comments and docstrings are not counted. Prose is no glue and has a row of its own: in the
package, lines that hold nothing but a text of at least four words, besides brackets and commas. In the rig
there is none: its texts are names and Solidity.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path

from rich.console import Console
from rich.table import Table

from parley.kit.registry import kinds

ROOT = Path(__file__).parents[1]

DRIVES = {"contracts", "events", "mechanism", "play", "plan", "schema", "statistics"}
READS = {"stated", "verify"}
MODEL = {"certificate", "draw", "game", "lottery_state", "model", "parameters", "position"}
ROOMS = {
    "experiment": "experiments",
    "live": "live page",
    "present": "pages and tables",
    "research": "research",
}
RIG = {"contract_machine", "crooked", "moves", "on_chain", "samples", "suite", "table"}
WORDS = 4
"""A text of so many is prose."""
PROSE = "prose"
GLUE = ("drives a contract", "reads a contract", "pages and tables", "tests' rig")


def lines_of_code(path: Path) -> int:
    """Count lines that hold code or prose."""
    return len(_lines_of_code(path))


def lines_of_prose(path: Path) -> int:
    """Count lines that hold nothing but words for people."""
    lines = path.read_text(encoding="utf-8").splitlines()
    texts = (_PROSE.fullmatch(lines[number - 1]) for number in _lines_of_code(path))
    return sum(text is not None and len(text[1].split()) >= WORDS for text in texts)


def _lines_of_code(path: Path) -> set[int]:
    text = path.read_text(encoding="utf-8")
    held = {
        line
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type not in _NO_CODE
        for line in range(token.start[0], token.end[0] + 1)
    }
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            held -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return held


_PROSE = re.compile(r"""[\s()\[\]{},]*f?"([^"]*)"[\s()\[\]{},]*""")
_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def part_of(path: Path) -> str:
    """Say which part of its mechanism a file is."""
    room = path.parts[0]
    room = room.removesuffix(".py")
    if room in ROOMS:
        return ROOMS[room]
    for part, names in (
        ("drives a contract", DRIVES),
        ("reads a contract", READS),
        ("reference model", MODEL),
    ):
        if path.stem in names and len(path.parts) == 1:
            return part
    return "theory and bots"


def counted(kind: str) -> dict[str, int]:
    """Count the lines of a mechanism, part by part."""
    parts: dict[str, int] = dict.fromkeys(GLUE, 0)
    room = ROOT / "sim" / "parley" / "mechanisms" / kind
    for path in sorted(room.rglob("*.py")):
        part = part_of(path.relative_to(room))
        prose = lines_of_prose(path) if part in GLUE else 0
        parts[part] = parts.get(part, 0) + lines_of_code(path) - prose
        parts[PROSE] = parts.get(PROSE, 0) + prose
    for path in sorted((ROOT / "tests" / kind).glob("*.py")):
        if path.stem in RIG:
            parts["tests' rig"] += lines_of_code(path)
    return parts


def main() -> None:
    """Print the table."""
    found = {kind: counted(kind) for kind in kinds()}
    table = Table(title="Lines of code by mechanism")
    table.add_column("part")
    for kind in found:
        table.add_column(kind, justify="right")
    others = sorted({part for parts in found.values() for part in parts} - set(GLUE))
    for part in (*GLUE, *others):
        table.add_row(part, *(f"{parts.get(part, 0):,}" for parts in found.values()))
    table.add_section()
    table.add_row(
        "glue: the first four", *(f"{sum(p[g] for g in GLUE):,}" for p in found.values()), style="bold"
    )
    Console().print(table)


if __name__ == "__main__":
    main()
