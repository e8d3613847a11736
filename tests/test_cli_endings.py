"""How every command ends where nobody reads on, nothing can be written, or somebody presses Ctrl-C."""

from __future__ import annotations

import io
import os
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from parley.cli import app
from parley.cli.output import _Descriptor
from tests.nodes import anvil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
EXAMPLE = str(ROOT / "problems" / "paper-example-1.toml")
LOTTERY = str(ROOT / "problems" / "assignment-three-utilities.toml")

EXPERIMENT = f"""
kind = "experiment"
title = "Small"
games = 2
problem = {{ file = "{EXAMPLE}" }}
"""

CALLS = (
    "--help",
    "verify --help",
    "--version",
    "init team",
    "schema team",
    "doctor",
    "solve EXAMPLE",
    "solve LOTTERY --json",
    "simulate EXAMPLE --games 2",
    "simulate LOTTERY --games 2 --json",
    "audit EXAMPLE --problems 2 --games 1 --json",
    "audit LOTTERY",
    "compare LOTTERY --games 0 --json",
    "deploy --evm URL --out HERE/deployment.json",
    "deploy --evm URL --out HERE/deployment.json --json",
    "verify --evm URL --deployment HERE/deployment.json",
    "verify --evm URL --deployment HERE/deployment.json --json",
    "experiment HERE/small.toml --out HERE/tables",
    "experiment HERE/small.toml --out HERE/tables --json",
    "report HERE/tables",
    "serve --no-browser",
    "import csv HERE/ranks.csv",
    "import csv HERE/ranks.csv --json",
    "import csv HERE/ranks.csv --out HERE/ranks.toml --force",
    "import preflib HERE/ranks.soc",
)


def status_of(call: list[str]) -> int:
    """What a command ends with, in this process."""
    with pytest.raises(SystemExit) as ended:
        app(call, prog_name="parley")
    code = ended.value.code
    return code if isinstance(code, int) else 1


@pytest.fixture(scope="module")
def spelt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], list[str]]]:
    """A call with its places filled in; all that it takes is there."""
    here = tmp_path_factory.mktemp("here")
    (here / "small.toml").write_text(EXPERIMENT, encoding="utf-8")
    (here / "ranks.csv").write_text("name,rank1,rank2\nZoe,a,b\nMax,b,a\n", encoding="utf-8")
    (here / "ranks.soc").write_text(
        "# NUMBER ALTERNATIVES: 2\n# NUMBER VOTERS: 2\n# NUMBER UNIQUE ORDERS: 2\n"
        "# ALTERNATIVE NAME 1: a\n# ALTERNATIVE NAME 2: b\n1: 1,2\n1: 2,1\n",
        encoding="utf-8",
    )
    with anvil() as node:
        places = {"EXAMPLE": EXAMPLE, "LOTTERY": LOTTERY, "URL": node.url, "HERE": str(here)}

        def spell(call: str) -> list[str]:
            for name, place in places.items():
                call = call.replace(name, place)
            return call.split()

        yield spell


@pytest.fixture(scope="module")
def ready(spelt: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    """The same, after every command that leaves something has been run."""
    for call in CALLS:
        if call.startswith(("deploy", "experiment")) and "--json" not in call:
            assert status_of(spelt(call)) == 0
    return spelt


@contextmanager
def printing_to(descriptor: int) -> Iterator[None]:
    """Let standard output be a descriptor, as it is where a command is a process."""
    before = sys.stdout
    stream = io.TextIOWrapper(io.BufferedWriter(_Descriptor(descriptor, "wb", closefd=False)), "utf-8")
    sys.stdout = stream
    try:
        yield
    finally:
        sys.stdout = before
        os.close(descriptor)


def full() -> int:
    """Where nothing can be written any more."""
    return os.open("/dev/full", os.O_WRONLY)


def closed() -> int:
    """Where nobody reads any more."""
    read, write = os.pipe()
    os.close(read)
    return write


@pytest.mark.parametrize(
    "call", [pytest.param(call, marks=() if k % 3 == 0 else pytest.mark.deep) for k, call in enumerate(CALLS)]
)
def test_a_result_that_cannot_be_printed_is_no_success(
    call: str, ready: Callable[[str], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    said = "standard output: cannot be written: No space left on device\n"
    for where, status, told in ((full(), 2, said), (closed(), 141, "")):
        capsys.readouterr()
        with printing_to(where):
            assert status_of(ready(call)) == status
        err = capsys.readouterr().err
        assert err.endswith(told)
        assert "Traceback" not in err
        # What an import is not sure of is said before.
        assert err.count("\n") == told.count("\n") or call.startswith("import")


PLAY = "parley.mechanisms.coordination.play.Player.play"

INTERRUPTED = (
    ("solve EXAMPLE", "parley.core.problemfile.read"),
    ("simulate EXAMPLE --games 3 --out HERE/out", PLAY),
    ("simulate LOTTERY --games 3 --out HERE/out", "parley.mechanisms.assignment.play.Player.play"),
    (
        "simulate EXAMPLE --games 3 --evm URL --out HERE/out",
        "parley.mechanisms.coordination.play.Player.play",
    ),
    ("audit LOTTERY --out HERE/out", "parley.core.folders._commit"),
    ("audit EXAMPLE --problems 2 --games 1", "parley.core.problemfile.read"),
    ("deploy --evm URL --out HERE/new.json", "parley.chain.deployments.deploy_to_node"),
    ("deploy --evm URL --out HERE/new.json", "parley.core.folders.sync"),
    ("verify --evm URL --deployment HERE/deployment.json", "parley.chain.nodehistory.read_logs"),
    ("experiment HERE/small.toml --out HERE/out", "parley.core.problemfile.read"),
    ("report HERE/tables", "parley.kit.present.page.render"),
    ("serve EXAMPLE --no-browser", "parley.core.problemfile.read"),
    ("import csv HERE/ranks.csv --out HERE/new.toml", "parley.mechanisms.assignment.csvfile.read_csv"),
    ("import csv HERE/ranks.csv --out HERE/new.toml", "parley.core.folders.sync"),
    ("import preflib HERE/ranks.soc", "parley.mechanisms.assignment.preflib.read_preflib"),
)


@pytest.mark.parametrize(("call", "place"), INTERRUPTED)
def test_a_command_that_is_interrupted_ends_with_130_and_leaves_nothing(
    call: str,
    place: str,
    ready: Callable[[str], list[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = Path(ready("HERE")[0])
    before = {file: file.stat().st_mtime_ns for file in here.rglob("*") if file.is_file()}
    arrived = []

    def interrupt(*_: object, **__: object) -> None:
        arrived.append(place)
        signal.raise_signal(signal.SIGINT)

    known = signal.signal(signal.SIGINT, signal.default_int_handler)  # wherever the tests run
    try:
        monkeypatch.setattr(place, interrupt)
        capsys.readouterr()
        assert status_of(ready(call)) == 130
    finally:
        signal.signal(signal.SIGINT, known)
    assert set(arrived) == {place}
    games = call.startswith("simulate")
    said = f"stopped after 0 of 3 games; {here}/out is as it was\n" if games else ""
    assert capsys.readouterr() == ("", said)
    assert {file: file.stat().st_mtime_ns for file in here.rglob("*") if file.is_file()} == before
