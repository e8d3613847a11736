"""The study, curve by curve: solve the instances, and average their losses."""

from __future__ import annotations

from math import fsum, lcm, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
from joblib import Parallel, delayed

from parley.kit.experiment.experiment import Batch, Play
from parley.kit.experiment.tables import table_of
from parley.mechanisms.guarantees.experiment.tables import SCHEMAS
from parley.mechanisms.guarantees.solution import solve

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parley.mechanisms.guarantees.experiment.samples import Curve

__all__ = ["Losses", "Solved", "mean_losses", "solve_sample"]

CHUNK = 10
"""Samples that a process solves at a time."""
SMALL = 2**40
"""Values whose sum is below this are solved in machine code."""
TIME_LIMIT = 60.0
"""For an instance that machine code did not prove, in seconds."""


class Solved(NamedTuple):
    """An instance: as a share of the greatest value, what is lost."""

    sample: int
    providers: int
    max_value: float
    tau: float
    restricted_value: float
    loss: float
    proved: bool


def solve_sample(curve: Curve, sample: int, providers: range) -> list[Solved]:
    """Solve a sample for all numbers of providers; what machine code does not prove is solved in general."""
    from parley.mechanisms.guarantees.solver.small import losses  # noqa: PLC0415 - imports numba

    problem = curve.problem(sample, providers[0])
    unit = lcm(*(value.denominator for value in problem.values))
    values = [int(value * unit) for value in problem.values]
    if sum(values) >= SMALL:
        return [_solve(curve, sample, count) for count in providers]
    starts, ends = (np.array(times) for times in zip(*(problem.ticks or ()), strict=True))
    return [
        Solved(
            sample,
            count,
            one.max_value / unit,
            one.tau / unit,
            one.restricted_value / unit,
            (one.max_value - one.restricted_value) / one.max_value,
            proved=True,
        )
        if one.proved
        else _solve(curve, sample, count)
        for count, one in zip(providers, losses(starts, ends, np.array(values), providers), strict=True)
    ]


def _solve(curve: Curve, sample: int, providers: int) -> Solved:
    found = solve(curve.problem(sample, providers), time_limit=TIME_LIMIT)
    return Solved(
        sample,
        providers,
        float(found.max_value),
        float(found.tau or 0),
        float(found.restricted_value or 0),
        float(found.loss or 0),
        proved=found.status == "optimal",
    )


def solve_chunk(curve: Curve, first: int, last: int, providers: range) -> list[Solved]:
    """Solve some samples of a curve."""
    return [one for sample in range(first, last) for one in solve_sample(curve, sample, providers)]


def mean_losses(solved: Sequence[Solved], providers: range) -> dict[str, Any]:
    """Average the losses for each number of providers; where the time was up, an instance does not count.

    Returns
    -------
    dict
        Lists ``mean_loss``, ``std_error`` and ``max_loss``; ``peak``, the number of providers with the
        greatest mean, the first if there are several; and ``unproved``, a number of instances.

    Examples
    --------
    >>> two = [Solved(0, 2, 1, 0, 1, 0.1, True), Solved(1, 2, 1, 0, 1, 0.3, True)]
    >>> found = mean_losses(two, range(2, 3))
    >>> [round(found[name][0], 9) for name in ("mean_loss", "std_error", "max_loss")], found["peak"]
    ([0.2, 0.1, 0.3], 2)
    """
    means, errors, maxima = [], [], []
    for count in providers:
        losses = [one.loss for one in solved if one.providers == count and one.proved]
        m = max(1, len(losses))
        mean = fsum(losses) / m
        variance = fsum((loss - mean) ** 2 for loss in losses) / max(1, m - 1)
        means.append(mean)
        errors.append(sqrt(variance / m))
        maxima.append(max(losses, default=0.0))
    return {
        "providers": list(providers),
        "mean_loss": means,
        "std_error": errors,
        "max_loss": maxima,
        "peak": providers[means.index(max(means))],
        "unproved": sum(not one.proved for one in solved),
    }


class Losses(Play):
    """A running study: each step is a curve.

    Parameters
    ----------
    curves : sequence of Curve
    providers : range
        The numbers of providers.
    samples : int
        Samples of each curve.
    workers : int
        Number of processes.
    """

    keeps = True

    def __init__(self, curves: Sequence[Curve], providers: range, samples: int, workers: int) -> None:
        self._curves, self._providers, self._samples = curves, providers, samples
        self._workers = workers
        self._found: list[dict[str, Any]] = []
        self._ahead: Iterator[list[Solved]] | None = None

    def step(self, number: int) -> Iterator[Batch]:
        """Solve the instances of a curve."""
        parts = range(0, self._samples, CHUNK)
        if self._ahead is None:
            orders = [
                (curve, first, min(first + CHUNK, self._samples), self._providers)
                for curve in self._curves[number:]
                for first in parts
            ]
            if self._workers > 1:
                calls = (delayed(solve_chunk)(*order) for order in orders)
                self._ahead = Parallel(n_jobs=self._workers, return_as="generator")(calls)
            else:
                self._ahead = (solve_chunk(*order) for order in orders)
        labels = self._curves[number].labels
        solved: list[Solved] = []
        for _, part in zip(parts, self._ahead, strict=False):
            solved += part
            yield Batch(len(part), {"instances": _table(number, labels, part)})
        self._found.append({**labels, **mean_losses(solved, self._providers)})

    def state(self) -> dict[str, Any]:
        """Return the means of the curve."""
        return self._found[-1]

    def restore(self, states: list[dict[str, Any]]) -> None:
        """Restore the means of earlier curves."""
        self._found = states

    def finish(self) -> tuple[pa.Table, dict[str, Any]]:
        """Return a row for each curve and number of providers, and all curves."""
        lists = ("providers", "mean_loss", "std_error", "max_loss")
        names = [name for name in SCHEMAS["instances"].names if name not in ("sample", "proved")][:6]
        columns: dict[str, list[Any]] = {name: [] for name in (*names, *lists)}
        for k, found in enumerate(self._found):
            for row in zip(*(found[name] for name in lists), strict=True):
                for name in names:
                    columns[name].append(k if name == "curve" else found.get(name))
                for name, value in zip(lists, row, strict=True):
                    columns[name].append(value)
        unproved = sum(found["unproved"] for found in self._found)
        curves = [{key: found[key] for key in found if key != "unproved"} for found in self._found]
        return pa.table(columns), {
            "curves": [curve for curve in curves if "variant" in curve],
            "trips": [curve for curve in curves if "area" in curve],
            "unproved": unproved,
        }


def _table(number: int, labels: dict[str, str | float], solved: Sequence[Solved]) -> pa.Table:
    schema = SCHEMAS["instances"]
    own = dict(zip(Solved._fields, map(list, zip(*solved, strict=True)), strict=True))
    every = {"curve": number, **labels}
    return table_of(schema, {name: own.get(name) or [every.get(name)] * len(solved) for name in schema.names})
