"""PrefLib's formats and CSV files, on small files made up for this."""

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
    ],
)
def test_a_broken_file_gets_one_line(tmp_path: Path, name: str, text: str, line: str) -> None:
    with pytest.raises(ProblemError) as caught:
        read_preflib(write(tmp_path, name, text))
    assert line in str(caught.value)


def test_points_and_capacities_become_utilities(tmp_path: Path) -> None:
    file, courses = write(tmp_path, "p.csv", POINTS), write(tmp_path, "c.csv", COURSES)
    mapping = read_csv(file, capacities=courses)
    assert mapping["utilities"] == [["3", None], ["1/2", "2"]]
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
    ]
    for text, more, line in cases:
        with pytest.raises(ProblemError) as caught:
            read_csv(write(tmp_path, "p.csv", text), **more)  # type: ignore[arg-type]
        assert line in str(caught.value)
    missing = write(tmp_path, "c.csv", "course,capacity\nc1,3\n")
    with pytest.raises(ProblemError, match="no capacity of 'c2'"):
        read_csv(write(tmp_path, "p.csv", POINTS), capacities=missing)


def test_scaled_capacities_keep_their_sum() -> None:
    assert scaled([126, 40, 82], 26) == [13, 4, 9]
    assert sum(scaled([3, 3, 3], 4)) == 4
    with pytest.raises(ProblemError, match=r"seats: 9 is outside 1\.\.8"):
        scaled([5, 3], 9)
