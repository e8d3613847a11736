"""The page of a study: the paper's figures of bounds and losses."""

from __future__ import annotations

from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING, Any

from parley.core.files import read_object
from parley.kit.experiment.page import sheet_of_experiment
from parley.kit.present.page_model import Z95, Column, Figure, columns, count, percent
from parley.mechanisms.guarantees.experiment.samples import described
from parley.mechanisms.guarantees.loss import bound, crossing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from parley.kit.present.page_model import Sheet

    Found = Mapping[str, Any]
    """A curve, as in the summary."""

__all__ = ["study_sheet"]

ACROSS = "providers"
BOUNDED = 30
"""The bounds are drawn for as many providers."""
DELTAS = (Fraction(0), Fraction(1, 4), Fraction(1, 2), Fraction(5, 8), Fraction(3, 4))
SERIES = 8
"""Colours of lines."""
LONG = "8,4"
UP = "loss (%)"
LEAST = 0.01
"""Height of an axis of losses, at least."""
DIFFERENCES = (
    (
        "The paper does not say how it truncates the normal distribution of lengths. Here a length is "
        "N(1, variation), drawn again until it is in (0, 2): a variation of 0.5 leaves 0.44."
    ),
    "Starts are uniform on (0, window], and jobs may end after it. The paper calls jobs subintervals of it.",
    "The paper's losses below 10% are means; single instances lose more.",
    (
        "The paper finds no loss with equal values. That is so where no provider can do three jobs; "
        "otherwise one job is lost at times."
    ),
    "With long windows and little variation the mean loss can have a second peak.",
)
TRIPS = (
    "Losses of trips are means over samples; the paper divides sums over a day.",
    "If starts are drawn anew (pool day), trips of one window come from the whole day.",
)


def study_sheet(folder: Path) -> Sheet:
    """Lay out the page of a study.

    Raises
    ------
    ParleyError
        In one line, if the folder cannot be read.
    """
    manifest, summary = read_object(folder / "manifest.json"), read_object(folder / "summary.json")
    curves, trips = summary["curves"], summary["trips"]
    keys = manifest["experiment"]
    sheet = sheet_of_experiment(
        manifest,
        summary,
        facts=[("jobs", str(keys["jobs"])), ("samples", str(keys["samples"]))],
        findings=[("", text) for text in _findings(curves, trips, keys["jobs"])],
        figures=[*_bounds(), *_losses(curves), *_trips(trips), _peaks([*curves, *trips], keys["jobs"])],
    )
    sheet.passages.append(("What differs from the paper", [*DIFFERENCES, *(TRIPS if trips else ())]))
    if summary["unproved"]:
        unproved = count(summary["unproved"], "instance")
        sheet.warnings.append(f"Not proved in time, and left out: {unproved}.")
    return sheet


def _labels(curve: Found) -> str:
    names = ("variant", "area", "date", "window", "variation")
    return described({name: curve[name] for name in names if name in curve})


def _findings(curves: Sequence[Found], trips: Sequence[Found], jobs: int) -> Iterator[str]:
    everything = [*curves, *trips]
    top = max(everything, key=lambda curve: max(curve["mean_loss"]))
    place = top["mean_loss"].index(max(top["mean_loss"]))
    mean = percent(top["mean_loss"][place], Z95 * top["std_error"][place])
    yield f"Greatest mean loss: {mean}, {_labels(top)}, {count(top['providers'][place], 'provider')}."
    worst = max(everything, key=lambda curve: max(curve["max_loss"]))
    most = max(worst["max_loss"])
    at = worst["providers"][worst["max_loss"].index(most)]
    yield f"Greatest loss of an instance: {percent(most)}, {_labels(worst)}, {count(at, 'provider')}."
    equal = [max(curve["max_loss"]) for curve in curves if curve["variant"] == "equal-value"]
    if equal:
        yield f"Greatest loss of an instance with equal values: {percent(max(equal))}."
    enough = [
        loss
        for curve in everything
        for n, loss in zip(curve["providers"], curve["max_loss"], strict=True)
        if n >= jobs
    ]
    if enough:
        yield f"Greatest loss with a provider for each job: {percent(max(enough))}; theory says 0."


# ── bounds ──────────────────────────────────────────────────────────────────────────────────────────────────


def _bounds() -> Iterator[Figure]:
    """Draw the paper's Figures 2 and 3."""
    numbers = range(2, BOUNDED + 1)
    yield Figure(
        "regions",
        "Whether fairness or heterogeneity can cost more",
        columns(
            bound="bound",
            providers=("providers", "count"),
            least=("fairness costs more from δ =", "percent"),
            most=("to δ*(n)", "percent"),
        ),
        [["worst case", n, 0.0, crossing(n)] for n in numbers],
        chart="lines",
        alt="The heterogeneity up to which fairness costs more, against the number of providers.",
        note="The paper's Figure 2. Below the line the greatest loss is (n−1)/(n + (1−δ)(n−1)), else δ.",
        folded=True,
        options={
            "across": ACROSS,
            "up": "heterogeneity δ (%)",
            "lines": [
                {"key": "most", "text": "fairness costs more", "around": ["least", "most"], "tone": "played"}
            ],
        },
        detail=True,
        picture="bounds",
    )
    names = [f"bound:{k}" for k in range(len(DELTAS))]
    yield Figure(
        "bounds",
        "The greatest loss there can be",
        [
            *columns(bound="bound", providers=("providers", "count")),
            *(Column(name, f"δ = {delta}", "percent") for name, delta in zip(names, DELTAS, strict=True)),
        ],
        [["worst case", n, *(float(bound(n, delta)) for delta in DELTAS)] for n in numbers],
        chart="lines",
        alt="The bound on the loss against the number of providers, for several heterogeneities.",
        note="B(n, δ) of Theorem 1; the paper's Figure 3.",
        folded=True,
        options={
            "across": ACROSS,
            "up": UP,
            "lines": [
                {"key": name, "text": f"δ = {delta}", "tone": f"series-{k}"}
                for k, (name, delta) in enumerate(zip(names, DELTAS, strict=True))
            ],
        },
        detail=True,
        picture="bounds",
    )


