"""Fixtures that every test may ask for."""

import signal
import sys

import pytest

from tests.browser import browser, tab

__all__ = ["browser", "tab"]

# Commands under test inherit what is ignored here, as it is in the background of a shell or under nohup.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _few_replays(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replay two games of a run where the run is what is tested; `tests/kit/play` tests the replay itself."""
    module = sys.modules.get("parley.kit.play.run")
    if module is not None and "play" not in request.path.parts:
        monkeypatch.setattr(module, "REPLAYED", 2)
