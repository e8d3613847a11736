"""`parley import` from the outside: which files it reads, what it writes, and what it says of broken ones."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from parley.cli import app
from parley.core import problemfile
from parley.mechanisms.assignment.problem import Problem, load_problem
from parley.mechanisms.assignment.solution import solve

ROOT = Path(__file__).parents[1]
runner = CliRunner()

HEAD = """# FILE NAME: made-up
# TITLE: Made up for this test
# DATA TYPE: {kind}
# NUMBER ALTERNATIVES: 4
# NUMBER VOTERS: 3
# NUMBER UNIQUE ORDERS: 2
# ALTERNATIVE NAME 1: Bread
# ALTERNATIVE NAME 2: "Rye"
# ALTERNATIVE NAME 3: Crêpe
# ALTERNATIVE NAME 4: Bun
"""
ORDERS = {
    "soc": ("2: 1,2,3,4\n1: 4,3,2,1\n", [["Bread", '"Rye"', "Crêpe", "Bun"]] * 2),
    "soi": ("2: 3,1\n1: 2\n", [["Crêpe", "Bread"]] * 2),
    "toc": ("2: 1,{2,3},4\n1: {4,3},2,1\n", [["Bread", ['"Rye"', "Crêpe"], "Bun"]] * 2),
    "toi": ("2: {1,2},3\n1: 4\n", [[["Bread", '"Rye"'], "Crêpe"]] * 2),
}
POINTS = "student,Logic,Sets\nAnn,3,\nBob,0.5,2\n\nCyd,0,1/3\n"
PLACES = "course,name,capacity\nLogic,Modal logic,30\nSets,Naive sets,10\n"
RANKS = "year,student,rank1,rank2\n2020,7,10,2\n2020,8,2,\n2021,7,7,10\n"


def preflib(folder: Path, kind: str, orders: str | None = None) -> Path:
    path = folder / f"made-up.{kind}"
    path.write_text(HEAD.format(kind=kind) + (orders or ORDERS[kind][0]), encoding="utf-8")
    return path


def table(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def imported(*arguments: object) -> Result:
    return runner.invoke(app, ["import", *map(str, arguments)])


def problem_of(result: Result, folder: Path) -> Any:  # noqa: ANN401 - of whatever kind it is
    assert result.exit_code == 0, result.stderr
    return load_problem(table(folder, "printed.toml", result.stdout))


@pytest.mark.parametrize("kind", ORDERS)
def test_every_format_of_orders_becomes_a_problem_that_is_solved(tmp_path: Path, kind: str) -> None:
    file = preflib(tmp_path, kind)
    result = imported("preflib", file)
    assert result.stdout.startswith(f'# Imported from made-up.{kind}.\n\nkind = "assignment"\n')
    mapping = tomlish(result, tmp_path)
    assert mapping["items"] == ["Bread", '"Rye"', "Crêpe", "Bun"]
    assert mapping["rankings"][:2] == ORDERS[kind][1]
    problem = problem_of(result, tmp_path)
    assert isinstance(problem, Problem)
    assert problem.agents == 3
    assert solve(problem).exact


def tomlish(result: Result, folder: Path) -> dict[str, Any]:
    return problemfile.read(table(folder, "printed.toml", result.stdout))


def test_what_is_written_has_a_row_a_line(tmp_path: Path) -> None:
    points, places = table(tmp_path, "points.csv", POINTS), table(tmp_path, "places.csv", PLACES)
    result = imported("csv", points, "--capacities", places, "--rule", "probabilistic-serial")
    assert (result.exit_code, result.stderr) == (0, "")
    assert (
        result.stdout
        == """# Imported from points.csv.

kind = "assignment"
items = ["Logic", "Sets"]
capacities = [30, 10]
utilities = [
    [3, ""],
    ["1/2", 2],
    [0, "1/3"],
]
rule = "probabilistic-serial"

