"""Runs leave the same tables whatever they are played by, and however often they are killed."""

import json
import shutil
import signal
import subprocess
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from parley.core.errors import ParleyError
from parley.core.folders import work_folder
from parley.kit.experiment.run import run_experiment
from parley.mechanisms.coordination.experiment.twins import CellTwin
from tests.experiment.files import EXAMPLE, GREED_PROBLEM, TABLES, bytes_of, rows, written

GENERATION = 20
"""Games of one cell in one generation."""
MIXED: dict[str, Any] = {
    "generations": 6,
    "games": GENERATION,
    "population": {
        "members": 30,
        "strategies": {"equilibrium": "2/5", "greedy": "1/5", "random": "1/5", "roth-erev": "1/5"},
        "seats": [
            {"seat": 3, "strategies": {"regret-matching": 0.5, "stubborn:1/3": 0.25, "win-stay": 0.25}}
        ],
    },
    "adaptation": {"rule": "replicator", "rate": 2, "mutation": "1/10"},
    "sweep": {"recognition": ["p-star", "announcement-proportional"]},
    "seeds": [3],
}
"""A population with something of everything, whose games take all sorts of ways."""


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its tables, played undisturbed."""
    folder = tmp_path_factory.mktemp("mixed")
    run_experiment(written(folder, **MIXED), out=folder / "run")
    return folder


def test_every_number_of_workers_leaves_the_same_bytes(mixed: Path, tmp_path: Path) -> None:
    run_experiment(mixed / "experiment.json", out=tmp_path / "run", workers=2)
    assert bytes_of(tmp_path / "run") == bytes_of(mixed / "run")


def test_another_seed_leaves_other_games(mixed: Path, tmp_path: Path) -> None:
    run_experiment(written(tmp_path, **MIXED | {"seeds": [4], "generations": 1}), out=tmp_path / "run")
    first = [row for row in rows(mixed / "run", "games") if row["generation"] == 0]
    assert first != rows(tmp_path / "run", "games")


@pytest.mark.deep
def test_a_run_that_is_killed_again_and_again_leaves_the_same_bytes(mixed: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    program = (
        "import sys\n"
        "from parley.kit.experiment.run import run_experiment\n"
        "run_experiment(sys.argv[1], out=sys.argv[2], progress=lambda *d: print(*d, flush=True))\n"
    )
    command = [sys.executable, "-c", program, str(mixed / "experiment.json"), str(out)]
    began_at = []
    work = work_folder(out)
    for kill_after in (2 * GENERATION + 5,) * 3:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            counts = [int(process.stdout.readline().split()[0])]
            while counts[-1] - counts[0] < kill_after and counts[-1] < 12 * GENERATION:
                counts.append(int(process.stdout.readline().split()[0]))
            process.send_signal(signal.SIGKILL)
            process.wait()
        began_at.append(counts[0])
        assert not out.exists()
        assert json.loads((work / "manifest.json").read_text(encoding="utf-8"))["complete"] is False
    # Every start goes on where the one before had got to, by whole generations of both cells.
    assert began_at == sorted(began_at)
    assert began_at[0] == 0 < began_at[1] < began_at[2]
    assert all(count % (2 * GENERATION) == 0 for count in began_at)
    done: list[int] = []
    run_experiment(mixed / "experiment.json", out=out, progress=lambda now, _: done.append(now))
    assert done[0] > began_at[-1]
    assert bytes_of(out) == bytes_of(mixed / "run")


def test_parts_that_were_not_finished_are_not_believed(mixed: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"

    class Enough(Exception):  # noqa: N818 - not an error
        pass

    def stop(done: int, _: int) -> None:
        if done >= 5 * GENERATION:
            raise Enough

    with pytest.raises(Enough):
        run_experiment(mixed / "experiment.json", out=out, progress=stop)
    # What a kill in the middle of writing leaves behind.
    assert not out.exists()
    work = work_folder(out)
    (work / "parts" / "0000002.partial").mkdir(exist_ok=True)
    (work / "parts" / "0000002.partial" / "games.parquet").write_bytes(b"half a table")
    (work / "games.partial").write_bytes(b"half a table")
    run_experiment(mixed / "experiment.json", out=out)
    assert bytes_of(out) == bytes_of(mixed / "run")
    assert [file.name for file in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("name", ["games.parquet", "savings.parquet", "cells.parquet", "summary.json"])
@pytest.mark.parametrize("harm", ["cut", "emptied", "deleted", "altered", "moved"])
def test_a_finished_run_whose_files_were_changed_is_not_called_written(
    name: str, harm: str, mixed: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    shutil.copytree(mixed / "run", out)
    file, data = out / name, (out / name).read_bytes()
    if harm == "deleted":
        file.unlink()
    elif harm == "moved":
        shutil.copy(out / "agents.parquet", file)
    else:
        middle = len(data) // 2
        changed = {"cut": data[:-9], "emptied": b""}
        altered = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        file.write_bytes(changed.get(harm, altered))
    with pytest.raises(ParleyError) as refused:
        run_experiment(mixed / "experiment.json", out=out)
    assert str(refused.value).startswith(f"{file}: was changed after the run; use --force")


def test_an_unfinished_run_of_another_experiment_is_removed(tmp_path: Path) -> None:
    asked, there = tmp_path / "asked", tmp_path / "there"
    asked.mkdir()
    there.mkdir()
    file, out = written(asked), there / "run"
    work = work_folder(out)
    work.mkdir()
    (work / "manifest.json").write_text('{"kind": "experiment", "complete": false}', encoding="utf-8")
    (work / "parts").mkdir()
    run_experiment(file, out=out)
    run_experiment(file, out=asked / "undisturbed")
    assert bytes_of(out) == bytes_of(asked / "undisturbed")
    assert [file.name for file in there.iterdir()] == ["run"]


def test_a_complete_run_is_not_played_again(mixed: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in (mixed / "run").iterdir()}
    calls: list[int] = []
    again = run_experiment(
        mixed / "experiment.json", out=mixed / "run", progress=lambda done, _: calls.append(done)
    )
    assert calls == []
    assert again.manifest["complete"]
    assert len(again.summary["cells"]) == 2
    assert {file: file.stat().st_mtime_ns for file in (mixed / "run").iterdir()} == before


def test_a_folder_of_something_else_is_refused_in_one_line(mixed: Path, tmp_path: Path) -> None:
    other = written(tmp_path, **MIXED | {"games": GENERATION + 1})
    told = r"holds another run \('Test' with another experiment\); use --force to replace it"
    with pytest.raises(ParleyError, match=told):
        run_experiment(other, out=mixed / "run")
    full = tmp_path / "full"
    full.mkdir()
    (full / "simulation.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ParleyError, match=r"holds another run \(without run.json\); use --force"):
        run_experiment(other, out=full)
    (full / "run.json").write_text('{"command": "simulate"}', encoding="utf-8")
    with pytest.raises(ParleyError, match=r"holds another run \(of simulate, not experiment\); use --force"):
        run_experiment(other, out=full)
    (full / "simulation.json").replace(full / "manifest.json")
    with pytest.raises(ParleyError, match="is not empty and contains no Parley results"):
        run_experiment(other, out=full, force=True)
    assert {file.name for file in full.iterdir()} == {"manifest.json", "run.json"}
    with pytest.raises(ParleyError, match="cannot be used: "):
        run_experiment(other, out=other / "run")


def test_a_problem_or_strategy_file_that_has_changed_is_noticed(tmp_path: Path) -> None:
    problem, strategy = tmp_path / "problem.toml", tmp_path / "mine.py"
    problem.write_text(Path(EXAMPLE).read_text(encoding="utf-8"), encoding="utf-8")
    strategy.write_text(
        "from parley.mechanisms.coordination.experiment.strategies import Strategy\n"
        "class Mine(Strategy):\n    pass\n",
        encoding="utf-8",
    )
    population = {"strategies": {"mine.py:Mine": 1}}
    file = written(tmp_path, problem={"file": "problem.toml"}, population=population, generations=1)
    run_experiment(file, out=tmp_path / "run")
    strategy.write_text(strategy.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    with pytest.raises(ParleyError, match="'Test' with another strategy file"):
        run_experiment(file, out=tmp_path / "run")
    problem.write_text(problem.read_text(encoding="utf-8").replace("[9, 0", "[8, 0"), encoding="utf-8")
    with pytest.raises(ParleyError, match="with another problem"):
        run_experiment(file, out=tmp_path / "run")


# ── what stands in the tables ───────────────────────────────────────────────────────────────────────────────


def test_the_tables_agree_with_each_other(mixed: Path) -> None:
    out = mixed / "run"
    table = {name: rows(out, name) for name in TABLES}
    assert {len(table["cells"]), len({row["cell"] for row in table["games"]})} == {2}
    games = {(row["cell"], row["generation"], row["game"]): row for row in table["games"]}
    assert len(games) == len(table["games"]) == 2 * 6 * GENERATION
    costs: dict[tuple[int, ...], list[Decimal]] = defaultdict(list)
    by_strategy: dict[tuple[object, ...], list[Decimal]] = defaultdict(list)
    for row in table["agents"]:
        key = row["cell"], row["generation"], row["game"]
        costs[key].append(row["cost_wei"])
        by_strategy[row["cell"], row["generation"], row["seat"], row["strategy"]].append(row["cost_wei"])
    contracted = 127 * 10**9
    for key, row in games.items():
        assert sum(costs[key]) == row["total_cost_wei"] == contracted - row["saved_wei"]
        assert row["possible_wei"] == 38 * 10**9
    for row in table["generations"]:
        paid = by_strategy[row["cell"], row["generation"], row["seat"], row["strategy"]]
        assert len(paid) == row["games"]
        if paid:
            assert row["mean_cost"] == pytest.approx(float(sum(paid) / len(paid)) / 1e9, abs=1e-12)
        assert row["share"] == row["members"] / 30
    for row in table["savings"]:
        here = [g for k, g in games.items() if k[:2] == (row["cell"], row["generation"])]
        assert row["settled"] == sum(g["ending"] == "settled" for g in here)
        saved = float(sum(g["saved_wei"] for g in here))
        assert row["saved_share"] == pytest.approx(saved / 38e9 / GENERATION)


def test_draws_are_those_of_the_rounds_that_took_place(mixed: Path) -> None:
    draws = defaultdict(list)
    for row in rows(mixed / "run", "draws"):
        draws[row["cell"], row["generation"], row["game"]].append(row)
    endings = set()
    for game in rows(mixed / "run", "games"):
        made = draws[game["cell"], game["generation"], game["game"]]
        proposers = [row for row in made if row["kind"] == "proposer"]
        continuations = [row for row in made if row["kind"] == "continuation"]
        assert [row["round"] for row in proposers] == list(range(1, game["rounds"] + 1))
        assert (proposers[0]["seat"] if proposers else -1) == game["proposer"]
        if game["ending"] == "settled" or not game["rounds"]:
            assert [row["continued"] for row in continuations] == [True] * max(0, game["rounds"] - 1)
        else:
            assert [row["continued"] for row in continuations] == [True] * (game["rounds"] - 1) + [False]
        assert all(row["probability"] == 0.9 and row["seat"] == -1 for row in continuations)
        endings.add((game["ending"], min(game["rounds"], 2)))
    # Everything that can happen has happened, so that something was tested.
    assert {("settled", 1), ("settled", 2), ("broken down", 1), ("broken down", 2)} <= endings


def test_draws_follow_their_probabilities_and_costs_proposition_1(tmp_path: Path) -> None:
    population = {"members": 20, "strategies": {"equilibrium": 0.5, "greedy": 0.5}}
    file = written(
        tmp_path, games=600, generations=2, population=population, sweep={"recognition": ["equal"]}
    )
    run = run_experiment(file, out=tmp_path / "run")
    (cell,) = run.summary["cells"]
    assert cell["proposer"]["p_value"] > 1e-6
    assert cell["proposer"]["tested"] == sum(cell["proposer"]["counts"]) == cell["settled"]
    assert all(abs(agent["z"]) < 4.5 for agent in cell["agents"])
    assert cell["settled"] + cell["broken_down"] == cell["games"] == 1200


def test_games_come_out_the_same_on_the_reference_evm(mixed: Path) -> None:
    check = json.loads((mixed / "run" / "summary.json").read_text(encoding="utf-8"))["cross_check"]
    assert check["identical"], check["differences"]
    assert (check["evm"], check["games"]) == ("py-evm", 2)
    assert set(check["gas"]["by_function"]) >= {"create", "join", "announce", "reveal"}
    assert check["gas"]["per_game"] > 10**6


def test_everybody_plays_as_often_as_everybody_else(tmp_path: Path) -> None:
    run_experiment(written(tmp_path, games=25, population={"members": 10}), out=tmp_path / "run")
    played: dict[tuple[int, int, int], int] = defaultdict(int)
    for row in rows(tmp_path / "run", "agents"):
        played[row["generation"], row["seat"], row["member"]] += 1
    assert sorted(played.values()) == [2] * 50 + [3] * 50


def test_money_beyond_64_bits_is_kept_to_the_wei(tmp_path: Path) -> None:
    text = Path(EXAMPLE).read_text(encoding="utf-8")
    (tmp_path / "dear.toml").write_text(f"wei_per_cost = {10**24}\n{text}", encoding="utf-8")
    run_experiment(written(tmp_path, problem={"file": "dear.toml"}), out=tmp_path / "run")
    totals = {row["total_cost_wei"] for row in rows(tmp_path / "run", "games")}
    assert totals == {Decimal(89 * 10**24)}


# ── learning, twins, scale ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.deep
def test_members_that_learn_keep_what_they_have_learnt(tmp_path: Path) -> None:
    """Agents that reinforce what saves them something end up saving more than at first."""
    file = written(
        tmp_path,
        games=20,
        generations=40,
        problem={"file": GREED_PROBLEM},
        population={"members": 5, "strategies": {"roth-erev": 1}},
    )
    run_experiment(file, out=tmp_path / "run")
    saved = [row["saved_share"] for row in rows(tmp_path / "run", "savings")]
    early, late = saved[:15], saved[-15:]
    # 15 generations of 20 games each; their means' spread is seen in the figures themselves.
    spread = (variance(early) / 15 + variance(late) / 15) ** 0.5
    assert mean(late) - mean(early) > 3 * spread


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def variance(values: list[float]) -> float:
    return sum((value - mean(values)) ** 2 for value in values) / (len(values) - 1)


TWIN: dict[str, Any] = {
    "generations": 4,
    "games": 60,
    "seeds": [5],
    "population": {
        "members": 30,
        "strategies": {"equilibrium": 0.4, "greedy": 0.3, "stubborn:1/5": 0.2, "random": 0.1},
    },
    "adaptation": {"rule": "logit", "rate": 0.5, "temperature": 0.2, "mutation": 0.05},
    "sweep": {"continuation": ["1/2", "9/10"]},
}


def test_the_exact_twin_leaves_the_evms_generations(tmp_path: Path) -> None:
    real = run_experiment(written(tmp_path, **TWIN), out=tmp_path / "evm")
    twin = run_experiment(written(tmp_path, **TWIN, engine="exact", sample=5), out=tmp_path / "exact")
    for table in ("cells", "generations", "savings"):
        assert rows(tmp_path / "exact", table) == rows(tmp_path / "evm", table)
    for one, other in zip(real.summary["cells"], twin.summary["cells"], strict=True):
        for key in ("agents", "settled", "broken_down", "mean_rounds", "saved_share", "std_error"):
            assert one[key] == other[key]
        assert one["proposer"]["counts"] == other["proposer"]["counts"]
    check = twin.summary["cross_check"]["twin"]
    assert check == {"engine": "exact", "games": 2 * 4 * 5, "identical": True, "differences": []}
    sampled = [row for row in rows(tmp_path / "evm", "games") if row["game"] < 5]
    assert rows(tmp_path / "exact", "games") == sampled


def test_a_twin_that_plays_another_game_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play = CellTwin.play
    monkeypatch.setattr(CellTwin, "play", lambda self, order, seed: play(self, order, seed + 1))
    twin = run_experiment(written(tmp_path, **TWIN, engine="exact", sample=5), out=tmp_path / "run")
    assert not twin.summary["cross_check"]["twin"]["identical"]
    assert len(twin.summary["cross_check"]["twin"]["differences"]) == 10


@pytest.mark.deep
def test_the_statistical_twins_costs_are_the_evms_on_average(tmp_path: Path) -> None:
    changed = TWIN | {"games": 1500, "generations": 2}
    run = run_experiment(written(tmp_path, **changed, engine="statistical", sample=150), out=tmp_path / "run")
    check = run.summary["cross_check"]["twin"]
    assert check["games"] == 2 * 2 * 150
    assert check["p_value"] > 1e-5
    assert [cell["games"] for cell in run.summary["cells"]] == [3000, 3000]


@pytest.mark.deep
def test_a_thousand_agents_play_a_hundred_thousand_games_in_flat_memory() -> None:
    program = Path(__file__).parents[2] / "benchmarks" / "population.py"
    told = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=True).stdout
    assert "1,000 agents, 200 generations" in told
    assert "100,000 games" in told
    line = next(line for line in told.splitlines() if line.startswith("memory"))
    quarters = [int(part.split()[0]) for part in line.partition(": ")[2].split(", ")]
    # In the last quarter the tables are joined and the reference machine starts, which takes some 70 MB.
    assert quarters[2] < quarters[0] * 1.1 + 20, quarters
