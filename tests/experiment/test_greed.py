"""The greed experiment: greedy announcers take over where announcements are paid for, and not under p*.

Theory says exactly where each population rests (`test_prediction`). Here real and twin populations are held
against it, from the same start: game by game and generation by generation by tests whose variances are known,
and where they end up by confidence intervals over independent populations.
"""

import json
from collections import defaultdict
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import t as student

from parley.kit.experiment.run import ExperimentRun, run_experiment
from parley.mechanisms.coordination.experiment.dynamics import Adaptation, mean_field
from parley.mechanisms.coordination.experiment.specification import load_experiment
from tests.experiment.files import GREED, rows

pytestmark = pytest.mark.deep

CONFIDENCE = 0.999
SETTLED = 60
"""The generation from which the populations are taken to be where they stay."""
FAIR = 62 / 5
"""A fair share of the possible savings."""
ANNOUNCED, P_STAR = "announcement-proportional", "p-star"


def played(folder: Path, **changed: object) -> ExperimentRun:
    """Play the shipped experiment with some keys changed."""
    mapping = load_experiment(GREED).to_mapping() | changed
    mapping["problem"] = {"file": str(GREED.parent / mapping["problem"]["file"])}
    folder.mkdir(exist_ok=True)
    (folder / "greed.json").write_text(json.dumps(mapping), encoding="utf-8")
    return run_experiment(folder / "greed.json", out=folder / "run")


@pytest.fixture(scope="module")
def populations(tmp_path_factory: pytest.TempPathFactory) -> ExperimentRun:
    """Nine populations under each function, on the exact twin, with some of their games on the EVM."""
    return played(tmp_path_factory.mktemp("greed"), seeds=list(range(1, 10)), engine="exact", sample=1)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> ExperimentRun:
    """One smaller population under each function, every game on the EVM."""
    population = {
        "members": 40,
        "strategies": {"equilibrium": 0.8, "greedy": 0.2},
        "seats": [{"seat": 4, "strategies": {"equilibrium": 1}}],
    }
    folder = tmp_path_factory.mktemp("real")
    return played(folder, seeds=[1], games=40, population=population)


def saved_in_the_end(run: ExperimentRun, recognition: str) -> list[float]:
    """Mean savings of each population once it has settled, as shares of the possible ones."""
    cells = {row["cell"] for row in rows(run.folder, "cells") if row["recognition"] == recognition}
    late: dict[int, list[float]] = defaultdict(list)
    for row in rows(run.folder, "savings"):
        if row["cell"] in cells and row["generation"] >= SETTLED:
            late[row["cell"]].append(row["saved_share"])
    return [float(np.mean(shares)) for _, shares in sorted(late.items())]


def predicted(run: ExperimentRun, recognition: str) -> dict[str, Any]:
    """Where theory says that populations rest."""
    found: dict[str, Any] = next(
        cell["prediction"]["rest"] for cell in run.summary["cells"] if cell["recognition"] == recognition
    )
    return found


def interval(values: list[float]) -> tuple[float, float]:
    """Confidence interval of the mean of independent values."""
    half = student.ppf((1 + CONFIDENCE) / 2, len(values) - 1) * np.std(values, ddof=1) / sqrt(len(values))
    return float(np.mean(values) - half), float(np.mean(values) + half)


def test_both_populations_start_alike(populations: ExperimentRun) -> None:
    starts = {
        (row["seat"], row["strategy"]): row["members"]
        for row in rows(populations.folder, "generations")
        if row["generation"] == 0
    }
    assert starts == {(i, s): n for i in range(4) for s, n in (("equilibrium", 80), ("greedy", 20))} | {
        (4, "equilibrium"): 100
    }


@pytest.mark.parametrize(("recognition", "at"), [(ANNOUNCED, 0.4505), (P_STAR, 0.9895)])
def test_savings_end_up_where_theory_says(populations: ExperimentRun, recognition: str, at: float) -> None:
    rest = predicted(populations, recognition)
    assert rest["stable"]
    assert rest["saved_share"] == pytest.approx(at, abs=5e-5)
    low, high = interval(saved_in_the_end(populations, recognition))
    assert low <= rest["saved_share"] <= high
    assert high - low < 0.02


