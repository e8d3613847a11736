"""What came out of an experiment, in sentences that are made from its figures and carry their uncertainty."""

from __future__ import annotations

from collections import Counter, defaultdict
from math import sqrt
from typing import TYPE_CHECKING, Any

from parley.kit.present.page_model import Z95, count, p_value, percent, plus_minus
from parley.kit.present.page_words import cross_checked, ended, listed
from parley.mechanisms.coordination.experiment.present.page_tables import Estimate, together
from parley.mechanisms.coordination.present.page_words import agreement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from parley.mechanisms.coordination.experiment.present.page_tables import Cell, Experiment

__all__ = ["cell_notes", "findings"]

ONE_BY_ONE = 6
"""Settings up to which each gets sentences of its own; of more, ranges are told by recognition function."""
STAYED = 0.005
"""A share that changed by less has stayed as it was, in words."""


def findings(run: Experiment) -> list[tuple[str, str]]:
    """Say what an experiment came to: what each finding is about, and the finding."""
    said: list[tuple[str, str]] = []
    if len(run.settings) <= ONE_BY_ONE:
        for setting, cells in run.settings.items():
            said.append((setting, " ".join([*growth(cells), *savings(cells)])))
    else:
        by_function: dict[str, list[Cell]] = defaultdict(list)
        for cell in run.cells:
            by_function[cell.recognition].append(cell)
        said += [(function, _ranges(cells)) for function, cells in by_function.items()]
    means = [p for cell in run.cells for p in cell.means]
    p_values = [cell.p_value for cell in run.cells if cell.p_value is not None]
    endings: Counter[str] = Counter()
    for cell in run.cells:
        endings += cell.endings
    check = run.summary.get("cross_check") or {}
    others = [
        *agreement(means, p_values, _otherwise(run.strategies)),
        *ended(endings),
        *cross_checked(check),
        *_sampled(check.get("twin")),
    ]
    return [(lead, text) for lead, text in said if text] + [("", text) for text in others]


def cell_notes(cell: Cell) -> list[str]:
    """Say what one cell came to."""
    p = [] if cell.p_value is None else [cell.p_value]
    return [
        *growth([cell]),
        *savings([cell]),
        *agreement(cell.means, p, _otherwise(cell.strategies)),
        *ended(cell.endings),
    ]


def _otherwise(strategies: Iterable[str]) -> list[str]:
    """Strategies that may bargain otherwise than in equilibrium."""
    return [name for name in strategies if name not in {"equilibrium", "greedy", "minimal"}]


def growth(cells: Sequence[Cell]) -> list[str]:
    """Which strategies grew, and what that has to do with their costs.

    Parameters
    ----------
    cells : sequence of Cell
        Independent runs of one setting, at least one.
    """
    one = cells[0]
    if not one.contested or not one.generations:
        return []
    first, last = one.generations[0], one.generations[-1]
    runs = len(cells)

    def share(strategy: str, generation: int) -> tuple[float, float | None]:
        values = [Estimate(cell.shares[generation].get(strategy, 0.0), 0.0) for cell in cells]
        found = together(values) or (0.0, 0.0)
        return found[0], found[1] if runs > 1 else None

    moves = sorted(
        ((strategy, share(strategy, first), share(strategy, last)) for strategy in one.strategies),
        key=lambda move: move[1][0] - move[2][0],
    )
    members = sum(
        standing.members
        for (generation, seat, _), standing in one.standings.items()
        if generation == last and seat in one.contested
    )
    told = listed(f"{strategy} {_moved(before[0], *after)}" for strategy, before, after in moves)
    times = "" if runs == 1 else f", in {runs} independent runs"
    over = count(len(one.generations), "generation")
    said = f"Among {count(members, 'member')} with a choice, over {over}{times}: {told}."
    top = moves[0][0]
    gain = together(cell.advantage(top) for cell in cells)
    return [said if gain is None else f"{said} {_merit(top, *gain)}"]


def _moved(before: float, after: float, half: float | None) -> str:
    if abs(after - before) < STAYED:
        return f"stayed at {percent(after, half)}"
    return f"{'grew' if after > before else 'fell'} from {percent(before)} to {percent(after, half)}"


