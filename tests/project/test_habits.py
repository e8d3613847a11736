"""Files about the project agree with it."""

from __future__ import annotations

import json
import tomllib

import yaml

from parley.chain.compiler import project_root

ROOT = project_root()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_what_is_cited_is_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (citation["version"], citation["license"]) == (PROJECT["version"], PROJECT["license"])
    assert citation["authors"] == [{"name": "The Parley authors"}]


def test_hooks_before_a_commit_are_those_of_make_lint_and_fetch_nothing() -> None:
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert repository["repo"] == "local"
    assert {hook["language"] for hook in repository["hooks"]} == {"system"}
    lint = (ROOT / "Makefile").read_text(encoding="utf-8").split("\nlint:")[1].split("\n\n")[0]
    commands = [hook["entry"].replace(".venv/bin/", "$(BIN)/") for hook in repository["hooks"]]
    assert [command.removesuffix(" --force-exclude") in lint for command in commands] == [True] * 3


def test_the_container_has_a_python_that_parley_runs_on() -> None:
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    version = container["image"].removeprefix("python:").partition("-")[0]
    assert f"Programming Language :: Python :: {version}" in PROJECT["classifiers"]
