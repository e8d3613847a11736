"""Make mutants of the contracts, and see whether a test notices each.

    python -m scripts.mutants_contracts                        # all of them, on all processors
    python -m scripts.mutants_contracts --only randomness --mutants uniform

All mutants of a source are compiled at once and selected at run time. Each is driven against the reference
model with arbitrary calls, and meets the directed tests, on the fast machine, until something notices it.

What survives must be listed in ``tests/mutants/contracts.toml`` with its reason. Exit status 1 if a survivor
is not, or if less than 98% of the mutants are killed; those listed as equivalent are not counted. Exit status
2 if there is no verdict.
"""

import argparse
import os
import re
import sys
import time
from collections import Counter

from parley.chain.compiler import project_root

# The example of a mechanism from outside is a game of seats too.
sys.path.append(str(project_root() / "examples" / "straws"))

from scripts.survivors import Listed, Tally
from tests.mutants.building import build
from tests.mutants.targets import TARGETS, Target
from tests.mutants.trials import NoVerdictError, Trials, Verdict

LISTED = project_root() / "tests" / "mutants" / "contracts.toml"
SHARE = 0.98


def main() -> int:
    """Make and try all mutants; 1 if too few are killed, or a survivor is not listed; 2: no verdict."""
    parser = argparse.ArgumentParser(description="Are small changes to the contracts noticed?")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--runs", type=int, default=24, help="runs of arbitrary calls against the model")
    parser.add_argument("--only", default="", help="sources whose path contains this")
    parser.add_argument("--mutants", default="", help="mutants in whose names this pattern is found")
    parser.add_argument("--every", type=int, default=1, help="try one mutant in so many")
    parser.add_argument("--verbose", action="store_true", help="say of each what killed it")
    given = parser.parse_args()
    listed = Listed.read(LISTED)
    total = Tally()
    for target in TARGETS:
        if given.only in target.file:
            try:
                total += tried(target, listed, given)
            except NoVerdictError as error:
                print(f"no verdict: {error}", file=sys.stderr)
                return 2
    print(total)
    for name in total.unlisted:
        print(f"not in {LISTED.relative_to(project_root())}: {name}")
    whole = not (given.only or given.mutants)
    return int(bool(total.unlisted) or (whole and total.share < SHARE))


def tried(target: Target, listed: Listed, given: argparse.Namespace) -> Tally:
    """Try the mutants of one source, and print what came of them."""
    began = time.perf_counter()
    built = build(target.file, target.mains, target.ask)
    compiled = time.perf_counter()
    ways: Counter[str] = Counter()
    survivors: list[str] = []

    def tell(verdict: Verdict) -> None:
        name = f"{target.file}:{verdict.mutant.name}"
        ways[
            "survived" if not verdict.killer else verdict.killer.rstrip(" 0123456789").partition("::")[0]
        ] += 1
        if not verdict.killer:
            survivors.append(name)
        if given.verbose or not verdict.killer:
            said = f"killed by {verdict.killer}" if verdict.killer else "survived"
            print(f"  {said} in {verdict.seconds:.1f} s: {name}   [{verdict.mutant.operator}]", flush=True)

    wanted = re.compile(given.mutants)
    numbers = [number for number in sorted(built.mutants) if wanted.search(built.mutants[number].name)]
    Trials(target, built, given.runs, given.jobs, tell).run(numbers[:: given.every])
    tally = listed.tally(ways.total(), survivors)
    print(
        f"{target.file}: {tally} ({len(built.refused)} more are no Solidity)\n"
        f"  compiled in {compiled - began:.0f} s, tried in {time.perf_counter() - compiled:.0f} s\n"
        f"  {', '.join(f'{way}: {count}' for way, count in ways.most_common())}",
        flush=True,
    )
    return tally


if __name__ == "__main__":
    sys.exit(main())
