"""The bots' names."""

from __future__ import annotations

import pytest

from parley.core.errors import ParleyError
from parley.mechanisms.guarantees.decisions import cast
from tests.guarantees.problems import PROBLEMS, USUAL


@pytest.mark.parametrize(
    ("bots", "said"),
    [
        ("watchful", "unknown bot 'watchful'"),
        ("honest,lazy", "unknown bot 'lazy'"),
        ("honest,watchful,reliable,reliable", "2 names for 3 providers"),
        ("honest,watchful,no-show:2", "2 is no probability"),
        ("honest,watchful,reliable:1", "takes no argument"),
    ],
)
def test_names_that_are_no_bots_are_refused(bots: str, said: str) -> None:
    with pytest.raises(ParleyError, match=said):
        cast(PROBLEMS[USUAL], bots.split(","))
