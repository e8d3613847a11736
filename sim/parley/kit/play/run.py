"""Play many games, count them and cross-check some.

Game k's salt, secrets and random choices depend on (seed, k) alone. The same seed gives the same games on
both embedded EVMs and for any number of worker processes.
"""

from __future__ import annotations

import itertools
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeAlias

from joblib import Parallel, delayed, parallel_config

from parley.chain.backends import open_evm, open_reference
from parley.chain.deploy import deploy
from parley.chain.urls import is_url
from parley.core.errors import ParleyError
from parley.kit.play.cross_check import CrossCheck
from parley.kit.play.setting import Row
from parley.kit.protocols import C, OutcomeT, P, S, path_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from parley.chain.evm import Evm, Name
    from parley.kit.play.on_node import NodeRun
    from parley.kit.play.player import Player, Sent
    from parley.kit.play.setting import Setting
    from parley.kit.play.tally import Tally

__all__ = [
    "BATCHES",
    "OTHER",
    "Played",
    "Progress",
    "Record",
    "open_player",
    "play_games",
]

BATCHES: dict[str, int] = {"revm": 500, "py-evm": 50}
"""Games per batch. Each batch has a new EVM, because an EVM keeps the state of all games."""
NODE_BATCH = 200
"""Games per batch on a node."""
CONNECTING = 10
"""Seconds to wait for a cluster's scheduler and for its first worker."""
REPORTED = 0.2
"""Seconds between progress reports."""
REPLAYED = 10
"""Games that the cross-check replays, besides one of every path."""

OTHER: dict[str, Name] = {"revm": "py-evm", "py-evm": "revm"}
"""The embedded EVM for the cross-check of each."""

Progress: TypeAlias = Callable[[int], None]
"""Called with the number of newly finished games."""
Record: TypeAlias = Callable[[list[Row]], None]
"""Called with the rows of each batch, in the order of games."""


@dataclass(frozen=True)
class Played(Generic[OutcomeT]):
    """The result of playing games.

    Attributes
    ----------
    seconds : float
        Time of play, without compiling and deploying.
    """

    tally: Tally[OutcomeT]
    cross_check: CrossCheck
    seconds: float


@dataclass
class _Part(Generic[OutcomeT]):
    """The result of one batch.

    Attributes
    ----------
    kept : dict of int to (str, list of Sent)
        Path and transactions of the games for the cross-check.
    rows : list
        One per game, if recorded.
    """

    tally: Tally[OutcomeT]
    kept: dict[int, tuple[str, list[Sent]]] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class _Job(Generic[P, S, OutcomeT, C]):
    """A run, as sent to worker processes."""

    number: int
    evm: str
    setting: Setting[P, S, OutcomeT, C]
    keep_rows: bool
    replayed: int


_job_numbers = itertools.count()


def open_player(setting: Setting[P, S, OutcomeT, C], evm: str = "revm") -> Player[OutcomeT]:
    """Return a player on a new EVM with the mechanism's contracts deployed.

    Parameters
    ----------
    evm : str
        ``revm`` or ``py-evm``.
    """
    return _player_on(open_evm(evm), setting)


def _player_on(machine: Evm, setting: Setting[P, S, OutcomeT, C]) -> Player[OutcomeT]:
    """Deploy the mechanism's contracts, and return a player."""
    deployed = deploy(machine, setting.mechanism.artifacts(), setting.mechanism.contracts)
    return setting.player(machine, {name: entry.address for name, entry in deployed.items()})


# ── on embedded machines ────────────────────────────────────────────────────────────────────────────────────


def _play_batch(
    job: _Job[P, S, OutcomeT, C], player: Player[OutcomeT], games: range, progress: Progress = lambda _: None
) -> _Part[OutcomeT]:
    """Play a batch of games on a new EVM."""
    player.evm.recycle()
    part = _Part(job.setting.tally())
    add, play, row = part.tally.add, player.play, job.setting.row()
    before = player.transactions
    began = reported = time.perf_counter()
    unreported = 0
    try:
        for k in games:
            outcome = play(k)
            add(outcome)
            path = path_of(outcome)
            if k < job.replayed or part.tally.paths[path] == 1:
                part.kept[k] = path, player.sent
            if job.keep_rows:
                part.rows.append(row(outcome))
            unreported += 1
            if time.perf_counter() - reported > REPORTED:
                progress(unreported)
                unreported = 0
                reported = time.perf_counter()
        part.seconds = time.perf_counter() - began
    finally:  # also if the run is interrupted
        progress(unreported)
    part.tally.transactions += player.transactions - before
    return part


_player_of: dict[tuple[int, int], Player[Any]] = {}  # type: ignore[explicit-any]  # of any mechanism
"""In a worker process: the player of the current job, by parent process and job number."""


def _play_for(parent: int, job: _Job[P, S, OutcomeT, C], games: range) -> _Part[OutcomeT]:
    """Play a batch in a worker process with the player of the previous batch."""
    key = parent, job.number
    if key not in _player_of:
        _player_of.clear()
        _player_of[key] = open_player(job.setting, job.evm)
    return _play_batch(job, _player_of[key], games)


def _parts(
    job: _Job[P, S, OutcomeT, C], games: int, workers: int, cluster: str | None, progress: Progress
) -> Iterable[_Part[OutcomeT]]:
    """Play all games in one or more processes, and return parts in the order of games."""
    size = BATCHES[job.evm]
    batches = (range(start, min(start + size, games)) for start in range(0, games, size))
    if workers == 1 and cluster is None:
        player = open_player(job.setting, job.evm)
        for batch in batches:
            yield _play_batch(job, player, batch, progress)
    else:
        calls = (delayed(_play_for)(os.getpid(), job, batch) for batch in batches)
        with _on(cluster):
            jobs = workers if cluster is None else -1
            for part in Parallel(n_jobs=jobs, return_as="generator")(calls):
                progress(part.tally.games)
                yield part


