"""Mutants of the theory: small faults put into it one at a time, and which of them the tests find.

    python -m scripts.mutants_theory                    # the sample of 300, on two processes: about an hour
    python -m scripts.mutants_theory --mutants 30 --only coordination/costs

A mutant changes one place of one module: a comparison, an operation, a constant, a truth value, a statement,
the order of two arguments, a returned value. First the tests run once under coverage.py, which records which
test reaches which line. A mutant then meets only the tests that reach its line, the fastest first, until one
fails. One that takes much more processor time than the tests need, or too much memory, counts as killed.

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
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import coverage
import hypothesis
import pytest

from scripts.survivors import Listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

ROOT = Path(__file__).parents[1]
REASONS = ROOT / "tests" / "mutants_theory.toml"
BUILD = ROOT / "build" / "mutants"
MEASURED = BUILD / "reached.json"

SHARED = ["exact", "randomness", "statistics"]
COORDINATION = ["allocation", "announcements", "axioms", "bargaining", "costs", "recognition", "solver"]
ASSIGNMENT = [
    *("certificate", "decomposition", "efficiency", "envy", "options", "probabilistic_serial"),
    *("pseudo_market", "rules", "serial_dictatorship"),
]
THEORY = [
    *(f"sim/parley/core/{name}" for name in SHARED),
    *(f"sim/parley/mechanisms/coordination/{name}" for name in COORDINATION),
    *(f"sim/parley/mechanisms/assignment/{name}" for name in ASSIGNMENT),
]
"""Files and folders of the theory, without their endings."""

TESTS = [
    *(f"tests/test_{name}" for name in SHARED),
    *(f"tests/coordination/test_{name}" for name in [*COORDINATION, "audit", "problem", "solution"]),
    *("tests/coordination/solver", "tests/coordination/axioms"),
    *(f"tests/assignment/test_{name}" for name in [*ASSIGNMENT, "model", "paper", "problem", "properties"]),
    *THEORY,
]
"""What speaks of the theory without a chain, where there is such a file; its own files for their doctests."""

SEED, MUTANTS, SHARE = 1, 300, 0.95
SPARE = 20
"""Seconds of processor time that a mutant may take beyond five times what its tests take."""
LONGEST = 120
"""Seconds of tests that one mutant meets at most."""
MEMORY = 6 * 2**30


# ── mutants ─────────────────────────────────────────────────────────────────────────────────────────────────

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
OPERATIONS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.FloorDiv,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.LShift: (ast.RShift,),
    ast.RShift: (ast.LShift,),
}
SYMMETRIC = {"gcd", "lcm", "max", "min", "np.maximum", "np.minimum"}
"""Functions that do not see the order of their arguments."""
UNTYPED = {"annotation", "returns", "decorator_list", "type_params", "bases", "keywords"}
"""Fields of definitions and assignments in which no mutant is made: they say types and register things."""


@dataclass(frozen=True, eq=False)
class Mutant:
    """One change of one module, and where it is."""

    module: str
    line: int
    function: str
    before: str
    after: str
    source: Callable[[], str]

    @property
    def name(self) -> str:
        """How it is called in the list of survivors, whatever the line."""
        return f"{self.module}:{self.function}: {self.before} → {self.after}"


def changed(node: ast.AST, **fields: object) -> ast.AST:
    """Copy a node, with other fields."""
    new = deepcopy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """Make the changes of one node: each is a new node in its place."""
    yield from operators(node)
    yield from values(node)
    yield from statements(node)


def operators(node: ast.AST) -> Iterator[ast.AST]:
    """Take another comparison, operation or junction."""
    match node:
        case ast.Compare(ops=ops):
            for k, op in enumerate(ops):
                for comparison in COMPARISONS[type(op)]:
                    yield changed(node, ops=[*ops[:k], comparison(), *ops[k + 1 :]])
        case ast.BinOp(op=op) | ast.AugAssign(op=op):
            for operation in OPERATIONS.get(type(op), ()):
                yield changed(node, op=operation())
        case ast.BoolOp(op=op):
            yield changed(node, op=ast.Or() if isinstance(op, ast.And) else ast.And())
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            yield changed(node, test=ast.UnaryOp(ast.Not(), test))


def values(node: ast.AST) -> Iterator[ast.AST]:
    """Take another constant, or arguments in another order."""
    match node:
        case ast.Constant(value=bool() as value):
            yield changed(node, value=not value)
        case ast.Constant(value=int() as value):
            yield changed(node, value=value + 1)
            yield changed(node, value=value - 1)
        case ast.Call(func=func, args=[first, second, *rest]):
            if ast.unparse(func) not in SYMMETRIC and not {type(first), type(second)} & {ast.Starred}:
                yield changed(node, args=[second, first, *rest])
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield changed(node, value=ast.Constant(None))


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Leave a statement out."""
    match node:
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Raise() | ast.Continue() | ast.Break():
            yield ast.Pass()
        case ast.Assign(targets=[ast.Subscript() | ast.Attribute()]):
            yield ast.Pass()


