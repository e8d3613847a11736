"""The page of an experiment: the common parts, and the figures of a sweep."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from parley.core.errors import ParleyError
from parley.core.files import JsonObject, read_object
from parley.kit.present.page_model import Column, Figure, Sheet, count, titled
from parley.kit.present.page_parts import gas_figures, written_by
from parley.kit.present.page_words import cross_checked, listed, listed_up_to
from parley.kit.registry import load, mechanism, mechanisms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

__all__ = ["cell_names", "experiment_sheet", "link", "sheet_of_experiment"]

MOST_CELLS = 500
"""Maximum rows in tables of cells."""
MOST_DETAILED = 100
"""Number of cells, from the first, with their own figures."""
MOST_SHOWN = 6
"""Maximum columns of means on a terminal."""
MOST_NAMED = 6
"""Cells that a sentence names."""


def experiment_sheet(folder: Path) -> Sheet:
    """Return the page of the experiment in a folder.

    Raises
    ------
    ParleyError
        If a file is invalid.
    """
    path = folder / "manifest.json"
    manifest = read_object(path)
    if manifest.get("kind") != "experiment":
        raise ParleyError(f"{path}: kind is {manifest.get('kind')!r}, not 'experiment'")
    if manifest.get("complete") is not True:
        raise ParleyError(f"{folder}: the experiment is not finished; run it again to continue it")
    with written_by("an experiment", path):
        if "vary" in manifest["experiment"]:
            return _sweep(manifest, read_object(folder / "summary.json"))
        kind = manifest.get("mechanism")
        for one in mechanisms() if kind is None else (mechanism(kind),):
            laboratory = one.laboratory()
            if laboratory is not None:
                return laboratory.sheet(folder)
    raise ParleyError(f"{path}: mechanism {kind} has no such experiments")


def sheet_of_experiment(
    manifest: JsonObject,
    summary: JsonObject,
    *,
    facts: Sequence[tuple[str, str]] = (),
    findings: Sequence[tuple[str, str]] = (),
    figures: Sequence[Figure] = (),
    cells: Sequence[tuple[str, list[str], list[Figure]]] = (),
    strategies: Sequence[str] = (),
) -> Sheet:
    """Return the page of an experiment: common parts around its own parts."""
    keys = manifest["experiment"]
    check = summary.get("cross_check") or {}
    seeds = keys.get("seeds") or [keys["seed"]]
    sheet = Sheet(
        "experiment",
        titled(str(manifest["title"]), manifest.get("mechanism", ""), manifest.get("agents", ())),
        str(manifest["question"]),
        facts=[
            ("cells", f"{manifest['cells']:,}"),
            (f"{manifest.get('unit', 'game')}s", f"{manifest['games']:,}"),
            *facts,
            ("seeds" if len(seeds) > 1 else "seed", ", ".join(map(str, seeds))),
        ],
        findings=[*findings, *(("", text) for text in cross_checked(check))],
        figures=[*figures, *gas_figures(check.get("gas"), str(check.get("evm")), check.get("games", 0))],
        cells=list(cells),
        method=[
            (heading, [(str(name), _said(entry)) for name, entry in manifest[key].items()])
            for key, heading in METHOD.items()
            if isinstance(manifest.get(key), Mapping) and manifest[key]
        ],
        strategies=list(strategies),
    )
    if check.get("identical") is False:
        sheet.warnings.append(f"Games replayed on {check.get('evm', 'py-evm')} differ.")
    return sheet


METHOD = {
    "experiment": "The experiment's file",
    "problems": "Problems, by SHA-256",
    "contracts": "Contracts, by the hash of their code",
    "versions": "Versions",
}


def _said(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def cell_names(cells: Sequence[JsonObject]) -> list[tuple[str, str]]:
    """Name cells by their differences: once with the seed, once without.

    Parameters
    ----------
    cells : sequence of mapping
        Each has ``cell``, ``problem``, ``seed`` and ``varied``.

    Examples
    --------
    >>> cells = [{"cell": k, "problem": "p", "seed": k, "varied": {"rule": "boston"}} for k in (0, 1)]
    >>> cell_names(cells)
    [('seed 0', 'cell 0'), ('seed 1', 'cell 0')]
    """
    said = [{"problem": cell["problem"], **cell["varied"], "seed": cell["seed"]} for cell in cells]
    keys = dict.fromkeys(key for one in said for key in one)
    varying = [key for key in keys if len({str(one.get(key)) for one in said}) > 1]
    names = []
    for one in said:
        parts = {key: f"{'' if key == 'problem' else key} {one[key]}" for key in varying if key in one}
        parts = {key: part.strip() for key, part in parts.items()}
        whole = ", ".join(parts.values())
        parts.pop("seed", None)
        names.append((whole or "cell 0", ", ".join(parts.values()) or "cell 0"))
    repeated = Counter(name for name, _ in names)
    return [
        (name if repeated[name] == 1 else f"{name} (cell {k})", setting)
        for k, (name, setting) in enumerate(names)
    ]


def link(number: int, name: str, detailed: int) -> JsonObject:
    """Return a table entry that links to a cell's figures, if it has any."""
    return {"v": number, "t": name} | ({"i": number} if number < detailed else {})


# ── sweeps ──────────────────────────────────────────────────────────────────────────────────────────────────


