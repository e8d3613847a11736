"""Folders that the tests of the report share, made once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parley.kit.present.page import write_page
from tests.kit.present import folders

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def with_its_page(make: Callable[[Path], Path]) -> object:
    """A fixture: the folder that is made, once a session, with its page."""

    @pytest.fixture(scope="session")
    def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
        folder = make(tmp_path_factory.mktemp(make.__name__.removeprefix("make_")))
        write_page(folder)
        return folder

    return made


experiment = with_its_page(folders.make_experiment)
simulation = with_its_page(folders.make_simulation)
audit = with_its_page(folders.make_audit)
lotteries = with_its_page(folders.make_lotteries)
lottery_audit = with_its_page(folders.make_lottery_audit)
