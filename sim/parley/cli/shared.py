"""Shared by all commands: the application, error messages, output."""

from __future__ import annotations

import json
import logging
import shlex
import sys
import traceback
from contextlib import contextmanager, suppress
from importlib.metadata import version
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text
from typer.core import TyperCommand, TyperGroup

from parley.cli.output import CLOSED_PIPE, OutputError, echo, readable, result, results_only, wrapped
from parley.core.errors import ParleyError, one_line
from parley.core.folders import whole_file
from parley.core.names import on_screen
from parley.core.problemfile import read_stream
from parley.kit.registry import load, load_keys, mechanisms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from rich.segment import Segment

    from parley.kit.loaded import AnyProblem

STANDARD_INPUT = "standard input"
BAD_INPUT = 2
MEASURED = 3.0
"""Seconds of play from which the time of all games is estimated."""
INTERRUPTED = 130
"""Exit status after Ctrl-C: 128 and the number of SIGINT."""


class ResultOnly(TyperCommand):
    """A command with nothing but its result on standard output."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - the signature of its base
        """Run the command."""
        try:
            with results_only():
                return super().invoke(ctx)
        except OSError as error:
            # For example a full disk or a closed connection.
            where = f"{error.filename}: " if error.filename else ""
            raise ParleyError(f"{where}{error.strerror or error}") from error
        except MemoryError:
            raise ParleyError("not enough memory for this") from None
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None


class _OneLineErrors(TyperGroup):
    """Turns every error into one line on standard error and exit status 2."""

    def main(self, *args: Any, **extra: Any) -> Any:  # noqa: ANN401 - the signature of its base
        standalone = extra.get("standalone_mode", True)
        extra["standalone_mode"] = False
        if not standalone:
            return super().main(*args, **extra)
        try:
            status = super().main(*args, **extra)
            sys.stdout.flush()
        except OutputError as error:
            if error.closed:
                sys.exit(CLOSED_PIPE)
            complain(str(error))
            sys.exit(BAD_INPUT)
        except ParleyError as error:
            complain(str(error))
            sys.exit(BAD_INPUT)
        except (KeyboardInterrupt, typer.Abort):
            sys.exit(INTERRUPTED)
        except Exception as error:  # noqa: BLE001 - whatever it is, the status is not 1
            # A usage error: its class moves between releases of typer, its method does not.
            explain = getattr(error, "format_message", None)
            if explain is None:  # a bug; status 1 is only for checks that fail
                traceback.print_exc()
                sys.exit(BAD_INPUT)
            if explain():  # empty if the help was printed
                complain(f"{explain()} (see parley --help)")
            sys.exit(BAD_INPUT)
        sys.exit(status if isinstance(status, int) else 0)


def complain(text: str) -> None:
    """Write a refusal as one line to standard error."""
    _write(one_line(text))


def remark(text: str) -> None:
    """Write a line to standard error, which a terminal shows broken between words."""
    _write(wrapped(one_line(text), sys.stderr))


def _write(text: str) -> None:
    encoding = sys.stderr.encoding or "utf-8"
    with suppress(OSError):  # standard error is closed
        sys.stderr.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        sys.stderr.flush()


class _Progress(logging.Handler):
    """Shows what takes long, as modules log it, on standard error if that is a terminal."""

    def emit(self, record: logging.LogRecord) -> None:
        if sys.stderr.isatty():
            remark(record.getMessage())


_PROGRESS = _Progress()


@contextmanager
def stopping(say: Callable[[], str]) -> Iterator[None]:
    """After Ctrl-C, say in one line what was done, and end with the status of an interrupt."""
    try:
        yield
    except KeyboardInterrupt:
        remark(say())
        raise typer.Exit(INTERRUPTED) from None


def warn(text: str) -> None:
    """Write a warning as one line to standard error."""
    remark(f"warning: {text}")


def warn_of(problem: AnyProblem) -> None:
    """Say what is legal in an accepted problem and probably not meant."""
    for text in problem.told_warnings:
        warn(text)


class Pace:
    """Says once if all games will take hours, from a few seconds of play.

    Parameters
    ----------
    now : callable
        Returns the time in seconds.
    """

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._first: tuple[float, int] | None = None
        self._judged = False

    def at(self, done: int, total: int) -> None:
        """Take note that so many of all games are done."""
        if self._judged or not done:
            return
        if self._first is None:
            self._first = self._now(), done
            return
        began, before = self._first
        seconds = self._now() - began
        if seconds < MEASURED or done == before:
            return
        self._judged = True
        hours = (total - before) * seconds / (done - before) / 3600
        if hours > 1:
            rate = (done - before) / seconds
            warn(f"this will take about {hours:,.1f} hours: {total:,} in all, {rate:,.1f} per second")


def print_json(value: Mapping[str, Any]) -> None:
    """Print the JSON object of ``--json``."""
    echo(json.dumps(value, allow_nan=False))


class _Screen(Console):
    """A console that escapes control characters in names, which the terminal would execute."""

    def render_str(self, text: str, **options: Any) -> Text:  # noqa: ANN401 - as its base
        return super().render_str(readable(on_screen(text), self.encoding), **options)

    def render(self, renderable: Any, options: Any = None) -> Iterable[Segment]:  # noqa: ANN401 - as its base
        if isinstance(renderable, Text):
            renderable.plain = readable(on_screen(renderable.plain), self.encoding)
        return super().render(renderable, options)


def console() -> Console:
    """Return the console for tables; names appear unchanged, except for control characters."""
    return _Screen(file=result(), markup=False, emoji=False, highlight=False)


app = typer.Typer(
    name="parley",
    cls=_OneLineErrors,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

File = Annotated[
    str, typer.Argument(metavar="FILE", help="Problem file, TOML or JSON; - for standard input.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object; exact numbers are strings.")]

Exact = Annotated[bool, typer.Option("--exact", help="Print exact numbers as fractions instead of decimals.")]


def next_command(command: str, file: str | Path) -> None:
    """Print the command to run next, if its file is one."""
    if str(file) != "-":
        echo(f"Next: parley {command} {shlex.quote(str(file))}")


OutForce = Annotated[
    bool,
    typer.Option("--force", help="Replace another run in the folder: of another problem, seed or options."),
]
Csv = Annotated[bool, typer.Option("--csv", help="Also write each Parquet table of the folder as CSV.")]


def _about() -> str:
    """Write the help of the program."""
    kinds = "\n".join(f"- `{one.kind}`: {one.about}" for one in mechanisms())
    return (
        "A laboratory for task-allocation mechanisms that run as smart contracts.\n\n"
        "A problem file (TOML or JSON) states a problem. Its key `kind` names the mechanism:\n\n"
        f"{kinds}\n\n"
        "Every command prints tables, or one JSON object with --json. Exit status: 0 done, 1 a check failed, "
        "2 bad input or an outside failure."
    )


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - as typer calls it
    if wanted:
        typer.echo(f"parley {version('parley-sim')}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
]


@app.callback(help=_about())
def parley(shown_version: Version = False) -> None:  # noqa: ARG001, FBT002 - its callback shows it
    """A laboratory for task-allocation mechanisms that run as smart contracts."""
    log = logging.getLogger("parley")
    log.addHandler(_PROGRESS)
    log.setLevel(logging.INFO)


def load_problem(file: str) -> AnyProblem:
    """Load a problem from a file, or from standard input if the file is ``-``.

    Raises
    ------
    ProblemError
    """
    return load(file) if file != "-" else load_keys(read_stream(sys.stdin, STANDARD_INPUT), STANDARD_INPUT)


def write_text(path: Path, text: str, *, force: bool) -> None:
    """Write a file; overwrite another one only with `force`."""
    if not path.parent.is_dir():
        raise ParleyError(f"--out: no such folder: {path.parent}")
    try:
        with whole_file(path, over=force) as work:
            work.write_text(text, encoding="utf-8")
    except FileExistsError:
        raise ParleyError(f"--out: {path} exists; use --force to overwrite it") from None


def progress_bar() -> Progress:
    """Return a progress bar on standard error, visible only on a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
