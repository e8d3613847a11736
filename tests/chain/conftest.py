"""Fixtures for questions to nodes."""

import pytest

from parley.chain import rpc


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between two attempts that a test can wait for."""
    monkeypatch.setattr(rpc, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(rpc, "_LONGEST_PAUSE", 0.01)
