"""Many games: played, counted, replayed on the other EVM, and compared with theory.

Game k's salt, secrets and random choices come from (seed, k) alone, so that the same seed gives the same
games on either embedded EVM and for any number of worker processes.
"""

import itertools
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from joblib import Parallel, delayed, parallel_config

from sim import exact
from sim.chain.evm import Name, is_url, open_evm
from sim.coordination.bots import make_bots
from sim.coordination.comparison import Comparison, Tally, compare
from sim.coordination.play import FUNCTIONS, Player, Sent, deploy_mechanism
from sim.coordination.problem import Problem
from sim.coordination.solution import Solution, solve
from sim.errors import ParleyError

if TYPE_CHECKING:
    from sim.coordination.on_node import NodeRun

__all__ = ["CrossCheck", "GameRow", "Simulation", "simulate"]

BATCHES: dict[str, int] = {"revm": 500, "py-evm": 50}
"""Games that are played and recorded together, on an EVM started afresh: it forgets nothing."""
NODE_BATCH = 200
"""Games that are recorded together when a node plays them."""
CONNECTING = 10
"""Seconds to wait for a cluster's scheduler, and for its first worker."""
REPORTED = 0.2
"""Seconds between two progress reports."""
REPLAYED = 3
"""Games at least that are replayed on the other EVM, one of every path among them."""

OTHER: dict[str, Name] = {"revm": "py-evm", "py-evm": "revm"}

Progress = Callable[[int], None]
"""Called with the number of games just finished."""


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


@dataclass(frozen=True)
class Simulation:
    """A finished run.

    Attributes
    ----------
    problem : Problem
    solution : Solution
    evm : str
    seed : int
    bots : list of str
        Names, one per seat.
    tally : Tally
    comparison : Comparison
    cross_check : CrossCheck
    seconds : float
        Of play alone, without compiling and deploying.
    """

    problem: Problem
    solution: Solution
    evm: str
    seed: int
    bots: list[str]
    tally: Tally
    comparison: Comparison
    cross_check: CrossCheck
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """The object that `parley simulate --json` prints."""
        tally, comparison, check = self.tally, self.comparison, self.cross_check
        gas = {function: sorted(used) for function, used in check.gas.items()}
        return {
            "kind": "coordination",
            "evm": self.evm,
            "games": tally.games,
            "seed": self.seed,
            "settled": tally.endings["settled"],
            "broken_down": tally.games - tally.endings["settled"],
            "expired": tally.endings["expired"],
            "mean_rounds": tally.rounds / tally.games,
            "paths": dict(sorted(tally.paths.items())),
            "proposer": {
                "counts": tally.proposed,
                "expected": [float(count) for count in comparison.proposer_expected],
                "p_value": comparison.p_value,
            },
            "agents": [
                {
                    "agent": agent.agent,
                    "bot": agent.bot,
                    "mean_cost": float(agent.mean),
                    "std_error": agent.std_error,
                    "expected_cost": exact.show(agent.expected),
                    "z": agent.z,
                }
                for agent in comparison.agents
            ],
            "gas": {
                "evm": check.gas_evm,
                "games": check.gas_games,
                "per_game": sum(map(sum, gas.values())) / check.gas_games,
                "by_function": {
                    function: {
                        "calls": len(used),
                        "min": used[0],
                        "mean": sum(used) / len(used),
                        "max": used[-1],
                    }
                    for function, used in gas.items()
                },
            },
            "transactions": tally.transactions,
            "seconds": self.seconds,
            "games_per_second": tally.games / self.seconds,
            "cross_check": {
                "evm": check.evm,
                "games": len(check.games),
                "numbers": check.games,
                "paths": check.paths,
                "identical": check.identical,
                "differences": check.differences,
            },
        }


def _set_up(evm_name: str, problem: Problem, bots: Sequence[str], seed: int) -> Player:
    """A player on a new EVM with the contracts deployed."""
    evm = open_evm(evm_name)
    return Player(evm, deploy_mechanism(evm), problem, make_bots(bots, problem.agents), seed)


class GameRow(NamedTuple):
    """One game in a table: its number, ending, rounds, first proposer (-1 if none), and costs in wei."""

    game: int
    ending: str
    rounds: int
    proposer: int
    costs: tuple[int, ...]


@dataclass
class Part:
    """What playing a batch of games brought.

    Attributes
    ----------
    tally : Tally
    kept : dict of int to (str, list of Sent)
        Games kept whole, to be replayed elsewhere, with their paths.
    rows : list of GameRow
        One per game if asked for.
    seconds : float
        Of play alone.
    """

    tally: Tally
    kept: dict[int, tuple[str, list[Sent]]] = field(default_factory=dict)
    rows: list[GameRow] = field(default_factory=list)
    seconds: float = 0.0


