"""The statistical twin: the same rules with ordinary random numbers, thousands of times as fast.

Games of a :class:`StatisticalTwin` have the same distribution as those on chain: bots decide alike, and every
draw has exactly the contract's probability. Nothing is hashed, and game k differs from the chain's game k.
"""

from collections.abc import Sequence
from hashlib import shake_256

import numpy as np
from numpy.typing import ArrayLike, NDArray

from parley.mechanisms.coordination.problem import Problem
from parley.mechanisms.coordination.twins.games import AnyTwin, Games
from parley.mechanisms.coordination.twins.in_python import Luck
from parley.mechanisms.coordination.twins.tables import Results, Strategy, Tables

__all__ = ["StatisticalTwin"]


class StatisticalTwin(AnyTwin):
    """Games with the distribution of the contract's games.

    Parameters
    ----------
    strategies : sequence of str or callable
        See `parley.mechanisms.coordination.twins.exact.Twin`. Strategies that read others' secrets are not
        possible: there are none.

    Raises
    ------
    ParleyError
        If a name is unknown, or the contract cannot hold the problem.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> tally = StatisticalTwin(example_1(), ["equilibrium"]).tally(seed=1, first=0, games=7000)
    >>> tally.games, abs(tally.sums("proposer")[0] - 3000) < 4 * (7000 * 3 / 7 * 4 / 7) ** 0.5
    (7000, True)
    """

    def __init__(self, problem: Problem, strategies: Sequence[Strategy]) -> None:
        super().__init__(problem, strategies, bytes(32))

    def play(self, seed: int, first: int, games: int, seats: ArrayLike | None = None) -> Games:
        """Play games `first` to `first + games − 1` of a run; parameters and errors as `Twin.play`."""
        return self._play(seed, first, games, seats, transcripts=False)

    def _run(
        self, tables: Tables, seed: int, first: int, lineups: NDArray[np.int32], results: Results
    ) -> None:
        from parley.mechanisms.coordination.twins.philox import play_games  # noqa: PLC0415 - numba takes a second to load

        key = np.frombuffer(shake_256(b"parley:statistical:%d" % seed).digest(8), dtype="<u4")
        play_games(tables, key.astype(np.uint64), first, lineups, results)

    def _source(self, seed: int, game: int, *, transcripts: bool) -> Luck:  # noqa: ARG002 - there are none
        return Luck(seed, game, self.problem.agents)
