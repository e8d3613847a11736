"""PrefLib's formats and CSV files, on small files made up for this."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sim.assignment.preflib import read_csv, read_preflib, scaled
from sim.assignment.problem import Problem
from sim.assignment.solution import solve
from sim.errors import ProblemError

HEAD = """# FILE NAME: made-up.soi
# NUMBER ALTERNATIVES: 3
# NUMBER VOTERS: 3
# ALTERNATIVE NAME 1: Project 0
# ALTERNATIVE NAME 2: Project 1
# ALTERNATIVE NAME 3: Project 2
"""
POINTS = "student,c1,c2\nann,3,\nbob,0.5,2\n"
RANKS = "year,student,rank1,rank2\n2020,1,10,2\n2020,2,2,\n2021,1,7,10\n"
COURSES = "course,name,capacity\nc1,Logic,30\nc2,Sets,10\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "orders", "rankings"),
    [
        ("a.soi", "2: 3,1\n1: 2\n", [["Project 2", "Project 0"]] * 2 + [["Project 1"]]),
        ("a.soc", "3: 1,2,3\n", [["Project 0", "Project 1", "Project 2"]] * 3),
        ("a.toc", "3: 2,{1,3}\n", [["Project 1", ["Project 0", "Project 2"]]] * 3),
        ("a.toi", "3: {2,3}\n", [[["Project 1", "Project 2"]]] * 3),
    ],
)
def test_orders_become_rankings(tmp_path: Path, name: str, orders: str, rankings: object) -> None:
    mapping = read_preflib(write(tmp_path, name, HEAD + orders))
    assert mapping["items"] == ["Project 0", "Project 1", "Project 2"]
    assert mapping["rankings"] == rankings
    assert solve(Problem.from_mapping(mapping)).exact


def test_a_supervisor_that_takes_nobody_closes_its_projects(tmp_path: Path) -> None:
    file = write(tmp_path, "a.soi", HEAD + "3: 1,2\n")
    supervisors = "Supervisor,Capacity,Projects\nSupervisor 0,0,0\nSupervisor 1,3,1 2\n"
    mapping = read_preflib(file, capacities=write(tmp_path, "a.dat", supervisors))
    assert mapping["capacities"] == [0, 1, 1]


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("a.csv", HEAD, "not one of PrefLib's"),
        ("a.soi", "3\n1,a\n", "no line `# NUMBER ALTERNATIVES: …`; is it of an older format?"),
        ("a.soi", HEAD + "3: 1,4\n", "line 7: alternative 4 is outside 1..3"),
        ("a.soi", HEAD + "3: 1,1\n", "line 7: alternative 1 stands twice"),
        ("a.soi", HEAD + "3: 1,x\n", "line 7: 'x' is not a number"),
        ("a.soi", HEAD + "3: {1,2\n", "line 7: '{' stands outside a list"),
        ("a.soi", HEAD + "1,2\n", "line 7: '1,2' is not COUNT: ALTERNATIVE"),
        ("a.soi", HEAD + "2: 1\n", "line 3: 3 voters, but the orders are of 2"),
        ("a.soi", HEAD + "999999: 1\n", "line 7: more than 100000 agents"),
        ("a.soi", HEAD + "3: {1,2},3\n", "line 7: a tie, which a .soi has not"),
        ("a.SOC", HEAD + "3: {1,2},3\n", "line 7: a tie, which a .soc has not"),
        ("a.soc", HEAD + "3: 1,3\n", "line 7: 2 of 3 alternatives; a .soc ranks all of them"),
        ("a.toc", HEAD + "3: {1,3}\n", "line 7: 2 of 3 alternatives; a .toc ranks all of them"),
    ],
)
def test_a_broken_file_gets_one_line(tmp_path: Path, name: str, text: str, line: str) -> None:
    with pytest.raises(ProblemError) as caught:
        read_preflib(write(tmp_path, name, text))
    assert line in str(caught.value)


def test_points_and_capacities_become_utilities(tmp_path: Path) -> None:
    file, courses = write(tmp_path, "p.csv", POINTS), write(tmp_path, "c.csv", COURSES)
    mapping = read_csv(file, capacities=courses)
    assert mapping["utilities"] == [[3, None], ["1/2", 2]]
    assert mapping["capacities"] == [30, 10]
    assert mapping["names"] == {"agents": ["ann", "bob"]}
    assert Problem.from_mapping(mapping).orders == ((0,), (1, 0))
    assert read_csv(file, capacities=courses, seats=3)["capacities"] == [2, 1]


def test_rankings_of_one_year_are_selected(tmp_path: Path) -> None:
    mapping = read_csv(write(tmp_path, "r.csv", RANKS), select={"year": "2020"})
    assert mapping["items"] == ["2", "10"]
    assert mapping["rankings"] == [["10", "2"], ["2"]]
    assert solve(Problem.from_mapping(mapping)).to_json()["matrix"] == [["0", "1"], ["1", "0"]]


def test_broken_csv_files_get_one_line(tmp_path: Path) -> None:
    cases = [
        (POINTS.replace("0.5", "many"), {}, "line 3, column c1: 'many' is not a number"),
        (POINTS + "eve,1\n", {}, "line 4: 2 columns for 3 names"),
        ("", {}, "empty"),
        (POINTS, {"select": {"yaer": "1"}}, "line 1: no column 'yaer'"),
        (POINTS, {"select": {"student": "nobody"}}, "no agents"),
        (POINTS, {"select": {"c1": "3", "c2": ""}}, "line 1: no column is left for what agents want"),
        (POINTS.replace("0.5", "-1"), {}, "line 3, column c1: -1 is negative"),
        (POINTS.replace(",", ";"), {}, "line 1: needs two columns at least, all with names of their own; is"),
        (POINTS.replace("c2", "c1"), {}, "line 1: needs two columns at least, all with names of their own"),
        (POINTS, {"seats": 3}, "seats: there are no capacities to scale"),
        (RANKS.replace("10,2", "2,2"), {}, "line 2, column rank2: 2 stands twice"),
        ('student,c1\nann,"3', {}, "line 2: unexpected end of data"),
    ]
    for text, more, line in cases:
        with pytest.raises(ProblemError) as caught:
            read_csv(write(tmp_path, "p.csv", text), **more)  # type: ignore[arg-type]
        assert line in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("course,capacity\nc1,3\n", "no capacity of 'c2'"),
        ("course,places\nc1,3\nc2,1\n", "line 1: no column capacity"),
        ("course,capacity\nc1,3\nc1,1\n", "line 3: 'c1' stands twice"),
        ("course,capacity\nc1,3\nc2,x\n", "line 3, column capacity: 'x' is not a number"),
        ("course,capacity\nc1,3\nc2,-1\n", "line 3, column capacity: -1 is negative"),
        ("course,capacity\nc1,3\nc2,1/2\n", "line 3, column capacity: 1/2 is not a whole number"),
    ],
)
def test_broken_capacities_get_one_line(tmp_path: Path, text: str, line: str) -> None:
    courses = write(tmp_path, "c.csv", text)
    with pytest.raises(ProblemError) as caught:
        read_csv(write(tmp_path, "p.csv", POINTS), capacities=courses)
    assert str(caught.value).startswith(f"{courses}: {line}")


def warnings(read: Callable[..., object], *arguments: object, **more: object) -> list[str]:
    said: list[str] = []
    read(*arguments, **more, warn=said.append)
    return said


def test_what_stands_out_in_orders_is_told(tmp_path: Path) -> None:
    plain = write(tmp_path, "a.soc", HEAD + "3: 1,2,3\n")
    assert warnings(read_preflib, plain) == []
    assert warnings(read_preflib, write(tmp_path, "a.soi", HEAD + "2: 1\n1: \n")) == [
        "wants nothing: agent 3",
        "wanted by nobody: Project 1, Project 2",
    ]
    twins = HEAD.replace("Project 2", "Project 0").replace("Project 1", "") + "3: 1,2,3\n"
    (numbered,) = warnings(read_preflib, write(tmp_path, "c.soc", twins))
    assert numbered == "alternatives without a name of their own were numbered"
    assert read_preflib(tmp_path / "c.soc")["items"] == ["Project 0", "-", "Project 0 (2)"]
    (tied,) = warnings(read_preflib, write(tmp_path, "a.toc", HEAD + "3: 1,{2,3}\n"))
    assert tied.startswith("every order ends in a tie")
    supervisors = write(tmp_path, "a.dat", "Supervisor,Capacity,Projects\nEve,1,1 2\nFay,0,0\nGil,1,\n")
    assert warnings(read_preflib, plain, capacities=supervisors) == [
        "take fewer agents than they have projects, which is left out: Eve",
        "without a place: Project 0",
    ]
    many = HEAD.replace("VOTERS: 3", "VOTERS: 65") + "65: 1,2,3\n"
    assert warnings(read_preflib, write(tmp_path, "b.soc", many)) == [
        "65 agents: solved and audited, but not played; a lottery on chain takes 64"
    ]


def test_what_stands_out_in_tables_is_told(tmp_path: Path) -> None:
    points, ranks = write(tmp_path, "p.csv", POINTS), write(tmp_path, "r.csv", RANKS)
    courses = write(tmp_path, "c.csv", COURSES + "c9,More,0\nc10,Most,1\n")
    assert warnings(read_csv, points) == []
    assert warnings(read_csv, points, capacities=courses) == [
        "capacities of no item, which are left out: c9, c10"
    ]
    assert warnings(read_csv, ranks) == [
        "not read: student; agents are named by year",
        "column year has names that stand more than once: they were numbered",
    ]
    places = write(tmp_path, "i.csv", "item,capacity\n2,1\n10,1\n11,0\n")
    mapping = read_csv(ranks, capacities=places, select={"year": "2020"})
    assert (mapping["items"], mapping["capacities"]) == (["2", "10", "11"], [1, 1, 0])
    assert warnings(read_csv, ranks, capacities=places, select={"year": "2020"}) == [
        "wanted by nobody: 11",
        "without a place: 11",
    ]


def test_scaled_capacities_keep_their_sum() -> None:
    assert scaled([126, 40, 82], 26) == [13, 4, 9]
    assert sum(scaled([3, 3, 3], 4)) == 4
    with pytest.raises(ProblemError, match=r"seats: 9 is outside 1\.\.8"):
        scaled([5, 3], 9)
