"""Where an experiment's randomness comes from: one stream for every place, by name and not by turn.

A stream is named by the experiment's seed and by where it is used (cell, generation, purpose), so that it
gives the same numbers whoever asks, when, and on how many workers. What a game draws by itself (secrets,
salt, the bots' dice) comes from its player's seed and the game's number, as in every simulation.
"""

from enum import IntEnum
from random import Random

import numpy as np

__all__ = ["Purpose", "dice", "player_seed", "stream"]


class Purpose(IntEnum):
    """What a stream is for."""

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
    purpose : Purpose
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
    """Name the games of a cell: what their secrets are made from, together with a game's number.

    Examples
    --------
    >>> player_seed(1, 0) == player_seed(1, 0), player_seed(1, 0) == player_seed(1, 1)
    (True, False)
    """
    return int(_sequence(seed, Purpose.GAMES, (cell,)).generate_state(1, np.uint64)[0])


def dice(seed: int, purpose: Purpose, *path: int) -> Random:
    """A stream for bots, who throw the dice of the standard library."""
    words = _sequence(seed, purpose, path).generate_state(4, np.uint64)
    return Random(words.tobytes())
