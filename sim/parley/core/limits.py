"""Limits of one game on chain, for all mechanisms; theory has no such limits."""

from __future__ import annotations

from parley.core.errors import ProblemError, shorten

MAX_SEATS = 64
"""Agents of one game; a set of seats has one bit for each in a word of storage."""
MAX_UINT32 = 2**32 - 1
"""Quantities are packed in 32 bits."""
MAX_WEI = 2**96 - 1
"""Amounts of money are packed in 96 bits."""
MIN_WINDOW, MAX_WINDOW = 60, 30 * 24 * 3600
"""Bounds of the window, in seconds."""
DEFAULT_WINDOW = 3600
"""Window if the problem file has none, in seconds."""

MAX_WORKERS = 256
"""Processes of one run."""
MAX_GAMES = 10**9
"""Games of one run; twelve days at a thousand games per second."""
MAX_CONFIRMATIONS = 100_000
"""Blocks to wait after each step; two weeks on Ethereum."""
MAX_SEED = 2**128 - 1
"""Seeds have 128 bits."""
MAX_SAMPLE = 10**8
"""Sampled runs of a rule, or searched problems; days of work."""


def at_most(key: str, what: str, value: int, most: int) -> None:
    """Check a number against a limit of one game on chain; raises `ProblemError`."""
    if value > most:
        raise ProblemError(
            "", key, f"{what} {shorten(value)} is above {most}, the limit of one game on chain"
        )
