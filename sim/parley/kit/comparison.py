"""Problems under several rules or functions, side by side: what `parley compare` prints."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

from parley.core.errors import ParleyError, naming
from parley.core.files import read_object
from parley.core.keys import did_you_mean
from parley.kit.registry import mechanism, mechanisms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from parley.core.files import JsonObject
    from parley.kit.declared import Compared
    from parley.kit.loaded import AnyProblem
    from parley.kit.present.page_model import Figure, Format, Sheet

__all__ = ["Comparison", "compare"]

_WORDS = {True: "holds", False: "fails", None: "not known"}
GAS = "gas_per_game"
"""The key of a row with its gas."""


@dataclass(frozen=True)
class Comparison:
    """Rows, one for each problem and each of what is compared.

    Attributes
    ----------
    across : str
        What is compared, as ``--across`` names it.
    rows : list of dict
        As in the JSON.
    """

    kind: str
    across: str
    rows: Sequence[JsonObject]
    compared: Compared

    def to_json(self) -> JsonObject:
        """Return the object that ``parley compare --json`` prints."""
        return {"kind": self.kind, "across": self.across, "rows": list(self.rows)}

    @classmethod
    def read(cls, path: Path) -> Comparison:
        """Read the file that ``parley compare --out`` wrote."""
        found = read_object(path)
        kind, across = found["kind"], found["across"]
        return cls(kind, across, found["rows"], mechanism(kind).across[across]())

    def sheet(self) -> Sheet:
        """Lay out the rows: for each problem one table and one picture."""
        from parley.kit.present.page_model import Sheet  # noqa: PLC0415 - slow to load

        by_problem: dict[str, list[JsonObject]] = {}
        for row in self.rows:
            by_problem.setdefault(row["problem"], []).append(row)
        ending = "" if len(by_problem) == 1 else "-{}"
        figures = [
            self._figure(f"comparison{ending.format(name)}", name, rows) for name, rows in by_problem.items()
        ]
        return Sheet("comparison", f"{', '.join(by_problem)}: {self.across} compared", "", figures=figures)

    def _figure(self, name: str, problem: str, rows: Sequence[JsonObject]) -> Figure:
        from parley.kit.present.page_model import Column, Figure, cell  # noqa: PLC0415 - as above

        shown, parts = self.compared.columns, list(rows[0]["shares"])

        def value(row: JsonObject, key: str) -> object:
            return _WORDS[row[key]] if shown[key][1] == "verdict" else cell(row[key])

        columns = [Column("name", self.across)]
        for key, (label, form) in shown.items():
            columns.append(Column(key, label, "text" if form == "verdict" else cast("Format", form)))
        columns.append(Column(GAS, "gas of a game", "count"))
        columns += [Column(f"part:{part}", part, "percent", detail=True) for part in parts]
        return Figure(
            name,
            f"{problem}: {self.across} compared",
            columns,
            [
                [
                    row["name"],
                    *(value(row, key) for key in shown),
                    row[GAS],
                    *(float(Fraction(row["shares"].get(part, 0))) for part in parts),
                ]
                for row in rows
            ],
            chart="stacked",
            alt=f"For each row of the table, the {self.compared.shares}.",
            note=self.compared.note,
            options={"parts": [f"part:{part}" for part in parts], "unit": self.compared.shares},
            picture=name,
        )


def compare(
    problems: Sequence[AnyProblem],
    across: str | None,
    *,
    games: int,
    options: Mapping[str, object],
    tell: Callable[[str, int, int | None], None],
) -> Comparison:
    """Compare rules or functions on problems of one kind.

    Parameters
    ----------
    across : str or None
        One of the names that the kind declares; by default the first.
    games : int
        Games of each rule or function that are played to measure gas; 0 for none.
    options : mapping
        The mechanism's own options of ``compare``.

    Raises
    ------
    ParleyError
        If the kind compares nothing of this name, or problems are of different kinds.
    """
    kind = problems[0].kind
    one, able = mechanism(kind), [other.kind for other in mechanisms() if other.across]
    if not one.across:
        raise ParleyError(f"compare: only for problems of kind {', '.join(able)}, not {kind}")
    if other := next((problem for problem in problems if problem.kind != kind), None):
        raise ParleyError(f"{other.file}: kind: {other.kind}, but the first problem is of kind {kind}")
    name = across or next(iter(one.across))
    if name not in one.across:
        hint = did_you_mean(name, one.across) or f"; known: {', '.join(one.across)}"
        raise ParleyError(f"--across: nothing called {name!r} for problems of kind {kind}{hint}")
    given, compared = one.given("compare", options), one.across[name]()
    rows = []
    for problem in problems:
        with naming(problem.file):
            variants = compared.variants(problem.problem)
            for done, (word, variant) in enumerate(variants.items()):
                tell(word, done, len(variants))
                row = compared.row(variant, given, tell)
                title = Path(problem.file).stem or "problem"
                rows.append({"problem": title, "name": word, **row, GAS: _gas(problem, variant, games)})
    return Comparison(kind, name, rows, compared)


def _gas(problem: AnyProblem, variant: object, games: int) -> float | None:
    """Return the mean gas of a game; None if none is played, or none can be."""
    if not games:
        return None
    one = problem.mechanism
    played = one.problem(variant.to_mapping(), problem.file)  # type: ignore[attr-defined]
    try:
        played.check_playable()
    except ParleyError:  # too large for one game on chain
        return None
    gas: float = one.simulate(played, games=games).cross_check.gas_json()["per_game"]
    return gas
