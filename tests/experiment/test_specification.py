"""What experiment files say, and what is said of those that are wrong."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from parley.core.errors import ProblemError
from parley.kit.experiment.run import read_experiment
from parley.mechanisms.coordination.experiment import size
from parley.mechanisms.coordination.experiment.specification import load_experiment
from tests.experiment.files import EXAMPLE, GREED, keys, written

FAMILY = {"agents": 3, "task_types": 4}


def test_all_combinations_are_cells_and_seeds_vary_fastest(tmp_path: Path) -> None:
    file = written(
        tmp_path, seeds=[5, 6], sweep={"recognition": ["p-star", "equal"], "continuation": ["1/2", 0.75]}
    )
    cells = load_experiment(file).cells
    assert [(c.problem.recognition, c.problem.continuation, c.seed) for c in cells] == [
        (recognition, continuation, seed)
        for recognition in ("p-star", "equal")
        for continuation in (Fraction(1, 2), Fraction(3, 4))
        for seed in (5, 6)
    ]
    assert [cell.index for cell in cells] == list(range(8))


def test_a_family_is_swept_and_its_problems_are_the_same_for_all_functions(
    tmp_path: Path,
) -> None:
    file = written(
        tmp_path,
        problem={"family": FAMILY | {"draws": 2}},
        sweep={"recognition": ["p-star", "equal"], "agents": [3, 5]},
    )
    cells = load_experiment(file).cells
    assert [(c.problem.agents, c.problem_name, c.problem.recognition) for c in cells] == [
        (n, f"draw {k}, agents {n}", recognition)
        for n in (3, 5)
        for k in (1, 2)
        for recognition in ("p-star", "equal")
    ]
    drawn = [cell.problem.contracted.tolist() for cell in cells]
    assert drawn[0] == drawn[1] != drawn[2]


def test_toml_and_json_say_the_same(tmp_path: Path) -> None:
    text = """
        kind = "experiment"
        title = "Test"
        games = 6
        generations = 2
        [problem]
        file = "%s"
        [population]
        members = 4
        strategies = { equilibrium = 0.75, greedy = "1/4" }
    """
    (tmp_path / "a.toml").write_text(text % EXAMPLE, encoding="utf-8")
    population = {"members": 4, "strategies": {"equilibrium": "3/4", "greedy": 0.25}}
    one, other = (
        load_experiment(tmp_path / "a.toml"),
        load_experiment(written(tmp_path, population=population)),
    )
    assert one.to_mapping() == other.to_mapping()
    assert list(one.cells[0].strategies[2]) == ["equilibrium", "greedy"]


def test_what_is_written_down_reads_back_as_itself(tmp_path: Path) -> None:
    experiment = load_experiment(GREED)
    mapping = experiment.to_mapping()
    mapping["problem"] = {"file": str(GREED.parent / mapping["problem"]["file"])}
    (tmp_path / "again.json").write_text(json.dumps(mapping), encoding="utf-8")
    again = load_experiment(tmp_path / "again.json")
    assert again.to_mapping() == mapping
    assert [cell.strategies for cell in again.cells] == [cell.strategies for cell in experiment.cells]


def test_seats_may_have_strategies_of_their_own(tmp_path: Path) -> None:
    population = {"strategies": {"greedy": 1}, "seats": [{"seat": 1, "strategies": {"stubborn:1/4": 1}}]}
    cell = load_experiment(written(tmp_path, population=population)).cells[0]
    assert cell.names == (("greedy",), ("stubborn:1/4",), ("greedy",), ("greedy",), ("greedy",))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"kind": "coordination"}, "kind: unknown: 'coordination'; known: 'experiment'"),
        ({"title": None}, "title: missing"),
        ({"title": 3}, "title: 3 is not a text"),
        ({"generation": 3}, "generation: unknown key (did you mean generations?)"),
        ({"games": 0}, "games: 0 is below 1"),
        ({"games": "1/2"}, "games: 1/2 is not a whole number"),
        ({"engine": "anvil"}, "engine: unknown: 'anvil'; known: 'evm', 'exact', 'statistical'"),
        ({"seeds": 4}, "seeds: 4 is not a list"),
        ({"seeds": [-1]}, "seeds[0]: -1 is below 0"),
        ({"seeds": []}, "seeds: [] is empty"),
        ({"problem": {}}, "problem: has none; must have one of file, files or family"),
        ({"problem": {"file": EXAMPLE, "files": [EXAMPLE]}}, "problem: has file and files; must have"),
        ({"problem": {"files": []}}, "problem: files is empty"),
        ({"problem": {"family": {"agents": 3}}}, "problem.family.task_types: missing"),
        (
            {"problem": {"family": FAMILY | {"agent": 3}}},
            "problem.family.agent: unknown key (did you",
        ),
        ({"problem": {"family": FAMILY | {"agents": 65}}}, "problem.family.agents: 65 is above 64"),
        (
            {"problem": {"family": FAMILY | {"contracted": {"uniform": [3, 1]}}}},
            "problem.family.contracted: uniform: [3, 1] is not a range within 0..2^31",
        ),
        (
            {"problem": {"family": FAMILY | {"contracted": "1/2"}}},
            "problem.family.contracted: 1/2 is not a whole number of tasks",
        ),
        (
            {"problem": {"family": FAMILY | {"contracted": 0}}},
            "problem.family.contracted: no contracts in 1000 draws",
        ),
        ({"problem": {"family": FAMILY | {"recognition": "fair"}}}, "problem.family.recognition: unknown"),
        (
            {"population": {"strategies": {"greedy": 0.5}}},
            "population.strategies: shares sum to 1/2, not",
        ),
        (
            {"population": {"strategies": {"kind": 1}}},
            "population: unknown strategy 'kind' (known: ",
        ),
        (
            {"population": {"strategies": {"greedy": "x"}}},
            "population.strategies.greedy: 'x' is not a",
        ),
        (
            {"population": {"seats": [{"seat": 5, "strategies": {"greedy": 1}}]}},
            "population.seats[0].seat: 5 is not one of the 5 seats (counted from 0)",
        ),
        (
            {"population": {"strategies": {"colluding:partner=7": 1}}},
            "population: 'colluding:partner=7': 7 is not one of the 5 seats",
        ),
        ({"population": {"members": []}}, "population.members: [] is not a number"),
        (
            {"adaptation": {"rule": "fashion"}},
            "adaptation.rule: unknown: 'fashion'; known: 'none'",
        ),
        ({"adaptation": {"rule": "logit"}}, "adaptation.temperature: missing; logit needs one"),
        (
            {"adaptation": {"rule": "logit", "temperature": 1, "rate": 2}},
            "adaptation.rate: above 1: for logit it is a probability",
        ),
        ({"adaptation": {"rule": "replicator", "mutation": 2}}, "adaptation.mutation: 2 is above 1"),
        ({"sweep": {"recognition": []}}, "sweep: recognition: empty"),
        ({"sweep": {"games": [2, 2]}}, "sweep: games: duplicate value"),
        ({"sweep": {"recognition": ["fair"]}}, "sweep.recognition: unknown recognition function 'fair'"),
        ({"sweep": {"continuation": [1]}}, "sweep.continuation: 1 is outside [0, 1)"),
        ({"sweep": {"agents": [3]}}, "sweep.agents: needs a problem from a random family"),
        ({"sweep": {"mutation": [0]}}, "sweep.mutation: needs a rule of adaptation"),
        (
            {"engine": "exact", "population": {"strategies": {"roth-erev": 1}}},
            "engine: a twin cannot play 'roth-erev'",
        ),
    ],
)
def test_bad_files_get_one_line_with_file_key_and_reason(
    tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    file = written(tmp_path, **changed)
    with pytest.raises(ProblemError) as caught:
        load_experiment(file)
    assert str(caught.value).startswith(f"{file}: {said}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"seeds": [*range(1000)], "sweep": {"members": [*range(1, 102)]}}, "sweep: 101000 cells, more"),
        (
            {"problem": {"family": FAMILY | {"draws": 10**30}}},
            f"sweep: {10**30} cells, more than 100000",
        ),
        (
            {"seeds": [1, 2], "games": 10**6, "generations": 501},
            "games: 1002000000 in 2 cells and 501 generations, more than 1000000000",
        ),
        (
            {"generations": 10**5, "sweep": {"games": [1, 10**4], "continuation": ["1/2", "3/4"]}},
            "games: 2000200000 in 4 cells and 100000 generations, more than 1000000000",
        ),
        ({"games": 10**9, "generations": 10**9}, f"games: {10**18} in 1 cells and "),
        ({"games": 2 * 10**7 + 1, "generations": 1}, "games: more than 100000000 seats in the games of a"),
        (
            {"seeds": [*range(11)], "population": {"members": 2 * 10**6}},
            "population.members: more than 100000000 members of all seats and cells",
        ),
        (
            {"games": 1, "generations": 10**8 + 1, "population": {"strategies": {"greedy": 1, "minimal": 0}}},
            "generations: more than 1000000000 strategies of all seats, cells and generations",
        ),
    ],
    ids=lambda value: value.partition(":")[0] if isinstance(value, str) else None,
)
def test_what_multiplies_to_too_much_is_refused_before_it_is_made(
    tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    file = written(tmp_path, **changed)
    with pytest.raises(ProblemError) as caught:
        load_experiment(file)
    assert str(caught.value).startswith(f"{file}: {said}")
    assert "\n" not in str(caught.value)


def test_as_many_strategies_as_a_table_can_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    population = {"strategies": {"greedy": 1, "minimal": 0}}
    file = written(tmp_path, seeds=[1, 2], population=population)
    monkeypatch.setattr(size, "MOST_ROWS", 20)
    assert len(load_experiment(file).cells) == 2
    monkeypatch.setattr(size, "MOST_ROWS", 19)
    with pytest.raises(ProblemError, match=r"population\.strategies: more than 19 strategies of all seats"):
        load_experiment(file)


def test_a_problem_file_that_is_wrong_is_named_with_its_key(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text('kind = "coordination"\ncontracted = 3\n', encoding="utf-8")
    file = tmp_path / "experiment.json"
    with pytest.raises(
        ProblemError, match=rf"^{file}: problem\.file: {tmp_path}/bad\.toml: capacity: missing"
    ):
        load_experiment(written(tmp_path, problem={"file": "bad.toml"}))
    with pytest.raises(ProblemError, match=rf"^{file}: problem\.files\[1\]: .*none\.toml: cannot be read"):
        load_experiment(written(tmp_path, problem={"files": [EXAMPLE, "none.toml"]}))


def test_a_problem_of_another_kind_is_refused_naming_its_file_and_key(tmp_path: Path) -> None:
    lottery = tmp_path / "lottery.toml"
    text = 'kind = "assignment"\nitems = ["a"]\nrankings = [["a"]]\nrule = "boston"\n'
    lottery.write_text(text, encoding="utf-8")
    with pytest.raises(ProblemError) as caught:
        load_experiment(written(tmp_path, problem={"files": [EXAMPLE, "lottery.toml"]}))
    said = "experiments are not for problems of kind assignment, only coordination"
    where = f"{tmp_path / 'experiment.json'}: problem.files[1]: {lottery}"
    assert str(caught.value) == f"{where}: kind: {said}"
    # Nor is a problem an experiment.
    with pytest.raises(
        ProblemError, match=r"lottery\.toml: holds a problem, not an experiment; use parley solve"
    ):
        read_experiment(lottery)


def test_the_smallest_file_is_played_in_equilibrium_by_one_member_each(tmp_path: Path) -> None:
    assert set(keys()) == {"kind", "title", "games", "generations", "problem"}
    (cell,) = load_experiment(written(tmp_path)).cells
    assert (cell.members, cell.seed, cell.adaptation.rule) == (1, 0, "none")
    assert cell.names == (("equilibrium",),) * 5
