"""Folders that the tests of the report share, made once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sim.report.page import write_page
from tests.report import folders

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables of a small real experiment, with its page."""
    folder = folders.make_experiment(tmp_path_factory.mktemp("experiment"))
    write_page(folder)
    return folder


@pytest.fixture(scope="session")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a simulation left, with its page."""
    folder = folders.make_simulation(tmp_path_factory.mktemp("simulation"))
    write_page(folder)
    return folder


@pytest.fixture(scope="session")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an audit left, with its page."""
    folder = folders.make_audit(tmp_path_factory.mktemp("audit"))
    write_page(folder)
    return folder


@pytest.fixture(scope="session")
def lotteries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a simulation of lotteries left, with its page."""
    folder = folders.make_lotteries(tmp_path_factory.mktemp("lotteries"))
    write_page(folder)
    return folder


@pytest.fixture(scope="session")
def lottery_audit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an audit of a random assignment left, with its page."""
    folder = folders.make_lottery_audit(tmp_path_factory.mktemp("lottery-audit"))
    write_page(folder)
    return folder
