"""Make mutants of the contracts, and see whether a test notices each.

All mutants of a source are compiled at once and selected at run time. Each is first driven against the
reference model with the same arbitrary calls; what survives meets the directed tests, on the fast machine.
Whatever survives both must be listed, with the reason why it changes nothing that anybody can see.

    python -m scripts.mutants_contracts [--jobs N] [--runs N] [--only PART]
"""

import argparse
import os
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from parley.chain.compiler import project_root
from tests.mutants.building import Built, build
from tests.mutants.operators import Mutant
from tests.mutants.trials import TARGETS, Target, killed_by

LISTED = project_root() / "tests" / "mutants" / "contracts.toml"
WANTED = 0.98


def main() -> int:
    """Make and try all mutants; 1 if too few are killed, or a survivor is not listed; 2: no verdict."""
    parser = argparse.ArgumentParser(description="Are small changes to the contracts noticed?")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--runs", type=int, default=60, help="arbitrary games against the model, in runs")
    parser.add_argument("--only", default="", help="sources whose path contains this")
    parser.add_argument("--every", type=int, default=1, help="try one mutant in so many")
    arguments = parser.parse_args()
    listed: dict[str, dict[str, str]] = tomllib.loads(LISTED.read_text(encoding="utf-8"))
    made, killed, unlisted = 0, 0, 0
    for target in TARGETS:
        if arguments.only not in target.file:
            continue
        began = time.perf_counter()
        built = build(target.file, target.mains, target.ask)
        compiled = time.perf_counter() - began
        if killed_by(target, built.artifacts, arguments.runs, 0):
            print(
                f"{target.file}: the contract without any change is not accepted: no verdict", file=sys.stderr
            )
            return 2
        reasons = listed.get(target.file, {})
        ways: Counter[str] = Counter()
        survivors = []
        for mutant, way in tried(target, built, arguments.runs, arguments.jobs, arguments.every):
            ways[way or "survived"] += 1
            if not way:
                survivors.append(mutant)
                print(f"  survived: {mutant.name}   [{mutant.operator}]", flush=True)
        print(
            f"{target.file}: {ways.total()} mutants ({len(built.refused)} are no Solidity), {dict(ways)}; "
            f"compiled in {compiled:.0f} s, tried in {time.perf_counter() - began - compiled:.0f} s",
            flush=True,
        )
        unknown = [mutant for mutant in survivors if mutant.name not in reasons]
        for mutant in unknown:
            print(f"  not listed in {LISTED.name}: {mutant.name}")
        made += ways.total()
        killed += ways.total() - len(survivors)
        unlisted += len(unknown)
    share = killed / made if made else 0.0
    print(f"{made} mutants, {killed} killed ({share:.1%}), {unlisted} survivors not listed")
    return int(unlisted > 0 or share < WANTED)


def tried(target: Target, built: Built, runs: int, jobs: int, every: int) -> Iterator[tuple[Mutant, str]]:
    """Try each mutant in a process of its own; yields what killed it, or nothing."""
    numbers = sorted(built.mutants)[::every]
    # Forked, so that compiled contracts and imported tests are there already.
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        ways = pool.map(partial(killed_by, target, built.artifacts, runs), numbers)
        yield from zip((built.mutants[number] for number in numbers), ways, strict=True)


if __name__ == "__main__":
    sys.exit(main())
