"""The command ``parley``: parses, calls, prints."""

from typing import Any

from sim.cli.output import own_standard_output, results_only

__all__ = ["app", "main"]


def main() -> None:
    """Run the command."""
    own_standard_output()
    with results_only():
        from sim.cli.commands import app  # noqa: PLC0415 - what libraries print when imported is no result

    app(prog_name="parley")


def __getattr__(name: str) -> Any:  # noqa: ANN401 - of any module
    """Import the application when it is asked for."""
    if name == "app":
        from sim.cli.commands import app  # noqa: PLC0415 - as above

        return app
    raise AttributeError(name)
