"""Games that were played again on another machine: whether they came out the same, and what gas they used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parley.chain.evm import Name

__all__ = ["CrossCheck", "gas_figures"]


@dataclass(frozen=True)
class CrossCheck:
    """The same games on the other EVM.

    Attributes
    ----------
    evm : str
        The other one.
    games : list of int
        Numbers of the games that were replayed.
    paths : dict of str to int
        How many of each kind of path.
    differences : list of str
        Empty if every transaction had the same return value and events, every account the same balance.
    gas : dict of str to list of int
        Gas used on the EVM that accounts for it exactly, by function.
    gas_evm : str
        That EVM.
    gas_games : int
        In how many games.
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

    def to_json(self) -> dict[str, Any]:
        """Give it as plain values, but for the gas."""
        return {
            "evm": self.evm,
            "games": len(self.games),
            "numbers": self.games,
            "paths": self.paths,
            "identical": self.identical,
            "differences": self.differences,
        }

    def gas_json(self) -> dict[str, Any]:
        """Give what gas was used as plain values."""
        return {"evm": self.gas_evm, "games": self.gas_games, **gas_figures(self.gas, self.gas_games)}


def gas_figures(gas: Mapping[str, Sequence[int]], games: int) -> dict[str, Any]:
    """What games cost on average, and what each function does.

    Parameters
    ----------
    gas : mapping of str to sequence of int
        Gas used by every call in these games, by function.
    games : int

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
