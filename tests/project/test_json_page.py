"""docs/reference/json.md names every key that `solve`, `simulate` and `audit` of each kind print."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

import parley
from parley.chain.compiler import project_root
from parley.kit.registry import kinds
from tests.command import parley as command
from tests.nodes import anvil
from tests.project.test_tables_page import PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = (project_root() / "docs" / "reference" / "json.md").read_text(encoding="utf-8")
OPTIONS: dict[tuple[str, str], dict[str, int]] = {("coordination", "audit"): {"problems": 5, "games": 0}}
DETAILS = re.compile(r"(.*\.)?(witness|certificate)|large_market|draw|posted|contracts\.\w+")
"""Objects whose keys depend on the problem, or are described elsewhere."""


def documented(kind: str, verb: str) -> list[str]:
    """Keys as regular expressions: a word in capitals is any name."""
    parts = [PAGE.split(f"\n### {verb}: {kind}\n")[1]]
    if verb == "simulate":
        parts.append(PAGE.split("\n## simulate: all kinds\n")[1])
    rows = [line for part in parts for line in part.split("\n#")[0].splitlines() if line.startswith("| `")]
    names = [name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])]
    return [re.sub(r"\b[A-Z]+\b", "[^.]+", re.escape(name)) for name in names]


def leaves(value: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    """Return the paths that lead to plain values, to lists of these, or to `DETAILS`."""
    if isinstance(value, list) and any(isinstance(one, dict) for one in value):
        for one in value:
            yield from leaves(one, f"{path}[]")
    elif isinstance(value, dict) and not DETAILS.fullmatch(path):
        for name, one in (value or {"NONE": None}).items():
            yield from leaves(one, f"{path}.{name}" if path else name)
    else:
        yield path


@pytest.mark.parametrize(
    "verb", ["solve", *(pytest.param(verb, marks=pytest.mark.deep) for verb in ("simulate", "audit"))]
)
@pytest.mark.parametrize("kind", kinds())
def test_every_key_is_named(kind: str, verb: str) -> None:
    problem = parley.load(project_root() / "problems" / f"{PROBLEMS[kind]}.toml")
    options = {"games": 3} if verb == "simulate" else OPTIONS.get((kind, verb), {})
    printed = json.loads(json.dumps(getattr(problem, verb)(**options).to_json()))
    patterns = documented(kind, verb)
    found = set(leaves(printed, ""))
    assert sorted(name for name in found if not any(re.fullmatch(p, name) for p in patterns)) == []
    assert [p for p in patterns if not any(re.match(p, name) for name in found)] == []


@pytest.mark.deep
def test_every_key_of_a_deployment_and_its_verification_is_named(tmp_path: Path) -> None:
    file = tmp_path / "deployment.json"
    with anvil() as node:
        to = ("--evm", node.url)
        for verb, *arguments in (
            ("deploy", *to, "--out", file),
            ("simulate", "problems/paper-example-1.toml", "--games", 2, *to, "--deployment", file),
            ("verify", *to, "--deployment", file),
        ):
            done = command(verb, *arguments, "--json")
            assert done.returncode == 0, done.stderr
            if verb != "simulate":
                patterns = documented("every contract", verb)
                found = set(leaves(json.loads(done.stdout), ""))
                assert (
                    sorted(name for name in found if not any(re.fullmatch(p, name) for p in patterns)) == []
                )
