"""The page of an experiment with populations: who is there, and what is saved."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import inf, sqrt
from statistics import stdev
from typing import TYPE_CHECKING, Any, NamedTuple

from scipy.stats import t as student_t

from parley.core.exact import parse
from parley.core.files import read_object
from parley.core.statistics import count_p_value
from parley.kit.experiment.page import cell_names, link, sheet_of_experiment
from parley.kit.present.page_model import Z95, Column, Figure, count, exactly, p_value, percent
from parley.kit.present.page_parts import known_p_values
from parley.kit.present.page_read import read_table
from parley.kit.present.page_words import ended, listed
from parley.mechanisms.coordination.present.page_parts import (
    agreement,
    cost_figure,
    proposer_figure,
    rounds_figure,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from fractions import Fraction
    from pathlib import Path

    from parley.kit.present.page_model import Sheet

__all__ = ["experiment_sheet"]

MOST_DETAILED = 100
"""Cells that have figures of their own: the first ones, if they have no more agents than these."""
AT_ONCE = 12
"""Settings that the first figure shows side by side."""
MOST_CELLS = 500
"""Rows of the tables of cells."""
MOST_AGENTS = 1_200
"""Agents of all cells that have figures of their own: the first cells."""
MOST_NUMBERS = 30_000
"""Numbers in all curves over generations: beyond, generations are left out evenly, and the page says so."""
ONE_BY_ONE = 6
"""Settings up to which each gets sentences of its own."""
STAYED = 0.005
"""A share that changed by less has stayed as it was, in words."""


class Estimate(NamedTuple):
    """A mean with its standard error."""

    mean: float
    std_error: float


class Together(NamedTuple):
    """Independent runs taken together.

    Attributes
    ----------
    low, high : float
        The ends of a 95% interval; of the values themselves if there are only two.
    runs : int
        Number of runs.
    """

    mean: float
    low: float
    high: float
    runs: int

    def __str__(self) -> str:
        ends = f"{percent(self.low)} to {percent(self.high)}"
        if self.runs == FEW:
            return f"{percent(self.mean)} ({ends} in {FEW} runs, too few for an interval)"
        return percent(self.mean) if self.low == self.high else f"{percent(self.mean)} (95%: {ends})"


FAR = 2**62
"""A step over all generations but the last."""
FEW = 2
"""Runs that are too few for an interval: Student's t would be wider than what is possible."""


def together(estimates: Iterable[Estimate | None], least: float = -inf) -> Together | None:
    """Take independent runs of a share together.

    Of three and more, the interval is Student's t of their means: whatever made them differ is in it. Of one,
    it is 1.96 times its own standard error. It ends at 1, and at `least`.

    Parameters
    ----------
    least : float
        The least possible value.

    Examples
    --------
    >>> print(together([Estimate(0.5, 0.01)]))
    50% (95%: 48% to 52%)
    >>> print(together([Estimate(0.4, 0.0), Estimate(0.6, 0.0)]))
    50% (40% to 60% in 2 runs, too few for an interval)
    >>> print(together([Estimate(share, 0.0) for share in (0.9, 0.95, 1.0)]))
    95% (95%: 82.6% to 100%)
    """
    known = [estimate for estimate in estimates if estimate is not None]
    if not known:
        return None
    values, n = [estimate.mean for estimate in known], len(known)
    mean = sum(values) / n
    if n == FEW:
        return Together(mean, min(values), max(values), n)
    half = Z95 * known[0].std_error
    if n > FEW:
        half = float(student_t.ppf(0.975, n - 1)) * stdev(values) / sqrt(n)
    return Together(mean, max(least, mean - half), min(max(1.0, mean), mean + half), n)


class Standing(NamedTuple):
    """One strategy in one seat and generation of a cell."""

    members: int
    share: float
    predicted_share: float | None


class Savings(NamedTuple):
    """What a generation saved, as shares of the possible; None where nothing can be saved."""

    games: int
    saved_share: float | None
    std_error: float | None
    expected_saved_share: float | None
    predicted_saved_share: float | None


