"""Measure which lines and branches of `sim` and of the contracts the tests reach.

    python scripts/coverage_shares.py        # all tests, then the contracts' once more, traced

`sim` is measured by coverage.py while all tests run, in their subprocesses too. The contracts' tests then run
again on py-evm at the level of its state, where every instruction that is carried out is noted. The
compiler's source maps say which line an instruction comes from, and which JUMPI decides a condition: an
`if`, a loop, a conditional expression, `&&` or `||`. Such a JUMPI has two branches. Checks that the compiler
adds (overflow, the decoding of arguments) are not counted.

The shares are written to ``tests/coverage.json``, which ``tests/test_coverage.py`` holds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from parley.chain import backends, solc
from parley.chain.compiler import cache_directory, read_settings, source_closure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "coverage"
SHARES = ROOT / "tests" / "coverage.json"
TRACED = BUILD / "traced.json"

CONTRACT_TESTS = [
    *("tests/test_randomness_on_chain.py", "tests/contracts/test_games.py"),
    "tests/coordination/test_protocol_*.py",
    *(
        f"tests/assignment/test_contract_{what}*.py"
        for what in ("cert", "creat", "draw", "money", "phase", "report")
    ),
    *(f"tests/screening/test_contract_{what}*.py" for what in ("cert", "creat", "mark")),
    *(f"tests/guarantees/test_contract_{what}.py" for what in ("dispatch", "fairness", "money")),
]
"""What drives contracts call by call. Random histories take too long on this machine."""

HARNESSES = "tests/contracts/*Harness.sol"
JUMPI, PUSH1, PUSH32, STOP = 0x57, 0x60, 0x7F, 0x00

CONDITIONAL = {"IfStatement", "Conditional", "WhileStatement", "DoWhileStatement", "ForStatement"}
DEFINITIONS = {
    *(
        "ContractDefinition",
        "FunctionDefinition",
        "ModifierDefinition",
        "VariableDeclaration",
        "ParameterList",
    ),
}
"""What instructions of the dispatcher and of coding map to: no line of these is carried out."""

Share = dict[str, list[int]]
"""Of a file: ``lines`` and ``branches``, each reached and counted."""


# ── sim ─────────────────────────────────────────────────────────────────────────────────────────────────────


def run_all(workers: str) -> None:
    """Run all tests under coverage.py."""
    for path in BUILD.glob("sim*"):
        path.unlink()
    # The file that is written here is no reason not to write it.
    run = [sys.executable, "-m", "coverage", "run", "-m", "pytest", "--ignore", "tests/test_coverage.py"]
    for more in (["-n", workers, "--dist", "loadscope"], ["-m", "deep"]):
        subprocess.run([*run, *more], cwd=ROOT, check=True, env=environment())  # noqa: S603 - this tree's own tests


def environment() -> dict[str, str]:
    """Say where every process writes what it measured."""
    return os.environ | {"COVERAGE_FILE": str(BUILD / "sim"), "PYTHONPATH": str(ROOT)}


def shares_of_sim() -> dict[str, Share]:
    """Read what coverage.py measured."""
    target = BUILD / "parley.json"
    for command in (["combine", "--quiet", "--keep"], ["json", "--quiet", "-o", str(target)]):
        subprocess.run([sys.executable, "-m", "coverage", *command], cwd=ROOT, check=True, env=environment())  # noqa: S603 - this tree's own tests
    files = json.loads(target.read_text(encoding="utf-8"))["files"]
    return {
        name: {
            "lines": [found["summary"]["covered_lines"], found["summary"]["num_statements"]],
            "branches": [found["summary"]["covered_branches"], found["summary"]["num_branches"]],
        }
        for name, found in files.items()
    }


# ── contracts ───────────────────────────────────────────────────────────────────────────────────────────────


class Tracer:
    """Makes tests use py-evm instead of revm, and notes which instructions and jumps are carried out."""

    def __init__(self) -> None:
        self.reached: dict[bytes, set[int]] = defaultdict(set)
        self.jumps: dict[bytes, set[tuple[int, bool]]] = defaultdict(set)

    def pytest_configure(self) -> None:
        """Take the place of the machine before any test imports it."""
        from eth.vm.code_stream import CodeStream  # noqa: PLC0415 - a test session of this process only

        from parley.chain.pyevm import PyEvm  # noqa: PLC0415 - likewise

        def carried_out(stream: Any) -> Iterator[int]:  # noqa: ANN401 - py-evm carries no types
            return self.carried_out(stream)

        CodeStream.__iter__ = carried_out  # type: ignore[method-assign]
        backends.open_evm = lambda *_, **__: PyEvm()

    def carried_out(self, stream: Any) -> Iterator[int]:  # noqa: ANN401 - py-evm carries no types
        """Hand out instructions as py-evm does."""
        code = stream._raw_code_bytes  # noqa: SLF001 - as py-evm's own loop
        reached, jumps = self.reached[code], self.jumps[code]
        while (at := stream.program_counter) < len(code):
            opcode = code[at]
            reached.add(at)
            stream.program_counter = at + 1
            yield opcode
            if opcode == JUMPI:
                jumps.add((at, stream.program_counter != at + 1))
        yield STOP


def trace() -> None:
    """Run the contracts' tests, traced, and write down what was reached."""
    tracer = Tracer()
    files = [str(path) for pattern in CONTRACT_TESTS for path in sorted(ROOT.glob(pattern))]
    # A test that asks for revm itself fails here; the ordinary run is where tests have to pass.
    pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--tb=no", *files], plugins=[tracer])
    found = [
        [code.hex(), sorted(tracer.reached[code]), sorted(tracer.jumps[code])] for code in tracer.reached
    ]
    TRACED.write_text(json.dumps(found), encoding="utf-8")