def _play_batch(
    player: Player, games: range, *, keep_rows: bool, progress: Progress = lambda _: None
) -> Part:
    """Play a batch of games on a fresh machine."""
    player.evm.recycle()
    part = Part(Tally(player.problem.agents))
    add, play = part.tally.add, player.play
    before = player.transactions
    began = reported = time.perf_counter()
    unreported = 0
    for k in games:
        outcome = play(k)
        add(outcome)
        if k < REPLAYED or part.tally.paths[outcome.path] == 1:
            part.kept[k] = outcome.path, player.sent
        if keep_rows:
            part.rows.append(GameRow(k, outcome.ending, outcome.rounds, outcome.proposer, outcome.costs))
        unreported += 1
        if time.perf_counter() - reported > REPORTED:
            progress(unreported)
            unreported = 0
            reported = time.perf_counter()
    part.seconds = time.perf_counter() - began
    progress(unreported)
    part.tally.transactions = player.transactions - before
    return part


@dataclass(frozen=True)
class _Job:
    """A run, as worker processes are told of it."""

    number: int
    evm_name: str
    problem: Problem
    bots: Sequence[str]
    seed: int
    keep_rows: bool


_job_numbers = itertools.count()
_player_of: dict[tuple[int, int], Player] = {}
"""In a worker, the player of the job under way, by the parent process and its number for the job."""


def _play_for(parent: int, job: _Job, games: range) -> Part:
    """Play a batch in a worker process, with the player that played the batch before."""
    key = parent, job.number
    if key not in _player_of:
        _player_of.clear()
        _player_of[key] = _set_up(job.evm_name, job.problem, job.bots, job.seed)
    return _play_batch(_player_of[key], games, keep_rows=job.keep_rows)


def _parts(job: _Job, games: int, workers: int, cluster: str | None, progress: Progress) -> Iterable[Part]:
    """Play all games, in this process or spread over several; parts come in the order of their games."""
    size = BATCHES[job.evm_name]
    batches = (range(start, min(start + size, games)) for start in range(0, games, size))
    if workers == 1 and cluster is None:
        player = _set_up(job.evm_name, job.problem, job.bots, job.seed)
        for batch in batches:
            yield _play_batch(player, batch, keep_rows=job.keep_rows, progress=progress)
    else:
        calls = (delayed(_play_for)(os.getpid(), job, batch) for batch in batches)
        with _on(cluster):
            jobs = workers if cluster is None else -1
            for part in Parallel(n_jobs=jobs, return_as="generator")(calls):
                progress(part.tally.games)
                yield part


@contextmanager
def _on(cluster: str | None) -> Iterator[None]:
    """Where joblib runs its calls: processes of this machine, or the workers of a Dask scheduler."""
    if cluster is None:
        yield
        return
    try:
        from distributed import Client  # noqa: PLC0415 - an extra, and slow to load
    except ImportError:
        raise ParleyError("--cluster needs Dask: pip install 'parley-sim[cluster]'") from None
    try:
        client = Client(cluster, timeout=CONNECTING)  # type: ignore[no-untyped-call]  # Dask has few types
    except (OSError, ValueError) as error:
        raise ParleyError(f"--cluster {cluster}: no scheduler answers ({type(error).__name__})") from None
    with client, parallel_config(backend="dask", wait_for_workers_timeout=CONNECTING):
        yield


def _replay(player: Player, k: int) -> tuple[int, ...]:
    """Play game k once more; by how much the balances of seats and contract changed."""
    before = player.balances()
    player.play(k)
    return tuple(map(int.__sub__, player.balances(), before))


def _cross_check(
    evm_name: str, problem: Problem, bots: Sequence[str], seed: int, kept: dict[int, tuple[str, list[Sent]]]
) -> CrossCheck:
    """Replay games on both EVMs; compare every transaction and balance, and with those of the run."""
    here, there = (_set_up(name, problem, bots, seed) for name in (evm_name, OTHER[evm_name]))
    accounting = here if here.evm.accounts_gas else there
    names = {selector: name for name, selector in FUNCTIONS.items()}
    differences = []
    gas: dict[str, list[int]] = defaultdict(list)
    for k, (_, sent) in sorted(kept.items()):
        moved_here, moved_there = _replay(here, k), _replay(there, k)
        if here.sent != sent:
            differences.append(f"game {k}: not the same when played again on {evm_name}")
        if len(here.sent) != len(there.sent):
            differences.append(f"game {k}: {len(here.sent)} transactions here, {len(there.sent)} there")
        differences.extend(
            f"game {k}: transaction {i} ({names[a.data[:4]]}) differs"
            for i, (a, b) in enumerate(zip(here.sent, there.sent, strict=False))
            if a != b
        )
        if moved_here != moved_there:
            differences.append(f"game {k}: balances differ")
        for transaction, used in zip(accounting.sent, accounting.gas_used, strict=True):
            gas[names[transaction.data[:4]]].append(used)
    paths = Counter(path for path, _ in kept.values())
    return CrossCheck(
        OTHER[evm_name], sorted(kept), dict(paths), differences, dict(gas), accounting.evm.name, len(kept)
    )