@dataclass
class Cell:
    """One combination of what is swept."""

    number: int
    name: str
    setting: str
    summary: Mapping[str, Any]
    standings: dict[tuple[int, int, str], Standing] = field(default_factory=dict)
    """By generation, seat and strategy."""
    savings: list[Savings] = field(default_factory=list)
    """By generation."""

    @cached_property
    def generations(self) -> range:
        """Numbers of the generations."""
        return range(len(self.savings))

    @cached_property
    def contested(self) -> list[int]:
        """Seats in which more than one strategy was ever played."""
        seats = Counter(seat for _, seat, _ in {(0, seat, name) for _, seat, name in self.standings})
        return [seat for seat, strategies in sorted(seats.items()) if strategies > 1]

    @cached_property
    def strategies(self) -> list[str]:
        """In order of first appearance."""
        return list(dict.fromkeys(strategy for _, _, strategy in self.standings))

    @property
    def names(self) -> list[str]:
        """The agents'."""
        return [agent["name"] for agent in self.summary["agents"]]

    @property
    def contracted(self) -> list[Fraction]:
        """What each agent's contracts alone cost."""
        return [parse(agent["contracted_cost"]) for agent in self.summary["agents"]]

    @property
    def rest(self) -> Mapping[str, Any] | None:
        """Where theory expects a very large population to come to rest, if anywhere."""
        rest: Mapping[str, Any] | None = (self.summary["prediction"] or {}).get("rest")
        return rest

    def saved(self, generation: int) -> Estimate | None:
        """Share of the possible savings realized in a generation."""
        savings = self.savings[generation]
        if savings.saved_share is None:
            return None
        return Estimate(savings.saved_share, savings.std_error or 0.0)

    @cached_property
    def shares(self) -> list[dict[str, float]]:
        """Strategies' shares of the members in contested seats, or in all if none is, by generation."""
        return self._shares(lambda standing: standing.members)

    @cached_property
    def predicted_shares(self) -> list[dict[str, float]]:
        """What theory expects of `shares` in a very large population; empty where it does not say."""
        return self._shares(lambda standing: standing.predicted_share)

    def _shares(self, weight: Any) -> list[dict[str, float]]:  # noqa: ANN401 - of a standing
        seats = self.contested or {seat for _, seat, _ in self.standings}
        sums: list[dict[str, float]] = [defaultdict(float) for _ in self.generations]
        for (generation, seat, strategy), standing in self.standings.items():
            if seat in seats and (value := weight(standing)) is not None:
                sums[generation][strategy] += value
        totals = [sum(one.values()) for one in sums]
        return [
            {name: one.get(name, 0.0) / total for name in self.strategies} if total else {}
            for one, total in zip(sums, totals, strict=True)
        ]


def _cells(folder: Path, summary: Mapping[str, Any]) -> list[Cell]:
    names = cell_names(summary["cells"])
    cells = [
        Cell(k, *name, entry) for k, (name, entry) in enumerate(zip(names, summary["cells"], strict=True))
    ]
    for table, fields in (("generations", Standing._fields), ("savings", Savings._fields)):
        keys = ["cell", "generation", *(["seat", "strategy"] if table == "generations" else [])]
        columns = read_table(folder / f"{table}.parquet", [*keys, *fields])
        for row in zip(*(columns[name] for name in (*keys, *fields)), strict=True):
            cell, place, values = cells[row[0]], row[1 : len(keys)], row[len(keys) :]
            if table == "generations":
                cell.standings[place] = Standing(*values)
            else:
                cell.savings.append(Savings(*values))
    return cells