[names]
agents = ["Ann", "Bob", "Cyd"]
"""
    )


def test_a_file_is_written_and_never_over_another_one_unasked(tmp_path: Path) -> None:
    file, out = preflib(tmp_path, "soc"), tmp_path / "problem.toml"
    result = imported("preflib", file, "--out", out)
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"written: {out}\n", "")
    first = out.read_text(encoding="utf-8")
    assert first == imported("preflib", file).stdout
    again = imported("preflib", preflib(tmp_path, "toi"), "--out", out)
    assert (again.exit_code, again.stdout) == (2, "")
    assert again.stderr == f"--out: {out} exists; use --force to overwrite it\n"
    assert out.read_text(encoding="utf-8") == first
    assert imported("preflib", preflib(tmp_path, "toi"), "--out", out, "--force").exit_code == 0
    assert out.read_text(encoding="utf-8") != first
    assert imported("preflib", file, "--out", tmp_path / "no" / "such.toml").exit_code == 2


def test_json_is_the_same_problem(tmp_path: Path) -> None:
    points, out = table(tmp_path, "points.csv", POINTS), tmp_path / "problem.JSON"
    result = imported("csv", points, "--json", "--out", out)
    assert (result.exit_code, result.stderr) == (0, "")
    mapping = json.loads(result.stdout)
    assert mapping["utilities"] == [[3, None], ["1/2", 2], [0, "1/3"]]
    assert problemfile.read(out) == mapping
    assert load_problem(out) == problem_of(imported("csv", points), tmp_path)


def test_lines_are_selected_and_capacities_scaled(tmp_path: Path) -> None:
    ranks, points = table(tmp_path, "ranks.csv", RANKS), table(tmp_path, "points.csv", POINTS)
    mapping = json.loads(imported("csv", ranks, "--select", "year=2020", "--json").stdout)
    assert mapping["rankings"] == [["10", "2"], ["2"]]
    assert mapping["names"] == {"agents": ["7", "8"]}
    both = imported("csv", ranks, "--select", "year=2020", "--select", "student=8", "--json")
    assert json.loads(both.stdout)["rankings"] == [["2"]]
    assert json.loads(both.stdout)["names"] == {"agents": ["2020"]}
    places = table(tmp_path, "places.csv", PLACES)
    scaled = imported("csv", points, "--capacities", places, "--seats", 4, "--json")
    assert json.loads(scaled.stdout)["capacities"] == [3, 1]


def test_supervisors_close_projects_and_what_that_leaves_out_is_said(tmp_path: Path) -> None:
    file = preflib(tmp_path, "soi")
    supervisors = table(tmp_path, "made-up.dat", "Supervisor,Capacity,Projects\nEve,1,0 1\nFay,0,3\n")
    result = imported("preflib", file, "--capacities", supervisors, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["capacities"] == [1, 1, 1, 0]
    assert result.stderr.splitlines() == [
        f"{file}: note: ignored limits of supervisors with fewer places than projects: Eve",
        f"{file}: note: projects without a supervisor, which get capacity 1: Crêpe",
        f"{file}: note: items that nobody wants: Bun",
        f"{file}: note: items with capacity 0: Bun",
    ]


@pytest.mark.parametrize(
    ("kind", "orders", "reason"),
    [
        ("soc", "3: 1,2,3\n", "line 11: 3 of 4 alternatives, but a .soc ranks all of them"),
        ("soc", "3: 1,{2,3},4\n", "line 11: a tie, which a .soc cannot have"),
        ("toc", "3: 1,2,{3,9}\n", "line 11: alternative 9 is outside 1..4"),
        ("toc", "3: 1,2,{3,4\n", "line 11: '{' is outside the list of alternatives"),
        ("toi", "3: 1,{1,4}\n", "line 11: duplicate alternative 1"),
        ("soi", "1,2,3\n", "line 11: '1,2,3' is not COUNT: ALTERNATIVE,…"),
        ("soi", "2: 1\n", "line 5: 3 voters, but the file has orders of 2"),
    ],
)
def test_broken_orders_get_one_line(tmp_path: Path, kind: str, orders: str, reason: str) -> None:
    file = preflib(tmp_path, kind, orders)
    result = imported("preflib", file, "--out", tmp_path / "out.toml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"{file}: {reason}\n"
    assert not (tmp_path / "out.toml").exists()


@pytest.mark.parametrize(
    ("text", "options", "reason"),
    [
        ("", [], "empty"),
        ("student\nAnn\n", [], "line 1: needs at least two columns"),
        (POINTS + "Dan,1\n", [], "line 6: 2 cells, but the header has 3"),
        (POINTS.replace("0.5", "many"), [], "line 3, column Logic: 'many' is not a number"),
        (POINTS.replace("0.5", "-1"), [], "line 3, column Logic: -1 is negative"),
        (POINTS, ["--seats", 3], "seats: the capacities to scale are missing"),
        (POINTS, ["--rule", "lottery"], "rule: unknown: 'lottery'; known: "),
        (RANKS, ["--rule", "welfare"], "utilities: missing: the rule welfare needs utilities"),
        (RANKS, ["--select", "year=1999"], "no agents"),
        (RANKS, ["--select", "yaer=2020"], "line 1: unknown column 'yaer' (did you mean year?)"),
        (RANKS.replace("10,2", "2,2"), [], "line 2, column rank2: duplicate item 2"),
        (POINTS.replace("Sets", "S\x07ts"), [], "line 1, column 3: 'S\\x07ts' contains U+0007"),
    ],
)
def test_broken_tables_get_one_line(tmp_path: Path, text: str, options: list[object], reason: str) -> None:
    file = table(tmp_path, "a.csv", text)
    result = imported("csv", file, *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"{file}: {reason}")
    assert result.stderr.count("\n") == 1


def test_other_bad_input_gets_one_line(tmp_path: Path) -> None:
    file = table(tmp_path, "ranks.csv", RANKS)
    for arguments, reason in [
        (("csv", file, "--select", "year"), "--select: 'year' is not COLUMN=VALUE"),
        (("csv", file, "--select", "year=1", "--select", "year=2"), "or the column was given twice"),
        (("csv", file, "--seats", 0), "--seats"),
        (("csv", file, "--capacities", tmp_path / "none.csv"), "none.csv: cannot be read"),
        (("csv", tmp_path / "none.csv"), "none.csv: cannot be read: No such file"),
        (("preflib", tmp_path / "none.soc"), "none.soc: cannot be read: No such file"),
        (("preflib", file), "ranks.csv: unknown PrefLib format; known: .soc, .soi, .toc, .toi"),
        (("excel", file), "No such command 'excel'"),
    ]:
        result = imported(*arguments)
        assert (result.exit_code, result.stdout) == (2, ""), arguments
        assert result.stderr.count("\n") == 1
        assert reason in result.stderr


def test_help_shows_how_to_begin() -> None:
    top = imported("--help")
    assert top.exit_code == 0
    assert "preflib" in top.stdout
    assert "csv" in top.stdout
    said = imported("csv", "--help").stdout
    for word in ("--select", "--seats", "--capacities", "rank1", "parley import csv"):
        assert word in said


def test_what_is_printed_is_utf_8_in_any_terminal(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "parley.cli", "import", "preflib", str(preflib(tmp_path, "soi"))],
        cwd=ROOT,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert '"Crêpe"' in done.stdout.decode("utf-8")
    assert done.stderr == f"{tmp_path}/made-up.soi: note: items that nobody wants: Bun\n".encode()


def test_control_characters_of_a_name_never_reach_a_terminal(tmp_path: Path) -> None:
    file, out = tmp_path / "a.soi", tmp_path / "problem.toml"
    name, persian = "Rye\x9b2J\x85\u202e", "می\u200cخواهم"
    text = HEAD.format(kind="soi").replace("Bread", name).replace("Bun", persian) + "2: 1,4\n1: 4\n"
    file.write_text(text, encoding="utf-8")
    printed = imported("preflib", file)
    assert problem_of(printed, tmp_path).items[0] == name
    assert imported("preflib", file, "--out", out).exit_code == 0
    assert load_problem(out).items == (name, '"Rye"', "Crêpe", persian)
    tables = runner.invoke(app, ["solve", str(out)], env={"COLUMNS": "200"}).stdout
    assert persian in tables
    for shown in (printed.output, tables, runner.invoke(app, ["audit", str(out)]).stdout):
        assert not set(shown) & set("\x85\x9b\u202e")
    assert r"Rye\x9b2J\x85\u202e" in tables


def test_more_alternatives_than_a_machine_can_name_are_refused_at_once(tmp_path: Path) -> None:
    file = tmp_path / "vast.soi"
    file.write_text("# NUMBER ALTERNATIVES: 900000000\n1: 1,2\n", encoding="utf-8")
    result = imported("preflib", file)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"{file}: line 1: more than 100000 alternatives\n"
