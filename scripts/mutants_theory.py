"""Mutants of the theory: small faults put into it one at a time, and which of them the tests find.

    python -m scripts.mutants_theory                    # the sample of 300, on two processes: about an hour
    python -m scripts.mutants_theory --again            # after a change of tests: what was never killed
    python -m scripts.mutants_theory --mutants 30 --only coordination/costs

A mutant changes one place of one module: a comparison, an operation, a constant, a truth value, a statement,
the order of two arguments, a returned value. First the tests run once under coverage.py, which records which
test reaches which line, and ends those that take longer than ``--seconds``. A mutant then meets only the
tests that reach its line, the fastest first, until one fails. One that takes much more processor time than a
test needs, or too much memory, counts as killed. The same tests then meet the unchanged module, loaded in the
same way: one that fails there too kills nothing.
``build/mutants`` keeps what was found, so that a run that was stopped goes on there.

Survivors are compared with ``tests/mutants_theory.toml``, which gives the reason of each. Exit status 1 if
one is missing there, or if less than 95% of the mutants are killed; those listed as equivalent are not
counted.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import resource
import signal
import sys
import time
from collections import Counter
from hashlib import sha256
from itertools import islice
from multiprocessing.sharedctypes import RawValue
from pathlib import Path
from typing import TYPE_CHECKING, Any

import coverage
import hypothesis
import pytest

from scripts.survivors import Listed
from tests.mutants.theory import Mutant, drawn, mutants_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from ctypes import c_int
    from importlib.machinery import ModuleSpec
    from types import ModuleType

ROOT = Path(__file__).parents[1]
REASONS = ROOT / "tests" / "mutants_theory.toml"
BUILD = ROOT / "build" / "mutants"
MEASURED, TRIED = BUILD / "reached.json", BUILD / "tried"

SHARED = ["exact", "randomness", "statistics"]
COORDINATION = ["allocation", "announcements", "axioms", "bargaining", "costs", "recognition", "solver"]
ASSIGNMENT = [
    *("certificate", "decomposition", "efficiency", "envy", "market", "options"),
    *("probabilistic_serial", "pseudo_market", "rules", "serial_dictatorship"),
]
SCREENING = [
    *("audit", "bilateral", "expectation", "lottery", "manipulation", "market", "preferences", "protocol"),
    *("rays", "replicas", "robustness", "selection", "theorems"),
]
DESIGN = [
    *("axes", "bound", "certified", "finite", "incentive", "large", "laws", "numbers", "played"),
    *("responses", "simple", "two_tasks"),
]
GUARANTEES = [
    *("audit", "custom", "decisions", "drivers", "expectation", "fractional", "guarantee", "imported"),
    *("instances", "linear_program", "loss", "partition", "schedules", "solution", "theorems", "trips"),
    "welfare",
]
SOLVER = [
    *("assignment", "branching", "columns", "cuts", "elastic", "exchange", "lists", "mixtures", "nearby"),
    *("packing", "paths", "plan", "search", "shape", "sources"),
]
THEORY = [
    *(f"sim/parley/core/{name}" for name in SHARED),
    *(f"sim/parley/mechanisms/coordination/{name}" for name in COORDINATION),
    *(f"sim/parley/mechanisms/assignment/{name}" for name in ASSIGNMENT),
    *(f"sim/parley/mechanisms/screening/{name}" for name in SCREENING),
    *(f"sim/parley/mechanisms/screening/design/{name}" for name in DESIGN),
    *(f"sim/parley/mechanisms/guarantees/{name}" for name in GUARANTEES),
    *(f"sim/parley/mechanisms/guarantees/solver/{name}" for name in SOLVER),
]
"""Files and folders of the theory, without their endings; what is machine code is not among them."""

TESTS = [
    *(f"tests/test_{name}" for name in SHARED),
    *(f"tests/coordination/test_{name}" for name in [*COORDINATION, "audit", "problem", "solution"]),
    *("tests/coordination/solver", "tests/coordination/axioms"),
    *(f"tests/assignment/test_{name}" for name in [*ASSIGNMENT, "model", "paper", "problem", "properties"]),
    *(f"tests/screening/test_{name}" for name in [*SCREENING, "design", "design_bounds", "solution"]),
    *(f"tests/guarantees/test_{name}" for name in [*GUARANTEES, *SOLVER, "bound", "losses", "problem"]),
    "tests/guarantees/test_value_loss",
    *THEORY,
]
"""What speaks of the theory without a chain, where there is such a file; its own files for their doctests."""

SEED, MUTANTS, SHARE = 1, 300, 0.95
SPARE = 10
"""Seconds of processor time that a mutant may take beyond five times what a test takes."""
LONGEST = 120
"""Seconds of tests that one mutant meets at most, if nobody says otherwise."""
MEMORY = 6 * 2**30
LARGE = [
    "highspy",
    "joblib",
    "matplotlib",
    "numba",
    "numpy",
    "pydantic",
    "scipy.optimize",
    "scipy.stats",
    "typer",
]
"""What takes long to import, and is none of ours."""
VERDICTS = {0: "SURVIVED", 10: "killed", 11: "too long"}
"""Of a mutant, by the status of the process that tried it."""


def paths(names: Sequence[str]) -> list[Path]:
    """Find the files and folders that there are under these names."""
    return [path for name in names for path in (ROOT / name, ROOT / f"{name}.py") if path.exists()]


def modules(only: str) -> list[str]:
    """List the files of the theory whose path contains a text."""
    files = [
        file for path in paths(THEORY) for file in ([path] if path.is_file() else sorted(path.rglob("*.py")))
    ]
    return [name for name in (file.relative_to(ROOT).as_posix() for file in files) if only in name]


# ── which test reaches which line ───────────────────────────────────────────────────────────────────────────


class Recorder:
    """Tells coverage.py which test runs, and notes how long each takes and which fail, also by its time."""

    def __init__(self, measured: coverage.Coverage, longest: float) -> None:
        self.measured, self.longest = measured, longest
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Run one test in a context of its name."""
        self.measured.switch_context(item.nodeid)
        start = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, self.longest)
        result = yield
        signal.setitimer(signal.ITIMER_PROF, 0)
        self.seconds[item.nodeid] = time.process_time() - start
        self.measured.switch_context("")
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember what fails."""
        if report.failed:
            self.failed.add(report.nodeid)


def arguments(*more: str) -> list[str]:
    """Give the options that every run of pytest here has."""
    known = "ignore:Module already imported:pytest.PytestAssertRewriteWarning"
    return ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", known, f"--rootdir={ROOT}", *more]


def too_long(*_: object) -> None:
    """End a test."""
    pytest.fail("no mutant would meet this test: it takes too long")


def measure(files: Sequence[Path], data: str, longest: float) -> dict[str, Any]:
    """Run tests once, and find which of them reach each line. What fails, or measures time, is left out."""
    theory = [str(ROOT / name) for name in modules("")]
    measured = coverage.Coverage(data_file=data, config_file=False, include=theory)
    recorder = Recorder(measured, longest)
    signal.signal(signal.SIGPROF, too_long)
    measured.start()
    status = pytest.main(arguments("-k", "not seconds", *map(str, files)), plugins=[recorder])
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise SystemExit("mutants: pytest could not run the tests")
    measured.stop()
    reached = {}
    for name in modules(""):
        lines = measured.get_data().contexts_by_lineno(str(ROOT / name))
        reached[name] = {line: sorted({*tests} - {""} - recorder.failed) for line, tests in lines.items()}
    return {"seconds": recorder.seconds, "reached": reached, "failed": sorted(recorder.failed)}


def reach(workers: int, longest: float) -> dict[str, Any]:
    """Find which test reaches which line, in other processes: this one must load no module of ours."""
    if MEASURED.exists():
        found: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))
        if found["sources"] == fingerprint() and found["longest"] >= longest:
            return found
    files = [
        file for path in paths(TESTS) for file in ([path] if path.is_file() else sorted(path.rglob("*.py")))
    ]
    parts = [BUILD / f"part{k}.json" for k in range(workers)]
    for k, part in enumerate(parts):
        if os.fork() == 0:
            measured = measure(files[k::workers], str(BUILD / f"data{k}"), longest)
            part.write_text(json.dumps(measured), encoding="utf-8")
            os._exit(0)
    if any(os.wait()[1] for _ in parts):
        raise SystemExit("mutants: the tests could not be measured")
    found = {"sources": fingerprint(), "longest": longest, "seconds": {}}
    found["reached"] = {name: {} for name in modules("")}
    for measured in (json.loads(part.read_text(encoding="utf-8")) for part in parts):
        found["seconds"] |= measured["seconds"]
        for name, lines in measured["reached"].items():
            for line, tests in lines.items():
                found["reached"][name].setdefault(line, []).extend(tests)
        for test in measured["failed"]:
            print(f"left out, for it fails without a mutant or takes too long: {test}")
    MEASURED.write_text(json.dumps(found), encoding="utf-8")
    return found


def fingerprint() -> str:
    """Say which sources and tests were measured."""
    digest = sha256()
    for folder in ("sim", "tests"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def chosen(found: dict[str, Any], mutant: Mutant, longest: float) -> dict[str, float]:
    """Choose the tests that a mutant meets, the fastest first, with the seconds that each takes."""
    lines = found["reached"][mutant.module]
    tests = lines.get(str(mutant.line)) or []
    if not tests:  # a constant of the module: whatever reaches any of its lines
        tests = {test for line in lines.values() for test in line}
    seconds, total = found["seconds"], 0.0
    taken: dict[str, float] = {}
    for test in sorted(tests, key=lambda test: (seconds[test], test)):
        total += seconds[test]
        if taken and total > longest:
            break
        taken[test] = seconds[test]
    return taken


# ── running ─────────────────────────────────────────────────────────────────────────────────────────────────


def dotted(file: str) -> str:
    """Give the name by which a file is imported."""
    return file.removeprefix("sim/").removesuffix(".py").replace("/", ".").removesuffix(".__init__")


class Mutated(importlib.abc.MetaPathFinder):
    """Imports one module from a changed source."""

    def __init__(self, mutant: Mutant) -> None:
        self.name = dotted(mutant.module)
        self.path, self.source = str(ROOT / mutant.module), mutant.source().encode()

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:  # noqa: ANN401, ARG002 - as its base
        """Find the one module that is changed."""
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(
            name, self.path, loader=Changed(name, self.path, self.source)
        )


class Changed(importlib.machinery.SourceFileLoader):
    """Loads a module from a text instead of its file, and never as it was compiled before."""

    def __init__(self, name: str, path: str, source: bytes) -> None:
        super().__init__(name, path)
        self.source = source

    def path_stats(self, _: str) -> Any:  # noqa: ANN401 - it never returns
        """Refuse, so that no compiled file is read or written."""
        raise OSError

    def get_data(self, _: str) -> bytes:
        """Give the changed text."""
        return self.source


class Choice:
    """Runs the chosen tests only, in their order, each within its time, and counts those that it began."""

    def __init__(self, seconds: dict[str, float], begun: c_int) -> None:
        self.seconds, self.begun = seconds, begun
        self.order = {test: k for k, test in enumerate(seconds)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep and sort."""
        items[:] = sorted(
            (item for item in items if item.nodeid in self.order), key=lambda item: self.order[item.nodeid]
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        """Give a test its time."""
        self.begun.value = self.order[item.nodeid] + 1
        allow(self.seconds[item.nodeid])


def allow(seconds: float) -> None:
    """End this process when it takes much more processor time from here on than a test needs."""
    limit = int(time.process_time() + 5 * seconds + SPARE)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


def run(mutant: Mutant, seconds: dict[str, float], begun: c_int) -> None:
    """Run tests on a mutant in this process, which ends with pytest's status."""
    allow(1)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for descriptor in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
    finder = Mutated(mutant)
    files = sorted({test.partition("::")[0] for test in seconds})
    try:
        # At once: pytest puts a finder of its own before ours. It would also put a module in the place of
        # what its package imports from it by the same name, if it were the first to import it.
        sys.meta_path.insert(0, finder)
        for name in (finder.name, *(dotted(file) for file in files if file.startswith("sim/"))):
            importlib.import_module(name)
        found = [str(ROOT / file) for file in files]
        status = int(pytest.main(arguments("-x", *found), plugins=[Choice(seconds, begun)]))
    except BaseException:  # noqa: BLE001 - a mutant may break anything, and is killed by that
        status = 1
    os._exit(status)


def meet(mutant: Mutant, seconds: dict[str, float]) -> tuple[int, int]:
    """Run tests on a mutant in a process of their own: its status, and how many tests began."""
    begun = RawValue("i", 0)
    if (child := os.fork()) == 0:
        run(mutant, seconds, begun)
    return os.waitpid(child, 0)[1], begun.value


def verdict(mutant: Mutant, seconds: dict[str, float]) -> int:
    """Try a mutant, and what killed it without the mutant: a key of `VERDICTS`."""
    text = (ROOT / mutant.module).read_text(encoding="utf-8")
    unchanged = Mutant(mutant.module, 0, "", "", "", lambda: ast.unparse(ast.parse(text)))
    while seconds:
        status, begun = meet(mutant, seconds)
        if os.waitstatus_to_exitcode(status) in (0, pytest.ExitCode.NO_TESTS_COLLECTED):
            break
        control, failed = meet(unchanged, dict(islice(seconds.items(), max(begun, 1))))
        if control == 0:
            return 11 if os.WIFSIGNALED(status) else 10
        useless = [*seconds][max(failed, 1) - 1]
        print(f"left out, for it fails without a mutant: {useless}", flush=True)
        seconds = {test: took for test, took in seconds.items() if test != useless}
    return 0


def known(sources: str, *, again: bool) -> dict[str, bool]:
    """Read which mutants were tried on these sources, and which survived; again: which were ever killed."""
    lines = TRIED.read_text(encoding="utf-8").splitlines() if TRIED.exists() else []
    tried = [json.loads(line) for line in lines]
    return {key: alive for key, alive, where in tried if (not alive if again else where == sources)}


def survivors(found: dict[str, Any], sample: dict[str, Mutant], given: argparse.Namespace) -> list[Mutant]:
    """Run what is not known of a sample, several at a time, and return what no test found."""
    tried = known(found["sources"], again=given.again)
    waiting = [entry for entry in enumerate(sample, 1) if entry[1] not in tried]
    running: dict[int, tuple[int, str, int]] = {}
    while waiting or running:
        while waiting and len(running) < given.workers:
            index, key = waiting.pop(0)
            tests = chosen(found, sample[key], given.seconds)
            if (child := os.fork()) == 0:
                os._exit(verdict(sample[key], tests))
            running[child] = index, key, len(tests)
        child, status = os.wait()
        index, key, count = running.pop(child)
        said = VERDICTS[os.waitstatus_to_exitcode(status)]
        alive = tried[key] = said == VERDICTS[0]
        with TRIED.open("a", encoding="utf-8") as file:
            file.write(json.dumps([key, alive, found["sources"]]) + "\n")
        mutant = sample[key]
        print(f"{index:4} {said:8} ({count} tests) line {mutant.line} of {mutant.name}", flush=True)
    return [mutant for key, mutant in sample.items() if tried[key]]


def main() -> None:
    """Make the sample, run it, and compare what survives with the list."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--mutants", type=int, default=MUTANTS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--only", default="", help="modules whose path contains this")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=LONGEST, help="of tests for each mutant, at most")
    parser.add_argument("--again", action="store_true", help="try all that was never killed")
    given = parser.parse_args()
    os.chdir(ROOT)
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(BUILD / "hypothesis")
    BUILD.mkdir(parents=True, exist_ok=True)
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile(
        "mutants", phases=phases, derandomize=True, database=None, deadline=None, report_multiple_bugs=False
    )
    hypothesis.settings.load_profile("mutants")
    found = reach(given.workers, given.seconds)
    for name in LARGE:
        importlib.import_module(name)
    every = [m for name in modules(given.only) for m in mutants_of(name, (ROOT / name).read_text("utf-8"))]
    sample = dict(list(drawn(every, given.seed).items())[: given.mutants])
    left = survivors(found, sample, given)
    report(len(every), len(sample), left, complete=not given.only)


def report(every: int, sample: int, left: Sequence[Mutant], *, complete: bool) -> None:
    """Print the counts, and end with status 1 if a survivor is unexplained or too many survive."""
    tally = Listed.read(REASONS).tally(sample, [mutant.name for mutant in left])
    print(f"of {every} mutants, {tally}")
    for module, count in sorted(Counter(mutant.module for mutant in left).items()):
        print(f"  {count} in {module}")
    for mutant in left:
        if mutant.name in tally.unlisted:
            print(f"not in {REASONS.relative_to(ROOT)}: line {mutant.line} of {mutant.name}")
    if tally.unlisted or (complete and tally.share < SHARE):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
