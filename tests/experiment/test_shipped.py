"""The shipped experiments: what docs/studies/experiments says of them follows from theory, and holds in play.

Each is played here in a smaller version, on the EVM. A claim of a page is a measurement whose law theory
knows, and so with a known standard deviation: none may be off by five of them, which a true one is once in
1.7 million times (of some six hundred claims altogether: in one of three thousand runs with other seeds).
"""

import doctest
import re
import shutil
import tomllib
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from statistics import NormalDist
from types import ModuleType

import numpy as np
import pytest

from parley.chain.compiler import project_root
from parley.core.errors import ParleyError
from parley.kit.experiment.run import run_experiment
from parley.kit.experiment.sweep import Sweep
from parley.mechanisms.coordination.axioms.manipulation import manipulations
from parley.mechanisms.coordination.axioms.triple import recognition_of
from parley.mechanisms.coordination.bargaining import default_costs
from parley.mechanisms.coordination.experiment.specification import (
    AdaptationKeys,
    Experiment,
    ExperimentKeys,
    PopulationKeys,
    SweepKeys,
    load_experiment,
)
from parley.mechanisms.coordination.experiment.strategies import known_strategies
from parley.mechanisms.coordination.experiment.tables import SCHEMAS
from parley.mechanisms.coordination.problem import Problem, example_1
from scripts import experiments
from scripts.shipped import collusion, laws, learning, patience, scale, withholding
from scripts.shipped.common import Claim, Page, Played, draw, read
from scripts.shipped.laws import Way

ROOT = project_root()
DOCS = ROOT / "docs" / "studies" / "experiments"
INDEX = (ROOT / "docs" / "reference" / "experiments.md").read_text(encoding="utf-8")
FARTHEST = 5
"""Standard deviations."""
CONFIDENT = NormalDist().inv_cdf(0.9999)

SMALLER: dict[str, dict[str, str]] = {
    "greed": {"seeds": "[1]", "generations": "4", "games": "100"},
    "patience": {"generations": "1", "games": "150"},
    "collusion": {"generations": "1", "games": "192"},
    "learning": {"seeds": "[1, 2]", "generations": "12", "games": "40", "members": "4"},
    "withholding": {"generations": "2", "games": "300"},
    "scale": {"agents": "[2, 8, 16]", "draws": "3", "games": "12"},
}
"""What is changed, by key, wherever it stands at the beginning of a line; of several, the last."""


def text_of(name: str) -> str:
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def flat(text: str) -> str:
    """A text whose lines are broken nowhere."""
    return " ".join(text.split())


def smaller(name: str, folder: Path) -> Path:
    """A smaller version of a shipped experiment, with all that it names beside it."""
    for part in ("problems", "examples"):
        shutil.copytree(ROOT / part, folder / part)
    file = folder / "problems" / "experiments" / f"{name}.toml"
    text = file.read_text(encoding="utf-8")
    for key, value in SMALLER[name].items():
        *_, last = re.finditer(rf"^{key} = .*$", text, flags=re.MULTILINE)
        text = f"{text[: last.start()]}{key} = {value}{text[last.end() :]}"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Experiment, Path, Page]]:
    """Plays the smaller version of an experiment, once."""

    @lru_cache
    def play(name: str) -> tuple[Experiment, Path, Page]:
        folder = tmp_path_factory.mktemp(name)
        file = smaller(name, folder)
        run = run_experiment(file, out=folder / "run")
        assert run.manifest["complete"]
        assert run.manifest["engine"] == "evm"
        assert run.summary["cross_check"]["identical"]
        return load_experiment(file), folder / "run", experiments.measure(name, folder / "run", file)

    return play


Playing = Callable[[str], tuple[Experiment, Path, Page]]


def claims_of(page: Page, *parts: str) -> list[Claim]:
    found = [claim for claim in page.claims if all(part in claim.name for part in parts)]
    assert found
    return found


# ── files and pages ─────────────────────────────────────────────────────────────────────────────────────────


