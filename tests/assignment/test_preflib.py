"""PrefLib's formats and CSV files, on small files made up for this."""

from collections.abc import Callable
from pathlib import Path

import pytest

from parley.core.errors import ProblemError
from parley.mechanisms.assignment.csvfile import read_csv, scaled
from parley.mechanisms.assignment.preflib import read_preflib
from parley.mechanisms.assignment.problem import Problem
from parley.mechanisms.assignment.solution import solve

HEAD = """# FILE NAME: made-up.soi
# NUMBER ALTERNATIVES: 3
# NUMBER VOTERS: 3
# ALTERNATIVE NAME 1: Project 0
# ALTERNATIVE NAME 2: Project 1
# ALTERNATIVE NAME 3: Project 2
"""
FROM_0 = HEAD.replace("NAME 1", "NAME 0").replace("NAME 2", "NAME 1").replace("NAME 3", "NAME 2")
POINTS = "student,c1,c2\nann,3,\nbob,0.5,2\n"
RANKS = "year,student,rank1,rank2\n2020,1,10,2\n2020,2,2,\n2021,1,7,10\n"
COURSES = "course,name,capacity\nc1,Logic,30\nc2,Sets,10\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
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


def test_alternatives_may_be_numbered_from_0_throughout(tmp_path: Path) -> None:
    mapping = read_preflib(write(tmp_path, "a.toi", FROM_0 + "2: 2,0\n1: {0,1}\n"))
    assert mapping["items"] == ["Project 0", "Project 1", "Project 2"]
    assert mapping["rankings"] == [["Project 2", "Project 0"]] * 2 + [[["Project 0", "Project 1"]]]


def test_pref_voting_counts_only_alternatives_that_somebody_ranks(tmp_path: Path) -> None:
    # Its Profile([[2, 0]], rcounts=[3], cmap=...) of three candidates, as its write_preflib writes it.
    text = FROM_0.replace("ALTERNATIVES: 3", "ALTERNATIVES: 2") + "3: 2, 0\n"
    for name in ("a.soc", "a.soi"):
        mapping = read_preflib(write(tmp_path, name, text))
        assert mapping["items"] == ["Project 0", "Project 1", "Project 2"]
        assert mapping["rankings"] == [["Project 2", "Project 0"]] * 3
    assert warnings(read_preflib, tmp_path / "a.soc") == [
        "NUMBER ALTERNATIVES is 2, the number of ranked alternatives; all 3 were read",
        "items that nobody wants: Project 1",
    ]
    with pytest.raises(ProblemError, match=r"line 6: ALTERNATIVE NAME 2 is outside 0\.\.1 \(line 2\)"):
        read_preflib(write(tmp_path, "b.soi", text.replace("2, 0", "0")))


@pytest.mark.parametrize("orders", ["3: 0,2\n", "3: 1,3\n"])
def test_alternatives_without_names_are_called_by_their_numbers(tmp_path: Path, orders: str) -> None:
    file = write(tmp_path, "a.soi", HEAD.partition("# ALTERNATIVE")[0] + orders)
    mapping, first = read_preflib(file), int(orders[3])
    assert mapping["items"] == [f"item {k}" for k in range(first, first + 3)]
    assert mapping["rankings"] == [[f"item {orders[3]}", f"item {orders[5]}"]] * 3
    assert f"alternatives have no names: they are called item {first}, item {first + 1}, …" in warnings(
        read_preflib, file
    )


@pytest.mark.parametrize(
    "name", ["Caf\x85 \x93Rye\x94", "می\u200cخواهم", "हिन्\u200dदी", "👨\u200d👩\u200d👧", "a\u00a0b"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_names_of_any_script_stay_as_they_are(tmp_path: Path, name: str, end: str) -> None:
    text = (HEAD.replace("Project 1", name) + "3: 2,1\n").replace("\n", end)
    mapping = read_preflib(write(tmp_path, "a.soi", text))
    assert mapping["items"] == ["Project 0", name, "Project 2"]
    rows = f"student,{name},c2\n{name},3,\n".replace("\n", end)
    table = read_csv(write(tmp_path, "p.csv", rows))
    assert (table["items"], table["names"]["agents"], table["utilities"]) == (
        [name, "c2"],
        [name],
        [[3, None]],
    )
    for read in (mapping, table):
        assert name in Problem.from_mapping(read).items


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (HEAD.encode("utf-16"), "byte 0: UTF-16 text; save the file as UTF-8"),
        (
            HEAD.replace("Project 1", "Caf\xe9").encode("latin-1"),
            "line 5, byte 126: not UTF-8 text; save the",
        ),
    ],
)
def test_other_encodings_are_refused_with_the_place(tmp_path: Path, text: bytes, place: str) -> None:
    (tmp_path / "a.soi").write_bytes(text)
    with pytest.raises(ProblemError) as caught:
        read_preflib(tmp_path / "a.soi")
    assert place in str(caught.value)


