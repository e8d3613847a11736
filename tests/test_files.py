"""What other people's files may hold is bounded before anything parses it."""

import json
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from parley.core import problemfile
from parley.core.errors import ProblemError
from parley.core.files import MAX_BYTES, MAX_DEPTH, MAX_PARTS, read_object, read_text
from parley.kit.live.choice import Choice
from parley.mechanisms.assignment.problem import Problem


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a" + ".a" * 20_000 + " = 1\n", "line 1: a dotted key of more than 16 parts"),
        ("x = 1\n[" + "a." * 20_000 + "a]\n", "line 2: a dotted key of more than 16 parts"),
        ("x = { " + '"a" . ' * 20_000 + "a = 1 }\n", "line 1: a dotted key of more than 16 parts"),
        ("x = '''\n\n'''\n" + "a." * 20 + "a = 1\n", "line 4: a dotted key of more than 16 parts"),
        ("x = " + "[" * 20_000, "nested too deeply: more than 64 levels"),
        ("x = " + "{ a = " * 20_000, "nested too deeply: more than 64 levels"),
        ("x = 1" + "0" * 1_000_000, "line 1: a number of more than 10000 digits"),
        ("".join(f"[a{k}]\n" for k in range(100_001)), "more than 100000 keys"),
        ("".join(f"a{k}=1\n" for k in range(100_001)), "more than 100000 keys"),
        ("x = 1\ny = \0", "line 2: holds a null byte"),
        ('x = "' + '\\"' * 20_000, "invalid TOML"),
    ],
    ids=[
        "key",
        "header",
        "inline",
        "after text",
        "lists",
        "tables",
        "digits",
        "headers",
        "keys",
        "null",
        "open",
    ],
)
def test_toml_is_bounded_before_it_is_parsed(text: str, said: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(ProblemError) as refused:
            problemfile.parse(text, "a.toml", is_json=False)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert said in str(refused.value)
    assert peak < 30 * len(text) + 2**20


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 1_000_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ('{"a": 1' + "0" * 1_000_000 + "}", "a number of more than 10000 digits"),
        ('{"a": 1, "a": 2}', "a: duplicate key"),
        ('{"a": "\0"}', "line 1: holds a null byte"),
        ('{"a": "' + "[" * 100, "invalid JSON"),
    ],
)
def test_json_is_bounded_before_it_is_parsed(text: str, said: str) -> None:
    with pytest.raises(ProblemError) as refused:
        problemfile.parse(text, "a.json", is_json=True)
    assert said in str(refused.value)


def test_what_stands_in_texts_and_comments_is_not_counted() -> None:
    dots = "a." * 100
    text = f'# {dots}\nx = "{dots}"\ny = \'\'\'{dots}\n[[[\'\'\'\nz = """{"[" * 100}\\"{"1" * 2000}"""\n'
    assert set(problemfile.parse(text, "a.toml", is_json=False)) == {"x", "y", "z"}
    assert problemfile.parse(json.dumps({"x": "[" * 100 + '"' + "1" * 2000}), "a.json", is_json=True)
    deepest = "a = " + "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert problemfile.parse(deepest, "a.toml", is_json=False)
    assert problemfile.parse("a." * (MAX_PARTS - 1) + "a = 1.5", "a.toml", is_json=False)


@pytest.mark.parametrize("utility", ['"1' + "0" * 390 + '"', "1e400", "1e390", '"1e390"', "NaN", "-Infinity"])
def test_numbers_that_no_figure_can_hold_are_named(utility: str) -> None:
    rest = '"kind": "assignment", "rule": "welfare", "items": ["a", "b"]'
    text = f'{{{rest}, "utilities": [[{utility}, 1], [0, 1]]}}'
    mapping = problemfile.parse(text, "a.json", is_json=True)
    with pytest.raises(ProblemError, match=r"more than 300 digits|not a finite number"):
        Problem.from_mapping(mapping)


def test_only_regular_files_of_text_are_read(tmp_path: Path) -> None:
    fifo, large, latin = tmp_path / "fifo.toml", tmp_path / "large.toml", tmp_path / "latin.toml"
    os.mkfifo(fifo)
    with large.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    latin.write_bytes("x = 'é'".encode("latin-1"))
    for path, said in (
        (fifo, "cannot be read: not a regular file"),
        (Path("/dev/zero"), "cannot be read: not a regular file"),
        (tmp_path, "is a folder, not a file"),
        (tmp_path / "none", "cannot be read: No such file"),
        (large, f"is larger than {MAX_BYTES} bytes"),
        (latin, "byte 5: not UTF-8 text"),
    ):
        with pytest.raises(ProblemError) as refused:
            read_text(path)
        assert str(refused.value).startswith(f"{path}: {said}")
    with pytest.raises(ProblemError, match="cannot be read"):
        read_text("a\0b")
    (tmp_path / "marked.json").write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert read_object(tmp_path / "marked.json") == {"a": 1}
    (tmp_path / "twice.json").write_text('{"a": 1, "a": 2}')
    with pytest.raises(ProblemError, match="a: duplicate key"):
        read_object(tmp_path / "twice.json")


def test_the_live_page_is_bounded_alike() -> None:
    for text, said in (
        ("a" + ".a" * 20_000 + " = 1", "a dotted key"),
        ('{"a":' * 10_000, "nested too deeply"),
    ):
        with pytest.raises(ProblemError, match=said):
            Choice(text=text).problem()


def test_every_command_says_in_a_line_that_a_file_is_none(tmp_path: Path) -> None:
    fifo = tmp_path / "a.soi"
    os.mkfifo(fifo)
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from parley.cli.commands import app\n"
        "for call in (['solve'], ['simulate'], ['audit'], ['experiment'], ['serve', '--no-browser'],\n"
        "             ['import', 'csv'], ['import', 'preflib'],\n"
        "             ['verify', '--evm', 'http://127.0.0.1:1', '--deployment']):\n"
        "    done = CliRunner().invoke(app, [*call, sys.argv[1]])\n"
        "    assert done.exit_code == 2, (call, done)\n"
        "    assert 'not a regular file' in done.stderr, (call, done.stderr)\n"
        "    assert done.stderr.count('\\n') == 1\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(fifo)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
