"""All commands, in the order of the help."""

from parley.cli import chain, comparing, doctor, files, importing, lab, play, theory
from parley.cli.shared import ResultOnly, app

__all__ = ["app", "chain", "comparing", "doctor", "files", "importing", "lab", "play", "theory"]

_ORDER = (
    "init",
    "solve",
    "simulate",
    "audit",
    "compare",
    "experiment",
    "report",
    "serve",
    "deploy",
    "verify",
    "schema",
    "doctor",
)
app.registered_commands.sort(key=lambda command: _ORDER.index(command.callback.__name__))  # type: ignore[union-attr]
for command in (*app.registered_commands, *importing.importers.registered_commands):
    command.cls = ResultOnly