def mutants_of(module: str, source: str) -> Iterator[Mutant]:
    """Make all mutants of a module."""
    tree = ast.parse(source)

    def visit(node: ast.AST, function: str) -> Iterator[Mutant]:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            function = f"{function}.{node.name}".strip(".")
        for field, value in ast.iter_fields(node):
            if field in UNTYPED and not isinstance(node, ast.Call):
                continue
            for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if not isinstance(child, ast.AST) or is_no_theory(child):
                    continue
                for new in changes(child):
                    before, after = (ast.unparse(part).partition("\n")[0] for part in (child, new))
                    text = partial(mutated, tree, node, field, index, new)
                    yield Mutant(module, getattr(child, "lineno", 0), function, before, after, text)
                yield from visit(child, function)

    yield from visit(tree, "")


def drawn(mutants: Sequence[Mutant], seed: int) -> list[Mutant]:
    """Order mutants at random: by a hash, so that an edit changes the place of no mutant elsewhere."""
    twins: Counter[str] = Counter()
    keys = {}
    for mutant in mutants:
        twins[mutant.name] += 1
        keys[mutant] = sha256(f"{seed} {mutant.name} {twins[mutant.name]}".encode()).digest()
    return sorted(mutants, key=keys.__getitem__)


def is_no_theory(node: ast.AST) -> bool:
    """Tell what is for the type checker only, or is the check that ``zip`` makes of its own arguments."""
    if isinstance(node, ast.keyword):
        return node.arg == "strict"
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def mutated(tree: ast.AST, owner: ast.AST, field: str, index: int | None, new: ast.AST) -> str:
    """Write a module with one node in the place of another."""
    if index is None:
        old, fields = getattr(owner, field), None
        setattr(owner, field, new)
    else:
        fields = getattr(owner, field)
        old, fields[index] = fields[index], new
    text = ast.unparse(ast.fix_missing_locations(tree))
    if fields is None:
        setattr(owner, field, old)
    else:
        fields[index] = old
    return text


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
    """Tells coverage.py which test runs, and notes how long each takes and which fail."""

    def __init__(self, measured: coverage.Coverage) -> None:
        self.measured = measured
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Run one test in a context of its name."""
        self.measured.switch_context(item.nodeid)
        start = time.process_time()
        result = yield
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


def measure(files: Sequence[Path], data: str) -> dict[str, Any]:
    """Run tests once, and find which of them reach each line. What fails, or measures time, is left out."""
    measured = coverage.Coverage(data_file=data, config_file=False, source=[str(ROOT / "sim")])
    recorder = Recorder(measured)
    measured.start()
    pytest.main(arguments("-k", "not seconds", *map(str, files)), plugins=[recorder])
    measured.stop()
    reached = {}
    for name in modules(""):
        lines = measured.get_data().contexts_by_lineno(str(ROOT / name))
        reached[name] = {line: sorted({*tests} - {""} - recorder.failed) for line, tests in lines.items()}
    return {"seconds": recorder.seconds, "reached": reached, "failed": sorted(recorder.failed)}


def reach(workers: int) -> dict[str, Any]:
    """Find which test reaches which line, in other processes: this one must load no module of ours."""
    if MEASURED.exists():
        found: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))
        if found["sources"] == fingerprint():
            return found
    files = [
        file for path in paths(TESTS) for file in ([path] if path.is_file() else sorted(path.rglob("*.py")))
    ]
    parts = [BUILD / f"part{k}.json" for k in range(workers)]
    for k, part in enumerate(parts):
        if os.fork() == 0:
            part.write_text(json.dumps(measure(files[k::workers], str(BUILD / f"data{k}"))), encoding="utf-8")
            os._exit(0)
    if any(os.wait()[1] for _ in parts):
        raise SystemExit("mutants: the tests could not be measured")
    found = {"sources": fingerprint(), "seconds": {}, "reached": {name: {} for name in modules("")}}
    for measured in (json.loads(part.read_text(encoding="utf-8")) for part in parts):
        found["seconds"] |= measured["seconds"]
        for name, lines in measured["reached"].items():
            for line, tests in lines.items():
                found["reached"][name].setdefault(line, []).extend(tests)
        for test in measured["failed"]:
            print(f"left out, for it fails without a mutant: {test}")
    MEASURED.write_text(json.dumps(found), encoding="utf-8")
    return found


def fingerprint() -> str:
    """Say which sources and tests were measured."""
    digest = sha256()
    for folder in ("sim", "tests"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def chosen(found: dict[str, Any], mutant: Mutant) -> list[str]:
    """Choose the tests that a mutant meets, the fastest first."""
    lines = found["reached"][mutant.module]
    tests = lines.get(str(mutant.line)) or []
    if not tests:  # a constant of the module: whatever reaches any of its lines
        tests = {test for line in lines.values() for test in line}
    seconds, total = found["seconds"], 0.0
    taken: list[str] = []
    for test in sorted(tests, key=lambda test: (seconds[test], test)):
        total += seconds[test]
        if taken and total > LONGEST:
            break
        taken.append(test)
    return taken


# ── running ─────────────────────────────────────────────────────────────────────────────────────────────────


class Mutated(importlib.abc.MetaPathFinder):
    """Imports one module from a changed source."""

    def __init__(self, mutant: Mutant) -> None:
        self.name = mutant.module.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
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
    """Runs the chosen tests only, in their order."""

    def __init__(self, tests: Sequence[str]) -> None:
        self.order = {test: k for k, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep and sort."""
        items[:] = sorted(
            (item for item in items if item.nodeid in self.order), key=lambda item: self.order[item.nodeid]
        )


