"""Pictures show names as they are, and are the same bytes for the same run."""

import json
from functools import partial
from pathlib import Path

import pytest

from parley.kit.present.style import save
from parley.mechanisms.coordination.audit import audit
from parley.mechanisms.coordination.axioms.custom import recognition_named
from parley.mechanisms.coordination.present.figures import audit_figure, cost_figure
from parley.mechanisms.coordination.problem import Problem
from parley.mechanisms.coordination.simulation import simulate
from tests.coordination.problems import example_1_keys

HOSTILE = ["$\\frac{", "<b>", "\N{SNOWMAN}\N{EGYPTIAN HIEROGLYPH A001}", "&amp;", "%s"]


@pytest.fixture
def problem() -> Problem:
    return Problem.from_mapping(json.loads(json.dumps(example_1_keys(names={"agents": HOSTILE}))))


def test_any_name_can_be_drawn(problem: Problem, tmp_path: Path) -> None:
    run = simulate(problem, games=20, seed=1)
    found = audit(problem, recognition_named("p-star"), problems=5)
    drawings = {"costs": partial(cost_figure, run), "audit": partial(audit_figure, found)}
    for name, draw in drawings.items():
        for ending in ("png", "svg"):
            one, two = tmp_path / f"{name}.{ending}", tmp_path / f"{name}-again.{ending}"
            save(draw(), one)
            save(draw(), two)
            assert one.read_bytes() == two.read_bytes()
            assert one.stat().st_size > 5_000
