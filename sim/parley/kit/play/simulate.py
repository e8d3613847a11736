"""Play games of a mechanism, count them, compare them with theory and record them."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from parley.chain.urls import shown
from parley.kit.play.run import play_games
from parley.kit.play.setting import Row, Setting
from parley.kit.play.simulation import Simulation
from parley.kit.play.tally import compare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Unpack

    import pyarrow as pa

    from parley.kit.play.declaration import Columns, Playable
    from parley.kit.protocols import C, OutcomeT, P, RunOptions, S

__all__ = ["games_table", "simulate"]


def simulate(
    mechanism: Playable[P, S, OutcomeT, C],
    problem: P,
    record: Callable[[pa.Table], None] | None = None,
    *,
    seed: int = 0,
    bots: Sequence[str] = (),
    options: Mapping[str, object] = MappingProxyType({}),
    **how: Unpack[RunOptions],
) -> Simulation[P, S, OutcomeT, C]:
    """Play games of a problem, and compare them with theory.

    Parameters
    ----------
    record : callable, optional
        Called with the table of each batch of games, in order.
    seed : int
        Seed of the games, and of theory if it samples.
    bots : sequence of str
        Names, as `Playable.seated` takes them; by default the mechanism's first bot.
    **how
        See `parley.kit.protocols.RunOptions`.

    Raises
    ------
    ParleyError
        If a bot or an option is unknown, the contract cannot hold the problem, or the backend is not usable.
    """
    names = mechanism.seated(bots, problem)
    setting = Setting.of(mechanism, problem, names, seed, options)
    theory = mechanism.theory(problem, seed)
    columns = mechanism.columns(problem)
    rows = None if record is None else lambda rows: record(games_table(rows, columns))
    played = play_games(setting, record=rows, **how)
    return Simulation(
        mechanism.kind,
        mechanism.endings,
        shown(how.get("evm", "revm")),
        seed,
        names,
        problem,
        setting.cast,
        theory,
        played.tally,
        compare(mechanism.statistics(problem), played.tally, theory),
        played.cross_check,
        played.seconds,
        mechanism.report,
    )


def games_table(rows: Iterable[Row], columns: Sequence[Columns[OutcomeT]]) -> pa.Table:
    """Make the table of games: number, ending and the mechanism's columns.

    Parameters
    ----------
    rows : iterable of tuple
        One per game, as from `Setting.row`.

    Examples
    --------
    >>> from parley.kit.play.declaration import Columns
    >>> table = games_table([(0, "won", 7)], [Columns(["cost_wei"], "wei", lambda outcome: [outcome.cost])])
    >>> table.column_names, table["cost_wei"].to_pylist()
    (['game', 'ending', 'cost_wei'], [Decimal('7')])
    """
    import pyarrow as pa  # noqa: PLC0415 - slow to load

    game, ending, *values = zip(*rows, strict=True)
    kept = pa.dictionary(pa.int8(), pa.string())
    table = {
        "game": pa.array(game, pa.int64()),
        "ending": pa.array(ending, pa.string()).dictionary_encode().cast(kept),
    }
    named = ((name, one.type) for one in columns for name in one.names)
    for (name, kind), found in zip(named, values, strict=True):
        if kind == "wei":
            table[name] = pa.array(map(Decimal, cast("Iterable[int]", found)), pa.decimal128(38))
        else:
            table[name] = pa.array(found, pa.type_for_alias(kind))
    return pa.table(table)