def run(mutant: Mutant, tests: Sequence[str], seconds: float) -> None:
    """Run the tests on a mutant in this process, which ends with pytest's status."""
    limit = int(5 * seconds + SPARE)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for descriptor in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
    finder = Mutated(mutant)
    files = sorted({str(ROOT / test.partition("::")[0]) for test in tests})
    try:
        # At once: pytest puts a finder of its own before ours.
        sys.meta_path.insert(0, finder)
        importlib.import_module(finder.name)
        status = int(pytest.main(arguments("-x", *files), plugins=[Choice(tests)]))
    except BaseException:  # noqa: BLE001 - a mutant may break anything, and is killed by that
        status = 1
    os._exit(status)


def survivors(found: dict[str, Any], sample: Sequence[Mutant], workers: int) -> list[Mutant]:
    """Run a sample, several at a time, and return what no test found."""
    left, waiting, running = [], list(enumerate(sample)), dict[int, tuple[int, Mutant, int]]()
    while waiting or running:
        while waiting and len(running) < workers:
            index, mutant = waiting.pop(0)
            tests = chosen(found, mutant)
            if (child := os.fork()) == 0:
                run(mutant, tests, sum(found["seconds"][test] for test in tests))
            running[child] = index, mutant, len(tests)
        child, status = os.wait()
        index, mutant, count = running.pop(child)
        # 0: all passed; 5: no test reaches it.
        alive = os.WIFEXITED(status) and os.WEXITSTATUS(status) in (0, 5)
        if alive:
            left.append(mutant)
        elif os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGINT:
            raise KeyboardInterrupt
        said = "SURVIVED" if alive else "too long" if os.WIFSIGNALED(status) else "killed"
        print(f"{index + 1:4} {said:8} ({count} tests) line {mutant.line} of {mutant.name}", flush=True)
    return left


def main() -> None:
    """Make the sample, run it, and compare what survives with the list."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--mutants", type=int, default=MUTANTS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--only", default="", help="modules whose path contains this")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    os.chdir(ROOT)
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(BUILD / "hypothesis")
    BUILD.mkdir(parents=True, exist_ok=True)
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile(
        "mutants", phases=phases, derandomize=True, database=None, deadline=None, report_multiple_bugs=False
    )
    hypothesis.settings.load_profile("mutants")
    found = reach(given.workers)
    for name in ("highspy", "matplotlib", "numpy", "pydantic", "scipy.optimize", "scipy.stats", "typer"):
        importlib.import_module(name)
    every = [m for name in modules(given.only) for m in mutants_of(name, (ROOT / name).read_text("utf-8"))]
    sample = drawn(every, given.seed)[: given.mutants]
    left = survivors(found, sample, given.workers)
    report(every, sample, left, complete=not given.only)


def report(
    every: Sequence[Mutant], sample: Sequence[Mutant], left: Sequence[Mutant], *, complete: bool
) -> None:
    """Print the counts, and end with status 1 if a survivor is unexplained or too many survive."""
    tally = Listed.read(REASONS).tally(len(sample), [mutant.name for mutant in left])
    print(f"of {len(every)} mutants, {tally}")
    for module, count in sorted(Counter(mutant.module for mutant in left).items()):
        print(f"  {count} in {module}")
    for mutant in left:
        if mutant.name in tally.unlisted:
            print(f"not in {REASONS.relative_to(ROOT)}: line {mutant.line} of {mutant.name}")
    if tally.unlisted or (complete and tally.share < SHARE):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
