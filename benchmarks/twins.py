"""Games per second of the twins beside the chain's: `.venv/bin/python benchmarks/twins.py`.

All play the paper's example (or the problem given) with the same bots, on one core, and all count the same:
who proposed first, how it ended, what it cost each agent.

- *Parley on revm*: the contract, transaction by transaction.
- *exact twin, transcripts*: the same games, with every commitment, draw and digest hashed.
- *exact twin*: the same games; only what their course depends on is hashed.
- *statistical twin*: other games with the same distribution.

The machine under the program may speed up and slow down, so the contestants take turns and what is compared
is the ratio within each turn; the table shows medians. Every turn first holds the exact twin's games against
the chain's, field by field, and the two ways of the exact twin against each other.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from parley.chain.backends import open_evm
from parley.kit.play.tally import Tally
from parley.mechanisms.coordination.bots import make_bots
from parley.mechanisms.coordination.play import Outcome, Player, deploy_mechanism
from parley.mechanisms.coordination.problem import Problem, load_problem
from parley.mechanisms.coordination.statistics import statistics as counted
from parley.mechanisms.coordination.twins.exact import Twin
from parley.mechanisms.coordination.twins.statistical import StatisticalTwin

SEED = 1
EXAMPLE = Path(__file__).parents[1] / "problems" / "paper-example-1.toml"


def timed(play: Callable[[], Tally[Outcome]], games: int) -> float:
    """Games per second of CPU time: what else runs on the core is not counted."""
    began = time.process_time()
    tally = play()
    seconds = time.process_time() - began
    if tally.games != games:
        raise RuntimeError(f"{tally.games} games were played, not {games}")
    return games / seconds


def chain_games(on: Player, first: int, games: int) -> tuple[list[Outcome], Tally[Outcome]]:
    """Play games on a fresh machine."""
    on.evm.recycle()
    tally = Tally(counted(on.problem))
    outcomes = []
    before = on.transactions
    for k in range(first, first + games):
        outcome = on.play(k)
        tally.add(outcome)
        outcomes.append(outcome)
    tally.transactions = on.transactions - before
    return outcomes, tally


def check(twin: Twin, outcomes: list[Outcome], tally: Tally[Outcome]) -> None:
    """Raise unless the twin's games are the chain's."""
    first, games = outcomes[0].game, len(outcomes)
    played = twin.play(SEED, first, games, transcripts=True)
    if twin.tally(SEED, first, games) != played.tally() or played.tally() != tally:
        raise RuntimeError("the twin counts other games than the chain")
    for i, outcome in enumerate(outcomes):
        told = played.outcome(i)
        same = told._replace(position=outcome.position) == outcome
        if not same or told.position.rows != outcome.position.rows:
            raise RuntimeError(f"game {outcome.game} is not the chain's")


def measure(problem: Problem, names: list[str], turns: int, games: int) -> list[list[float]]:
    """Games per second of each contestant, turn by turn."""
    machine = open_evm("revm")
    bots = make_bots(names, problem.agents)
    on = Player(machine, deploy_mechanism(machine), problem, bots, SEED)
    exact, statistical = Twin(problem, names), StatisticalTwin(problem, names)
    many = games * 100
    # Compiling, and working out positions, happens once.
    exact.play(SEED, 0, 10, transcripts=True)
    statistical.play(SEED, 0, 10)
    chain_games(on, 0, games)
    result = []
    for turn in range(1, turns + 1):
        first = turn * many
        check(exact, *chain_games(on, first, games))
        result.append(
            [
                timed(lambda: chain_games(on, first, games)[1], games),  # noqa: B023 - called at once
                timed(lambda: exact.play(SEED, first, many, transcripts=True).tally(), many),  # noqa: B023
                timed(lambda: exact.tally(SEED, first, many), many),  # noqa: B023
                timed(lambda: statistical.tally(SEED, first, 10 * many), 10 * many),  # noqa: B023
            ]
        )
    return result


def main() -> None:
    """Take turns, print medians and ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("problem", nargs="?", default=EXAMPLE, type=Path, help="a problem file")
    parser.add_argument("--bots", default="equilibrium", help="names, separated by commas")
    parser.add_argument("--turns", type=int, default=9, help="how often everybody plays (default 9)")
    parser.add_argument("--games", type=int, default=500, help="games a turn on revm (default 500)")
    options = parser.parse_args()

    turns = measure(load_problem(options.problem), options.bots.split(","), options.turns, options.games)
    table = Table(title=f"{options.problem.stem}, {options.bots}: medians of {options.turns} turns, one core")
    for column in ("", "games/s", "times revm", "least – most"):
        table.add_column(column, justify="left" if not column else "right")
    names = ("Parley on revm", "exact twin, transcripts", "exact twin", "statistical twin")
    for i, name in enumerate(names):
        ratios = [turn[i] / turn[0] for turn in turns]
        table.add_row(
            name,
            f"{statistics.median(turn[i] for turn in turns):,.0f}",
            f"{statistics.median(ratios):,.0f}",
            f"{min(ratios):,.0f} – {max(ratios):,.0f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
