"""A server for the tests of one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kit.live.serving import live_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kit.live.serving import LiveServer


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server() as running:
        yield running
