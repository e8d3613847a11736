"""Standard output carries a command's result and nothing else, whatever libraries print."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from parley.cli.commands import app
from parley.kit.play import run
from parley.mechanisms.coordination.experiment import workers
from tests.kit.play.coin import setting
from tests.nodes import anvil

ROOT = Path(__file__).parents[1]
COORDINATION = ROOT / "problems" / "paper-example-1.toml"
ASSIGNMENT = ROOT / "problems" / "assignment-three-utilities.toml"
NOISE = "printed by a library"
LOUD = {"numpy", "highspy", "pyrevm", "eth", "eth_account", "rich.console", "joblib.parallel", "jinja2"}
NOISY = f"""
import ctypes, os, sys

class Shout:
    def find_spec(self, name, path, target=None):
        if name in {LOUD}:
            os.write(1, b"{NOISE} with os.write\\n")
            ctypes.CDLL(None).puts(b"{NOISE} with puts")
            print("{NOISE} with print")
            print("{NOISE} with print", file=sys.__stdout__, flush=True)

sys.meta_path.insert(0, Shout())
"""
"""A module by which some libraries print when they are imported, in worker processes too."""


def parley(*arguments: object, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "parley.cli", *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which libraries print."""
    folder = tmp_path_factory.mktemp("noisy")
    (folder / "sitecustomize.py").write_text(NOISY)
    return {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}


CALLS: list[tuple[object, ...]] = [
    ("solve", COORDINATION),
    ("solve", ASSIGNMENT),
    ("audit", ASSIGNMENT),
    ("audit", COORDINATION, "--problems", 5, "--games", 2),
    ("simulate", ASSIGNMENT, "--games", 3),
    ("simulate", COORDINATION, "--games", 501, "--workers", 2),
]


@pytest.mark.parametrize(
    "call",
    [*(pytest.param(call, marks=pytest.mark.deep) for call in CALLS[:-2]), *CALLS[-2:]],
    ids=lambda call: f"{call[0]}-{Path(call[1]).stem}",
)
def test_what_libraries_print_goes_to_standard_error(call: tuple[object, ...], noisy: dict[str, str]) -> None:
    done = parley(*call, "--json", environment=noisy)
    assert done.returncode == 0, done.stderr
    assert NOISE in done.stderr
    assert json.loads(done.stdout)


def test_a_linear_program_prints_nothing() -> None:
    code = "from parley.core.linear import Program as P; p = P(); p.at_most({p.variable(1): 1}, 1); p.solve()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("call", CALLS[:2], ids=["coordination", "assignment"])
def test_tables_are_printed_alone_too(call: tuple[object, ...], noisy: dict[str, str]) -> None:
    loud, quiet = parley(*call, environment=noisy), parley(*call, environment={})
    assert (loud.returncode, quiet.returncode) == (0, 0)
    assert NOISE in loud.stderr
    assert quiet.stderr == ""
    assert loud.stdout == quiet.stdout
    assert "HiGHS" not in quiet.stdout


def quiet(*arguments: object, noisy: dict[str, str]) -> str:
    """What a command says on standard output while libraries print."""
    done = parley(*arguments, environment=noisy)
    assert done.returncode == 0, done.stderr
    assert NOISE in done.stderr
    assert NOISE not in done.stdout
    return done.stdout


@pytest.mark.deep
def test_what_libraries_print_stays_out_of_deployments_and_their_verification(
    noisy: dict[str, str], tmp_path: Path
) -> None:
    deployment = tmp_path / "deployment.json"
    with anvil() as node:
        said = quiet("deploy", "--evm", node.url, "--out", deployment, "--json", noisy=noisy)
        assert json.loads(said)["deployed"] is True
        said = quiet("verify", "--evm", node.url, "--deployment", deployment, "--json", noisy=noisy)
        assert json.loads(said)["holds"] is True


@pytest.mark.deep
def test_what_libraries_print_stays_out_of_experiments_and_their_page(
    noisy: dict[str, str], tmp_path: Path
) -> None:
    file, out = tmp_path / "small.json", tmp_path / "out"
    keys = {"kind": "experiment", "title": "Small", "games": 2, "problem": {"file": str(COORDINATION)}}
    file.write_text(json.dumps(keys))
    assert json.loads(quiet("experiment", file, "--out", out, "--json", noisy=noisy))["folder"] == str(out)
    assert quiet("report", out, noisy=noisy) == f"{out / 'report.html'}\n"
    assert NOISE not in (out / "report.html").read_text()


