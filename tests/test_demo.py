"""The demo: short, of every kind, with pictures and one page."""

from __future__ import annotations

import re
import runpy
from typing import TYPE_CHECKING

import pytest

from parley.chain.compiler import project_root
from parley.kit.registry import kinds

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.deep
def test_the_demo_shows_every_kind_in_80_lines_of_80_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    demo = runpy.run_path(str(project_root() / "scripts" / "demo.py"))
    assert demo["run"](["--games", "60"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 80
    assert max(map(len, lines)) <= 80
    assert sum("agrees with theory" in line for line in lines) == len(kinds())
    for kind in kinds():
        (folder,) = (tmp_path / "build" / "demo").glob(f"*-{kind}")
        assert list(folder.glob("*.png"))
    assert demo["CLOSING"].count(". ") == 2
    assert lines[-1].endswith("build/demo/report.html")
    page = (tmp_path / "build" / "demo" / "report.html").read_text(encoding="utf-8")
    assert len(re.findall(r'<h2 class="run"', page)) == len(kinds())
