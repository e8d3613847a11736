"""The problems of an experiment, found again: its folder names and hashes them, and does not hold them.

Problems of a random family are drawn again. Files are looked for where an experiment file may have stood;
what is found counts only if it has the hash that the manifest names, so that a report never speaks of another
problem than the one that was played.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parley.core.errors import ParleyError
from parley.mechanisms.coordination.experiment.specification import OF_FAMILY, Experiment, problem_hash

if TYPE_CHECKING:
    from parley.mechanisms.coordination.problem import Problem

__all__ = ["problems_of"]

_TREE = Path(__file__).resolve().parents[2]


def problems_of(manifest: Mapping[str, Any], folder: Path) -> dict[str, Problem]:
    """Find an experiment's problems.

    Parameters
    ----------
    manifest : mapping
        Of the experiment's folder.
    folder : Path
        That folder.

    Returns
    -------
    dict of str to Problem
        By the names in the manifest; those that were not found are missing.
    """
    hashes, keys = manifest.get("problems"), manifest.get("experiment")
    if not isinstance(hashes, Mapping) or not isinstance(keys, Mapping):
        return {}
    found: dict[str, Problem] = {}
    shipped = Path("problems/experiments")
    places = (folder, folder.parent, Path(), shipped, Path("problems"), _TREE / shipped)
    for place in places:
        for name, problem in _problems_at(place, keys):
            if name not in found and hashes.get(name) == problem_hash(problem):
                found[name] = problem
        if found.keys() >= hashes.keys():
            break
    return found


def _problems_at(place: Path, keys: Mapping[str, Any]) -> list[tuple[str, Problem]]:
    """What an experiment file in a folder would mean by its problems; nothing if they cannot be read."""
    # Only what decides the problems: strategies may be Python files, and a report runs none.
    sweep = {key: value for key, value in (keys.get("sweep") or {}).items() if key in OF_FAMILY and value}
    problems = {key: value for key, value in (keys.get("problem") or {}).items() if value is not None}
    plain = {
        "kind": "experiment",
        "title": "problems",
        "games": 1,
        "seeds": keys.get("seeds"),
        "problem": problems,
        "sweep": sweep,
    }
    try:
        return [(cell.problem_name, cell.problem) for cell in Experiment(plain, str(place / "-")).cells]
    except (ParleyError, OSError):
        return []