class Sources:
    """The lines and conditions of a compilation's sources, by the ranges that source maps name."""

    def __init__(self, output: Mapping[str, Any], texts: Mapping[str, str]) -> None:
        self.files = {source["id"]: name for name, source in output["sources"].items()}
        self.texts = {name: text.encode() for name, text in texts.items()}
        self.conditions: set[tuple[str, str]] = set()
        self.definitions: set[tuple[str, str]] = set()
        for name, source in output["sources"].items():
            self._read(name, source["ast"])

    def _read(self, file: str, node: object) -> None:
        if isinstance(node, list):
            for entry in node:
                self._read(file, entry)
        elif isinstance(node, dict):
            kind = node.get("nodeType")
            if kind in CONDITIONAL or (kind == "BinaryOperation" and node["operator"] in ("&&", "||")):
                for part in (node, node.get("condition") or node):
                    self.conditions.add((file, part["src"].rpartition(":")[0]))
            if kind in DEFINITIONS:
                self.definitions.add((file, node["src"].rpartition(":")[0]))
            for entry in node.values():
                self._read(file, entry)

    def line(self, file: str, start: int) -> int:
        """Say on which line a place is."""
        return self.texts[file].count(b"\n", 0, start) + 1


def instructions(code: bytes, source_map: str) -> Iterator[tuple[int, int, str, int]]:
    """Go through a code: where an instruction is, its opcode, and the range and file it comes from."""
    entry = ["0", "0", "-1", "", ""]
    at = 0
    for packed in source_map.split(";"):
        for k, value in enumerate(packed.split(":")):
            if value:
                entry[k] = value
        if at >= len(code):
            return
        yield at, code[at], f"{entry[0]}:{entry[1]}", int(entry[2])
        at += 1 + (code[at] - PUSH1 + 1 if PUSH1 <= code[at] <= PUSH32 else 0)


