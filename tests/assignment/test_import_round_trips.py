"""Random files with hostile names: what is written is read as it was, or refused with its place."""

import csv
import io
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parley.core.errors import ProblemError
from parley.core.names import unfit
from parley.core.texttables import SPACES
from parley.mechanisms.assignment.csvfile import read_csv
from parley.mechanisms.assignment.preflib import read_preflib
from parley.mechanisms.assignment.problem import Problem

PIECES = [
    *("a", "Z", "é", "0", "1", " ", ",", ";", "|", ":", "#", "{", "}", '"', "'", "=", "(2)", "\t"),
    *("می\u200cخواهم", "हिन्\u200dदी", "👨\u200d👩\u200d👧", "\U0001f3f4\U000e0067\U000e007f", "שלום\u200f"),
    *("\u00a0", "\u202f", "\u3000", "\u200b", "\u202e", "\ufeff", "\u00ad"),
    *("\u0080", "\u0085", "\u0093", "\u009b"),
    *("\n", "\r", "\x00", "\x0b", "\x0c", "\x1c", "\x7f", "\u2028", "\u2029"),
]
# A name of ordinary pieces is met as often as one that holds something hostile.
NAMES = st.lists(st.sampled_from(PIECES[:5]) | st.sampled_from(PIECES), min_size=1, max_size=5).map("".join)
PLACE = re.compile(r"line \d+(, column .*|, byte \d+)?|byte 0", re.DOTALL)
ORDINARY = settings(max_examples=100, deadline=None, derandomize=True)
MANY = settings(max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck))


def attempt(read: Callable[..., Any], path: Path) -> tuple[dict[str, Any] | None, list[str]]:
    """Read a file, and return None if it is refused; a refusal must name a place in the file."""
    notes: list[str] = []
    try:
        return read(path, warn=notes.append), notes
    except ProblemError as error:
        refusal = error
    assert refusal.file == str(path)
    assert PLACE.fullmatch(refusal.key)
    return None, notes


def trimmed(names: list[str]) -> list[str]:
    return [name.strip(SPACES) for name in names]


