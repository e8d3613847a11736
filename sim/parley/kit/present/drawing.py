"""Figures as pictures: the page's charts drawn with Matplotlib from the same numbers.

`parley.kit.present.page_model` describes what each chart reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure as Picture
from matplotlib.patches import Patch, Polygon, Rectangle

from parley.kit.present.style import CONFIDENCE, INK, OTHER, PALE, PLAYED, SERIES, SHADE, THEORY, style
from parley.kit.present.tables import writer, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from matplotlib.axes import Axes

    from parley.kit.present.page_model import Figure, Sheet

__all__ = ["picture", "pictures"]

TONES = {"played": PLAYED, "theory": THEORY, "shade": SHADE, "other": OTHER, "ink": INK}
MOST_CELLS = 3
"""Maximum cells of a sheet to draw; the page has all."""
WRITTEN = 12
"""Maximum rows and columns of a matrix with written numbers."""
NAMED = 40
"""Maximum rows and columns with names."""
LONGEST = 26
"""Maximum letters of a name."""
HALF = 0.55
"""Share of the deepest colour above which numbers are white."""
LEGEND = 8
"""Size of a legend's letters."""
ABOVE, HALF_WIDE, BELOW = 48, 36, 6
"""Maximum letters of a legend of three columns, and of each of two; columns of a legend below panels."""
BESIDE = 60
"""Maximum letters of all names that fit side by side."""


def pictures(sheet: Sheet) -> dict[str, Picture]:
    """Draw the pictures of a sheet, by name.

    For the first cells, it draws the first chart of each figure.
    """
    panels: dict[str, list[tuple[str, Figure]]] = {}
    for figure in sheet.figures:
        if figure.picture:
            charts = figure.chart.split() or ["verdicts"]
            panels.setdefault(figure.picture, []).extend((chart, figure) for chart in charts)
    for _, _, figures in sheet.cells[:MOST_CELLS]:
        for figure in figures:
            if figure.picture:
                panels.setdefault(figure.picture, []).append((figure.chart.split()[0], figure))
    return {name: picture(entries) for name, entries in panels.items()}


def picture(panels: Sequence[tuple[str, Figure]]) -> Picture:
    """Draw charts side by side.

    Parameters
    ----------
    panels : sequence of (str, Figure)
        Name and figure of each chart.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> from parley.kit.present.page_model import Column, Figure
    >>> columns = [Column("agent", "agent"), Column("item", "item"), Column("p", "probability", "number")]
    >>> options = {"down": ["one"], "across": ["a", "b"], "value": "p", "most": 1}
    >>> figure = Figure("p", "Chances", columns, [["one", "a", 0.25], ["one", "b", 0.75]], options=options)
    >>> [text.get_text() for text in picture([("matrix", figure)]).axes[0].texts]
    ['0.25', '0.75']
    """
    with style():
        sizes = [CHARTS[chart].size(figure) for chart, figure in panels]
        widths = [width for width, _ in sizes]
        drawn = Picture(figsize=(sum(widths), max(height for _, height in sizes)), layout="constrained")
        grid = drawn.subplots(1, len(panels), squeeze=False, width_ratios=widths)[0]
        for axes, (chart, figure) in zip(grid, panels, strict=True):
            CHARTS[chart].draw(axes, figure)
        return drawn


def _rows(figure: Figure) -> list[dict[str, Any]]:
    """Return rows by column keys, exact numbers as floats."""
    keys = [column.key for column in figure.columns]
    return [
        {key: entry["v"] if isinstance(entry, dict) else entry for key, entry in zip(keys, row, strict=True)}
        for row in figure.rows
    ]


def _short(names: Iterable[str], most: int = LONGEST) -> list[str]:
    """Return shortened names."""
    return [name if len(name) <= most else f"{name[: most - 1]}…" for name in names]