def compiled(names: list[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Compile as `parley.chain.compiler` does, with source maps; returns the sources' texts too."""
    settings = read_settings(ROOT)
    texts = source_closure(names, {}, ROOT, settings.remappings)
    wanted = [
        f"evm.{part}.{key}" for part in ("bytecode", "deployedBytecode") for key in ("object", "sourceMap")
    ]
    wanted.append("evm.deployedBytecode.immutableReferences")
    request = {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in sorted(texts.items())},
        "settings": {**settings.standard_json(), "outputSelection": {"*": {"": ["ast"], "*": wanted}}},
    }
    return solc.run(request, settings.version, ROOT, cache_directory(ROOT)), texts


def same_code(code: bytes, artifact: Mapping[str, Any]) -> str | None:
    """Find which part of a contract a code is: its ``deployedBytecode``, its ``bytecode``, or neither."""
    created = bytes.fromhex(artifact["bytecode"]["object"])
    if created and code.startswith(created):
        return "bytecode"
    masked = bytearray(code)
    for places in artifact["deployedBytecode"].get("immutableReferences", {}).values():
        for place in places:
            masked[place["start"] : place["start"] + place["length"]] = bytes(place["length"])
    return "deployedBytecode" if masked and masked.hex() == artifact["deployedBytecode"]["object"] else None


def shares_of_contracts() -> dict[str, Share]:
    """Match what was traced with the sources, and print what no test reaches."""
    traced = [
        (bytes.fromhex(code), set(reached), {tuple(jump) for jump in jumps})
        for code, reached, jumps in json.loads(TRACED.read_text(encoding="utf-8"))
    ]
    hits = Hits()
    own = relative(ROOT.glob("contracts/**/*.sol"))
    for names in (own, *([name] for name in relative(ROOT.glob(HARNESSES)))):
        output, texts = compiled(names)
        sources = Sources(output, texts)
        for artifact in (one["evm"] for file in names for one in output["contracts"].get(file, {}).values()):
            for part in ("bytecode", "deployedBytecode"):
                runs = [
                    (reached, jumps) for code, reached, jumps in traced if same_code(code, artifact) == part
                ]
                reached = set[int]().union(*(run[0] for run in runs))
                jumps = set[Any]().union(*(run[1] for run in runs))
                hits.add(artifact[part], sources, reached, jumps)
    shares: dict[str, Share] = {name: {"lines": [0, 0], "branches": [0, 0]} for name in own}
    for what, found in (("lines", hits.lines), ("branches", hits.branches)):
        for (file, line, *outcome), hit in sorted(found.items()):
            shares[file][what][0] += hit
            shares[file][what][1] += 1
            if not hit:
                print(
                    f"{file}:{line}: no test reaches it"
                    + (f" with the outcome {outcome[-1]}" if outcome else "")
                )
    return shares


class Hits:
    """Which lines and branches were reached, in any contract that they were compiled into."""

    def __init__(self) -> None:
        self.lines: dict[tuple[Any, ...], bool] = {}
        self.branches: dict[tuple[Any, ...], bool] = {}

    def add(self, code: Mapping[str, Any], sources: Sources, reached: set[int], jumps: set[Any]) -> None:
        """Add what was reached of one code."""
        for at, opcode, span, number in instructions(bytes.fromhex(code["object"]), code["sourceMap"]):
            file = sources.files.get(number, "")
            if not file.startswith("contracts/") or (file, span) in sources.definitions:
                continue
            line = sources.line(file, int(span.partition(":")[0]))
            self.lines[file, line] = self.lines.get((file, line), False) or at in reached
            if opcode == JUMPI and (file, span) in sources.conditions:
                for jumped in (False, True):
                    key = (file, line, span, "jumps" if jumped else "goes on")
                    self.branches[key] = self.branches.get(key, False) or (at, jumped) in jumps


def relative(paths: Iterable[Path]) -> list[str]:
    """Name files as sources are named."""
    return sorted(path.relative_to(ROOT).as_posix() for path in paths)


# ── the file ────────────────────────────────────────────────────────────────────────────────────────────────


def write(shares: Mapping[str, Mapping[str, Share]]) -> None:
    """Write the file: a line for each file."""
    blocks = []
    for what, found in shares.items():
        lines = [f"  {json.dumps(name)}: {json.dumps(share)}" for name, share in sorted(found.items())]
        blocks.append(f' "{what}": {{\n' + ",\n".join(lines) + "\n }")
    SHARES.write_text("{\n" + ",\n".join(blocks) + "\n}\n", encoding="utf-8")


def main() -> None:
    """Measure and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--workers", default=os.environ.get("WORKERS", "2"))
    parser.add_argument("--trace", action="store_true", help="only run the contracts' tests, traced")
    parser.add_argument("--measured", action="store_true", help="only write the file from what was measured")
    given = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    if given.trace:
        trace()
        return
    if not given.measured:
        run_all(given.workers)
        subprocess.run([sys.executable, __file__, "--trace"], cwd=ROOT, check=True)  # noqa: S603 - this file
    shares = {"sim": shares_of_sim(), "contracts": shares_of_contracts()}
    write(shares)
    for what, found in shares.items():
        for unit in ("lines", "branches"):
            reached, counted = (sum(share[unit][k] for share in found.values()) for k in (0, 1))
            print(f"{what}: {reached} of {counted} {unit} reached ({reached / counted:.1%})")


if __name__ == "__main__":
    main()
