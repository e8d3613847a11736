"""Experiments, as the commands see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.kit.declared import Laboratory
from parley.mechanisms.coordination.experiment.run import run_experiment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from parley.kit.present.page_model import Sheet
    from parley.mechanisms.coordination.experiment.run import ExperimentRun

__all__ = ["LABORATORY"]


def _run(file: str, out: Path, workers: int, progress: Callable[[int, int], None]) -> ExperimentRun:
    return run_experiment(file, out=out, workers=workers, progress=progress)


def _page(folder: Path) -> tuple[Sheet, Callable[[], None]]:
    from parley.mechanisms.coordination.experiment.present.page_experiment import (  # noqa: PLC0415 - slow to load
        experiment_sheet,
    )

    sheet, run = experiment_sheet(folder)

    def pictures() -> None:
        from parley.mechanisms.coordination.experiment.present.page_figures import (  # noqa: PLC0415 - as above
            write_figures,
        )

        if run is not None:
            write_figures(run, folder)

    return sheet, pictures


LABORATORY = Laboratory(_run, _page)
