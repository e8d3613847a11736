"""The command ``parley``: parses, calls, prints."""

from sim.cli import audit, chain, importing, lab, play, theory
from sim.cli.shared import app

__all__ = ["app", "audit", "chain", "importing", "lab", "main", "play", "theory"]

_ORDER = ("solve", "simulate", "audit", "deploy", "verify", "experiment", "report", "serve")
app.registered_commands.sort(key=lambda command: _ORDER.index(command.callback.__name__))  # type: ignore[union-attr]


def main() -> None:
    """Run the command."""
    app(prog_name="parley")
