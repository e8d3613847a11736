"""A result on a terminal: the page's figures as tables, as wide as the terminal allows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from parley.core.names import on_screen
from parley.core.statistics import MIN_P
from parley.kit.present.page_model import Figure
from parley.kit.present.page_words import listed
from parley.kit.present.tables import writer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

    from parley.kit.present.page_model import Column, Sheet

__all__ = ["Trimmed", "sheet_tables", "tables_of"]

MOST_ROWS = 40
"""Maximum rows of a table; ``--json`` has all."""
MOST_COLUMNS = 10
"""Maximum columns of a matrix; rows of a wider one are written as text."""
MOST_WORDS = 12
"""Maximum entries of a row written as text."""
HEADING = 10
"""Minimum letters per line of a heading."""
NAME = 28
"""Maximum letters of a row's name without line breaks."""
LONGEST = 16
"""Maximum letters of a word without line breaks."""
GAP = 2
"""Blanks between columns."""
STYLES = {"holds": "green", "fails": "red", "not known": "dim"}
"""Styles of verdicts."""


def sheet_tables(sheet: Sheet, *, holds: bool | None = None) -> RenderableType:
    """Return a sheet as tables for a terminal: what came out first, how it was made last.

    No line ends in blanks.

    Parameters
    ----------
    holds : bool, optional
        Whether play agrees with theory, if it was compared.
    """
    figures = [figure for figure in sheet.figures if not figure.detail]
    method = [fact for _, entries in sheet.method for fact in entries]
    parts = Group(
        Text("; ".join(f"{label} {value}" for label, value in sheet.facts)),
        *([Text(sheet.verdict, style="bold")] if sheet.verdict else []),
        *(Text(f"{about}: {text}" if about else text) for about, text in sheet.findings),
        *(part for figure in figures for part in ("", _Shown(figure))),
        *_passages(sheet),
        *_behind(sheet),
        *([Text("; ".join(f"{label} {value}" for label, value in method), style="dim")] if method else []),
        *(Text(text, style="bold red") for text in sheet.warnings),
        *_verdict(sheet, holds),
    )
    return Trimmed(parts)


