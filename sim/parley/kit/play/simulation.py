"""A finished run of games of any mechanism."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeAlias

from parley.kit.protocols import C, Cast, Ending, Outcome, OutcomeT, P, Problem, S, Solution

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

    from parley.core.files import JsonObject
    from parley.kit.play.cross_check import CrossCheck
    from parley.kit.play.tally import Comparison, Tally

__all__ = ["AnyRun", "Simulation"]


@dataclass(frozen=True)
class Simulation(Generic[P, S, OutcomeT, C]):
    """A finished run, compared with theory.

    Attributes
    ----------
    bots : list of str
        Names, one per role and then one per seat.
    cast : Cast
        The mechanism's objects for these names.
    theory : Solution
        The theory of the problem.
    seconds : float
        Time of play, without compiling and deploying.
    report : callable
        Returns the mechanism's own keys of the JSON.
    """

    kind: str
    endings: Mapping[str, Ending]
    evm: str
    seed: int
    bots: list[str]
    problem: P
    cast: C
    theory: S
    tally: Tally[OutcomeT]
    comparison: Comparison
    cross_check: CrossCheck
    seconds: float
    report: Callable[[Self], Mapping[str, object]] = field(repr=False)

    def agents(self, *means: str) -> list[JsonObject]:
        """Return an entry for each agent: its number, its bot, and its means of these names."""
        return [
            {"agent": i, "bot": bot}
            | {
                key: value
                for name in means
                for key, value in self.comparison.means[name][i].to_json(name).items()
            }
            for i, bot in enumerate(self.bots)
        ]

    @property
    def identical(self) -> bool:
        """Whether the cross-check found no difference."""
        return self.cross_check.identical

    @property
    def holds(self) -> bool:
        """Whether no test contradicts theory."""
        return self.comparison.holds

    @property
    def tested(self) -> bool:
        """Whether anything was compared with theory."""
        return self.comparison.tested

    def to_json(self) -> JsonObject:
        """Return the object that `parley simulate --json` prints."""
        tally = self.tally
        settled = sum(
            tally.endings[name] for name, ending in self.endings.items() if ending is Ending.SUCCESS
        )
        return {
            "kind": self.kind,
            "evm": self.evm,
            "games": tally.games,
            "seed": self.seed,
            "endings": {name.replace(" ", "_"): tally.endings[name] for name in self.endings},
            "settled": settled,
            "broken_down": tally.games - settled,
            "expired": tally.endings["expired"],
            "paths": dict(sorted(tally.paths.items())),
            **self.report(self),
            "gas": self.cross_check.gas_json(),
            "transactions": tally.transactions,
            "seconds": self.seconds,
            "games_per_second": tally.games / self.seconds,
            "cross_check": self.cross_check.to_json(),
        }


AnyRun: TypeAlias = Simulation[Problem, Solution, Outcome, Cast]
"""A run of any mechanism."""
