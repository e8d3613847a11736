"""The command ``parley``."""

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from parley.chain.signals import exit_on_signals
from parley.cli.output import own_standard_output, results_only
from parley.core.errors import ParleyError

__all__ = ["app", "main"]


def main() -> None:
    """Run the command."""
    exit_on_signals()
    own_standard_output()
    # The user's Matplotlib settings are not for these pictures, and an invalid one would fail at import.
    os.environ.pop("MPLBACKEND", None)
    os.environ["MATPLOTLIBRC"] = os.devnull
    try:
        with results_only():
            if Path("matplotlibrc").is_file():
                _load_matplotlib_elsewhere()
            from parley.cli.commands import app  # noqa: PLC0415 - what libraries print when imported is no result

        app(prog_name="parley")
    except ParleyError as error:  # an installed mechanism that cannot be used
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    except KeyboardInterrupt:  # before the command began, or while the process ends
        sys.exit(130)


def _load_matplotlib_elsewhere() -> None:
    """Load Matplotlib from another folder, so that it does not read settings in the current one."""
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir("/")
        import_module("matplotlib")
    finally:
        os.fchdir(here)
        os.close(here)


def __getattr__(name: str) -> Any:  # noqa: ANN401 - of any module
    """Import the application when it is asked for."""
    if name == "app":
        from parley.cli.commands import app  # noqa: PLC0415 - as above

        return app
    raise AttributeError(name)
