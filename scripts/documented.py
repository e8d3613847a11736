"""Run the commands that README.md and the pages in docs show, and write their output there.

python scripts/documented.py [PAGE...]        # a test compares the output

A page's examples are fenced blocks, and run in order in one empty folder:

- a block with a title, such as ```toml title="mine.toml"``, is a file that the reader writes;
- a block ```console`` has commands after ``$``, each followed by its output; ``| head -n N`` and
  ``| tail -n N`` work as in a shell. A command that starts anvil starts one on a free port;
- a block ```pycon`` is a Python session, and ends with what `doctest` expects.

Blocks ```sh`` are not run. Times and rates may differ.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from contextlib import ExitStack, chdir
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.command import ROOT, parley
from tests.nodes import anvil

SESSION = re.compile("^```(console|pycon)$", flags=re.MULTILINE)
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', flags=re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.*)\n(?:(?!\$ ).*\n)*", flags=re.MULTILINE)
TIMED = re.compile(
    r"(games a second|seconds)( *:? *)[\d.,]*\d|[\d.,]*\d( games a second| seconds| games replayed)"
)
URL = "http://127.0.0.1:8545"


def pages() -> list[Path]:
    """Return the pages that show a session."""
    found = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [page for page in found if SESSION.search(page.read_text(encoding="utf-8"))]


def rewritten(text: str, replayed: int = 10, *, only: str = "") -> str:
    """Run the examples of a page, and put their output into it.

    Parameters
    ----------
    text : str
        The page.
    replayed : int
        How many games of a run its cross-check replays: a test saves time with fewer.
    only : str
        How the commands begin that are run; what the others print stays. Then no Python session is run.

    Raises
    ------
    RuntimeError
        If a Python session does not go as the page says.
    """
    with Session(replayed, only) as session:
        return BLOCK.sub(session.run, text)


def masked(text: str) -> str:
    """Leave out times, rates and how many games were replayed.

    >>> masked("seconds 0.6; 1,234 games a second; 10 games replayed on py-evm")
    'seconds #; # games a second; # games replayed on py-evm'
    """
    return TIMED.sub(lambda found: f"{found[1]}{found[2]}#" if found[1] else f"#{found[3]}", text)


class Session(ExitStack):
    """A folder in which the examples of a page run, and the node that they start."""

    def __init__(self, replayed: int, only: str) -> None:
        super().__init__()
        self.replayed, self.only = replayed, only
        self.folder = Path(self.enter_context(TemporaryDirectory()))
        for name in ("problems", "examples"):
            (self.folder / name).symlink_to(ROOT / name)
        self.url = ""
        paths = [str(ROOT / "sim"), str(ROOT)]
        programs = [str(Path(sys.executable).parent), os.environ["PATH"]]
        self.environment = os.environ | {
            "COLUMNS": "80",
            "NO_COLOR": "1",
            "PATH": os.pathsep.join(programs),
            "PYTHONPATH": os.pathsep.join(paths),
        }

    def run(self, block: re.Match[str]) -> str:
        """Run a block, and return it with its output."""
        language, title, body = block.groups()
        if title:
            file = self.folder / title
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(body, encoding="utf-8")
        elif language == "pycon" and not self.only:
            self._session(body)
        elif language == "console":
            return f"```console\n{COMMAND.sub(self._shown, body)}```"
        return block[0]

    def _shown(self, example: re.Match[str]) -> str:
        """Return a command with its output."""
        command = example[1]
        return f"$ {command}\n{self.output(command)}" if command.startswith(self.only) else example[0]

    def output(self, command: str) -> str:
        """Run a command, and return what it prints."""
        called, _, cut = command.partition(" | ")
        words = shlex.split(called)
        if Path(words[0]).name == "anvil":
            self.url = self.enter_context(anvil()).url
            return ""
        words = [word.replace(URL, self.url) for word in words]
        if words[0] == "parley":
            done = parley(*words[1:], cwd=self.folder, environment=self.environment, replayed=self.replayed)
        else:
            done = subprocess.run(  # noqa: S603 - what our own pages say
                words, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
            )
        printed = (done.stdout + done.stderr).replace(self.url or URL, URL)
        lines = [line.rstrip() for line in printed.splitlines()]
        if cut:
            program, _, count = shlex.split(cut)
            lines = lines[: int(count)] if program == "head" else lines[-int(count) :]
        return "".join(f"{line}\n" for line in lines)

    def _session(self, body: str) -> None:
        test = doctest.DocTestParser().get_doctest(body, {}, "session", None, None)
        printed: list[str] = []
        with chdir(self.folder):
            doctest.DocTestRunner(verbose=False).run(test, out=printed.append)
        if printed:
            raise RuntimeError("".join(printed))


def main() -> None:
    """Rewrite the pages that are named, or all."""
    for page in map(Path.resolve, map(Path, sys.argv[1:])) if sys.argv[1:] else pages():
        text = page.read_text(encoding="utf-8")
        new = rewritten(text)
        if masked(new) != masked(text):
            page.write_text(new, encoding="utf-8")
            print(f"written: {page}")


if __name__ == "__main__":
    main()