def _plain(axes: Axes, title: str, *, legend: bool = False) -> None:
    """Finish a panel: frame, title, and a legend between it and the chart, where it hides nothing."""
    axes.spines[["top", "right"]].set_visible(False)
    labels = axes.get_legend_handles_labels()[1] if legend else []
    wide = 1 if max(map(len, labels), default=0) > HALF_WIDE else 2 if sum(map(len, labels)) > ABOVE else 3
    if labels:
        axes.legend(
            frameon=False,
            fontsize=LEGEND,
            ncols=wide,
            loc="lower left",
            bbox_to_anchor=(-0.02, 1.0),
            borderaxespad=0.1,
            columnspacing=1.2,
            handlelength=1.6,
        )
    axes.set_title(title, pad=6 + 13 * -(-len(labels) // wide))


def _name_below(axes: Axes, names: list[str]) -> None:
    """Label the columns, with numbers if there are many."""
    short = _short(names) if len(names) <= WRITTEN else [str(k + 1) for k in range(len(names))]
    turned = len(names) > 20 or sum(map(len, short)) > BESIDE
    axes.set_xticks(range(len(names)), short, rotation=90 if turned else 0, fontsize=6 if turned else None)
    axes.set_xlim(-0.5, len(names) - 0.5)


# ── matrices ────────────────────────────────────────────────────────────────────────────────────────────────


def _heat(low: str, high: str) -> mpl.colors.LinearSegmentedColormap:
    return mpl.colors.LinearSegmentedColormap.from_list("", [low, high])


def _matrix(axes: Axes, figure: Figure) -> None:
    options = figure.options
    down, across = options["down"], options["across"]
    forms = {column.key: (k, column) for k, column in enumerate(figure.columns)}
    value, column = forms[options["value"]]
    shades = np.full((len(down), len(across)), np.nan)
    places = [(down.index(row[0]), across.index(row[1])) for row in figure.rows]
    for place, found in zip(places, _rows(figure), strict=True):
        shades[place] = np.nan if found[column.key] is None else found[column.key]
    most = options.get("most") or float(np.nanmax(shades, initial=0.0)) or 1.0
    color = TONES[options.get("tone", "played")]
    image = axes.imshow(shades, cmap=_heat(PALE, color), vmin=0, vmax=most, aspect="auto")
    if "most" not in options:
        axes.get_figure(root=True).colorbar(image, ax=axes, label=column.label)  # type: ignore[union-attr]
    write = writer(column.format, (row[value] for row in figure.rows))
    for (i, o), row in zip(places, figure.rows, strict=True) if max(shades.shape) <= WRITTEN else ():
        text = write(row[value])
        nothing = not shades[i, o] > 0
        if "beside" in options:
            k, beside = forms[options["beside"]]
            told = written(row[k], beside.format)
            nothing = nothing and told in ("", written(0.0, beside.format))
            text = f"{text}\n({told})" if told and not nothing else text
        axes.text(
            o,
            i,
            "0" if nothing and text and not shades[i, o] else text,
            ha="center",
            va="center",
            fontsize=8,
            color="white" if shades[i, o] > HALF * most else INK,
            alpha=0.35 if nothing else 1,
        )
    _name_grid(axes, down, across)
    beside_ = f" (in brackets: {forms[options['beside']][1].label})" if "beside" in options else ""
    axes.set_title(figure.title + beside_)


def _name_grid(axes: Axes, down: list[str], across: list[str]) -> None:
    """Label rows and columns, if there is room."""
    axes.set_yticks(range(len(down)), _short(down)) if len(down) <= NAMED else axes.set_yticks([])
    if len(across) <= NAMED:
        names = _short(across)
        turned = max(map(len, names), default=0) * len(across) > BESIDE
        axes.set_xticks(range(len(across)), names, rotation=90 if turned else 0)
    else:
        axes.set_xticks([])
    if max(len(down), len(across)) <= NAMED:  # a seam between cells
        axes.set_xticks(np.arange(len(across) + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(len(down) + 1) - 0.5, minor=True)
        axes.grid(which="minor", color="white", lw=1)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)


def _verdicts(axes: Axes, figure: Figure) -> None:
    """Draw a table of verdicts as coloured fields."""
    across = [k for k, column in enumerate(figure.columns) if column.format == "verdict"]
    axes.set_xlim(-0.5, len(across) - 0.5)
    axes.set_ylim(len(figure.rows) - 0.5, -0.5)
    for y, row in enumerate(figure.rows):
        for x, k in enumerate(across):
            color = {"holds": PLAYED, "fails": THEORY}.get(row[k].partition(":")[0], "#8d9aa5")
            axes.add_patch(Rectangle((x - 0.47, y - 0.42), 0.94, 0.84, color=color, alpha=0.85, lw=0))
            axes.text(x, y, row[k], ha="center", va="center", color="white", fontsize=8)
    _name_grid(axes, [row[0] for row in figure.rows], [])
    axes.set_xticks(range(len(across)), [figure.columns[k].label for k in across])
    axes.set_title(figure.title)


# ── play against theory ─────────────────────────────────────────────────────────────────────────────────────


def _means(axes: Axes, figure: Figure) -> None:
    rows, words = _rows(figure), figure.options["words"]
    known = [(k, row) for k, row in enumerate(rows) if row["mean"] is not None]
    if any("alone" in row for row in rows):
        axes.bar(
            range(len(rows)), [row["alone"] for row in rows], width=0.7, color=SHADE, label=words["alone"]
        )
    _theory(axes, [(k, row["expected"]) for k, row in known])
    axes.plot(
        [k for k, _ in known], [row["mean"] for _, row in known], "o", color=PLAYED, label=words["played"]
    )
    axes.axhline(0, color=INK, lw=0.6)
    axes.set_ylabel(words["unit"])
    _name_below(axes, [row[0] for row in figure.rows])
    _plain(axes, words["title"], legend=True)


def _theory(axes: Axes, levels: list[tuple[int, float | None]]) -> None:
    """Draw expected values as horizontal lines."""
    for n, (k, level) in enumerate(levels):
        if level is not None:
            axes.hlines(level, k - 0.35, k + 0.35, color=THEORY, lw=2, label="" if n else "theory")


def _gaps(axes: Axes, figure: Figure) -> None:
    known = [(k, row) for k, row in enumerate(_rows(figure)) if row["gap"] is not None]
    axes.axhline(0, color=THEORY, lw=2)
    axes.errorbar(
        [k for k, _ in known],
        [row["gap"] for _, row in known],
        yerr=[(row["high"] - row["low"]) / 2 for _, row in known],
        fmt="o",
        ms=5,
        capsize=5,
        color=PLAYED,
    )
    axes.set_ylabel(f"mean less theory ({figure.options['words']['unit']})")
    _name_below(axes, [row[0] for row in figure.rows])
    _plain(axes, "How far from theory (95% intervals)")


def _frequencies(axes: Axes, figure: Figure) -> None:
    rows, words = _rows(figure), figure.options["words"]
    drawn = [(k, row) for k, row in enumerate(rows) if row["share"] is not None]
    shares = [100 * row["share"] for _, row in drawn]
    axes.bar([k for k, _ in drawn], shares, width=0.7, color=PLAYED, alpha=0.75, label=words["played"])
    _theory(axes, [(k, 100 * row["probability"]) for k, row in drawn])
    axes.set_ylabel(f"{words['unit']} (%)")
    _name_below(axes, [row[0] for row in figure.rows])
    _plain(axes, words["title"], legend=True)


def _funnel(axes: Axes, figure: Figure) -> None:
    rows = [row for row in _rows(figure) if row["share"] is not None]
    p = np.linspace(0, 1, 201)
    band = CONFIDENCE * np.sqrt(p * (1 - p) / max(1, figure.options["drawn"]))
    axes.fill_between(p, -band, band, color=SHADE, alpha=0.7, lw=0, label="95% of them if theory holds")
    axes.axhline(0, color=THEORY, lw=1.5)
    theory = [row["probability"] for row in rows]
    gaps = [row["share"] - row["probability"] for row in rows]
    axes.plot(theory, gaps, "o", ms=5, color=PLAYED, label="one share of the table")
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("probability")
    axes.set_ylabel("share less probability")
    _plain(axes, "How far from theory", legend=True)


# ── bars and curves ─────────────────────────────────────────────────────────────────────────────────────────


def _bars(axes: Axes, figure: Figure) -> None:
    values = [row[figure.options["value"]] for row in _rows(figure)]
    axes.barh(range(len(values)), values, height=0.7, color=PLAYED)
    _name_beside(axes, figure)
    axes.set_xlabel(figure.options["unit"])
    _plain(axes, figure.title)


def _histogram(axes: Axes, figure: Figure) -> None:
    values = [row[figure.options["value"]] for row in _rows(figure)]
    axes.bar(range(len(values)), values, width=0.9, color=PLAYED)
    axes.set_xticks(range(len(values)), [str(row[0]) for row in figure.rows])
    axes.set_xlabel(figure.columns[0].label)
    axes.set_ylabel(figure.options["unit"])
    _plain(axes, figure.title)


def _name_beside(axes: Axes, figure: Figure) -> None:
    names = [str(row[0]) for row in figure.rows]
    axes.set_yticks(range(len(names)), _short(names) if len(names) <= NAMED else [""] * len(names))
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)


def _stacked(axes: Axes, figure: Figure) -> None:
    labels = {column.key: column.label for column in figure.columns}
    parts, rows = figure.options["parts"], _rows(figure)
    shades = _heat(PLAYED, SHADE)
    left = np.zeros(len(rows))
    for k, part in enumerate(parts):
        values = [row[part] for row in rows]
        color = shades(k / max(1, len(parts) - 1))
        axes.barh(range(len(rows)), values, left=left, height=0.8, color=color, label=labels[part])
        left += values
    axes.set_xlim(0, max(1.0, float(left.max(initial=0.0))))
    _name_beside(axes, figure)
    axes.set_xlabel(figure.options["unit"])
    _plain(axes, figure.title)
    axes.legend(frameon=False, fontsize=LEGEND, loc="upper left", bbox_to_anchor=(1, 1))


def _timeline(axes: Axes, figure: Figure) -> None:
    names, rows = [str(name) for name in figure.options["rows"]], _rows(figure)
    most = max((row["value"] for row in rows), default=0) or 1
    shades, (who, *_) = _heat(SHADE, PLAYED), figure.columns
    for row in rows:
        length, color = row["end"] - row["start"], shades(row["value"] / most)
        axes.barh(names.index(str(row[who.key])), length, left=row["start"], height=0.7, color=color)
    axes.set_yticks(range(len(names)), _short(names) if len(names) <= NAMED else [""] * len(names))
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel("time")
    _plain(axes, figure.options["title"])


def _curves(axes: Axes, figure: Figure) -> None:
    options, rows = figure.options, _rows(figure)
    *_, front = options["kinds"]
    for kind, tone in options["kinds"].items():
        style_: dict[str, Any] = {"lw": 2.5, "marker": "o"} if kind == front else {"lw": 1.5}
        style_["alpha"] = 1.0 if kind == front or len(rows) <= WRITTEN else 0.6
        for n, row in enumerate(row for row in rows if row["kind"] == kind):
            values = [0.0, *(row[step] for step in options["steps"])]
            label = None if n else kind
            axes.plot(range(len(values)), values, color=TONES[tone], label=label, **style_)
    axes.set_xticks(range(len(options["steps"]) + 1))
    axes.set_xlim(0, max(1, len(options["steps"])))
    axes.set_ylim(0, 1.03)
    axes.set_xlabel(options["across"])
    axes.set_ylabel(options["up"])
    axes.grid(color=SHADE, lw=0.5)
    _plain(axes, figure.title, legend=True)


PANELS = 3
"""Panels of lines side by side."""
DASHED = "--"


def _panels(figure: Figure) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each panel."""
    panels: dict[str, list[dict[str, Any]]] = {}
    for row in _rows(figure):
        panels.setdefault(str(row[figure.columns[0].key]), []).append(row)
    return panels


def _lines(axes: Axes, figure: Figure) -> None:
    """Draw lines in panels, which take the place of the axes."""
    options, panels = figure.options, _panels(figure)
    place, drawn = axes.get_subplotspec(), axes.get_figure()
    if place is None or drawn is None:
        raise AssertionError("lines are drawn on a grid")
    wide = min(PANELS, len(panels))
    grid = place.subgridspec(-(-len(panels) // wide), wide)
    axes.remove()
    first: Axes | None = None
    for k, (title, rows) in enumerate(panels.items()):
        panel = drawn.add_subplot(grid[divmod(k, wide)], sharex=first, sharey=first)
        first = first or panel
        for line in options["lines"]:
            _line(panel, options["across"], line, rows)
        panel.axhline(0, color=INK, lw=0.6)
        panel.grid(color=SHADE, lw=0.5)
        panel.set_xlabel(options["across"])
        panel.set_ylabel(options["up"])
        _plain(panel, title if len(panels) > 1 else figure.title, legend=len(panels) == 1)
    if first is not None and len(panels) > 1:
        handles = first.get_legend_handles_labels()
        drawn.legend(*handles, frameon=False, fontsize=LEGEND, loc="outside lower center", ncols=BELOW)
    if first is not None:
        values = [row[key] for rows in panels.values() for row in rows for key in _drawn(options["lines"])]
        known = [100 * value for value in values if value is not None]
        low, high = min([0, *known]), max([100 * options.get("top", 1), *known])
        first.set_ylim(low, high + 0.04 * (high - low))


def _drawn(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    return [key for line in lines for key in (line["key"], *line.get("around", ()))]


def _line(axes: Axes, across: str, line: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    tone = line["tone"]
    color = SERIES[int(tone.removeprefix("series-"))] if tone.startswith("series-") else TONES[tone]
    known = [row for row in rows if row[line["key"]] is not None]
    places = [row[across] for row in known]
    if "around" in line:
        low, high = ([100 * row[key] for row in known] for key in line["around"])
        axes.fill_between(places, low, high, color=color, alpha=0.22, lw=0)
    heights = [100 * row[line["key"]] for row in known]
    axes.plot(
        places, heights, color=color, lw=1.5, ls=DASHED if line.get("dash") else "-", label=line["text"]
    )


# ── triangles ───────────────────────────────────────────────────────────────────────────────────────────────

_HEIGHT = 3**0.5 / 2
_ABOVE = ((0.0, 0.0), (0.5, _HEIGHT), (1.0, 0.0))
"""Corners of the triangle: left, top, right."""
_BELOW = ((0.5, 0.0), (1.0, _HEIGHT), (0.0, _HEIGHT))
"""Corners of the inverted triangle: bottom, right, left."""
_LITTLE = 1e-9
Place = tuple[float, float]


def _outward(options: Mapping[str, Any], parts: Sequence[float]) -> Place:
    """Return the outward direction at an edge or a corner of the triangle; zero inside."""
    absent = [float(part < _LITTLE) for part in parts]
    if not any(absent):
        return 0.0, 0.0
    away = _place(options, absent)
    near = _place(options, [1.0 - part for part in absent])
    return near[0] - away[0], near[1] - away[1]


def _place(options: Mapping[str, Any], parts: Sequence[float]) -> Place:
    """Return the position of a division among three; a corner means that one has all."""
    corners = _BELOW if options.get("down") else _ABOVE
    whole = sum(parts)
    x, y = (sum(p * corner[k] for p, corner in zip(parts, corners, strict=True)) / whole for k in (0, 1))
    return x, y


def _triangle(axes: Axes, figure: Figure) -> None:
    options, keys = figure.options, figure.options["corners"]
    columns = {column.key: column for column in figure.columns}
    whole = options.get("whole", 1)
    ends = [_place(options, [float(k == o) for k in range(3)]) for o in range(3)]
    axes.add_patch(Polygon(ends, facecolor="white", edgecolor=INK, lw=0.8))
    handles: list[Any] = []
    for area in options["areas"]:
        places = [_place(options, corner) for corner in area["corners"]]
        color = TONES[area["tone"]]
        thin = len({(round(x, 9), round(y, 9)) for x, y in places}) < 3
        width = {"lw": 4, "edgecolor": color} if thin else {"lw": 0}
        axes.add_patch(Polygon(places, facecolor=color, label=area["label"], **width))
        handles.append(Patch(color=color, label=area["label"]))
    *_, front = options["kinds"]
    named: set[tuple[float, float]] = set()
    for kind, tone in reversed(options["kinds"].items()):
        marker: dict[str, Any] = {"marker": "*", "ms": 16} if kind == front else {"marker": "o", "ms": 7}
        for row, plain in zip(figure.rows, _rows(figure), strict=True):
            parts = [plain[key] for key in keys]
            if plain["kind"] != kind or abs(sum(parts) - whole) > 1e-9 * whole:
                continue
            place = _place(options, parts)
            axes.plot(
                *place, color=TONES[tone], markeredgecolor="white", zorder=3 + (kind == front), **marker
            )
            if place not in named and whole not in parts:  # a corner has its name
                cells = dict(zip(columns, row, strict=True))
                text = ", ".join(written(cells[key], "exact") for key in keys)
                _label(axes, place, text, _outward(options, parts), bold=kind == front)
            named.add(place)
        if any(row["kind"] == kind for row in _rows(figure)):
            line = mpl.lines.Line2D([], [], color=TONES[tone], ls="", label=kind, **marker)
            handles.append(line)
    for k, (end, key) in enumerate(zip(ends, keys, strict=True)):
        (name,) = _short([columns[key].label])
        _label(axes, end, name, _outward(options, [float(k == o) for o in range(3)]), bold=True)
    axes.set_xlim(-0.16, 1.16)
    lines = _short(figure.title.split("\n"), 60)
    axes.set_ylim(-0.12, _HEIGHT + 0.12 + 0.08 * len(lines))  # with room for the title
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_title("\n".join(lines), color=INK, y=1.0, pad=-13.0 * len(lines))
    axes.legend(
        handles=handles, frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=2
    )


def _label(axes: Axes, place: tuple[float, float], text: str, outward: Place, *, bold: bool) -> None:
    """Write beside a point, outward of the triangle; inside, below the point."""
    x, y = outward
    length = (x * x + y * y) ** 0.5
    x, y = (x / length, y / length) if length > _LITTLE else (0.0, -1.0)
    axes.annotate(
        text,
        place,
        (11 * x, 12 * y),
        textcoords="offset points",
        ha="center" if abs(x) < 0.3 else "left" if x > 0 else "right",
        va="center",
        fontsize=8,
        color=INK,
        fontweight="bold" if bold else "normal",
        zorder=5,
    )


# ── all of them ─────────────────────────────────────────────────────────────────────────────────────────────


class Chart(NamedTuple):
    """The function that draws a chart, and the size in inches."""

    draw: Callable[[Axes, Figure], None]
    size: Callable[[Figure], tuple[float, float]]


def _sized(width: float, height: float) -> Callable[[Figure], tuple[float, float]]:
    return lambda _: (width, height)


def _by_rows(figure: Figure) -> tuple[float, float]:
    return 5.2, max(3.2, min(9.0, 1.0 + 0.36 * len(figure.rows)))


def _by_cells(figure: Figure) -> tuple[float, float]:
    down, across = len(figure.options["down"]), len(figure.options["across"])
    room = 0.5 if "beside" in figure.options else 0.36
    return min(7.8, max(4.4, 2.0 + 0.9 * across)), max(3.2, min(9.0, 1.0 + room * down))


def _by_panels(figure: Figure) -> tuple[float, float]:
    count = len(_panels(figure))
    return 3.6 * min(PANELS, count) if count > 1 else 4.8, 3.2 * -(-count // PANELS)


CHARTS = {
    "matrix": Chart(_matrix, _by_cells),
    "verdicts": Chart(_verdicts, lambda figure: (7.8, max(2.0, 0.6 + 0.7 * len(figure.rows)))),
    "means": Chart(_means, _sized(5.2, 4.0)),
    "gaps": Chart(_gaps, _sized(3.9, 4.0)),
    "frequencies": Chart(_frequencies, _sized(3.9, 4.0)),
    "funnel": Chart(_funnel, _sized(5.2, 3.6)),
    "bars": Chart(_bars, _by_rows),
    "histogram": Chart(_histogram, _sized(5.2, 4.0)),
    "stacked": Chart(_stacked, _by_rows),
    "timeline": Chart(
        _timeline, lambda figure: (5.2, max(3.2, min(9.0, 1.0 + 0.36 * len(figure.options["rows"]))))
    ),
    "curves": Chart(_curves, _sized(4.4, 4.2)),
    "lines": Chart(_lines, _by_panels),
    "triangle": Chart(_triangle, _sized(4.8, 4.6)),
}
"""Charts by name."""
