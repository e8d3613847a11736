"""Verbs that are about no single problem: verifying a deployment, running an experiment."""

from __future__ import annotations

from dataclasses import replace
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from parley.kit.registry import mechanisms

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from parley.kit.experiment.run import ExperimentRun
    from parley.kit.verify.verification import Verification

__all__ = ["experiment", "verify"]


def _unheard(what: str, done: int, total: int) -> None:
    """Tell nobody."""


def verify(
    url: str,
    deployment: str | PathLike[str],
    *,
    events_only: bool = False,
    trust_payees: bool = False,
    creators: Collection[str] = (),
    tell: Callable[[str, int, int], None] = _unheard,
) -> list[Verification]:
    """Replay every game of deployed contracts from the outside, and check everything that happened.

    Parameters
    ----------
    url : str
        Of a node.
    deployment : path
        The deployment file. Contracts that it does not name are passed over.
    events_only : bool
        Whether to read events and their transactions only: faster, but silent and failed calls go unseen.
    trust_payees : bool
        Whether to judge although the node does not show who was paid.
    creators : collection of str
        Addresses whose games' draws are tested together; by default the account that deployed the contract.
    tell : callable
        Told of progress: the kind, blocks read, and blocks to read.

    Returns
    -------
    list of Verification
        One for each mechanism whose contract the file names.

    Raises
    ------
    ParleyError
        If nobody answers, or the file does not fit the chain.
    """
    from parley.chain.deployments import read_claims  # noqa: PLC0415 - statistics are slow to load
    from parley.kit.verify.contract import records_of, verify_contract  # noqa: PLC0415 - statistics are slow to load
    from parley.kit.verify.opening import open_history  # noqa: PLC0415 - statistics are slow to load

    claims = read_claims(fspath(deployment), [one.contracts[0] for one in mechanisms()])
    found = []
    for one in mechanisms():
        contract = one.contracts[0]
        if contract not in claims.addresses:
            continue
        kind = one.kind
        history = open_history(url, claims, contract, records_of(one, claims), events_only=events_only)

        def progress(done: int, total: int, kind: str = kind) -> None:
            tell(kind, done, total)

        verification = verify_contract(one, history, claims, progress, creators)
        found.append(replace(verification, trusted=trust_payees, events_only=events_only))
    return found


def experiment(
    file: str | PathLike[str],
    out: str | PathLike[str] | None = None,
    *,
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> ExperimentRun:
    """Run an experiment, or continue one that was stopped.

    Parameters
    ----------
    file : path
        An experiment file.
    out : path, optional
        The folder of its tables; by default ``build/experiments/NAME``.
    workers : int
        Processes to spread the games over.
    progress : callable
        Told of games finished and games in all.

    Raises
    ------
    ParleyError
        If the file is wrong, or the folder cannot be used.
    """
    from parley.kit.experiment.run import run_experiment  # noqa: PLC0415 - tables are slow to load

    folder = Path(out) if out is not None else Path("build") / "experiments" / Path(fspath(file)).stem
    return run_experiment(file, out=folder, workers=workers, progress=progress)