def test_each_shipped_file_has_a_page_and_each_page_a_file() -> None:
    # `rules` is a sweep, and an example in docs/reference/experiments.md; `value-loss` is about guarantees.
    others = {"rules", "value-loss"}
    files = {path.stem for path in (ROOT / "problems" / "experiments").glob("*.toml")} - others
    assert files == set(experiments.NAMES) == {path.stem for path in DOCS.glob("*.md")}
    assert files == {path.stem.removeprefix("experiment-") for path in figures()}


def figures() -> list[Path]:
    return sorted((ROOT / "docs" / "images").glob("experiment-*.svg"))


@pytest.mark.parametrize("name", experiments.NAMES)
def test_each_shipped_experiment_can_be_loaded_and_is_played_on_the_evm(name: str) -> None:
    experiment = load_experiment(ROOT / "problems" / "experiments" / f"{name}.toml")
    assert experiment.keys.engine == "evm"
    assert experiment.keys.question.endswith("?")
    assert f"{experiment.games:,} games" in flat(text_of(name))


@pytest.mark.parametrize("name", experiments.NAMES)
def test_each_page_has_question_commands_figure_and_limits(name: str) -> None:
    text = text_of(name)
    file, folder = f"problems/experiments/{name}.toml", f"build/experiments/{name}"
    assert "**The question.**" in text
    assert f".venv/bin/parley experiment {file} --workers 2 --out {folder}\n" in text
    assert f".venv/bin/parley report {folder}\n" in text
    assert f"](../../images/experiment-{name}.svg)" in text
    assert "## What theory says" in text
    assert "## What this shows, and what it does not" in text
    assert (ROOT / "docs" / "images" / f"experiment-{name}.svg").stat().st_size < 80_000


@pytest.mark.parametrize("name", experiments.NAMES)
def test_tables_of_the_page_have_the_columns_that_the_script_prints(played: Playing, name: str) -> None:
    # The figures in them: test_pages_say_what_the_script_prints.
    heads = re.findall(r"^(\| .* \|)\n\| --- ", text_of(name), flags=re.MULTILINE)
    printed = [table.splitlines()[0] for table in played(name)[2].tables]
    assert [head for head in heads if head in printed] == printed


