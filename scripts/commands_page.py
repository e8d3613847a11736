"""Write docs/reference/commands.md: every command with its arguments and options, from its help.

python scripts/commands_page.py        # a test holds the page
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from parley.cli.commands import app

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "commands.md"

HEAD = """# Commands

`python scripts/commands_page.py` makes this page from the help of `parley`.

`parley --help` lists the commands, and `parley COMMAND --help` describes one. `parley --version` prints the
version. `parley --install-completion` installs completion for your shell, and `--show-completion` prints it.

Every command that reads a problem file reads standard input if the file is `-`. With `--json`, a command
prints one JSON object on standard output; progress and warnings go to standard error. The exit status is 0 if
all is done, 1 if a check did not hold, 2 for bad input (one line on standard error says what, where and why),
130 after Ctrl-C and 141 after a closed pipe.
"""
DEFAULT = "  [default: "
"""In the help of options, which several kinds may share."""
COMMON = {"-h", "--help"}


def page() -> str:
    """Make the page."""
    program: Any = typer.main.get_command(app)
    return "\n".join([HEAD, *_of(program, "parley")])


def _of(group: Any, name: str) -> Iterator[str]:  # noqa: ANN401 - typer's classes move between releases
    """Write about the commands of a group."""
    for word, command in group.commands.items():
        called = f"{name} {word}"
        inner = getattr(command, "commands", None)
        yield f"{'##' if name == 'parley' else '###'} {called}\n"
        if inner is None:
            yield f"```\n{_usage(command, called)}\n```\n"
        yield f"{command.help}\n"
        if inner is not None:
            yield from _of(command, called)
        elif rows := list(_rows(command)):
            yield "\n".join(["| | meaning | default |", "| --- | --- | --- |", *rows]) + "\n"


def _usage(command: Any, called: str) -> str:  # noqa: ANN401 - as above
    """Write how a command is called."""
    named = [one for one in command.params if one.param_type_name == "argument"]
    options = " [OPTIONS]" if len(named) < len(command.params) else ""
    return f"{called}{options} {' '.join(one.metavar for one in named)}".rstrip()


def _rows(command: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    """Write a row for each argument and option."""
    for one in command.params:
        if COMMON & set(one.opts):
            continue
        argument = one.param_type_name == "argument"
        value = "" if argument or getattr(one, "is_flag", False) else f" {one.metavar}"
        name = one.metavar.strip("[]") if argument else one.opts[0] + value
        text, default = one.help or "", ""
        if text.count(DEFAULT) == 1:
            text, _, default = text.removesuffix("]").partition(DEFAULT)
        text = text.replace(DEFAULT, " (default: ").replace("]  ", ") ").replace("]", ")")
        if not default and one.default not in (None, False):
            default = f"`{one.default}`"
        if not default and one.required:
            default = "required"
        yield f"| `{name}` | {text} | {default} |".replace("|…", "\\|…")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
