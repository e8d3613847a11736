"""What the README says is so. Its examples are run by `tests/test_documented.py`."""

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
KINDS = (project_root() / "docs" / "how-to" / "kinds.md").read_text(encoding="utf-8")
FILES = re.findall(r"^```toml[^\n]*\n(.*?)^```$", README + KINDS, flags=re.MULTILINE | re.DOTALL)


def test_the_readme_can_be_read_in_a_few_minutes() -> None:
    assert len(README.splitlines()) <= 150


@pytest.mark.parametrize("file", FILES[:2])
def test_the_example_problems_are_ones_where_coordination_pays(file: str) -> None:
    problem = Problem.from_mapping(tomllib.loads(file))
    problem.check_playable()
    assert problem.in_special_domain
    assert solve(problem).savings > 0


def test_the_example_assignment_is_solved_as_by_hand() -> None:
    """All eat Logic until 1/3 and Statistics until 2/3; then two go on with Ethics."""
    problem = assignment.Problem.from_mapping(tomllib.loads(FILES[2]))
    problem.check_playable()
    shares = show_matrix(solve_assignment(problem).matrix)
    assert shares == [["1/3", "1/3", "0"], ["1/3"] * 3, ["1/3"] * 3]


def test_there_is_an_example_of_each_kind() -> None:
    assert [tomllib.loads(file)["kind"] for file in FILES[1:]] == list(kinds())


def test_every_command_and_every_kind_is_named() -> None:
    commands = {str(command.callback.__name__) for command in app.registered_commands if command.callback}
    assert commands | {"import"} <= set(re.findall(r"`(?:parley )?([a-z]+)[` ]", README))
    assert all(f'`kind = "{kind}"`' in KINDS for kind in kinds())
    assert all(f"docs/explanation/{kind}.md" in README for kind in kinds())


@pytest.mark.parametrize("name", sorted(set(re.findall(r'(?:\]\(|src=")([\w./-]+)[)#"]', README))))
def test_what_it_links_to_is_there(name: str) -> None:
    assert (project_root() / name).exists()