def test_a_project_of_two_supervisors_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, "a.soi", HEAD + "3: 1,2\n")
    supervisors = write(tmp_path, "a.dat", "Supervisor,Capacity,Projects\nEve,1,0 1\nFay,0,2 1\n")
    with pytest.raises(ProblemError, match=r"a\.dat: line 3: duplicate project 1"):
        read_preflib(file, capacities=supervisors)


def test_a_supervisor_that_takes_nobody_closes_its_projects(tmp_path: Path) -> None:
    file = write(tmp_path, "a.soi", HEAD + "3: 1,2\n")
    supervisors = "Supervisor,Capacity,Projects\nSupervisor 0,0,0\nSupervisor 1,3,1 2\n"
    mapping = read_preflib(file, capacities=write(tmp_path, "a.dat", supervisors))
    assert mapping["capacities"] == [0, 1, 1]


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("a.csv", HEAD, "unknown PrefLib format"),
        ("a.soi", "3\n1,a\n", "no line `# NUMBER ALTERNATIVES: …`; is it of an older format?"),
        ("a.soi", HEAD + "3: 1,4\n", "line 7: alternative 4 is outside 1..3"),
        ("a.soi", HEAD + "3: 1,1\n", "line 7: duplicate alternative 1"),
        ("a.soi", HEAD + "3: 1,x\n", "line 7: 'x' is not a whole number"),
        ("a.soi", HEAD + "3: {1,2\n", "line 7: '{' is outside the list"),
        ("a.soi", HEAD + "1,2\n", "line 7: '1,2' is not COUNT: ALTERNATIVE"),
        ("a.soi", HEAD + "2: 1\n", "line 3: 3 voters, but the file has orders of 2"),
        ("a.soi", HEAD + "999999: 1\n", "line 7: more than 100000 agents"),
        ("a.soi", HEAD + "3: {1,2},3\n", "line 7: a tie, which a .soi cannot have"),
        ("a.SOC", HEAD + "3: {1,2},3\n", "line 7: a tie, which a .soc cannot have"),
        ("a.soc", HEAD + "3: 1,3\n", "line 7: 2 of 3 alternatives, but a .soc ranks all of them"),
        ("a.toc", HEAD + "3: {1,3}\n", "line 7: 2 of 3 alternatives, but a .toc ranks all of them"),
        (
            "a.soi",
            HEAD.replace("NAME 2", "NAME 4") + "3: 1\n",
            "line 2: 3 alternatives, but there is no ALTER",
        ),
        (
            "a.soi",
            HEAD + "# ALTERNATIVE NAME 4: X\n3: 1\n",
            "line 7: ALTERNATIVE NAME 4 is outside 1..3 (line",
        ),
        (
            "a.soi",
            HEAD + "# ALTERNATIVE NAME 0: X\n3: 1\n",
            "line 6: ALTERNATIVE NAME 3 is outside 0..2 (line",
        ),
        ("a.soi", HEAD + "# ALTERNATIVE NAME 3: X\n3: 1\n", "line 7: duplicate ALTERNATIVE NAME 3"),
        ("a.soi", HEAD + "# ALTERNATIVE NAME 03: X\n3: 1\n", "line 7: duplicate ALTERNATIVE NAME 3"),
        (
            "a.soi",
            HEAD.replace("2: P", "2 P") + "3: 1\n",
            "line 5: '# ALTERNATIVE NAME 2 Project 1' is not #",
        ),
        (
            "a.soi",
            HEAD.replace("2: P", "two: P") + "3: 1\n",
            "line 5: '# ALTERNATIVE NAME two: Project 1' is",
        ),
        ("a.soi", HEAD + "# NUMBER VOTERS: 3\n3: 1\n", "line 7: duplicate NUMBER VOTERS"),
        (
            "a.soi",
            HEAD + "3: 1\n# ALTERNATIVE NAME 4: X\n",
            "line 8: 'ALTERNATIVE NAME 4' must be before the first order",
        ),
        (
            "a.soi",
            HEAD + "# NUMBER UNIQUE ORDERS: 3\n3: 1\n",
            "line 7: 3 different orders, but the file has 1",
        ),
        ("a.soi", FROM_0 + "3: 1,3\n", "line 7: alternative 3 is outside 0..2"),
        ("a.soi", HEAD + "3: 0,1\n", "line 7: alternative 0 is outside 1..3"),
        ("a.soi", HEAD.replace("t 1", "t\x0b1") + "3: 1\n", "line 5: 'Project\\x0b1' contains U+000B, which"),
        ("a.soi", HEAD.replace("t 1", "t\u20281") + "3: 1\n", "line 5: 'Project\\u20281' contains U+2028"),
        (
            "a.soi",
            HEAD.replace("t 1", "t\r1") + "3: 1\n",
            "line 5: 'Project\\r1' contains U+000D, which is not allowed",
        ),
        (
            "a.soi",
            HEAD.replace("Project 1", "\u200b") + "3: 1\n",
            "line 5: '\\u200b' has no visible character",
        ),
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
    mapping = read_csv(write(tmp_path, "r.csv", RANKS), select=["year=2020"])
    assert mapping["items"] == ["2", "10"]
    assert mapping["rankings"] == [["10", "2"], ["2"]]
    assert solve(Problem.from_mapping(mapping)).to_json()["matrix"] == [["0", "1"], ["1", "0"]]