@contextmanager
def _on(cluster: str | None) -> Iterator[None]:
    """Let joblib use local processes, or the workers of a Dask scheduler."""
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


def _replay(player: Player[OutcomeT], k: int) -> tuple[int, ...]:
    """Replay game k, and return the changes in the balances of parties and contract."""
    before = player.balances()
    player.play(k)
    return tuple(map(int.__sub__, player.balances(), before))


def _cross_check(job: _Job[P, S, OutcomeT, C], kept: dict[int, tuple[str, list[Sent]]]) -> CrossCheck:
    """Replay games on both EVMs, and compare all transactions and balances with each other and the run."""
    other = open_reference() if job.evm == "revm" else open_evm("revm")
    here, there = (_player_on(machine, job.setting) for machine in (open_evm(job.evm), other))
    accounting = here if here.evm.accounts_gas else there
    names = {selector: name for name, selector in job.setting.mechanism.codec().selectors.items()}
    differences = []
    gas: dict[str, list[int]] = defaultdict(list)
    for k, (_, sent) in sorted(kept.items()):
        moved_here, moved_there = _replay(here, k), _replay(there, k)
        if here.sent != sent:
            differences.append(f"game {k}: differs when replayed on {job.evm}")
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
        OTHER[job.evm], sorted(kept), dict(paths), differences, dict(gas), accounting.evm.name, len(kept)
    )


# ── on a node ───────────────────────────────────────────────────────────────────────────────────────────────


def _open_node(
    job: _Job[P, S, OutcomeT, C], deployment: Path | None, confirmations: int | None
) -> NodeRun[P, S, OutcomeT, C]:
    """Return a run on a node with deployed contracts."""
    from parley.kit.play.on_node import NodeRun  # noqa: PLC0415 - web3 takes a second to load

    return NodeRun(job.evm, job.setting, deployment, confirmations)


def _parts_on_node(
    run: NodeRun[P, S, OutcomeT, C], job: _Job[P, S, OutcomeT, C], games: int, progress: Progress
) -> Iterable[_Part[OutcomeT]]:
    """Play all games on a node, and return parts in the order of games."""
    played = run.play(range(games))
    seen: set[str] = set()
    row = job.setting.row()
    for _ in range(0, games, NODE_BATCH):
        part = _Part(job.setting.tally())
        began = time.perf_counter()
        for outcome, sent, _gas in itertools.islice(played, NODE_BATCH):
            k = outcome.game
            part.tally.add(outcome)
            part.tally.transactions += len(sent)
            path = path_of(outcome)
            if k < job.replayed or path not in seen:
                part.kept[k] = path, sent
            seen.add(path)
            if job.keep_rows:
                part.rows.append(row(outcome))
            progress(1)
        part.seconds = time.perf_counter() - began
        yield part


def _cross_check_node(
    run: NodeRun[P, S, OutcomeT, C], kept: dict[int, tuple[str, list[Sent]]], games: int
) -> CrossCheck:
    """Replay games of a node on an embedded EVM with its chain id and contracts."""
    paths = Counter(path for path, _ in kept.values())
    return CrossCheck("revm", sorted(kept), dict(paths), run.differences(kept), dict(run.gas), run.url, games)


# ── either ──────────────────────────────────────────────────────────────────────────────────────────────────


def play_games(  # noqa: PLR0913 - what makes a run
    setting: Setting[P, S, OutcomeT, C],
    *,
    games: int = 1000,
    evm: str = "revm",
    deployment: Path | None = None,
    confirmations: int | None = None,
    workers: int = 1,
    cluster: str | None = None,
    progress: Progress = lambda _: None,
    record: Record | None = None,
) -> Played[OutcomeT]:
    """Play games, count them and cross-check some.

    Parameters
    ----------
    games : int
        At least 1.
    evm : str
        ``revm``, ``py-evm`` or the URL of a node.
    deployment : Path, optional
        On a node: the deployment file to use. If None, the contracts are deployed first.
    confirmations : int, optional
        On a node: blocks that bots wait for after each step; see `TransactionManager`.
    cluster : str, optional
        Address of a Dask scheduler; its workers play.
    progress : callable, optional
        Called with the number of newly finished games.
    record : callable, optional
        Called with the setting's rows of each batch, in the order of games.

    Raises
    ------
    ParleyError
        If the contract rejects a transaction, or the node is not usable.
    """
    on_node = is_url(evm)
    if on_node and (workers > 1 or cluster is not None):
        raise ParleyError("--workers, --cluster: not available on a node")
    if deployment is not None and not on_node:
        raise ParleyError("--deployment requires a node: --evm URL")
    if confirmations is not None and not on_node:
        raise ParleyError("--confirmations requires a node: --evm URL")
    if not on_node and cluster is None:
        workers = min(workers, -(-games // BATCHES[evm]))
    job = _Job(next(_job_numbers), evm, setting, record is not None, REPLAYED)
    tally = setting.tally()
    kept: dict[int, tuple[str, list[Sent]]] = {}
    node = _open_node(job, deployment, confirmations) if on_node else None
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
            {k: (path, sent) for k, (path, sent) in part.kept.items() if k < job.replayed or path not in seen}
        )
        inside += part.seconds
        if record is not None:
            record(part.rows)
    # Wall-clock time for several processes; otherwise the time of play without setup.
    seconds = inside if workers == 1 and cluster is None else time.perf_counter() - began
    check = _cross_check_node(node, kept, games) if node is not None else _cross_check(job, kept)
    return Played(tally, check, seconds)
