"""What one game on chain takes, whatever its mechanism.

Theory has no such limits: a problem is held against them only before it is played.
"""

from __future__ import annotations

from parley.core.errors import ProblemError, shorten

MAX_SEATS = 64
"""Agents of one game: a set of seats is one bit each in a word of storage."""
MAX_UINT32 = 2**32 - 1
"""Quantities are packed in 32 bits."""
MAX_WEI = 2**96 - 1
"""Amounts of money are packed in 96 bits."""
MIN_WINDOW, MAX_WINDOW = 60, 30 * 24 * 3600
"""Seconds that agents may have for a step."""
DEFAULT_WINDOW = 3600
"""Seconds that they have if a problem file does not say."""

MAX_WORKERS = 256
"""Processes of one run."""
MAX_GAMES = 10**9
"""Games of one run: at a thousand games a second, twelve days."""
MAX_CONFIRMATIONS = 100_000
"""Blocks to wait after each step: two weeks of Ethereum's, seven hours where four are made in a second."""
MAX_SEED = 2**128 - 1
"""As many as there are draws of 128 bits."""
MAX_SAMPLE = 10**8
"""Runs of a rule, or problems searched: days of work."""


def at_most(key: str, what: str, value: int, most: int) -> None:
    """Check that a game on chain can hold a number.

    Raises
    ------
    ProblemError
        If the number is too large.
    """
    if value > most:
        raise ProblemError(
            "", key, f"{what} {shorten(value)} is above {most}, the limit of one game on chain"
        )


def check_window(seconds: int) -> None:
    """Check that a game on chain can be given so much time for a step.

    Raises
    ------
    ProblemError
        If it is too short or too long.
    """
    if not MIN_WINDOW <= seconds <= MAX_WINDOW:
        reason = f"{seconds} seconds is outside {MIN_WINDOW}..{MAX_WINDOW}, the limits of one game on chain"
        raise ProblemError("", "window", reason)