def test_broken_csv_files_get_one_line(tmp_path: Path) -> None:
    cases = [
        (POINTS.replace("0.5", "many"), {}, "line 3, column c1: 'many' is not a number"),
        (POINTS + "eve,1\n", {}, "line 4: 2 cells, but the header has 3"),
        ("", {}, "empty"),
        (POINTS, {"select": ["yaer=1"]}, "line 1: unknown column 'yaer'"),
        (POINTS, {"select": ["student=nobody"]}, "no agents"),
        ("student,c1\n", {}, "line 1: no agents"),
        ("\nstudent,c1\n\u00a0,\n", {}, "line 2: no agents"),
        (POINTS, {"select": ["c1=3", "c2="]}, "line 1: no column with preferences"),
        (POINTS.replace("0.5", "-1"), {}, "line 3, column c1: -1 is negative"),
        (POINTS.replace(",", ";"), {}, "line 1: separated by ';' instead of commas? If not, quote the cells"),
        (POINTS.replace("c2", "c1"), {}, "line 1: needs at least two columns, each with its own name"),
        (POINTS, {"seats": 3}, "seats: the capacities to scale are missing"),
        (RANKS.replace("10,2", "2,2"), {}, "line 2, column rank2: duplicate item 2"),
        ('student,c1\nann,"3', {}, "line 2: a quote is never closed"),
        ('student,c1\n"ann,3\nbob,2\neve,1\n', {}, "line 2: a quote is never closed"),
        ('student,c1\n"ann"x,3\n', {}, "line 2: no comma after a closing quote"),
        (
            'student,c1\n"ann\nlee",3\n',
            {},
            "line 2, column student: 'ann\\nlee' contains U+000A, which is not allowed",
        ),
        ('\nstudent,"Set\ntheory",c2\nann,3,\n', {}, "line 2, column 2: 'Set\\ntheory' contains U+000A"),
        ('student,rank1\nann,c1\nbob,"c\r\n2"\n', {}, "line 3, column rank1: 'c\\r\\n2' contains U+000D"),
        ('"n\nm",c1\nann,3\nbob,x\n', {}, "line 4, column c1: 'x' is not a number"),
        ("student,c\u20281\nann,3\n", {}, "line 1, column 2: 'c\\u20281' contains U+2028"),
        ("student,c1\n\rann,3\n", {}, "line 2: mixed line ends: some lines end with a carriage return"),
        ("student,c1\rann,3\nbob,2\n", {}, "line 2: mixed line ends"),
        ("student,c1\na\x0bb,3\n", {}, "line 2, column student: 'a\\x0bb' contains U+000B"),
        ("student,,c2\nann,3,1\n", {}, "line 1, column 2: has no name"),
        (
            "student;Set theory, part 1\nann;0,5\n",
            {},
            "line 1: separated by ';' instead of commas? If not, quo",
        ),
        ("student;Set theory, part 1\nLee, Ann;3\n", {}, "line 1: separated by ';' instead of commas?"),
        ("student;Set theory, part 1\nann;3\n", {}, "line 1: separated by ';' instead of commas?"),
        (
            '"student";"Set theory, part 1"\n"Lee, Ann";"3"\n',
            {},
            "line 1: no comma after a closing quote",
        ),
        ("student\tSet theory, part 1\nann\t0,5\n", {}, "line 1: separated by tabs instead of commas?"),
        ("student|Set theory, part 1\nann|0,5\n", {}, "line 1: separated by '|' instead of commas?"),
        ("student,rank1,Rank 01\nann,a,b\n", {}, "line 1: two columns for the same rank: rank1 and Rank 01"),
    ]
    for text, more, line in cases:
        with pytest.raises(ProblemError) as caught:
            read_csv(write(tmp_path, "p.csv", text), **more)  # type: ignore[arg-type]
        assert line in str(caught.value)


