"""Random streams of an experiment, one for each use.

A stream depends on the experiment's seed and its use (cell, generation, purpose), and not on the number of
workers. Secrets, salts and random choices of bots in a game depend on the player's seed and the game's
number, as in every simulation.
"""

from enum import IntEnum
from random import Random

import numpy as np

__all__ = ["Purpose", "dice", "player_seed", "stream"]


class Purpose(IntEnum):
    """Purpose of a stream."""

    GAMES = 0
    MATCHING = 1
    REVISION = 2
    LEARNING = 3
    FAMILY = 4


def _sequence(seed: int, purpose: Purpose, path: tuple[int, ...]) -> np.random.SeedSequence:
    return np.random.SeedSequence(seed, spawn_key=(int(purpose), *path))


def stream(seed: int, purpose: Purpose, *path: int) -> np.random.Generator:
    """Open the stream of a place.

    Parameters
    ----------
    seed : int
        Not negative.
    *path : int
        Cell, generation and so on; not negative.

    Examples
    --------
    >>> one, same, other = (stream(1, Purpose.MATCHING, 0, g).integers(1000) for g in (5, 5, 6))
    >>> bool(one == same), bool(one == other)
    (True, False)
    """
    return np.random.default_rng(_sequence(seed, purpose, path))


def player_seed(seed: int, cell: int) -> int:
    """Return the seed of a cell's games.

    Examples
    --------
    >>> player_seed(1, 0) == player_seed(1, 0), player_seed(1, 0) == player_seed(1, 1)
    (True, False)
    """
    return int(_sequence(seed, Purpose.GAMES, (cell,)).generate_state(1, np.uint64)[0])


def dice(seed: int, purpose: Purpose, *path: int) -> Random:
    """Return a stream for bots, as the standard library's `Random`."""
    words = _sequence(seed, purpose, path).generate_state(4, np.uint64)
    return Random(words.tobytes())
