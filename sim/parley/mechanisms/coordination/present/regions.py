"""A picture of the ways to hand on what agent 1 does not do (the paper's Figure 2)."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from parley.core.errors import ParleyError
from parley.kit.present.style import INK, PLAYED, SHADE, THEORY, style
from parley.mechanisms.coordination.axioms.reduction import widest_slice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from parley.mechanisms.coordination.axioms.reduction import Point, Slice
    from parley.mechanisms.coordination.axioms.triple import Triple

_HEIGHT = 3**0.5 / 2


def region_figure(triple: Triple, cut: Slice | None = None, *, unit: int = 1) -> Figure:
    """Draw a slice of 𝒵 and 𝒵*: three agents' shares of agent 1's excess of one type, the others' fixed.

    Each point of the triangle divides an amount among the three agents; at a corner one of them gets it all,
    the first of them at the bottom as in the paper. What capacities or announcements rule out stays white,
    𝒵 is light, 𝒵* dark: whatever point of the dark region a recognition function is consistent with, it is
    p*. Direct transfer is marked.

    Parameters
    ----------
    triple : Triple
    cut : Slice, optional
        Which slice, from `reduction.slice_of`; by default the widest one.
    unit : int
        Units per task; amounts are written in tasks.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ParleyError
        If the slice has no area.

    Examples
    --------
    >>> from parley.mechanisms.coordination.axioms.triple import Triple
    >>> triple = Triple.of([[0], [0], [1], [1]], [[2], [0], [0], [0]], [[2], [1], [1], [2]])
    >>> region_figure(triple).axes[0].get_title().splitlines()[0]
    "Ways to divide agent 1's excess of type 1"
    """
    cut = cut or widest_slice(triple)
    if not cut.area:
        raise ParleyError("the slice has no area to draw")
    with style():
        figure = Figure(figsize=(6, 6), layout="constrained")
        axes = figure.subplots()
        nothing = Fraction(0)
        ends: list[Point] = [
            (cut.amount, nothing, nothing),
            (nothing, cut.amount, nothing),
            (nothing, nothing, cut.amount),
        ]
        _fill(axes, cut, ends, "white", "ruled out by capacities or announcements")
        _fill(axes, cut, cut.everything, SHADE, "Z: leaves a problem")
        _fill(axes, cut, cut.star, PLAYED, "Z*: gives p*", width=1 if cut.star_area else 4)
        if cut.direct is not None:
            axes.plot(*_place(cut, cut.direct), "o", ms=9, color=THEORY, zorder=3, label="Ẑ: direct transfer")
        for at in dict.fromkeys([*ends, *cut.everything, *cut.star]):
            _name(axes, cut, at, unit)
        for end, agent in zip(ends, cut.agents, strict=True):
            x, y = _place(cut, end)
            axes.annotate(
                f"all to agent {agent + 1}",
                (x, y),
                (0, 28 if y else -28),
                textcoords="offset points",
                ha="center",
                va="center",
                color=INK,
                weight="bold",
            )
        axes.set_title(_title(cut, unit), color=INK, pad=12)
        axes.set_aspect("equal")
        axes.margins(0.16)
        axes.axis("off")
        figure.legend(frameon=False, loc="outside lower center", ncols=2, labelcolor=INK)
        return figure


def _title(cut: Slice, unit: int) -> str:
    kept = [
        f"agent {agent + 1} gets {Fraction(amount) / unit}"
        for agent, amount in enumerate(cut.fixed, start=1)
        if agent not in cut.agents
    ]
    among = ", ".join(str(agent + 1) for agent in cut.agents)
    given = f" where {', '.join(kept)}" if kept else ""
    return (
        f"Ways to divide agent 1's excess of type {cut.task_type + 1}\n"
        f"{cut.amount / unit} among agents {among}{given}"
    )


def _place(cut: Slice, at: Point) -> tuple[float, float]:
    """Where a division stands in the triangle: the first agent below, the third left, the second right."""
    _, second, third = (float(z / cut.amount) for z in at)
    return (second - third) / 2, (second + third) * _HEIGHT


def _fill(
    axes: Axes, cut: Slice, corners: Sequence[Point], colour: str, label: str, *, width: int = 1
) -> None:
    """Fill a region; one without area is seen by its `width` in points."""
    if corners:
        places = [_place(cut, corner) for corner in corners]
        edge = INK if width == 1 else colour
        axes.add_patch(Polygon(places, facecolor=colour, edgecolor=edge, lw=width, label=label))
        axes.update_datalim(places)


def _name(axes: Axes, cut: Slice, at: Point, unit: int) -> None:
    """Write the amounts beside a corner, away from the middle of the light region."""
    x, y = _place(cut, at)
    places = [_place(cut, corner) for corner in cut.everything]
    away_x = x - sum(place[0] for place in places) / len(places)
    away_y = y - sum(place[1] for place in places) / len(places)
    length = (away_x**2 + away_y**2) ** 0.5 or 1.0
    axes.annotate(
        ", ".join(str(z / unit) for z in at),
        (x, y),
        (26 * away_x / length, 13 * away_y / length),
        textcoords="offset points",
        ha="center",
        va="center",
        color=INK,
    )
