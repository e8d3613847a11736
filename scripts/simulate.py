"""Play a problem and compare with theory: `parley simulate`, in the Brownie manner.

Under Brownie, one problem of each mechanism, a few hundred times:

    brownie run simulate

or alone, with everything that `parley simulate` takes:

    python scripts/simulate.py problems/support-desk.toml --games 500

Games are played on Parley's own machines, not on Brownie's network. Brownie's environment cannot hold Parley
(each wants a web3 of its own): under Brownie it is the `parley` of this tree's environment that runs, or the
one on the PATH.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

TREE = Path(__file__).resolve().parents[1]

EXAMPLES = ("paper-example-1", "assignment-bogomolnaia-moulin")
PLAYED = ("--games", "200", "--seed", "1", "--check")


def main() -> None:
    """Play the papers' examples; Brownie calls this function.

    Raises
    ------
    RuntimeError
        If something differs from theory or between the machines, or there is no `parley` to run.
    """
    if status := examples():
        raise RuntimeError(f"parley simulate ended with status {status}")


def examples() -> int:
    """Play the papers' examples, and return the first exit status that is not 0."""
    statuses = (run([str(TREE / "problems" / f"{name}.toml"), *PLAYED]) for name in EXAMPLES)
    return next(filter(None, statuses), 0)


def run(arguments: Sequence[str]) -> int:
    """Run `parley simulate` with these arguments and return its exit status."""
    if _installed():
        command = [sys.executable, "-m", "parley.cli"]
    else:
        own = TREE / ".venv" / "bin" / "parley"
        found = str(own) if own.exists() else shutil.which("parley")
        if found is None:
            raise RuntimeError("there is no parley to run: `make setup` installs it")
        command = [found]
    return subprocess.run([*command, "simulate", *arguments], check=False).returncode  # noqa: S603 -- ours


def _installed() -> bool:
    """Say whether Parley is installed here: its source alone, on an inherited PYTHONPATH, is not enough."""
    try:
        distribution("parley-sim")
    except PackageNotFoundError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]) if sys.argv[1:] else examples())