@pytest.mark.parametrize(
    ("text", "items", "agents"),
    [
        # Semicolons in a file that commas separate: only the header, only a row, or quoted in both.
        ("student,Logic; part 1\nann,3\n", ["Logic; part 1"], ["ann"]),
        ("student,c1\nLee; Ann,3\n", ["c1"], ["Lee; Ann"]),
        ('student,"Sets; part 1"\n"Lee; Ann",3\n', ["Sets; part 1"], ["Lee; Ann"]),
        ('student, "Set theory, part 1"\n"Lee, Ann", 3\n', ["Set theory, part 1"], ["Lee, Ann"]),
        ("student,\tc1\nann,\t3\n", ["c1"], ["ann"]),
        ("\ufeffstudent,c\x85\nann\xa0,3\n,\n", ["c\x85"], ["ann"]),
    ],
)
def test_cells_are_what_commas_separate(
    tmp_path: Path, text: str, items: list[str], agents: list[str]
) -> None:
    mapping = read_csv(write(tmp_path, "p.csv", text))
    assert (mapping["items"], mapping["names"]["agents"]) == (items, agents)
    assert mapping["utilities"] == [[3]]


def test_a_text_of_many_lines_may_stand_where_nothing_is_read(tmp_path: Path) -> None:
    courses = write(tmp_path, "c.csv", 'course,about,capacity\nc1,"Logic\nand more",3\nc2,,1\n')
    assert read_csv(write(tmp_path, "p.csv", POINTS), capacities=courses)["capacities"] == [3, 1]


def test_agents_are_numbered_where_every_column_is_a_rank(tmp_path: Path) -> None:
    mapping = read_csv(write(tmp_path, "r.csv", "Rank1,Rank2\nb,a\n1,01\n"))
    assert mapping["items"] == ["01", "1", "a", "b"]
    assert mapping["rankings"] == [["b", "a"], ["1", "01"]]
    assert Problem.from_mapping(mapping).agent_names == ("agent 1", "agent 2")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("course,capacity\nc1,3\n", "missing capacity of 'c2'"),
        ("course,places\nc1,3\nc2,1\n", "line 1: no column capacity"),
        ("course,capacity\nc1,3\nc1,1\n", "line 3: duplicate item 'c1'"),
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
        "agents that want nothing: agent 3",
        "items that nobody wants: Project 1, Project 2",
    ]
    twins = HEAD.replace("Project 2", "Project 0").replace("Project 1", "") + "3: 1,2,3\n"
    (numbered,) = warnings(read_preflib, write(tmp_path, "c.soc", twins))
    assert numbered == "alternatives without a unique name were numbered"
    assert read_preflib(tmp_path / "c.soc")["items"] == ["Project 0", "-", "Project 0 (2)"]
    (tied,) = warnings(read_preflib, write(tmp_path, "a.toc", HEAD + "3: 1,{2,3}\n"))
    assert tied.startswith("every order ends in a tie")
    supervisors = write(tmp_path, "a.dat", "Supervisor,Capacity,Projects\nEve,1,1 2\nFay,0,0\nGil,1,\n")
    assert warnings(read_preflib, plain, capacities=supervisors) == [
        "ignored limits of supervisors with fewer places than projects: Eve",
        "items with capacity 0: Project 0",
    ]
    many = HEAD.replace("VOTERS: 3", "VOTERS: 65") + "65: 1,2,3\n"
    assert warnings(read_preflib, write(tmp_path, "b.soc", many)) == [
        "65 agents: can be solved and audited, but not played; a lottery on chain takes 64"
    ]


def test_what_stands_out_in_tables_is_told(tmp_path: Path) -> None:
    points, ranks = write(tmp_path, "p.csv", POINTS), write(tmp_path, "r.csv", RANKS)
    courses = write(tmp_path, "c.csv", COURSES + "c9,More,0\nc10,Most,1\n")
    assert warnings(read_csv, points) == []
    assert warnings(read_csv, points, capacities=courses) == ["ignored capacities of unknown items: c9, c10"]
    assert warnings(read_csv, ranks) == [
        "ignored columns: student; column year holds the agents' names",
        "column year has empty or duplicate names: they were numbered",
    ]
    places = write(tmp_path, "i.csv", "item,capacity\n2,1\n10,1\n11,0\n")
    mapping = read_csv(ranks, capacities=places, select=["year=2020"])
    assert (mapping["items"], mapping["capacities"]) == (["2", "10", "11"], [1, 1, 0])
    assert warnings(read_csv, ranks, capacities=places, select=["year=2020"]) == [
        "items that nobody wants: 11",
        "items with capacity 0: 11",
    ]


def test_scaled_capacities_keep_their_sum() -> None:
    assert scaled([126, 40, 82], 26) == [13, 4, 9]
    assert sum(scaled([3, 3, 3], 4)) == 4
    with pytest.raises(ProblemError, match=r"seats: 9 is outside 1\.\.8"):
        scaled([5, 3], 9)
