"""The ways to hand on what agent 1 does not do, as a figure (the paper's Figure 2)."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from parley.core.errors import ParleyError
from parley.kit.present.page_model import Column, Figure, exactly
from parley.mechanisms.coordination.axioms.reduction import widest_slice

if TYPE_CHECKING:
    from parley.mechanisms.coordination.axioms.reduction import Point, Slice
    from parley.mechanisms.coordination.axioms.triple import Triple

__all__ = ["region_figure"]


def region_figure(triple: Triple, cut: Slice | None = None, *, unit: int = 1) -> Figure:
    """Show a slice of 𝒵 and 𝒵*: three agents' shares of agent 1's excess of one type, the others' fixed.

    Each point of the triangle divides an amount among the three agents; at a corner one of them gets it all,
    the first of them at the bottom as in the paper. What capacities or announcements rule out stays white,
    𝒵 is light, 𝒵* dark: whatever point of the dark region a recognition function is consistent with, it is
    p*. Direct transfer is marked.

    Parameters
    ----------
    cut : Slice, optional
        Which slice, from `reduction.slice_of`; by default the widest one.
    unit : int
        Units per task; amounts are written in tasks.

    Raises
    ------
    ParleyError
        If the slice has no area.

    Examples
    --------
    >>> from parley.mechanisms.coordination.axioms.triple import Triple
    >>> triple = Triple.of([[0], [0], [1], [1]], [[2], [0], [0], [0]], [[2], [1], [1], [2]])
    >>> region_figure(triple).title.splitlines()[0]
    "Ways to divide agent 1's excess of type 1"
    """
    cut = cut or widest_slice(triple)
    if not cut.area:
        raise ParleyError("the slice has no area to draw")
    keys = [f"agent:{agent}" for agent in cut.agents]
    corners = dict.fromkeys([*cut.everything, *cut.star])
    rows: list[list[Any]] = [["a corner", at, "corner of a region"] for at in corners]
    if cut.direct is not None:
        rows.append(["direct transfer Ẑ", cut.direct, "Ẑ: direct transfer"])
    return Figure(
        "distributions",
        _title(cut, unit),
        [
            Column("point", "point"),
            *(
                Column(key, f"all to agent {agent + 1}", "exact")
                for key, agent in zip(keys, cut.agents, strict=True)
            ),
            Column("kind", "kind", detail=True),
        ],
        [[name, *(exactly(z / unit) for z in at), kind] for name, at, kind in rows],
        chart="triangle",
        alt="A triangle whose corners give all excess to one agent, with the regions Z and Z* in it.",
        note="Whatever point of Z* a recognition function is consistent with, it is p*.",
        options={
            "corners": keys,
            "whole": float(cut.amount / unit),
            "down": True,
            "areas": [
                _area("Z: leaves a problem", "shade", cut.everything),
                _area("Z*: gives p*", "played", cut.star),
            ],
            "kinds": {"corner of a region": "ink", "Ẑ: direct transfer": "theory"},
        },
        detail=True,
        picture="distributions",
    )


def _area(label: str, tone: str, corners: tuple[Point, ...]) -> dict[str, Any]:
    return {"label": label, "tone": tone, "corners": [[float(z) for z in at] for at in corners]}


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
