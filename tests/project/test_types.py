"""The type checker compares each mechanism with the interface that commands use."""

import re
from pathlib import Path

from mypy import api

from parley.chain.compiler import project_root
from parley.kit.registry import mechanisms

ROOT = project_root()
WRONG = """
def wrong(number: int, /) -> int:
    return number
"""


def test_a_function_that_does_not_fit_the_interface_is_an_error(tmp_path: Path) -> None:
    lines, expected = WRONG.splitlines(), []
    for one in mechanisms():
        declared = type(one)
        lines += [f"from {declared.__module__} import {declared.__name__}"]
        lines += [f"class {declared.__name__}Wrong({declared.__name__}):"]
        for name, value in vars(declared).items():
            if isinstance(value, staticmethod):
                lines.append(f"    {name} = staticmethod(wrong)")
                expected.append(len(lines))
    assert len(expected) >= 12 * len(mechanisms())
    (file := tmp_path / "wrong.py").write_text("\n".join(lines), encoding="utf-8")
    told, failed, _ = api.run([str(file), "--config-file", str(ROOT / "pyproject.toml")])
    assert not failed
    found = re.findall(r"wrong\.py:(\d+): error: .*\[assignment\]", told)
    assert [int(line) for line in found] == expected, told
