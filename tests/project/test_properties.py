"""The ledger of properties names tests that exist, and leaves no directed test out."""

import ast
import re

from parley.chain.compiler import project_root

ROOT = project_root()


def functions_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def named() -> dict[str, set[str]]:
    """Tests named in the ledger, by file: in the folder that its part names, if not in another."""
    folder = ""
    tests: dict[str, set[str]] = {}
    for line in (ROOT / "docs/reference/PROPERTIES.md").read_text(encoding="utf-8").splitlines():
        if stated := re.match(r"Files are in `([\w/]+/)` where no folder is named", line):
            folder = stated[1]
        for file, name in re.findall(r"`([\w/]+\.py)::(\w+)`", line):
            path = file if file.startswith("tests/") else folder + file
            tests.setdefault(path, set()).add(name)
    return tests


def test_every_test_that_the_ledger_names_exists() -> None:
    for path, names in named().items():
        assert names <= functions_in(path), path


def test_every_directed_test_stands_in_the_ledger() -> None:
    tests = named()
    for pattern in (
        "contracts/test_*.py",
        "coordination/test_protocol_*.py",
        "assignment/test_contract_[!s]*.py",
        "screening/test_contract_*.py",
        "guarantees/test_contract_*.py",
        "team/test_contract_*.py",
    ):
        for path in sorted((ROOT / "tests").glob(pattern)):
            relative = path.relative_to(ROOT).as_posix()
            assert functions_in(relative) - tests[relative] == set()


def test_the_ledger_counts_the_crooked_contracts_right() -> None:
    from tests.assignment.suite import SUITE as ASSIGNMENT  # noqa: PLC0415 - a test's own table
    from tests.coordination.suite import SUITE as COORDINATION  # noqa: PLC0415 - a test's own table
    from tests.guarantees.suite import SUITE as GUARANTEES  # noqa: PLC0415 - a test's own table
    from tests.kit.conformance import sample  # noqa: PLC0415 - a test's own table
    from tests.screening.suite import SUITE as SCREENING  # noqa: PLC0415 - a test's own table
    from tests.team.suite import DRAW_SUITE  # noqa: PLC0415 - a test's own table
    from tests.team.suite import SUITE as TEAM  # noqa: PLC0415 - a test's own table

    suites = (COORDINATION, ASSIGNMENT, SCREENING, GUARANTEES, TEAM, DRAW_SUITE)
    names = [list(suite.campaign.variants) for suite in suites]
    ledger = (ROOT / "docs/reference/PROPERTIES.md").read_text(encoding="utf-8")
    assert f"list {sum(map(len, names))} variants" in ledger
    assert f"{sum(len(sample(some)) for some in names)} of them, drawn" in ledger
