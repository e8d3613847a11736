"""What stands around a command changes nothing: settings of libraries, missing homes, others' files."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from parley.chain import solc
from parley.chain.compiler import CompilerError, cache_directory, compile_sources
from parley.cli import app
from parley.kit.present.style import save, style

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "problems" / "paper-example-1.toml"

SETTINGS = b"""\
text.usetex: True
savefig.bbox: tight
savefig.facecolor: red
font.size: 30
backend: nonsense
no.such.key: 1
"""


# ── Matplotlib's settings ───────────────────────────────────────────────────────────────────────────────────


def pictures(folder: Path) -> dict[str, bytes]:
    """What is drawn in a folder."""
    found = {file.name: file.read_bytes() for file in folder.iterdir() if file.suffix in {".png", ".svg"}}
    assert found
    return found


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The pictures of a run where nobody has set anything."""
    out = tmp_path_factory.mktemp("drawn") / "out"
    with pytest.raises(SystemExit) as ended:
        app(["simulate", str(EXAMPLE), "--games", "20", "--out", str(out)], prog_name="parley")
    assert ended.value.code == 0
    return pictures(out)


@pytest.mark.parametrize(
    "settings",
    [SETTINGS, pytest.param(b"\xff\xfe no text\0", marks=pytest.mark.deep)],
    ids=["settings", "no text"],
)
def test_the_users_settings_of_matplotlib_do_not_reach_pictures(
    settings: bytes, drawn: dict[str, bytes], tmp_path: Path
) -> None:
    here, home = tmp_path / "here", tmp_path / "home"
    for folder in (here, home):
        folder.mkdir()
        (folder / "matplotlibrc").write_bytes(settings)
    set_by_user = {"MPLBACKEND": "nonsense", "MPLCONFIGDIR": str(home)}
    set_by_user["MATPLOTLIBRC"] = str(home / "matplotlibrc")
    command = [sys.executable, "-m", "parley.cli", "simulate", str(EXAMPLE), "--games", "20", "--out", "out"]
    done = subprocess.run(
        command, cwd=here, env=os.environ | set_by_user, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "matplotlibrc" not in done.stderr
    assert pictures(here / "out") == drawn


def test_settings_made_in_the_process_do_not_reach_pictures_either(tmp_path: Path) -> None:
    def line(path: Path) -> bytes:
        with style():
            figure = Figure()
            axes = figure.subplots()
            axes.plot([1, 2], label="$a")
            axes.legend()
        save(figure, path)
        return path.read_bytes()

    for ending in ("png", "svg"):
        plain = line(tmp_path / f"plain.{ending}")
        with mpl.rc_context({"savefig.bbox": "tight", "text.usetex": True, "savefig.facecolor": "red"}):
            assert line(tmp_path / f"set.{ending}") == plain


def test_what_a_figure_was_drawn_in_holds_when_it_is_saved(tmp_path: Path) -> None:
    with style(svg_fonttype="none"):
        figure = Figure()
        figure.suptitle("as text")
    save(figure, tmp_path / "text.svg", svg_fonttype="none")
    assert ">as text</text>" in (tmp_path / "text.svg").read_text()


# ── homes and caches ────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree in which nothing can be kept."""
    (tmp_path / "build").write_text("not a folder")
    return tmp_path


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """No home folder: neither the environment nor the system names one."""
    monkeypatch.delenv("PARLEY_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)


@pytest.mark.usefixtures("homeless")
def test_without_a_home_the_trees_own_folder_is_used_and_where_that_fails_it_is_said(
    tree: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path_factory.mktemp("other")
    assert cache_directory(other) == other / "build" / "cache"
    monkeypatch.chdir(tree)
    with pytest.raises(CompilerError, match=r"no cache folder .*: ~/\.cache/parley is not writable$"):
        cache_directory(tree)
    assert not (tree / "~").exists()
    monkeypatch.setenv("XDG_CACHE_HOME", str(other))
    assert cache_directory(tree) == other / "parley"


def test_a_tilde_in_the_caches_name_is_the_home_folder(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PARLEY_CACHE", "~/kept/here")
    assert cache_directory(tree) == tmp_path / "home" / "kept" / "here"
    monkeypatch.setenv("PARLEY_CACHE", "~nobody-of-this-name/kept")
    with pytest.raises(CompilerError, match=r"~nobody-of-this-name/kept is not writable"):
        cache_directory(tree)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["build", "home"]


def test_commands_that_draw_and_play_need_no_home(drawn: dict[str, bytes], tmp_path: Path) -> None:
    homes = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR")
    environment = {key: value for key, value in os.environ.items() if key not in homes}
    command = [sys.executable, "-m", "parley.cli", "simulate", str(EXAMPLE), "--games", "20", "--out", "out"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment | {"HOME": "/dev/null"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert pictures(tmp_path / "out") == drawn


ODD = (
    "// SPDX-License-Identifier: MIT\npragma solidity ^0.8.30;\ncontract Odd { uint256 public seven = 7; }\n"
)


@pytest.fixture
def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache that another user has filled: what is in it can neither be read nor written."""
    folder = tmp_path / "foreign"
    monkeypatch.setenv("PARLEY_CACHE", str(folder))
    compile_sources({"Odd.sol": ODD})
    for file in folder.glob("*.json"):
        for name in (file, file.with_suffix(".lock")):  # the tests' user may read and write every file
            name.unlink()
            name.mkdir()
            (name / "of somebody else").write_text("")
    before = sorted(folder.iterdir())
    yield folder
    assert sorted(folder.iterdir()) == before, "something was left there"


def test_a_cache_that_another_user_has_filled_is_no_obstacle(
    foreign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = []
    compile_now = solc.run

    def counted(*arguments: object) -> object:
        ran.append(arguments)
        return compile_now(*arguments)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(solc, "run", counted)
    for _ in range(2):
        assert set(compile_sources({"Odd.sol": ODD})) == {"Odd"}
    assert len(ran) == 2
    assert foreign.is_dir()