# ── losses ──────────────────────────────────────────────────────────────────────────────────────────────────

VARIANTS = {
    "length": ("Jobs are worth their lengths", "The paper's Figure 13; its Figure 8 has the window 1.6."),
    "fixed-length": ("All lengths are 1, values as before", "The paper's Figure 14."),
    "equal-value": ("All values are 1, lengths as before", "The paper reports losses of 0."),
}


def _losses(curves: Sequence[Found]) -> Iterator[Figure]:
    """Draw the paper's Figures 13 and 14: a panel for each window, a line for each variation."""
    for variant, group in groupby(curves, key=lambda curve: str(curve["variant"])):
        own = list(group)
        variations = list(dict.fromkeys(curve["variation"] for curve in own))
        names = [f"loss:{k}" for k in range(len(variations))]
        rows = [
            [f"window {window:g}", n, *values]
            for window, some in groupby(own, key=lambda curve: float(curve["window"]))
            for n, *values in _across(list(some))
        ]
        title, note = VARIANTS[variant]
        yield Figure(
            f"losses-{variant}",
            title,
            [
                *columns(window="window", providers=("providers", "count")),
                *(
                    Column(name, f"mean loss, variation {variation:g}", "percent")
                    for name, variation in zip(names, variations, strict=True)
                ),
            ],
            rows,
            chart="lines",
            alt="Mean loss against the number of providers, for each window and variation.",
            note=f"{note} Means over samples; standard errors are in cells.parquet and in --json.",
            folded=True,
            options={
                "across": ACROSS,
                "up": UP,
                "top": LEAST,
                "lines": [
                    {"key": name, "text": f"variation {variation:g}", "tone": f"series-{k % SERIES}"}
                    for k, (name, variation) in enumerate(zip(names, variations, strict=True))
                ],
            },
            detail=True,
            picture=f"value-loss-{variant}",
        )


def _across(curves: Sequence[Found]) -> Iterator[tuple[Any, ...]]:
    """Yield each number of providers with the mean loss of every curve."""
    yield from zip(curves[0]["providers"], *(curve["mean_loss"] for curve in curves), strict=True)


def _trips(trips: Sequence[Found]) -> Iterator[Figure]:
    """Draw the paper's Figures 8, 11 and 12: means and maxima of trips."""
    if not trips:
        return
    yield Figure(
        "trips",
        "Taxi trips",
        columns(
            curve="curve",
            providers=("providers", "count"),
            mean=("mean loss", "percent"),
            low=("95% from", "percent"),
            high=("95% to", "percent"),
            most=("greatest loss", "percent"),
        ),
        [
            [_labels(curve), n, mean, max(0.0, mean - Z95 * error), mean + Z95 * error, most]
            for curve in trips
            for n, mean, error, most in zip(
                *(curve[name] for name in ("providers", "mean_loss", "std_error", "max_loss")), strict=True
            )
        ],
        chart="lines",
        alt="Mean and greatest loss against the number of providers, for each area, date and window.",
        note="Windows in minutes. The paper's Figures 8 (left), 11 and 12.",
        folded=True,
        options={
            "across": ACROSS,
            "up": UP,
            "top": LEAST,
            "lines": [
                {
                    "key": "mean",
                    "text": "mean, with 95% interval",
                    "around": ["low", "high"],
                    "tone": "played",
                },
                {"key": "most", "text": "greatest", "tone": "other", "dash": LONG},
            ],
        },
        detail=True,
        picture="value-loss-trips",
    )


def _peaks(curves: Sequence[Found], jobs: int) -> Figure:
    rows = []
    for curve in curves:
        place = curve["providers"].index(curve["peak"])
        mean, error = curve["mean_loss"][place], curve["std_error"][place]
        name = curve.get("variant") or f"{curve['area']}, {curve['date']}"
        where = [name, curve["window"], curve.get("variation"), curve["peak"], curve["peak"] / jobs]
        rows.append([*where, mean, error, max(curve["max_loss"])])
    return Figure(
        "peaks",
        "Where the mean loss is greatest",
        columns(
            curve="curve",
            window=("window", "number"),
            variation=("variation", "number"),
            peak=("providers", "count"),
            ratio=("per job", "number", True),
            mean=("mean loss", "percent"),
            error=("standard error", "percent", True),
            most=("greatest loss", "percent"),
        ),
        rows,
        note="Providers: the number at which the mean loss is greatest. Greatest loss: of any one instance.",
    )