class Trimmed:
    """Lines without blanks at their ends."""

    def __init__(self, part: RenderableType) -> None:
        self._part = part

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the lines."""
        for line in console.render_lines(self._part, options, pad=False):
            while line and not line[-1].text.strip():
                line.pop()
            if line:
                line[-1] = line[-1]._replace(text=line[-1].text.rstrip())
            yield from (*line, Segment.line())


def _passages(sheet: Sheet) -> Iterator[RenderableType]:
    for heading, lines in sheet.passages:
        yield Text(f"\n{heading}", style="bold")
        for line in lines:
            part = _Shown(line) if isinstance(line, Figure) else Text(line)
            yield Padding(part, (0, 0, 0, 2), expand=False)


def _behind(sheet: Sheet) -> Iterator[RenderableType]:
    """Say what only the page and ``--json`` show."""
    left = ["proofs"] if sheet.proofs else []
    left += [f"{sheet.unit}s"] if sheet.cells else []
    if left:
        said = f"More in --json, and on the page that --out DIR and parley report DIR write: {listed(left)}."
        yield Text(f"\n{said}", style="dim")


def _verdict(sheet: Sheet, holds: bool | None) -> Iterator[Text]:  # noqa: FBT001 - None is a third answer
    if holds:
        yield Text(f"\nagrees with theory: no p-value below {MIN_P:g}", style="green")
    elif holds is False and sheet.apart:
        said = f"not played as theory says, on purpose, by {listed(sheet.apart)}: results differ from theory"
        yield Text(f"\n{said}", style="yellow")
    elif holds is False:
        yield Text(f"\ndiffers from theory: a p-value below {MIN_P:g}", style="red")


# ── figures ─────────────────────────────────────────────────────────────────────────────────────────────────


class _Shown:
    """A figure with its title and its note, for a console of any width."""

    def __init__(self, figure: Figure) -> None:
        self._figure = figure

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """Yield the parts."""
        figure = self._figure
        yield Text(_title(figure), style="bold")
        yield from tables_of(figure, MOST_ROWS, options.max_width)
        rows = len(figure.options["down"]) if "down" in figure.options else len(figure.rows)
        if rows > MOST_ROWS:
            yield Text(f"… and {rows - MOST_ROWS:,} more (all in --json)", style="dim")
        if figure.note:
            yield Text(figure.note, style="dim")


@dataclass(frozen=True)
class _Laid:
    """One column as it is laid out.

    Attributes
    ----------
    cells : list of Text
        Written values.
    breaks : bool
        Whether cells may be broken between words.
    left : bool
        Whether cells are text.
    """

    label: str
    cells: list[Text]
    breaks: bool = False
    left: bool = False

    def __post_init__(self) -> None:
        # What the screen would escape takes more room escaped.
        object.__setattr__(self, "label", on_screen(self.label))
        for cell in self.cells:
            cell.plain = "\n".join(map(on_screen, cell.plain.split("\n")))

    @property
    def widest(self) -> int:
        """Width without line breaks in cells; headings are broken between words."""
        lines = (line for cell in self.cells for line in cell.plain.split("\n"))
        return max([self._head, min(HEADING, cell_len(self.label)), *map(cell_len, lines)])

    @property
    def _head(self) -> int:
        return max((min(NAME, cell_len(word)) for word in self.label.split()), default=1)

    @property
    def least(self) -> int:
        """Minimum width."""
        if not self.breaks:
            return self.widest
        words = (cell_len(word) for cell in self.cells for word in cell.plain.split())
        return max(self._head, min(LONGEST, max(words, default=1)))


def tables_of(figure: Figure, most: int = MOST_ROWS, width: int = 1000) -> list[Table]:
    """Return a figure as tables with at most `most` rows: several if it is too wide for one.

    Details and empty columns are left out. A matrix has a column for each name.

    Examples
    --------
    >>> from parley.kit.present.page_model import Column, Figure
    >>> figure = Figure("a", "Draws", [Column("k", "seat"), Column("n", "times", "count")], [["one", 1234]])
    >>> [[str(cell) for cell in column.cells] for column in tables_of(figure)[0].columns]
    [['one'], ['1,234']]
    >>> [len(table.columns) for table in tables_of(figure, width=9)]  # "seat", "times" and a gap
    [2]
    """
    name, *others = _matrix(figure, most, width) if "down" in figure.options else _plain(figure, most)
    parts: list[list[_Laid]] = [[name]]
    for column in others:
        if len(parts[-1]) > 1 and _least([*parts[-1], column]) > width:
            parts.append([name])
        parts[-1].append(column)
    return [_table(part, width) for part in parts]


def _least(columns: Sequence[_Laid]) -> int:
    return sum(column.least for column in columns) + GAP * (len(columns) - 1)


def _table(columns: Sequence[_Laid], width: int) -> Table:
    """Lay out columns that fit; what is left of the width goes to text."""
    widths = [column.least for column in columns]
    left = width - _least(columns)
    wanted = [column.widest - least for column, least in zip(columns, widths, strict=True)]
    for k in sorted(range(len(columns)), key=lambda k: wanted[k]):
        share = sum(want > 0 for want in wanted)
        more = max(0, min(wanted[k], left // share if share else 0))
        widths[k], left, wanted[k] = widths[k] + more, left - more, 0
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, GAP - 1, 0, 0))
    for column, room in zip(columns, widths, strict=True):
        table.add_column(
            column.label, justify="left" if column.left else "right", width=room, overflow="fold"
        )
    for row in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*row)
    return table


def _plain(figure: Figure, most: int) -> list[_Laid]:
    alike = _alike(figure)
    shown = [
        k
        for k, column in enumerate(figure.columns)
        if not column.detail and any(row[k] not in (None, "") for row in figure.rows)
    ]
    columns = []
    for k in shown or [0]:
        column = figure.columns[k]
        same = alike if column.key in alike else [column.key]
        write = writer(column.format, _values(figure, same))
        cells = [_cell(write(row[k]), column) for row in figure.rows[:most]]
        text = column.format in ("text", "verdict", "cell")
        short = k == shown[0] and max((cell_len(cell.plain) for cell in cells), default=0) <= NAME
        columns.append(_Laid(column.label, cells, breaks=text and not short, left=text))
    return columns


def _values(figure: Figure, keys: Sequence[str]) -> Iterator[object]:
    for k, column in enumerate(figure.columns):
        if column.key in keys:
            yield from (row[k] for row in figure.rows)


def _alike(figure: Figure) -> Sequence[str]:
    """Return the columns that are written with as many decimals as each other."""
    options = figure.options
    same: Sequence[str] = options.get("alike") or options.get("parts") or options.get("steps") or ()
    return same


def _cell(text: str, column: Column) -> Text:
    return Text(text, style=STYLES.get(text.partition(":")[0], "") if column.format == "verdict" else "")


def _beside(figure: Figure) -> int | None:
    """Return the column that a matrix has in brackets."""
    keys = [column.key for column in figure.columns]
    return keys.index(figure.options["beside"]) if "beside" in figure.options else None


def _title(figure: Figure) -> str:
    beside = _beside(figure)
    if beside is None or "down" not in figure.options:
        return figure.title
    labels = {column.key: column.label for column in figure.columns}
    return f"{figure.title}: {labels[figure.options['value']]} (in brackets: {figure.columns[beside].label})"


def _matrix(figure: Figure, most: int, width: int) -> list[_Laid]:
    """Return the columns of a matrix: each row of the figure is one of its cells."""
    keys = [column.key for column in figure.columns]
    down, across = figure.options["down"], figure.options["across"]
    value, beside = keys.index(figure.options["value"]), _beside(figure)
    writers = [
        writer(column.format, (row[k] for row in figure.rows)) for k, column in enumerate(figure.columns)
    ]
    cells: dict[tuple[str, str], str] = {}
    known: dict[str, list[tuple[float, str]]] = {}
    for row in figure.rows:
        text = writers[value](row[value])
        if beside is not None and (told := writers[beside](row[beside])):
            text += f" ({told})"
        cells[row[0], row[1]] = text
        size = row[value]["v"] if isinstance(row[value], dict) else row[value]
        if size:
            known.setdefault(row[0], []).append((-size, f"{text} {row[1]}"))
    names = _Laid(figure.columns[0].label, [Text(name) for name in down[:most]], left=True)
    if len(across) > MOST_COLUMNS:
        words = [_listed(sorted(known.get(name, []))) for name in down[:most]]
        return [names, _Laid("the greatest first", words, breaks=True, left=True)]
    columns = [_Laid(name, [Text(cells.get((one, name), "")) for one in down[:most]]) for name in across]
    columns = [column for column in columns if any(cell.plain for cell in column.cells)] or columns
    if beside is not None and _least([names, *columns]) > width:
        columns = [
            replace(column, cells=[Text(cell.plain.replace(" (", "\n(")) for cell in column.cells])
            for column in columns
        ]
    return [replace(names, breaks=max(map(cell_len, down), default=0) > NAME), *columns]


def _listed(entries: Sequence[tuple[float, str]]) -> Text:
    more = f" and {len(entries) - MOST_WORDS} more" if len(entries) > MOST_WORDS else ""
    return Text(", ".join(text for _, text in entries[:MOST_WORDS]) + more)