def test_what_libraries_print_stays_out_of_problems_that_are_imported(
    noisy: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("name,rank1,rank2\nZoe,a,b\nMax,b,a\n")
    assert json.loads(quiet("import", "csv", tmp_path / "a.csv", "--json", noisy=noisy))["items"] == [
        "a",
        "b",
    ]


def test_what_libraries_print_stays_out_of_the_address_that_is_served(noisy: dict[str, str]) -> None:
    command = [sys.executable, "-m", "parley.cli", "serve", str(COORDINATION), "--no-browser"]
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ | noisy, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as served:
        assert served.stdout is not None
        url = served.stdout.readline()
        served.send_signal(signal.SIGTERM)
        rest, told = served.communicate(timeout=60)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\n", url)
    assert rest == ""
    assert NOISE in told


ENCODINGS = [
    *("latin-1", "ascii", "gbk", "utf-16"),
    *(pytest.param(name, marks=pytest.mark.deep) for name in ("cp1252", "cp437", "utf-8")),
]


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A problem whose names no encoding but Unicode's has."""
    file = tmp_path_factory.mktemp("named") / "named.json"
    names, items = {"agents": ["Zoë", "Łukasz", "孟子"]}, ["naïve …", "δ", "😀"]
    utilities = [[3, 2, 1], [1, 3, 2], [2, 1, 3]]
    keys: dict[str, object] = {
        "kind": "assignment",
        "rule": "serial-dictatorship",
        "items": items,
        "utilities": utilities,
    }
    keys |= {"names": names}
    file.write_text(json.dumps(keys), encoding="utf-8")
    return file


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_characters_that_the_encoding_lacks_are_replaced_readably(encoding: str, named: Path) -> None:
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    for flags in ([], ["--json"]) if encoding in {"ascii", "utf-16"} else ([],):
        command = [sys.executable, "-m", "parley.cli", "solve", str(named), *flags]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
        text = done.stdout.decode(encoding)
        assert done.returncode == 0
        assert b"Traceback" not in done.stderr
        if flags:
            assert json.loads(text)["kind"] == "assignment"
        else:
            assert "Zo" in text
            assert ("孟子" if encoding in {"utf-8", "utf-16", "gbk"} else r"\u5b5f\u5b50") in text
            # The line below a table's heads is as wide as its rows.
            lines = text.splitlines()
            rules = [k for k, line in enumerate(lines) if line and set(line) <= set("-─+ ")]
            assert rules
            assert encoding not in {"ascii", "latin-1"} or all(
                len(lines[k].rstrip()) >= len(lines[k + n].rstrip()) for k in rules for n in (1, 2, 3)
            )


def test_a_problem_is_printed_as_utf_8_whatever_the_encoding(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,rank1,rank2\n孟子,δ,😀\nZoë,δ,\n", encoding="utf-8")
    command = [sys.executable, "-m", "parley.cli", "import", "csv", str(tmp_path / "a.csv")]
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert done.returncode == 0
    assert "孟子" in done.stdout.decode()


@pytest.mark.parametrize(
    "call", [("solve", COORDINATION), ("solve", COORDINATION, "--json"), ("--help",), ("solve", "--help")]
)
def test_a_result_that_cannot_be_printed_is_no_success(call: tuple[object, ...]) -> None:
    command = [sys.executable, "-m", "parley.cli", *map(str, call)]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "standard output: cannot be written: No space left on device\n"
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(command, cwd=ROOT, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


def test_standard_streams_may_be_closed() -> None:
    command = f"{sys.executable} -m parley.cli solve {COORDINATION} --json"
    for closed, expected in ((">&-", 2), ("2>&-", 0), ("<&-", 0), (">&- 2>&-", 2)):
        done = subprocess.run(  # noqa: S602 - a shell closes them
            f"{command} {closed}", shell=True, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == expected
        assert "Traceback" not in done.stderr
        if not expected:
            assert json.loads(done.stdout)


def test_an_interrupted_command_ends_with_130_and_says_how_far_it_came() -> None:
    command = [sys.executable, "-m", "parley.cli", "simulate", str(COORDINATION), "--games", "100000000"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as started:
        time.sleep(4)
        started.send_signal(signal.SIGINT)
        out, told = started.communicate(timeout=60)
    assert (started.returncode, out) == (130, "")
    # Before it plays, there is nothing to say, and a long run was announced.
    lines = [line for line in told.splitlines() if not line.startswith("warning: this will take about")]
    assert all(re.fullmatch("stopped after [0-9,]+ of 100,000,000 games", line) for line in lines)
    assert len(lines) <= 1


@pytest.mark.parametrize(
    "call",
    [
        ("simulate", COORDINATION, "--games", value)
        for value in ("0", "-1", "99999999999999999999", "1e3", "9" * 5000, "nan")
    ]
    + [("simulate", COORDINATION, "--workers", value) for value in ("0", "-1", "1000", "9" * 30)]
    + [("simulate", COORDINATION, "--seed", value) for value in ("-1", "9" * 60)]
    + [("simulate", COORDINATION, "--confirmations", value) for value in ("-1", "100001", "9" * 30)]
    + [("experiment", COORDINATION, "--workers", value) for value in ("0", "-1", "1000", "9" * 30)]
    + [("audit", COORDINATION, "--problems", value) for value in ("0", "-1", "9" * 20)]
    + [("audit", COORDINATION, "--games", value) for value in ("-1", "9" * 20)]
    + [("audit", COORDINATION, "--seed", value) for value in ("-1", "9" * 60)]
    + [("audit", ASSIGNMENT, "--runs", value) for value in ("0", "1", "-1", "9" * 20)]
    + [("solve", ASSIGNMENT, "--runs", value) for value in ("0", "1", "-1", "9" * 20)]
    + [("solve", ASSIGNMENT, "--seed", value) for value in ("-1", "9" * 60)]
    + [("serve", "--port", value) for value in ("-1", "65536", "9" * 20)]
    + [("import", "csv", ASSIGNMENT, "--seats", value) for value in ("0", "-1", "9" * 20)],
)
def test_absurd_numbers_are_refused_at_once(call: tuple[object, ...]) -> None:
    done = CliRunner().invoke(app, [str(part) for part in call])
    assert (done.exit_code, done.stdout) == (2, "")
    assert str(call[-2]) in done.stderr
    assert done.stderr.count("\n") == 1


def test_there_are_never_more_workers_than_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def parallel(*, n_jobs: int, return_as: str) -> None:
        asked.append(n_jobs)
        raise KeyError(return_as)

    for module in (run, workers):
        monkeypatch.setattr(module, "Parallel", parallel)
    with pytest.raises(KeyError):
        run.play_games(setting(), games=1001, workers=200)
    with pytest.raises(KeyError):
        list(workers.Pool(200).play([None, None]))  # type: ignore[list-item]  # orders are not looked at
    assert asked == [3, 2]