def _open_node(
    url: str, problem: Problem, bots: Sequence[str], seed: int, deployment: Path | None
) -> "NodeRun":
    """A run on a node, contracts in place."""
    from sim.coordination.on_node import NodeRun  # noqa: PLC0415 - web3 takes a second to load

    return NodeRun(url, problem, bots, seed, deployment)


def _parts_on_node(run: "NodeRun", job: _Job, games: int, progress: Progress) -> Iterable[Part]:
    """Play all games on a node; parts come in the order of their games."""
    played = run.play(range(games))
    seen: set[str] = set()
    for _ in range(0, games, NODE_BATCH):
        part = Part(Tally(job.problem.agents))
        began = time.perf_counter()
        for outcome, sent, _gas in itertools.islice(played, NODE_BATCH):
            k = outcome.game
            part.tally.add(outcome)
            part.tally.transactions += len(sent)
            if k < REPLAYED or outcome.path not in seen:
                part.kept[k] = outcome.path, sent
            seen.add(outcome.path)
            if job.keep_rows:
                part.rows.append(GameRow(k, outcome.ending, outcome.rounds, outcome.proposer, outcome.costs))
            progress(1)
        part.seconds = time.perf_counter() - began
        yield part


def _cross_check_node(run: "NodeRun", kept: dict[int, tuple[str, list[Sent]]], games: int) -> CrossCheck:
    """Replay games of a node on an embedded machine that is given its chain id and contracts."""
    paths = Counter(path for path, _ in kept.values())
    return CrossCheck("revm", sorted(kept), dict(paths), run.differences(kept), dict(run.gas), run.url, games)


def simulate(  # noqa: PLR0913 - what makes a run
    problem: Problem,
    *,
    games: int = 1000,
    seed: int = 0,
    evm: str = "revm",
    deployment: Path | None = None,
    bots: Sequence[str] = ("equilibrium",),
    workers: int = 1,
    cluster: str | None = None,
    progress: Progress = lambda _: None,
    record: Callable[[list[GameRow]], None] | None = None,
) -> Simulation:
    """Play games of a problem and compare what was paid with theory.

    Parameters
    ----------
    problem : Problem
        One that a game on chain can take (`Problem.check_playable`).
    games : int
        At least 1.
    seed : int
    evm : str
        ``revm``, ``py-evm`` or the URL of a node.
    deployment : Path, optional
        On a node: the file of a deployment to play on. Without one, the contracts are deployed first.
    bots : sequence of str
        One name for all seats, or one per seat.
    workers : int
        Processes to spread the games over.
    cluster : str, optional
        Address of a Dask scheduler, whose workers then play.
    progress : callable, optional
        Called with the number of games just finished.
    record : callable, optional
        Called with the rows of one batch after the other, in the order of their games.

    Returns
    -------
    Simulation

    Raises
    ------
    ParleyError
        If a bot's name is not known, the problem's allocation is not cost-effective, or the EVM is a node
        and cannot be played on.
    """
    on_node = is_url(evm)
    if on_node and (workers > 1 or cluster is not None):
        raise ParleyError("--workers, --cluster: on a node games are played side by side by one process")
    if deployment is not None and not on_node:
        raise ParleyError("--deployment: is for a node: --evm URL")
    names = [bots[0]] * problem.agents if len(bots) == 1 else list(bots)
    make_bots(names, problem.agents)
    solution = solve(problem)
    tally = Tally(problem.agents)
    kept: dict[int, tuple[str, list[Sent]]] = {}
    job = _Job(next(_job_numbers), evm, problem, names, seed, record is not None)
    node = _open_node(evm, problem, names, seed, deployment) if on_node else None
    began = time.perf_counter()
    inside = 0.0
    for part in (
        _parts_on_node(node, job, games, progress)
        if node is not None
        else _parts(job, games, workers, cluster, progress)
    ):
        tally.merge(part.tally)
        seen = {path for path, _ in kept.values()}
        kept.update(
            {k: (path, sent) for k, (path, sent) in part.kept.items() if k < REPLAYED or path not in seen}
        )
        inside += part.seconds
        if record is not None:
            record(part.rows)
    # Side by side, what counts is the clock on the wall; alone, the games without setting up.
    seconds = inside if workers == 1 and cluster is None else time.perf_counter() - began
    return Simulation(
        problem,
        solution,
        evm,
        seed,
        names,
        tally,
        compare(tally, solution, names),
        _cross_check_node(node, kept, games)
        if node is not None
        else _cross_check(evm, problem, names, seed, kept),
        seconds,
    )