@pytest.mark.deep
@pytest.mark.parametrize("name", experiments.NAMES)
def test_pages_say_what_the_script_prints(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert experiments.run([name, "--workers", "2", "--out", str(tmp_path), "--figures", str(tmp_path)]) == 0
    page = experiments.measure(name, tmp_path / name)
    text, printed = text_of(name), capsys.readouterr().out
    for table in page.tables:
        assert table in text
        assert table in printed
    worst = max(abs(claim.z) for claim in page.claims)
    assert worst < FARTHEST
    assert f"{len(page.claims)} measurements" in flat(text)
    assert f"{worst:.1f} standard deviations" in flat(text)
    kept = (ROOT / "docs" / "images" / f"experiment-{name}.svg").read_text(encoding="utf-8")
    assert (tmp_path / f"experiment-{name}.svg").read_text(encoding="utf-8") == kept


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["other"], "no experiment other; there are greed,"), (["--workers", "0"], "--workers: at least 1")],
)
def test_what_the_script_does_not_know_is_refused(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        experiments.run(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_a_folder_of_something_else_is_refused_by_the_script(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "patience").mkdir()
    (tmp_path / "patience" / "letter.txt").write_text("Dear", encoding="utf-8")
    assert experiments.run(["patience", "--out", str(tmp_path)]) == 2
    assert "is not empty and contains no Parley results" in capsys.readouterr().err


@pytest.mark.parametrize("module", [laws, patience, scale, withholding])
def test_examples_in_docstrings_of_the_pages_theory_are_right(module: ModuleType) -> None:
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0


# ── what the index says ─────────────────────────────────────────────────────────────────────────────────────


def test_the_index_names_every_page_key_strategy_and_table() -> None:
    text = INDEX
    for name in experiments.NAMES:
        assert f"](../studies/experiments/{name}.md)" in text
    for model in (ExperimentKeys, AdaptationKeys, PopulationKeys, SweepKeys):
        for key in model.model_fields.keys() - {"kind"}:
            assert f"`{key}`" in text or f"`[{key}]`" in text, key
    for name in known_strategies():
        assert re.search(rf"`{name}\b", text), name
    for table in (*SCHEMAS, "cells"):
        assert f"`{table}.parquet`" in text


def test_the_files_in_the_index_work_as_they_stand(tmp_path: Path) -> None:
    sweep, whole, family = re.findall(r"```toml\n(.*?)```", INDEX, flags=re.DOTALL)
    file = ROOT / "problems" / "experiments" / "greed.toml"
    assert len(Sweep(tomllib.loads(sweep), str(file)).cells) == 8
    tried = Experiment(tomllib.loads(whole), str(file))
    assert len(tried.cells) == 8
    head = 'kind = "experiment"\ntitle = "Family"\ngames = 1\n\n'
    drawn = Experiment(tomllib.loads(head + family), str(file))
    assert len(drawn.cells) == 10
    shutil.copytree(ROOT / "problems" / "experiments" / "problems", tmp_path / "problems")
    (tmp_path / "try.toml").write_text(re.sub(r"games = \d+", "games = 2", whole), encoding="utf-8")
    run = run_experiment(tmp_path / "try.toml", out=tmp_path / "run")
    assert run.manifest["games"] == 2 * 5 * 8
    written = {path.name for path in (tmp_path / "run").iterdir()}
    assert written == set(re.findall(r"^\| `(\w+\.(?:parquet|json))` \|", INDEX, re.MULTILINE))


# ── what theory says ────────────────────────────────────────────────────────────────────────────────────────


def with_patience(delta: Fraction) -> Problem:
    problem = example_1()
    return Problem(problem.contracted, problem.capacity, problem.costs, delta, problem.recognition)


@pytest.mark.parametrize("delta", [Fraction(0), Fraction(1, 3), Fraction(9, 10), Fraction(999, 1000)])
def test_patience_changes_nobodys_expected_cost_nor_a_lone_stubborn_agents(delta: Fraction) -> None:
    problem = with_patience(delta)
    usual = patience.bargained(with_patience(Fraction(0)), ())
    assert patience.bargained(problem, ()).costs == usual.costs
    for k in range(problem.agents):
        alone = patience.bargained(problem, [k])
        assert alone.costs[k] == usual.costs[k]
        assert all(c >= u for c, u in zip(alone.costs, usual.costs, strict=True))
        for j in range(problem.agents):
            if j != k:
                both = patience.bargained(problem, [j, k])
                assert both.costs == default_costs(problem)
                assert both.broken_down == 1
                assert both.rounds == 1 / (1 - delta)
                # Stubbornness is weakly dominated.
                assert both.costs[j] >= alone.costs[j]


def test_the_pair_of_the_page_gains_what_the_page_says() -> None:
    file = ROOT / "problems" / "experiments" / "collusion.toml"
    gains = {}
    for cell in load_experiment(file).cells:
        found = manipulations(cell.problem, recognition_of(cell.problem.recognition))
        assert found.exhaustive
        assert all(entry.gain == 0 for entry in found.singles)
        gains[cell.problem.recognition] = next(e.gain for e in found.pairs if e.agents == (0, 2))
        f = default_costs(cell.problem)
        alone = f[0] + f[2]
        sharing, together = (
            alone - sum(way.probability * (way.costs[0] + way.costs[2]) for way in ways)
            for ways in (collusion.pair_ways(cell.problem, kind) for kind in ("Sharing", "colluding"))
        )
        assert together - sharing == gains[cell.problem.recognition]
        if cell.problem.recognition == "p-star":
            assert (sharing, together) == (Fraction(56, 5), Fraction(468, 25))
    gain = Fraction(188, 25)
    assert gains == {
        "p-star": gain,
        "reordered": gain,
        "equal": 0,
        "contract-proportional": 0,
        "announcement-proportional": 0,
    }


@pytest.mark.parametrize("bond", [1, 10])
def test_what_withholding_costs_is_the_formula_of_the_page(bond: int) -> None:
    file = ROOT / "problems" / "experiments" / "withholding.toml"
    problem = next(cell.problem for cell in load_experiment(file).cells if cell.problem.bond == bond)
    delta, B, n = problem.continuation, problem.bond, problem.agents
    usual = withholding.ways(problem, ["equilibrium"] * n)
    f, gain = default_costs(problem), Fraction(32)

    def mean(ways: list[Way], k: int) -> Fraction:
        assert sum(way.probability for way in ways) == 1
        return sum((way.probability * way.costs[k] for way in ways), Fraction(0))

    for k in range(n):
        p = usual[k].probability
        assert mean(usual, k) == f[k] - p * gain
        late = p * (1 - p) * delta * gain + (1 - p) * B
        expected = {
            "withholder": late,
            "silent:responding": late,
            "silent:announcing": p * gain + B,
            "silent:revealing": p * gain + B,
            "silent:proposing": p * (1 - delta * (1 - p)) * gain + p * B,
        }
        for name, extra in expected.items():
            strategies = ["equilibrium"] * n
            strategies[k] = name
            ways = withholding.ways(problem, strategies)
            assert mean(ways, k) - mean(usual, k) == extra > 0
            assert all(way.costs[k] <= f[k] + B for way in ways)
            assert all(way.costs[j] <= f[j] for way in ways for j in range(n) if j != k)


def test_chance_is_worked_out_as_by_hand() -> None:
    # One task that costs agent 1 four and agent 2 one. Of agent 1's five announcements four let it go.
    problem = Problem.from_mapping(
        {
            "kind": "coordination",
            "contracted": [[1], [0]],
            "capacity": [[1], [1]],
            "costs": [{"type": "quadratic", "quadratic": 4}, {"type": "quadratic", "quadratic": 1}],
            "continuation": "1/2",
            "recognition": "equal",
        }
    )
    assert pytest.approx(2 / 3) == learning.MODEST
    law = learning.untaught(problem, Fraction(3), ["roth-erev", "regret-matching"])
    # Both are modest with 4/9; with 4/9 one is not, and what the other offers fails: 1/2 / (1 - 1/4) = 2/3.
    settled = 4 / 9 + 4 / 9 * 2 / 3
    assert law.announced == pytest.approx(4 / 5)
    assert law.settled == law.saved == pytest.approx(4 / 5 * settled)
    assert law.saved_variance == pytest.approx(law.saved * (1 - law.saved))
    assert law.announced_variance == pytest.approx(4 / 25)


def test_concentration_is_what_all_pairs_of_games_give() -> None:
    p, delta, games = [Fraction(1, 2), Fraction(1, 3), Fraction(1, 6)], Fraction(3, 5), 3
    values = []
    for proposers in np.ndindex(3, 3, 3):
        shares = np.array(
            [[float(delta * q + (1 - delta) * (i == k)) for i, q in enumerate(p)] for k in proposers]
        )
        chance = p[proposers[0]] * p[proposers[1]] * p[proposers[2]]
        values.append((float(chance), scale.together(shares)))
    mean = sum(chance * value for chance, value in values)
    variance = sum(chance * (value - mean) ** 2 for chance, value in values)
    exact = scale.concentration(p, delta, games)
    assert mean == pytest.approx(float(exact.mean))
    assert variance == pytest.approx(float(exact.variance))


# ── what is played ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", experiments.NAMES)
def test_no_claim_of_a_page_is_far_from_theory(played: Playing, name: str) -> None:
    page = played(name)[2]
    assert len(page.claims) >= 6
    for claim in page.claims:
        assert abs(claim.z) < FARTHEST, claim


@pytest.mark.parametrize("name", experiments.NAMES)
@pytest.mark.deep
def test_figures_are_drawn_alike_twice(played: Playing, name: str, tmp_path: Path) -> None:
    experiment, folder, page = played(name)
    draw(page.figure, tmp_path / "one.svg")
    again = experiments.measure(name, folder, Path(experiment.file))
    draw(again.figure, tmp_path / "two.svg")
    assert again.tables == page.tables
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_patience_lengthens_games_and_helps_those_beside_one_stubborn_agent(played: Playing) -> None:
    page = played("patience")[2]
    for claim in claims_of(page, "several stubborn, broken down"):
        assert claim.measured == 1
    for claim in claims_of(page, "nobody stubborn, rounds"):
        assert claim.measured == 1
    least, *_, most = claims_of(page, "one stubborn, the others' savings")
    assert (least.measured, least.theory) == (0, 0)
    assert most.measured - CONFIDENT * most.error > 0.4
    first, *_, last = claims_of(page, "several stubborn, rounds")
    assert last.measured - first.measured > CONFIDENT * last.error


def test_the_pair_gains_under_p_star_and_the_other_pays(played: Playing) -> None:
    page = played("collusion")[2]
    (together,) = claims_of(page, "p-star, announce together: the pair")
    (sharing,) = claims_of(page, "p-star, share their secrets: the pair")
    (picking,) = claims_of(page, "p-star, pick the proposer: the pair")
    for more, less in ((together, sharing), (sharing, picking)):
        assert more.measured - less.measured > CONFIDENT * np.hypot(more.error, less.error)
    paid, kept = (
        claims_of(page, f"p-star, {kind}: agent 2")[0]
        for kind in ("announce together", "share their secrets")
    )
    assert kept.measured - paid.measured > CONFIDENT * np.hypot(kept.error, paid.error)
    assert claims_of(page, "p-star, announce together: all")[0].measured == pytest.approx(52)


def test_agents_that_learn_save_more_than_by_chance(played: Playing) -> None:
    experiment, folder, page = played("learning")
    (chance,) = claims_of(page, "all in the first generation: saved")
    late: list[float] = []
    possible = 32
    for games in read(experiment, folder):
        late += (games.saved[games.generation >= 6] / possible).tolist()
    error = float(np.std(late, ddof=1)) / np.sqrt(len(late))
    assert float(np.mean(late)) - chance.theory > CONFIDENT * error


def test_nobody_on_time_pays_more_than_its_contract_and_nobody_late_gains(played: Playing) -> None:
    experiment, folder, page = played("withholding")
    for claim in claims_of(page, "greatest cost above f(d)"):
        assert claim.measured == 0
    for games in read(experiment, folder):
        for kind in ("withholder", "silent:announcing", "silent:revealing"):
            assert lost_by(games, kind)


def lost_by(games: Played, kind: str) -> bool:
    """Whether, with confidence, agents of a kind pay more on average than those in the same seat on time."""
    odd = games.strategies == kind
    gaps, variance = 0.0, 0.0
    for k in range(games.costs.shape[1]):
        late, usual = (
            games.costs[chosen, k] for chosen in (odd[:, k], games.strategies[:, k] == "equilibrium")
        )
        gaps += late.mean() - usual.mean()
        variance += late.var(ddof=1) / len(late) + usual.var(ddof=1) / len(usual)
    return bool(gaps > CONFIDENT * np.sqrt(variance))


def test_there_is_more_to_save_and_it_is_spread_less_evenly_with_more_agents(played: Playing) -> None:
    page = played("scale")[2]
    for function in ("p-star", "contract-proportional"):
        few, *_, many = claims_of(page, "squared spread", f", {function}:")
        assert many.measured - few.measured > CONFIDENT * np.hypot(few.error, many.error)
    for claim in claims_of(page, ", equal: squared spread"):
        assert abs(claim.measured) < FARTHEST * max(claim.error, 1e-12)


def test_a_strategy_that_shares_secrets_needs_a_partner() -> None:
    file = ROOT / "problems" / "experiments" / "collusion.toml"
    mapping = tomllib.loads(file.read_text(encoding="utf-8"))
    mapping["population"]["seats"][0]["strategies"] = {"../../examples/sharing_secrets.py:Sharing": 1}
    with pytest.raises(ParleyError, match="partner"):
        Experiment(mapping, str(file))
