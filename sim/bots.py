"""What all bots have in common, whatever they play: who sits where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.errors import ParleyError

if TYPE_CHECKING:
    from collections.abc import Sequence


def seated(names: Sequence[str], agents: int) -> list[str]:
    """Names of bots by seat, from one for all seats or one per seat, as the command line takes them.

    Raises
    ------
    ParleyError
        If there are neither one nor as many as there are seats.

    Examples
    --------
    >>> seated(["truthful"], 3)
    ['truthful', 'truthful', 'truthful']
    >>> seated(["truthful", "absent"], 3)
    Traceback (most recent call last):
        ...
    sim.errors.ParleyError: --bots: 2 names for 3 agents (give one for all, or one each)
    """
    if len(names) not in (1, agents):
        raise ParleyError(f"--bots: {len(names)} names for {agents} agents (give one for all, or one each)")
    return list(names) * (agents if len(names) == 1 else 1)