def _merit(strategy: str, gain: float, half: float) -> str:
    bore = f"whoever played {strategy} bore"
    if abs(gain) <= half:
        said = f"No difference in cost that chance could not explain: {bore} {plus_minus(gain, half)} less"
    elif gain > 0:
        said = f"{bore[0].upper()}{bore[1:]} {plus_minus(gain, half)} less"
    else:
        said = f"Yet {bore} {plus_minus(-gain, half)} more"
    return f"{said} than others in the same seat and generation (units of cost, 95%)."


def savings(cells: Sequence[Cell]) -> list[str]:
    """Whether savings fell or rose, and whether theory expects what is saved.

    Parameters
    ----------
    cells : sequence of Cell
        Independent runs of one setting, at least one.
    """
    one = cells[0]
    starts, ends = ([cell.saved(cell.generations[k:][:1]) for cell in cells] for k in (0, -1))
    start, end = together(starts), together(ends)
    if start is None or end is None:
        return ["There is nothing to save."] if one.generations else []
    if len(one.generations) < 2:
        return [f"Of the possible savings, {percent(*end)} were realized."]
    changes = together(
        Estimate(b.mean - a.mean, sqrt(a.std_error**2 + b.std_error**2))
        for a, b in zip(starts, ends, strict=True)
        if a is not None and b is not None
    )
    change, half = changes or (0.0, 0.0)
    if abs(change) <= half:
        moved = "no more of a change than chance explains"
    else:
        points = percent(abs(change), half).replace("%", "")
        moved = f"they {'fell' if change < 0 else 'rose'} by {points} percentage points"
    said = (
        f"Of the possible savings, {percent(*start)} were realized in the first generation and"
        f" {percent(*end)} in the last: {moved} (95%)."
    )
    expected = [share for cell in cells if (share := cell.expected_share(cell.generations[-1])) is not None]
    if expected:
        said += (
            f" Of what was announced in the last, theory expects {percent(sum(expected) / len(expected))}."
        )
    if (rest := one.rest) is not None:
        exact = f" (exactly {rest['exactly']})" if "/" in str(rest.get("exactly") or "") else ""
        said += (
            " From the first generation's shares it expects a very large population to come to rest where"
            f" {percent(rest['saved_share'])}{exact} are realized."
        )
    return [said]


def _ranges(cells: Sequence[Cell]) -> str:
    """One sentence on all cells with a recognition function."""
    strategies = dict.fromkeys(name for cell in cells for name in cell.strategies)
    told = []
    for name in strategies:
        changes = [
            cell.shares[cell.generations[-1]].get(name, 0.0) - cell.shares[cell.generations[0]].get(name, 0.0)
            for cell in cells
            if cell.contested
        ]
        up, down = sum(c > STAYED for c in changes), sum(c < -STAYED for c in changes)
        if changes:
            told.append(f"{name} grew in {up} and fell in {down}")
    said = f"Of {count(len(cells), 'cell')}, {listed(told)}." if told else f"{count(len(cells), 'cell')}."
    ends = [share for cell in cells if (share := cell.saved(cell.generations[-1:])) is not None]
    if ends:
        low, high = min(ends), max(ends)
        said += (
            f" In the last generation between {percent(low.mean, Z95 * low.std_error)} and"
            f" {percent(high.mean, Z95 * high.std_error)} of the possible savings were realized."
        )
    return said


def _sampled(check: Mapping[str, Any] | None) -> list[str]:
    """Whether a twin's games are those of the contract, or like them."""
    if not check:
        return []
    games = f"{count(check['games'], 'game')} of the sample that the EVM has played"
    if check["engine"] == "exact":
        same = "came out the same" if check["identical"] else "did NOT come out the same"
        return [f"The games are an exact twin's; {games} {same} there in every field."]
    if check.get("largest_z") is None:
        return [f"The games are a statistical twin's; {games} are too few to compare with."]
    return [
        (
            f"The games are a statistical twin's; held against {games}, mean costs are at"
            f" most {check['largest_z']:.2f} standard errors apart (p-value {p_value(check['p_value'])},"
            " corrected for their number)."
        )
    ]
