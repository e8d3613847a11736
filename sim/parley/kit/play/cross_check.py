"""The cross-check: some games replayed on another backend, and their gas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parley.chain.evm import Name
    from parley.core.files import JsonObject

__all__ = ["CrossCheck", "gas_figures"]


@dataclass(frozen=True)
class CrossCheck:
    """Games that were replayed on another backend.

    Attributes
    ----------
    games : list of int
        Numbers of the replayed games.
    paths : dict of str to int
        Number of replayed games by path.
    differences : list of str
        Empty if every return value, event and balance is the same.
    gas : dict of str to list of int
        Gas of each call by function, on the backend with exact gas.
    gas_games : int
        Number of games with known gas.
    """

    evm: Name
    games: list[int]
    paths: dict[str, int]
    differences: list[str]
    gas: dict[str, list[int]]
    gas_evm: str
    gas_games: int

    @property
    def identical(self) -> bool:
        """Whether nothing differed."""
        return not self.differences

    def to_json(self) -> JsonObject:
        """Return plain values, without the gas."""
        return {
            "evm": self.evm,
            "games": len(self.games),
            "numbers": self.games,
            "paths": self.paths,
            "identical": self.identical,
            "differences": self.differences,
        }

    def gas_json(self) -> JsonObject:
        """Return the gas as plain values."""
        return {"evm": self.gas_evm, "games": self.gas_games, **gas_figures(self.gas, self.gas_games)}


def gas_figures(gas: Mapping[str, Sequence[int]], games: int) -> JsonObject:
    """Return the mean gas of a game, and the gas by function.

    Parameters
    ----------
    gas : mapping of str to sequence of int
        Gas of each call by function.

    Examples
    --------
    >>> gas_figures({"create": [30, 50], "toss": [20, 20]}, games=2)["per_game"]
    60.0
    """
    return {
        "per_game": sum(map(sum, gas.values())) / games,
        "by_function": {
            name: {"calls": len(used), "min": min(used), "mean": sum(used) / len(used), "max": max(used)}
            for name, used in gas.items()
        },
    }