@st.composite
def preflib_files(draw: st.DrawFn) -> tuple[list[str], list[tuple[int, list[list[int]]]], int, str]:
    """Names, orders (how many agents, ranks from 0), the number of the first alternative, an end of lines."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4))
    orders = []
    for _ in range(draw(st.integers(1, 3))):
        ranked = draw(st.permutations(range(len(names))))[: draw(st.integers(1, len(names)))]
        cuts = draw(st.lists(st.booleans(), min_size=len(ranked), max_size=len(ranked)))
        ranks: list[list[int]] = []
        for o, new in zip(ranked, cuts, strict=True):
            if new or not ranks:
                ranks.append([])
            ranks[-1].append(o)
        orders.append((draw(st.integers(1, 3)), ranks))
    return names, orders, draw(st.sampled_from([0, 1])), draw(st.sampled_from(["\n", "\r\n"]))


def written(names: list[str], orders: list[tuple[int, list[list[int]]]], first: int) -> str:
    """Write a file as preflibtools does."""
    lines = [
        f"# NUMBER ALTERNATIVES: {len(names)}",
        f"# NUMBER VOTERS: {sum(times for times, _ in orders)}",
        f"# NUMBER UNIQUE ORDERS: {len(orders)}",
        *(f"# ALTERNATIVE NAME {k}: {name}" for k, name in enumerate(names, start=first)),
    ]
    for times, ranks in orders:
        shown = [",".join(str(o + first) for o in rank) for rank in ranks]
        shown = [f"{{{text}}}" if len(rank) > 1 else text for text, rank in zip(shown, ranks, strict=True)]
        lines.append(f"{times}: {', '.join(shown)}")
    return "".join(f"{line}\n" for line in lines)


def check_preflib(folder: Path, case: tuple[list[str], list[tuple[int, list[list[int]]]], int, str]) -> None:
    names, orders, first, end = case
    path = folder / "a.toi"
    path.write_text(written(names, orders, first), encoding="utf-8", newline=end)
    mapping, notes = attempt(read_preflib, path)
    if mapping is None:
        assert any(unfit(name.strip(SPACES)) for name in names)
        return
    problem = Problem.from_mapping(mapping)
    # The rest of a name after a line feed is a line: blank or a comment, or else the file is refused.
    plain = trimmed([re.split("\n", name.replace("\r\n", "\n").removesuffix("\r"))[0] for name in names])
    if all(plain) and len(set(plain)) == len(plain):
        assert list(problem.items) == plain
    else:
        assert "alternatives without a unique name were numbered" in notes
    expected = [tuple(tuple(sorted(rank)) for rank in ranks) for times, ranks in orders for _ in range(times)]
    assert list(problem.rankings or ()) == expected


Table = tuple[list[str], list[str], list[list[str]], dict[str, Any], str]


@st.composite
def point_files(draw: st.DrawFn) -> Table:
    """Items, agents, points, how csv writes them, and an encoding."""
    items = draw(st.lists(NAMES, min_size=1, max_size=3, unique_by=lambda name: name.strip(SPACES)))
    agents = draw(st.lists(NAMES, min_size=1, max_size=3))
    cells = st.sampled_from(["", "0", "3", "0.5", "1/3", "0,5", "x"])
    points = [[draw(cells) for _ in items] for _ in agents]
    dialect = {
        "delimiter": draw(st.sampled_from([",", ",", ";", "\t"])),
        "quoting": draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
        "lineterminator": draw(st.sampled_from(["\n", "\r\n"])),
    }
    return items, agents, points, dialect, draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]))


def check_points(folder: Path, case: Table) -> None:
    items, agents, points, dialect, encoding = case
    path, target = folder / "a.csv", io.StringIO(newline="")
    writer = csv.writer(target, **dialect)
    writer.writerow(["student", *items])
    if dialect["lineterminator"] == "\n" and target.getvalue().endswith("\r\n"):
        # Not quoted by this Python: what was the last name's is half of the line's end.
        items = [*items[:-1], items[-1].removesuffix("\r")]
    writer.writerows([agent, *row] for agent, row in zip(agents, points, strict=True))
    data = target.getvalue().encode(encoding, "replace")
    path.write_bytes(data)
    mapping, notes = attempt(read_csv, path)
    if mapping is None:
        return
    # Whatever is read was separated by commas, and comes out as it went in.
    assert dialect["delimiter"] == ","
    as_read = "utf-8" if encoding == "latin-1" else encoding
    items, agents = (
        trimmed([n.encode(encoding, "replace").decode(as_read) for n in x]) for x in (items, agents)
    )
    # A row of nothing is none: spreadsheets end in such rows.
    rows = [(agent, row) for agent, row in zip(agents, points, strict=True) if agent or any(row)]
    agents, points = [agent for agent, _ in rows], [row for _, row in rows]
    problem = Problem.from_mapping(mapping)
    assert list(problem.items) == items
    if all(agents) and len(set(agents)) == len(agents):
        assert list(problem.agent_names) == agents
    else:
        assert "column student has empty or duplicate names: they were numbered" in notes
    expected = tuple(tuple(Fraction(cell) if cell else None for cell in row) for row in points)
    assert problem.utilities == expected


def check_ranks(folder: Path, rows: list[list[str]]) -> None:
    """Rank items by names in cells, of rows that may be of different lengths."""
    path, target = folder / "r.csv", io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(["student", "rank1", "rank2"])
    writer.writerows([f"s{i}", *row] for i, row in enumerate(rows))
    path.write_text(target.getvalue(), encoding="utf-8", newline="")
    mapping, _ = attempt(read_csv, path)
    if mapping is None:
        cells = [trimmed(row) for row in rows]
        assert any(
            len(row) != 2 or row[0] == row[1] or any(cell and unfit(cell) for cell in row) for row in cells
        )
        return
    assert mapping["rankings"] == [[name for name in trimmed(row) if name] for row in rows]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("imports")


RANKED = st.lists(st.lists(NAMES | st.just(""), min_size=1, max_size=3), min_size=1, max_size=3)
CHECKS = [(check_preflib, preflib_files()), (check_points, point_files()), (check_ranks, RANKED)]


@pytest.mark.parametrize(("check", "files"), CHECKS)
def test_files_are_read_as_they_were_written_or_refused_with_the_place(
    folder: Path, check: Callable[[Path, Any], None], files: st.SearchStrategy[Any]
) -> None:
    ORDINARY(given(files)(lambda case: check(folder, case)))()


@pytest.mark.deep
@pytest.mark.parametrize(("check", "files"), CHECKS)
def test_very_many_files_are_read_as_they_were_written_or_refused(
    folder: Path, check: Callable[[Path, Any], None], files: st.SearchStrategy[Any]
) -> None:
    MANY(given(files)(lambda case: check(folder, case)))()
