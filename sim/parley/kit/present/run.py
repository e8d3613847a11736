"""The folder of a run: table of games, results and pictures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pyarrow as pa
import pyarrow.parquet as pq

from parley.chain.urls import shown
from parley.core.folders import RUN, commit_folder, saying, whole_folder, write_json
from parley.core.keys import plain
from parley.kit.present.arrow import write_csv

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Unpack

    from matplotlib.figure import Figure

    from parley.core.files import JsonObject
    from parley.kit.loaded import AnyProblem
    from parley.kit.play.simulation import AnyRun
    from parley.kit.protocols import PlayOptions
    from parley.kit.results import RunReport

__all__ = [
    "ENDING",
    "FINISHED",
    "GAMES",
    "PROBLEM",
    "RunFolder",
    "made_by",
    "play_into",
]

GAMES = "games.parquet"
CSV = "games.csv"
FINISHED = "simulation.json"
PROBLEM = "problem.json"

ENDING = pa.dictionary(pa.int8(), pa.string())
"""The type of the column of endings."""


class RunFolder:
    """Streams ``games.parquet``; at the end writes ``simulation.json``, ``problem.json`` and pictures.

    Parameters
    ----------
    path : Path
        It appears, or replaces that of an earlier run, when all files are written.
    run : mapping, optional
        How the run is made; if given, an existing folder must be made in the same way.

    Raises
    ------
    ParleyError
        If the folder is not writable, holds another run, or another run is writing there.
    """

    def __init__(self, path: Path, run: Mapping[str, object] | None = None) -> None:
        self.path = path
        self._run = run
        self._stack = ExitStack()
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        self._stack.__enter__()
        self._work = self._stack.enter_context(whole_folder(self.path, self._run))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._close()
        except OSError:  # the table of a run that was not finished is removed
            if self._writer is not None:
                self._writer.is_open = False  # or closing is tried again when the writer is collected
        self._stack.__exit__(kind, error, trace)

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def record(self, games: pa.Table) -> None:
        """Append games to the table."""
        with saying(self.path):
            if self._writer is None:
                self._writer = pq.ParquetWriter(self._work / GAMES, games.schema)
            self._writer.write_table(games)

    def finish(
        self, documents: Mapping[str, JsonObject], pictures: Mapping[str, Figure], *, csv: bool = False
    ) -> list[str]:
        """Write the results, let the folder appear, and return the names of its files.

        Parameters
        ----------
        documents : mapping of str to mapping
            Contents of JSON files by file name.
        csv : bool
            Whether the table of games is also written as CSV.
        """
        from parley.kit.present.style import save_all  # noqa: PLC0415 - matplotlib is slow to load

        with saying(self.path):
            self._close()
            if csv:
                write_csv(self._work / GAMES, self._work / CSV)
            for name, document in documents.items():
                write_json(self._work / name, document)
            written = save_all(self._work, pictures)
        commit_folder(self.path)
        return [GAMES, *([CSV] if csv else []), *documents, *written]


def made_by(
    command: str, problems: AnyProblem | Sequence[AnyProblem], options: Mapping[str, object]
) -> JsonObject:
    """Return how a run is made, as its file ``run.json`` says it.

    Parameters
    ----------
    options : mapping of str to value
        The options that change the result; a path is its text.
    """
    every = problems if isinstance(problems, Sequence) else [problems]
    keys = json.dumps([plain(problem.to_mapping()) for problem in every], sort_keys=True)
    given = {name: str(one) if isinstance(one, Path) else one for name, one in options.items()}
    return {
        "command": command,
        "name": ", ".join(filter(None, (_name(problem.file) for problem in every))),
        "agents": sorted({problem.agents for problem in every}),
        "problem": sha256(keys.encode()).hexdigest(),
        "options": given,
        "version": version("parley-sim"),
    }


def _name(file: str) -> str:
    """Return the name of a problem file in words; empty for standard input.

    Examples
    --------
    >>> _name("problems/three-clinics.toml"), _name("standard input")
    ('Three clinics', '')
    """
    path = Path(file)
    words = path.stem.replace("-", " ").replace("_", " ") if path.suffix else ""
    return words[:1].upper() + words[1:]


def play_into(
    folder: Path, problem: AnyProblem, *, force: bool = False, csv: bool = False, **play: Unpack[PlayOptions]
) -> tuple[RunReport[AnyRun], list[str]]:
    """Play games of a problem, and write the folder of the run.

    Parameters
    ----------
    force : bool
        Replace a run of another problem, seed or options.
    csv : bool
        Also write the table of games as CSV.
    **play
        See `parley.kit.protocols.PlayOptions`.

    Returns
    -------
    tuple of (RunReport, list of str)
        The run and the file names.

    Raises
    ------
    ParleyError
        If the problem cannot be played, or the folder cannot be written.
    """
    own = play.get("options", {})
    options: dict[str, object] = {
        name: play.get(name) for name in ("games", "seed", "deployment", "confirmations")
    }
    options["bots"] = ",".join(play["bots"]) if "bots" in play else None
    made = made_by("simulate", problem, {**options, "evm": shown(play.get("evm", "revm")), **own})
    with RunFolder(folder, None if force else made) as target:
        run = problem.simulate(record=target.record, **play)
        documents = {FINISHED: run.to_json(), PROBLEM: problem.problem.to_mapping(), RUN: made}
        return run, target.finish(documents, run.pictures(), csv=csv)
