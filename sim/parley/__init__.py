"""Parley: task-allocation mechanisms, solved in exact arithmetic and played through smart contracts.

    import parley

    problem = parley.load("mine.toml")
    problem.solve()
    run = problem.simulate(games=2000, seed=1)
    run.to_arrow()
    problem.audit()

What is not in ``__all__`` is private.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from parley.core.errors import ParleyError, ProblemError, ProblemWarning
    from parley.kit.api import experiment, load, verify
    from parley.kit.bots import BaseBot as Bot
    from parley.kit.mechanism import Mechanism
    from parley.kit.registry import kinds

    __version__: str

__all__ = [
    "Bot",
    "Mechanism",
    "ParleyError",
    "ProblemError",
    "ProblemWarning",
    "__version__",
    "experiment",
    "kinds",
    "load",
    "verify",
]

_PLACES = {
    "Bot": ("parley.kit.bots", "BaseBot"),
    "Mechanism": ("parley.kit.mechanism", "Mechanism"),
    "ParleyError": ("parley.core.errors", "ParleyError"),
    "ProblemError": ("parley.core.errors", "ProblemError"),
    "ProblemWarning": ("parley.core.errors", "ProblemWarning"),
    "experiment": ("parley.kit.api", "experiment"),
    "kinds": ("parley.kit.registry", "kinds"),
    "load": ("parley.kit.api", "load"),
    "verify": ("parley.kit.api", "verify"),
}
"""Where the public names are: they are imported when they are asked for, so that commands start fast."""


def __getattr__(name: str) -> Any:  # noqa: ANN401 - of any module
    """Import a public name when it is asked for."""
    if name == "__version__":  # not when the package is being built: nothing is installed then
        return version("parley-sim")
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _PLACES[name]
    return getattr(import_module(module), attribute)
