"""The files that say what is needed agree with each other."""

from __future__ import annotations

import json
import os
import re
import tomllib
from importlib.metadata import version

import pytest

from parley.chain.compiler import project_root, read_settings

ROOT = project_root()
PACKAGE = json.loads((ROOT / "package.json").read_text())
LOCK = json.loads((ROOT / "package-lock.json").read_text())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_npm_and_brownie_name_the_same_compiler() -> None:
    assert PACKAGE["dependencies"]["solc"] == read_settings().version


def test_npm_packages_are_pinned_and_locked_as_pinned() -> None:
    for kind in ("dependencies", "devDependencies"):
        for name, wanted in PACKAGE[kind].items():
            assert re.fullmatch(r"\d+\.\d+\.\d+", wanted), f"{name} is not pinned"
            assert LOCK["packages"][f"node_modules/{name}"]["version"] == wanted


def test_the_lock_names_no_registry() -> None:
    text = (ROOT / "package-lock.json").read_text()
    assert "resolved" not in text
    assert "://" not in re.sub(r'"funding":.*?\}|"url": "[^"]*"', "", text, flags=re.DOTALL)


def test_the_lock_holds_the_node_for_every_platform() -> None:
    """Made anew against a registry that lacks some of them, the lock loses them, and `npm ci` refuses it."""
    anvil = LOCK["packages"]["node_modules/@foundry-rs/anvil"]
    for name, wanted in anvil["optionalDependencies"].items():
        entry = LOCK["packages"][f"node_modules/{name}"]
        assert (entry["version"], entry["optional"], entry["dev"]) == (wanted, True, True)


def test_only_development_needs_a_node_and_a_browser() -> None:
    assert {"@foundry-rs/anvil", "@sparticuz/chromium"} <= set(PACKAGE["devDependencies"])
    # The compiler and its library; the charts that a report carries with it.
    assert set(PACKAGE["dependencies"]) == {"solc", "@openzeppelin/contracts", "d3", "@observablehq/plot"}


@pytest.mark.parametrize("requirement", PROJECT["dependencies"])
def test_pre_releases_are_pinned_exactly(requirement: str) -> None:
    name = re.match(r"[\w.-]+", requirement)
    assert name is not None
    installed = version(name[0])
    if re.search(r"[a-z]", installed):
        assert requirement == f"{name[0]}=={installed}"


def test_python_npm_and_the_changelog_agree_on_the_version() -> None:
    assert PROJECT["version"] == PACKAGE["version"] == version("parley-sim")
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text()


def test_continuous_integration_runs_the_tests() -> None:
    run = ROOT / ".ci" / "run"
    assert os.access(run, os.X_OK)
    assert "make test" in run.read_text()
