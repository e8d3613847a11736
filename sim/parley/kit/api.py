"""Public functions: `load` a problem, `verify` a deployment, run an `experiment`."""

from __future__ import annotations

import warnings
from dataclasses import replace
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from parley.core.errors import ProblemWarning
from parley.kit import registry
from parley.kit.registry import mechanisms

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from parley.kit.experiment.run import ExperimentRun
    from parley.kit.loaded import AnyProblem
    from parley.kit.verify.verification import Verification

__all__ = ["experiment", "load", "verify"]


def load(source: str | PathLike[str] | Mapping[str, object]) -> AnyProblem:
    """Load a problem from a file, or from the keys of a file.

    Something that is legal and probably not meant is a `ProblemWarning`; the result lists them as `warnings`.

    Parameters
    ----------
    source : path or mapping
        A ``.json`` file is JSON, any other file TOML. In a mapping, a float means its printed value: 0.9 is
        9/10.

    Raises
    ------
    ProblemError
        With the file, the key and the reason.

    Examples
    --------
    >>> problem = load({"kind": "assignment", "rule": "boston", "items": ["x"], "rankings": [["x"], ["x"]]})
    >>> problem.agents, problem.warnings
    (2, [])
    """
    problem = registry.load(source)
    for text in problem.told_warnings:
        warnings.warn(text, ProblemWarning, stacklevel=2)
    return problem


def _unheard(what: str, done: int, total: int) -> None:
    """Ignore progress."""


def verify(
    url: str,
    deployment: str | PathLike[str],
    *,
    events_only: bool = False,
    trust_payees: bool = False,
    creators: Collection[str] = (),
    tell: Callable[[str, int, int], None] = _unheard,
) -> list[Verification]:
    """Replay and check every game of deployed contracts.

    Parameters
    ----------
    deployment : path
        The deployment file. Contracts that it does not name are skipped.
    events_only : bool
        Read events and their transactions only: faster, but misses calls that fail or emit nothing.
    trust_payees : bool
        Give a verdict even if the node does not show who was paid.
    creators : collection of str
        Accounts whose games' draws are tested together; by default the deployer of the contract.
    tell : callable
        Called with the kind, the blocks read and the blocks to read.

    Returns
    -------
    list of Verification
        One per contract with games that the file names.

    Raises
    ------
    ParleyError
        If no node answers, or the file does not match the chain.
    """
    from parley.chain.deployments import read_claims  # noqa: PLC0415 - statistics are slow to load
    from parley.kit.verify.contract import decoder_of, verify_contract  # noqa: PLC0415 - statistics are slow to load
    from parley.kit.verify.opening import open_history  # noqa: PLC0415 - statistics are slow to load

    replayed = [part for one in mechanisms() for part in one.replayed()]
    claims = read_claims(fspath(deployment), [one.contracts[0] for one in replayed])
    found = []
    for one in replayed:
        contract = one.contracts[0]
        if contract not in claims.addresses:
            continue
        kind = one.kind
        history = open_history(url, claims, contract, decoder_of(one, claims), events_only=events_only)

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
    force: bool = False,
    progress: Callable[[int, int], None] = lambda *_: None,
    warn: Callable[[str], None] | None = None,
) -> ExperimentRun:
    """Run an experiment, or resume a stopped one.

    Parameters
    ----------
    out : path, optional
        Output folder; by default ``build/experiments/NAME``.
    force : bool
        Replace another run in the folder.
    progress : callable
        Called with the number of finished games and of all games.
    warn : callable, optional
        Called with what is legal in the file and probably not meant; by default that is a `ProblemWarning`.

    Raises
    ------
    ParleyError
        If the file is invalid, or the folder cannot be used.
    """
    from parley.kit.experiment.run import run_experiment  # noqa: PLC0415 - tables are slow to load

    folder = Path(out) if out is not None else Path("build") / "experiments" / Path(fspath(file)).stem
    tell = warn or (lambda text: warnings.warn(text, ProblemWarning, stacklevel=4))
    return run_experiment(file, out=folder, workers=workers, force=force, progress=progress, warn=tell)
