"""What the README shows works as it is written."""

import json
import tomllib

from sim.chain.compiler import project_root
from sim.coordination.problem import Problem
from sim.coordination.solution import solve

README = (project_root() / "README.md").read_text(encoding="utf-8")


def test_the_example_problem_is_one_where_coordination_pays() -> None:
    problem = Problem.from_mapping(tomllib.loads(README.split("```toml\n")[1].split("```")[0]))
    problem.check_playable()
    assert problem.in_special_domain
    assert solve(problem).savings > 0


def test_the_gas_table_is_the_snapshots() -> None:
    kept = json.loads((project_root() / "benchmarks" / "gas.json").read_text(encoding="utf-8"))
    game = kept["games"]["paper's example"]
    assert f"**{game['game']:,}**" in README
    assert f"{kept['contract bytes']:,} bytes" in README
    for function, (least, most) in game["least and most"].items():
        row = next(line for line in README.splitlines() if line.startswith(f"| `{function}` |"))
        assert f"{least:,}" in row
        assert f"{most:,}" in row