def experiment_sheet(folder: Path) -> Sheet:
    """Lay out the page of an experiment.

    Raises
    ------
    ParleyError
        In one line, if the folder cannot be read.
    """
    manifest, summary = read_object(folder / "manifest.json"), read_object(folder / "summary.json")
    cells = _cells(folder, summary)
    settings: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        settings[cell.setting].append(cell)
    agents = [sum(len(cell.names) for cell in cells[: k + 1]) for k in range(len(cells))]
    detailed = cells[: max(1, sum(number <= MOST_AGENTS for number in agents[:MOST_DETAILED]))]
    widths = [(2 + len(cell.strategies)) * (1 + len(cell.names)) for cell in detailed]
    numbers = sum(len(cell.generations) * width for cell, width in zip(detailed, widths, strict=True))
    step = max(1, -(-numbers // MOST_NUMBERS))
    strategies = list(dict.fromkeys(name for cell in cells for name in cell.strategies))
    twin = (summary["cross_check"] or {}).get("twin")
    return sheet_of_experiment(
        manifest,
        summary,
        facts=[("generations", f"{manifest['generations']:,}"), ("engine", str(manifest["engine"]))],
        findings=[*_findings(settings), *(("", text) for text in [*_agreement(cells), *_sampled(twin)])],
        figures=[
            _overview(settings, strategies, step),
            _ends(settings, strategies),
            _table(cells, len(detailed)),
        ],
        cells=[
            (cell.name, [*_growth([cell]), *_saved([cell]), *_agreement([cell])], _cell_figures(cell, step))
            for cell in detailed
        ],
        strategies=strategies,
    )


# ── sentences ───────────────────────────────────────────────────────────────────────────────────────────────


def _findings(settings: Mapping[str, list[Cell]]) -> list[tuple[str, str]]:
    if len(settings) > ONE_BY_ONE:
        return []
    said = ((setting, " ".join([*_growth(cells), *_saved(cells)])) for setting, cells in settings.items())
    return [(setting, text) for setting, text in said if text]


def _agreement(cells: Sequence[Cell]) -> list[str]:
    strategies = dict.fromkeys(name for cell in cells for name in cell.strategies)
    endings: Counter[str] = Counter()
    for cell in cells:
        endings.update({name: cell.summary[name] for name in ("settled", "broken_down", "expired")})
    return [
        *agreement(
            [p for cell in cells for p in known_p_values(cell.summary["agents"])],
            [p for cell in cells if (p := cell.summary["proposer"]["p_value"]) is not None],
            _apart(strategies),
        ),
        *ended(endings),
    ]


def _apart(strategies: Iterable[str]) -> list[str]:
    """Return the strategies that do not bargain as in equilibrium."""
    return [name for name in strategies if name not in {"equilibrium", "greedy", "minimal"}]


def _growth(cells: Sequence[Cell]) -> list[str]:
    """Say which strategies grew in independent runs of one setting."""
    one = cells[0]
    if not one.contested or len(one.generations) < 2:
        return []
    moves = []
    for name in one.strategies:
        before = cells[0].shares[0].get(name, 0.0)
        ends = [Estimate(cell.shares[-1].get(name, 0.0), 0.0) for cell in cells]
        found = together(ends, least=0.0)
        after = found.mean if found is not None else 0.0
        moved = f"{'grew' if after > before else 'fell'} from {percent(before)} to"
        moved = "stayed at" if abs(after - before) < STAYED else moved
        moves.append((after - before, f"{name} {moved} {found}"))
    moves.sort(reverse=True)
    told = listed(text for _, text in moves)
    return [f"Over {count(len(one.generations), 'generation')}: {told}."]


def _saved(cells: Sequence[Cell]) -> list[str]:
    """Say whether savings fell or rose in independent runs of one setting, and what theory expects."""
    start, end = (together(cell.saved(g) for cell in cells) for g in (0, -1))
    if start is None or end is None:
        return ["There is nothing to save."]
    if len(cells[0].generations) < 2:
        return [f"Of the possible savings, {end} were realized."]
    said = f"Of the possible savings, {start} were realized in the first generation and {end} in the last."
    if (rest := cells[0].rest) is not None:
        exact = f" (exactly {rest['exactly']})" if "/" in str(rest.get("exactly") or "") else ""
        said += f" Theory expects a very large population to rest at {percent(rest['saved_share'])}{exact}."
    return [said]


def _sampled(twin: Mapping[str, Any] | None) -> list[str]:
    """Say whether a twin's games are those of the EVM."""
    if twin is None:
        return []
    played = f"{count(twin['games'], 'game')} of the {twin['engine']} twin were played by the EVM as well"
    if "identical" in twin:
        return [f"{played}: {'all were the same' if twin['identical'] else 'they were NOT the same'}."]
    p = twin["p_value"]
    return [f"{played}{'' if p is None else f': mean costs agree with p-value {p_value(p)}'}."]


# ── figures of the whole ────────────────────────────────────────────────────────────────────────────────────


def _curves(
    rows: Sequence[tuple[str, Sequence[Cell]]], strategies: Sequence[str], step: int
) -> tuple[list[Column], list[list[Any]]]:
    """Shares and savings over the generations: a row for each setting and generation."""
    columns = [
        Column("cell", "setting"),
        Column("generation", "generation", "count"),
        *(Column(f"share:{k}", f"{name}, of the members", "percent") for k, name in enumerate(strategies)),
        *(Column(f"theory:{k}", f"{name}, theory's course", "percent") for k, name in enumerate(strategies)),
        Column("saved", "saved, of the possible", "percent"),
        Column("low", "95% from", "percent"),
        Column("high", "95% to", "percent"),
        Column("expected", "theory, of what was announced", "percent"),
        Column("predicted", "theory, from the first shares on", "percent"),
    ]
    values = []
    for name, cells in rows:
        last = len(cells[0].generations) - 1
        for g in dict.fromkeys([*range(0, last, step), last]):
            found = together(cell.saved(g) for cell in cells)
            values.append(
                [
                    name,
                    g,
                    *(_mean(cell.shares[g].get(one, 0.0) for cell in cells) for one in strategies),
                    *(_mean(cell.predicted_shares[g].get(one) for cell in cells) for one in strategies),
                    *((None, None, None) if found is None else found[:3]),
                    _mean(cell.savings[g].expected_saved_share for cell in cells),
                    _mean(cell.savings[g].predicted_saved_share for cell in cells),
                ]
            )
    return columns, values


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _options(names: Sequence[str], levels: Sequence[tuple[str, Cell]] = ()) -> dict[str, Any]:
    """What the charts of shares and savings need."""
    return {
        "across": "generation",
        "names": list(names),
        "up": "saved, of the possible (%)",
        "lines": [
            {"key": "saved", "text": "saved, with 95% interval", "around": ["low", "high"], "tone": "played"},
            {"key": "expected", "text": "theory, of what was announced", "tone": "theory", "dash": "2,3"},
            {"key": "predicted", "text": "theory's course", "tone": "theory", "dash": "8,4"},
        ],
        "levels": [
            {
                "panel": name,
                "value": cell.rest["saved_share"],
                "text": f"theory rests at {percent(cell.rest['saved_share'])}",
            }
            for name, cell in levels
            if cell.rest is not None
        ],
    }


def _thinned(step: int) -> str:
    return "" if step == 1 else f" One generation in {step} is drawn."


def _overview(settings: Mapping[str, list[Cell]], strategies: Sequence[str], step: int) -> Figure:
    shown = list(settings.items())[:AT_ONCE]
    columns, rows = _curves(shown, strategies, step)
    runs = max(map(len, settings.values()))
    several = "" if runs == 1 else f" Each setting was run with {runs} seeds: means, and Student's intervals."
    if runs == FEW:
        several = (
            f" Each setting was run with {FEW} seeds, too few for an interval: the band is between the two."
        )
    more = "" if len(shown) == len(settings) else f" The first {AT_ONCE} of {len(settings)} settings."
    return Figure(
        "overview",
        "Who is there, and what is saved, generation by generation",
        columns,
        rows,
        chart="areas lines",
        alt="For each setting: the strategies' shares of the members, stacked, and the savings realized in"
        " per cent of the possible ones, with what theory expects, over the generations.",
        note="Strategies' shares of the members in all seats where there is a choice, and cost savings Δ,"
        " of those that a cost-effective allocation would bring. Dotted: what theory expects of the"
        " announcements that were made. Dashed: the course of a very large population."
        f"{several}{_thinned(step)}{more}",
        folded=True,
        detail=True,
        options=_options(strategies, [(name, cells[0]) for name, cells in shown]),
    )


def _ends(settings: Mapping[str, list[Cell]], strategies: Sequence[str]) -> Figure:
    """Show the first and the last generation of each setting."""
    columns, rows = _curves(list(settings.items()), strategies, FAR)
    short = {f"share:{k}": name for k, name in enumerate(strategies)} | {"expected": "theory"}
    columns = [
        replace(
            column,
            label=short.get(column.key, column.label),
            detail=column.key.startswith("theory:") or column.key in {"low", "high", "predicted"},
        )
        for column in columns
    ]
    return Figure(
        "ends",
        "The first and the last generation",
        columns,
        rows,
        note="Shares of the members who have a choice, and of the possible savings. Theory: the savings that"
        " are expected of what was announced.",
    )


def _table(cells: Sequence[Cell], detailed: int) -> Figure:
    columns = [
        Column("cell", "cell", "cell"),
        Column("recognition", "recognition"),
        Column("continuation", "continuation δ", "number"),
        Column("games", "games", "count"),
        Column("saved", "saved, of the possible", "percent"),
        Column("low", "95% from", "percent", detail=True),
        Column("high", "95% to", "percent", detail=True),
        Column("last", "saved in the last generation", "percent"),
        Column("broken", "broken down", "percent"),
        Column("expired", "expired", "percent"),
        Column("rounds", "rounds, mean", "number"),
        Column("z", "largest |z| of mean costs", "number", detail=True),
        Column("p", "p-value (proposers)", "p"),
        Column("draws", "continuation draws", "count", detail=True),
        Column("went_on", "that went on", "percent", detail=True),
        Column("p_delta", "p-value against δ", "p", detail=True),
    ]
    rows: list[list[Any]] = []
    for cell in cells[:MOST_CELLS]:
        summary = cell.summary
        saved = summary["saved_share"]
        known = together([None if saved is None else Estimate(saved, summary["std_error"] or 0.0)])
        drawn, delta = summary["continuation_draws"], parse(summary["continuation"])
        draws, went_on = drawn["all"], drawn["went_on"]
        rows.append(
            [
                link(cell.number, cell.name, detailed),
                summary["recognition"],
                exactly(delta),
                summary["games"],
                *((None, None, None) if known is None else known[:3]),
                summary["last_generation"]["saved_share"],
                summary["broken_down"] / summary["games"],
                summary["expired"] / summary["games"],
                summary["mean_rounds"],
                max((abs(agent["z"]) for agent in summary["agents"] if agent["z"] is not None), default=None),
                summary["proposer"]["p_value"],
                draws,
                went_on / draws if draws else None,
                count_p_value(went_on, {delta: draws}) if draws else None,
            ]
        )
    aside, note = "A cell's name leads to its figures.", ""
    if len(cells) > detailed:
        aside += f" Only the first {count(detailed, 'cell')} have some."
    if len(cells) > MOST_CELLS:
        note = f"The first {MOST_CELLS:,} of {len(cells):,}; all are in cells.parquet and summary.json."
    columns = [
        replace(column, detail=column.detail or (k > 0 and len(rows) > 1 and _constant(rows, k)))
        for k, column in enumerate(columns)
    ]
    return Figure("cells", "All cells", columns, rows, note=note, aside=aside)


def _constant(rows: Sequence[Sequence[Any]], k: int) -> bool:
    return all(row[k] == rows[0][k] for row in rows)


# ── figures of a cell ───────────────────────────────────────────────────────────────────────────────────────


def _cell_figures(cell: Cell, step: int) -> list[Figure]:
    figures = [_shares(cell, step)] if cell.contested else []
    columns, rows = _curves([(cell.name, [cell])], (), step)
    savings = Figure(
        "savings",
        "Cost savings Δ",
        columns,
        rows,
        chart="lines",
        alt="Savings realized in each generation in per cent of the possible ones, with 95% intervals, and"
        " what theory expects.",
        note="Dotted: what theory expects of the announcements that were made; dashed: of a very large"
        f" population, from the first generation's shares.{_thinned(step)}",
        folded=True,
        options=_options((), [(cell.name, cell)]),
    )
    rounds = dict(map(tuple, cell.summary["rounds"]))
    return [
        *figures,
        savings,
        cost_figure(cell.summary["agents"], cell.names, cell.contracted, _apart(cell.strategies)),
        proposer_figure(cell.summary["proposer"], cell.names),
        rounds_figure(rounds),
    ]


def _shares(cell: Cell, step: int) -> Figure:
    rows = []
    for seat in cell.contested:
        for g in dict.fromkeys([*cell.generations[::step], cell.generations[-1]]):
            standings = [cell.standings.get((g, seat, name)) for name in cell.strategies]
            shares = (standing.share if standing else 0.0 for standing in standings)
            theory = (standing.predicted_share if standing else None for standing in standings)
            rows.append([cell.names[seat], g, *shares, *theory])
    quiet = [name for seat, name in enumerate(cell.names) if seat not in cell.contested]
    alone = f" Not shown, since nobody has a choice there: {', '.join(quiet)}." if quiet else ""
    columns, _ = _curves((), cell.strategies, step)
    return Figure(
        "shares",
        "Strategies in each seat",
        [Column("seat", "seat"), *columns[1 : 2 + 2 * len(cell.strategies)]],
        rows,
        chart="areas",
        alt="One chart for each seat: the shares of its members who play each strategy, stacked, over the"
        " generations.",
        note="Shares of a seat's members; dashed, where theory expects a very large population to go."
        f"{_thinned(step)}{alone}",
        folded=True,
        options=_options(cell.strategies),
    )