def _sweep(manifest: JsonObject, summary: JsonObject) -> Sheet:
    cells = summary["cells"]
    names = [name for name, _ in cell_names(cells)]
    off = [name for name, cell in zip(names, cells, strict=True) if not cell["holds"]]
    found = "In every cell play agrees with theory (exact tests)."
    if off:
        which = listed_up_to(MOST_NAMED, off)
        found = f"In {count(len(off), 'cell')} play differs from theory (exact tests): {which}."
    detailed = []
    for name, cell in zip(names[:MOST_DETAILED], cells, strict=False):
        # Times are not stored, so that runs are reproducible.
        sheet = load(cell["keys"]).sheet({**cell, "seconds": 0, "games_per_second": 0}, name)
        detailed.append((name, [text for _, text in sheet.findings], sheet.figures))
    return sheet_of_experiment(
        manifest,
        summary,
        facts=[("mechanism", str(manifest["mechanism"]))],
        findings=[("", found)],
        figures=[_cells(cells, names), *_means(cells, names)],
        cells=detailed,
    )


def _cells(cells: Sequence[JsonObject], names: Sequence[str]) -> Figure:
    varied = list(cells[0]["varied"])
    endings = list(dict.fromkeys(name for cell in cells for name in cell["endings"]))
    ended = {name: {cell["endings"].get(name, 0) / cell["games"] for cell in cells} for name in endings}
    always, never = ({name for name in endings if ended[name] == {share}} for share in (1, 0))
    tests = list(dict.fromkeys(name for cell in cells for name in cell["p_values"]))
    columns = [
        Column("cell", "cell", "cell"),
        *(Column(f"varied:{key}", key) for key in varied),
        Column("seed", "seed", "count"),
        Column("games", "games", "count", detail=len({cell["games"] for cell in cells}) == 1),
        *(
            Column(f"ended:{name}", name.replace("_", " "), "percent", detail=name in always | never)
            for name in endings
        ),
        *(Column(f"p:{name}", f"p-value ({name})", "p") for name in tests),
        Column("gas", "gas of a game", "count"),
    ]
    rows = [
        [
            link(k, name, MOST_DETAILED),
            *(cell["varied"][key] for key in varied),
            cell["seed"],
            cell["games"],
            *(cell["endings"].get(ending, 0) / cell["games"] for ending in endings),
            *(cell["p_values"].get(test) for test in tests),
            round(cell["gas"]["per_game"]),
        ]
        for k, (name, cell) in enumerate(zip(names[:MOST_CELLS], cells, strict=False))
    ]
    notes = [f"The first {MOST_CELLS} of {len(cells):,}."] if len(cells) > MOST_CELLS else []
    if tests and len({cell["seed"] for cell in cells}) < len(cells):
        notes.append(SAME_DRAWS)
    aside = "A cell's name leads to its figures."
    return Figure("cells", "All cells", columns, rows, note=" ".join(notes), aside=aside)


SAME_DRAWS = "The same seed gives the same draws: cells with the same seed can have the same p-values."


def _means(cells: Sequence[JsonObject], names: Sequence[str]) -> Iterator[Figure]:
    """Yield two figures per declared mean that is not always 0: by what varies, and with a row per cell."""
    seeds = len({cell["seed"] for cell in cells})
    varied = list(cells[0]["varied"])
    settings: dict[tuple[str, ...], list[int]] = {}
    for k, cell in enumerate(cells[:MOST_CELLS]):
        problem = [str(cell["problem"])] if len({str(cell["problem"]) for cell in cells}) > 1 else []
        settings.setdefault((*problem, *(str(value) for value in cell["varied"].values())), []).append(k)
    keys = [*(["problem"] if len(next(iter(settings))) > len(varied) else []), *varied]
    for mean in dict.fromkeys(name for cell in cells for name in cell["means"]):
        found = [{row["of"]: row for row in cell["means"].get(mean, ())} for cell in cells[:MOST_CELLS]]
        labels = list(dict.fromkeys(label for rows in found for label in rows))
        if not any(row["mean"] for rows in found for row in rows.values()):
            continue
        means = [
            Column(f"of:{name}", name, "number", detail=k >= MOST_SHOWN) for k, name in enumerate(labels)
        ]
        alike = {"alike": [column.key for column in means]}
        if keys:
            yield Figure(
                f"mean-{mean}-by",
                f"Mean {mean} by {listed(keys)}",
                [*(Column(f"varied:{key}", key) for key in keys), *means],
                [
                    [*setting, *(_average(found[k].get(label) for k in group) for label in labels)]
                    for setting, group in settings.items()
                ],
                note=f"Averages over {count(seeds, 'seed')}." if seeds > 1 else "",
                options=alike,
            )
        yield Figure(
            f"mean-{mean}",
            f"Mean {mean}, cell by cell",
            [Column("cell", "cell", "cell"), *means],
            [
                [
                    link(k, name, MOST_DETAILED),
                    *(rows[label]["mean"] if label in rows else None for label in labels),
                ]
                for k, (name, rows) in enumerate(zip(names, found, strict=False))
            ],
            aside="What theory says of each mean is on the cell's own figures.",
            options=alike,
            detail=bool(keys),
        )


def _average(rows: Iterable[JsonObject | None]) -> float | None:
    known = [row["mean"] for row in rows if row is not None and row["mean"] is not None]
    return sum(known) / len(known) if known else None
