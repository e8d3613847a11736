"""Pictures show names as they are, and are the same bytes for the same figures."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from parley.kit.loaded import AnyProblem
from parley.kit.present.style import save
from parley.kit.registry import load
from tests.coordination.problems import example_1_keys
from tests.kit.present import folders

HOSTILE = ["$\\frac{", "<b>", "\N{SNOWMAN}\N{EGYPTIAN HIEROGLYPH A001}", "&amp;", "%s"]
WIDE = [[f"i{(i + k) % 70}" for k in range(70)] for i in range(70)]


def assignment(**keys: object) -> AnyProblem:
    return load({"kind": "assignment", "rule": "probabilistic-serial", **keys})


def coordination() -> AnyProblem:
    return load(json.loads(json.dumps(example_1_keys(names={"agents": HOSTILE}))))


DRAWN: dict[str, Callable[[], Any]] = {
    "run": lambda: coordination().simulate(games=20, seed=1),
    "audit": lambda: coordination().audit(problems=5, games=0),
    "names": lambda: load(folders.LOTTERY).audit(),
    "large": lambda: assignment(items=[f"i{k}" for k in range(70)], rankings=WIDE).solve(),
    "unwanted": lambda: assignment(items=["a", "b"], rankings=[["a"], []]).audit(),
}


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=() if kind == "names" else pytest.mark.deep) for kind in DRAWN]
)
def test_any_name_and_any_size_can_be_drawn(kind: str, tmp_path: Path) -> None:
    found = DRAWN[kind]()
    drawn, again = found.pictures(), found.pictures()
    assert drawn
    for name, picture in drawn.items():
        for ending in ("png", "svg"):
            one, two = tmp_path / f"{name}.{ending}", tmp_path / f"{name}-again.{ending}"
            save(picture, one)
            save(again[name], two)
            assert one.read_bytes() == two.read_bytes()
            assert one.stat().st_size > 4_000
