"""What is going to be played: ready problems, a problem's text, and what a page needs to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from parley.core import problemfile, resources
from parley.core.errors import ParleyError, ProblemError, one_line
from parley.core.exact import show
from parley.core.limits import MAX_SEED
from parley.kit.registry import kind_of
from parley.mechanisms.coordination.bots import KINDS, PHASES, Silent, Stubborn, make_bots
from parley.mechanisms.coordination.contracts import RECOGNITION_CONTRACTS
from parley.mechanisms.coordination.problem import Problem
from parley.mechanisms.coordination.solution import Solution, solve

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Choice", "Setting", "bot_choices", "choices", "read_choice", "read_setting"]

MAX_GAMES = 100_000
"""Games of one run: some minutes."""

KIND = "coordination"
"""Problems that the two-stage game is about."""

FIRST = "paper-example-1"
"""The ready problem that a page begins with."""

BOTS: dict[str, str] = {
    "equilibrium": "equilibrium: plays as theory says",
    "greedy": "greedy: announces all it can",
    "minimal": "minimal: announces as little as it may",
    "stubborn": "stubborn: wants a tenth of the savings extra",
    "random": "random: announces and answers by chance",
    "withholder": "withholder: opens its secret only to win",
    "silent": "silent when",
}
"""What a kind of bot is called where one is picked."""

RECOGNITION: dict[str, str] = {
    "p-star": "p*: by what one could take on",
    "equal": "equal: everybody alike",
    "contract-proportional": "contract-proportional: by what one has contracted on",
    "announcement-proportional": "announcement-proportional: by what one announces",
    "reordered": "reordered: p*, the last two swapped",
}
"""What a recognition function is called where one is picked."""


@dataclass(frozen=True)
class Setting:
    """A problem that can be played, with what theory says of it."""

    problem: Problem
    solution: Solution

    def to_json(self) -> dict[str, Any]:
        """Give what a page shows of it: quantities in tasks, costs in units of cost, seats from 0."""
        problem, solution = self.problem, self.solution
        return {
            "agents": list(problem.agent_names),
            "tasks": list(problem.task_names),
            "contracted": (problem.contracted / problem.unit).tolist(),
            "capacity": (problem.capacity / problem.unit).tolist(),
            "contracted_costs": [
                float(problem.cost(i, int(row.sum()))) for i, row in enumerate(problem.contracted)
            ],
            "continuation": show(problem.continuation),
            "recognition": problem.recognition,
            "cost_contracted": float(solution.cost_contracted),
            "cost_allocated": float(solution.cost_allocated),
            "savings": float(solution.savings),
            "probabilities": [float(p) for p in solution.probabilities],
            "expected_costs": [float(cost) for cost in solution.expected_costs],
        }


class Choice(BaseModel):
    """What a page asks for: a problem's text, what is to be different from it, who plays, and which games."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: str
    continuation: str | None = None
    """δ in place of the text's, as a problem file writes it."""
    recognition: str | None = None
    bots: Annotated[list[str], Field(min_length=1)] = ["equilibrium"]
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0
    game: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0
    """The number of the game to watch."""
    games: Annotated[int, Field(ge=1, le=MAX_GAMES)] = 1000
    """How many games to run, from number 0."""


def read_choice(body: bytes) -> Choice:
    """Read what a page asks for.

    Raises
    ------
    ParleyError
        In one line: what is wrong with which key.
    """
    try:
        return Choice.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "request"
        raise ParleyError(f"{where}: {one_line(first['msg'])}") from None


def read_setting(choice: Choice) -> Setting:
    """Make the problem that was chosen, check that it can be played, and solve it.

    Raises
    ------
    ParleyError
        In one line: key and reason, as every command of the program says it.
    """
    mapping = _read(choice.text)
    kind = kind_of(mapping, "")
    if kind != KIND:
        raise ProblemError("", "kind", f"{kind} problems are not played here; {KIND} problems are")
    if choice.continuation is not None:
        mapping["continuation"] = choice.continuation
    if choice.recognition is not None:
        mapping["recognition"] = choice.recognition
    problem = Problem.from_mapping(mapping)
    problem.check_playable()
    if choice.bots != ["equilibrium"]:
        make_bots(choice.bots, problem.agents)
    return Setting(problem, solve(problem))


def _read(text: str) -> dict[str, Any]:
    """Read TOML, or JSON where the text begins with a brace."""
    text = text.removeprefix("\ufeff").encode("utf-8", "replace").decode()  # without lone surrogates
    return problemfile.parse(text, "", is_json=text.lstrip().startswith("{"))


# ── what there is to choose from ──────────────────────────────────────────────────────────────────────────


def choices(given: Problem | None) -> dict[str, Any]:
    """List ready problems (the given one first), bots and recognition functions."""
    problems = (
        []
        if given is None
        else [{"name": "the given problem", "text": problemfile.to_toml(given.to_mapping())}]
    )
    files = resources.problems().glob("*.toml")
    ready = sorted(path for path in files if problemfile.read(path).get("kind") == KIND)
    ready.sort(key=lambda path: path.stem != FIRST)
    problems += [{"name": path.stem, "text": path.read_text(encoding="utf-8")} for path in ready]
    bots = [{"name": name, "label": label} for name, label in bot_choices()]
    recognition = [{"name": name, "label": RECOGNITION.get(name, name)} for name in RECOGNITION_CONTRACTS]
    return {"problems": problems, "bots": bots, "recognition": recognition}


def bot_choices() -> Iterator[tuple[str, str]]:
    """Every bot that can be picked, with what it is called.

    Examples
    --------
    >>> dict(bot_choices())["silent:joining"]
    'silent when joining'
    """
    for kind, bot in KINDS.items():
        label = BOTS.get(kind) or f"{kind}: {(bot.__doc__ or '').splitlines()[0]}"
        if kind == Silent.kind:
            yield from ((f"{kind}:{phase}", f"{label} {phase}") for phase in PHASES)
        else:
            yield kind, label
        if kind == Stubborn.kind:
            yield f"{kind}:1/2", "very stubborn: wants half of the savings extra"
