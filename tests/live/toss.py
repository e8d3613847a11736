"""The toy coin toss as a mechanism of its own, as a stranger would declare it: no word of a live page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import pyarrow as pa

from parley.core.errors import ProblemError
from parley.kit.bots import seated
from parley.kit.declared import Description
from parley.kit.mechanism import Mechanism
from parley.kit.play.run import play_games
from parley.kit.present.page_model import Sheet
from tests.driver.coin import CONTRACT, Setting, Simulation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Toss:
    """Two who toss for a stake."""

    stake: int
    agents: int = 2
    agent_names: tuple[str, ...] = ("Heads", "Tails")

    def check_playable(self, file: str = "") -> None:
        if self.stake < 1:
            raise ProblemError(file, "stake", f"{self.stake} is not positive")

    def to_mapping(self) -> dict[str, Any]:
        return {"kind": "toss", "stake": self.stake}


@dataclass(frozen=True)
class Run(Simulation):
    """Tosses."""

    holds = True


class CoinToss(Mechanism[Toss, Any, Any, Run]):
    """A toy."""

    kind = "toss"
    about = "for how much two toss a coin"
    contracts = (CONTRACT,)
    descriptions = dict.fromkeys(("solve", "simulate", "audit", "verify"), Description("A toy."))
    bots: ClassVar[Mapping[str, str]] = {"honest": "reveals", "silent": "does not reveal"}
    phases: ClassVar[Mapping[str, bool]] = {}

    def problem(self, mapping: Mapping[str, Any], file: str) -> Toss:  # noqa: ARG002 - a toy
        return Toss(int(mapping["stake"]))

    def setting(self, problem: Toss, bots: Sequence[str], seed: int) -> Setting:
        one, other = seated(bots, 2)
        return Setting((one, other), seed, problem.stake)

    def simulate(self, problem: Toss, record: Any, **play: Any) -> Run:  # noqa: ANN401 - a toy
        setting = self.setting(problem, play.pop("bots", ("honest",)), play.pop("seed", 0))
        rows = None if record is None else lambda rows: record(pa.table({"game": [g for g, _ in rows]}))
        played = play_games(setting, record=rows, **play)
        return Run("revm", setting.seed, list(setting.bots), played.tally, played.cross_check, played.seconds)

    def simulation_sheet(
        self,
        report: Mapping[str, Any],
        problem: Toss,  # noqa: ARG002 - a toy
        name: str,
        folder: Path | None = None,  # noqa: ARG002 - as above
    ) -> Sheet:
        won, lost = report["wins"]
        return Sheet("simulation", name, "Who wins?", findings=[("", f"Heads {won}, tails {lost}.")])

    def _no(self, *_: object, **__: object) -> NoReturn:
        raise NotImplementedError

    solve = audit = verifier = _no


MECHANISM = CoinToss()