def test_savings_fall_by_the_amount_that_theory_predicts(populations: ExperimentRun) -> None:
    fallen = [
        kept - left
        for kept, left in zip(
            saved_in_the_end(populations, P_STAR), saved_in_the_end(populations, ANNOUNCED), strict=True
        )
    ]
    low, high = interval(fallen)
    expected = (
        predicted(populations, P_STAR)["saved_share"] - predicted(populations, ANNOUNCED)["saved_share"]
    )
    assert expected == pytest.approx(0.539, abs=5e-4)
    assert low <= expected <= high


def test_greed_takes_over_three_seats_and_none_under_p_star(populations: ExperimentRun) -> None:
    recognition = {row["cell"]: row["recognition"] for row in rows(populations.folder, "cells")}
    shares: dict[tuple[str, int], list[float]] = defaultdict(list)
    for row in rows(populations.folder, "generations"):
        if row["generation"] >= SETTLED and row["strategy"] == "greedy":
            shares[recognition[row["cell"]], row["seat"]].append(row["share"])
    ends = {key: float(np.mean(values)) for key, values in shares.items()}
    for seat, most_are in enumerate((False, True, True, True)):
        assert (ends[ANNOUNCED, seat] > 0.95) == most_are
        assert ends[P_STAR, seat] < 0.1
    for name in (ANNOUNCED, P_STAR):
        rest = predicted(populations, name)["shares"]
        for seat in range(4):
            assert ends[name, seat] == pytest.approx(rest[seat]["greedy"], abs=0.02)


def test_the_twins_games_are_the_evms(populations: ExperimentRun) -> None:
    check = populations.summary["cross_check"]["twin"]
    assert check["games"] == 2 * 9 * 100
    assert check["identical"], check["differences"]


def test_on_the_evm_too_greed_takes_over_in_one_population_and_not_in_the_other(real: ExperimentRun) -> None:
    assert real.manifest["engine"] == "evm"
    (announced,), (p_star,) = (saved_in_the_end(real, name) for name in (ANNOUNCED, P_STAR))
    # Forty generations of 40 games: single populations stray this far from the rest point in no twin's run.
    assert announced == pytest.approx(predicted(real, ANNOUNCED)["saved_share"], abs=0.05)
    assert p_star == pytest.approx(predicted(real, P_STAR)["saved_share"], abs=0.05)


def test_on_the_evm_costs_are_proposition_1s(real: ExperimentRun) -> None:
    for cell in real.summary["cells"]:
        assert all(abs(agent["z"]) < 4.5 for agent in cell["agents"])
        assert cell["proposer"]["p_value"] > 1e-6


def test_members_switch_with_the_probabilities_that_the_costs_they_see_give(real: ExperimentRun) -> None:
    """Given shares and mean costs, each member's next strategy is a draw with known probabilities."""
    how = Adaptation("replicator", 4.0, mutation=0.01)
    seen: dict[tuple[int, int, int], dict[str, dict[str, Any]]] = defaultdict(dict)
    for row in rows(real.folder, "generations"):
        seen[row["cell"], row["seat"], row["generation"]][row["strategy"]] = row
    deviation = information = 0.0
    for (cell, seat, generation), now in seen.items():
        following = seen.get((cell, seat, generation + 1))
        if following is None or seat == 4:
            continue
        shares = np.array([now[name]["share"] for name in ("equilibrium", "greedy")])
        costs = np.array(
            [
                np.nan if (cost := now[name]["mean_cost"]) is None else cost / FAIR
                for name in ("equilibrium", "greedy")
            ]
        )
        expected = mean_field(shares, costs, how)[1]
        # Members of one strategy switch alike; the variance of all is at most the binomial's.
        deviation += 40 * (following["greedy"]["share"] - expected)
        information += 40 * expected * (1 - expected)
    assert information > 100
    assert abs(deviation) < 4.5 * sqrt(information)


def test_the_shipped_experiment_says_so_on_the_evm(tmp_path: Path) -> None:
    run = run_experiment(GREED, out=tmp_path / "run", workers=2)
    assert run.manifest["games"] == 80_000
    for name in (ANNOUNCED, P_STAR):
        low, high = interval(saved_in_the_end(run, name))
        assert low <= predicted(run, name)["saved_share"] <= high
