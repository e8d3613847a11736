"""The user's choice on the live page: problem, bots and games."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from parley.core import problemfile, resources
from parley.core.errors import ParleyError, ProblemError, one_line
from parley.core.limits import MAX_SEED
from parley.kit.registry import kinds, load, mechanism

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parley.core.files import JsonObject
    from parley.kit.loaded import AnyProblem

__all__ = ["Choice", "bots_of", "described", "read_choice", "ready_problems"]

MAX_GAMES = 100_000
"""Maximum games of one run: some minutes."""


class Choice(BaseModel):
    """A request of the page: a problem's text, changed keys, bots and games."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: str
    keys: dict[str, str] = {}
    """Values that replace those in the text."""
    bots: Annotated[list[str], Field(min_length=1)] | None = None
    """Names, one for all seats or one per seat; by default the mechanism's first bot."""
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0
    game: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0
    """Number of the game to watch."""
    games: Annotated[int, Field(ge=1, le=MAX_GAMES)] = 1000
    """Number of games to run, starting with game 0."""

    def problem(self) -> AnyProblem:
        """Read the problem.

        Raises
        ------
        ParleyError
            With the key and the reason.
        """
        text = self.text.removeprefix("\ufeff").encode("utf-8", "replace").decode()  # no lone surrogates
        problem = load(problemfile.parse(text, "", is_json=text.lstrip().startswith("{")) | self.keys)
        problem.problem.check_playable()
        return problem

    def seated(self, problem: AnyProblem) -> list[str]:
        """Return the names of the bots."""
        return self.bots or [next(bots_of(problem.kind))]


def read_choice(body: bytes) -> Choice:
    """Read a request of the page.

    Raises
    ------
    ParleyError
        With the key and the reason.
    """
    try:
        return Choice.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "request"
        raise ParleyError(f"{where}: {one_line(first['msg'])}") from None


def described(choice: Choice) -> JsonObject:
    """Return what the page shows before play: warnings, names of roles and agents, bots, single values."""
    problem = choice.problem()
    if choice.bots is not None:
        problem.setting(choice.bots, choice.seed)
    values = problem.problem.to_mapping()
    return {
        "kind": problem.kind,
        "about": problem.mechanism.about,
        "warnings": list(problem.warnings),
        "agents": [*problem.mechanism.roles, *problem.problem.agent_names],
        "roles": len(problem.mechanism.roles),
        "seated": problem.mechanism.seated(choice.bots or [], problem.problem),
        "bots": list(bots_of(problem.kind)),
        "does": dict(problem.mechanism.bots),
        "keys": {
            key: str(value)
            for key, value in values.items()
            if key != "kind" and isinstance(value, int | str) and not isinstance(value, bool)
        },
    }


def bots_of(kind: str) -> Iterator[str]:
    """Return the names of a kind's bots; the only arguments are phases in which seats act.

    Examples
    --------
    >>> list(bots_of(kinds()[0]))[3:8]
    ['stubborn', 'random', 'withholder', 'silent:joining', 'silent:announcing']
    """
    declared = mechanism(kind)
    acting = [phase for phase, acts in declared.phases.items() if acts]
    for name in declared.bots:
        plain, _, argument = name.replace("[", "").replace("]", "").partition(":")
        if argument == "PHASE":
            yield from (f"{plain}:{phase}" for phase in acting)
        else:
            yield plain


def ready_problems(given: AnyProblem | None) -> list[dict[str, str]]:
    """List problems to choose from: the given one first, then the built-in ones by kind."""
    found = []
    if given is not None:
        text = problemfile.to_toml(given.problem.to_mapping())
        found.append({"kind": given.kind, "name": "the given problem", "text": text})
    files = sorted(
        resources.problems().glob("*.toml"), key=lambda file: ("example" not in file.stem, file.stem)
    )
    ready = {file: problemfile.read(file).get("kind") for file in files}
    for kind in kinds():
        found += [
            {"kind": kind, "name": file.stem, "text": file.read_text(encoding="utf-8")}
            for file in files
            if ready[file] == kind
        ]
    if not found:
        raise ProblemError("", "", "found no built-in problem; give a problem file")
    return found
