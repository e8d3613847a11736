"""What the README shows works as it is written."""

import re
import tomllib

import pytest

from parley.chain.compiler import project_root
from parley.cli import app
from parley.kit.registry import kinds
from parley.mechanisms.assignment import problem as assignment
from parley.mechanisms.assignment.lottery import show_matrix
from parley.mechanisms.assignment.solution import solve as solve_assignment
from parley.mechanisms.coordination.problem import Problem
from parley.mechanisms.coordination.solution import solve

README = (project_root() / "README.md").read_text(encoding="utf-8")


def test_the_example_problem_is_one_where_coordination_pays() -> None:
    problem = Problem.from_mapping(tomllib.loads(README.split("```toml\n")[1].split("```")[0]))
    problem.check_playable()
    assert problem.in_special_domain
    assert solve(problem).savings > 0


def test_the_example_assignment_is_solved_as_by_hand() -> None:
    """All eat Logic until 1/3 and Statistics until 2/3; then two go on with Ethics."""
    mapping = tomllib.loads(README.split("```toml\n")[2].split("```")[0])
    problem = assignment.Problem.from_mapping(mapping)
    problem.check_playable()
    shares = show_matrix(solve_assignment(problem).matrix)
    assert shares == [["1/3", "1/3", "0"], ["1/3"] * 3, ["1/3"] * 3]


def test_every_command_and_every_kind_has_its_place_in_the_table() -> None:
    rows = [line for line in README.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([a-z]+)`", row.split("|")[1])}
    commands = {str(command.callback.__name__) for command in app.registered_commands if command.callback}
    assert commands | {"import"} <= named
    assert all(f'`kind = "{kind}"`' in README for kind in kinds())


@pytest.mark.parametrize("name", sorted(set(re.findall(r"\]\(([\w./-]+)\)", README))))
def test_what_it_links_to_is_there(name: str) -> None:
    assert (project_root() / name).exists()
