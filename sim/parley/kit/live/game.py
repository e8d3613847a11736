"""One game for the live page: every transaction and the emitted events.

The game is played to its end on the embedded EVM. Its calldata and logs are then decoded by the contract's
interface.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.chain.abi import types
from parley.chain.coders import sequence_reader
from parley.kit.live.board import Change, Panel, ether, number
from parley.kit.play.run import open_player

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from parley.chain.codec import Codec
    from parley.chain.evm import Logs
    from parley.core.files import JsonObject
    from parley.kit.live.board import Cell
    from parley.kit.loaded import LoadedProblem
    from parley.kit.play.player import Player
    from parley.kit.protocols import A, C, OutcomeT, P, S

__all__ = ["watch"]

LONGEST = 120
"""Maximum characters of an argument or a field; longer ones are cut."""
SHOWN = 4
"""Displayed bytes of a hash."""


def watch(
    problem: LoadedProblem[P, S, A, OutcomeT, C], bots: Sequence[str], *, seed: int, game: int
) -> JsonObject:
    """Play one game and return its steps.

    Parameters
    ----------
    bots : sequence of str
        Names, as `Playable.seated` takes them.
    seed, game : int
        Number `game` of the run with this seed.

    Returns
    -------
    dict
        ``agents`` (names by seat, then those of roles), ``phases``, ``panels`` (tables before the first
        transaction), ``ending``, and ``steps``, one per transaction: ``call`` (the contract's function),
        ``arguments``, ``actor`` (its seat or role; None for other accounts), ``sender`` (its name),
        ``paid``, ``phase`` (afterwards; None if the contract has no such view), ``said`` (sentences),
        ``events`` and ``changes`` (of cells).

    Raises
    ------
    ParleyError
        If the contract cannot hold the problem, or a bot is unknown.
    """
    mechanism = problem.mechanism
    roles = len(mechanism.roles)
    names = [*problem.problem.agent_names, *mechanism.roles]
    setting = problem.setting(bots, seed)
    played = mechanism.seated(bots, problem.problem)
    player = open_player(setting)
    phases = _phases_of(player)
    outcome = player.play(game)
    board = problem.board(outcome)
    seats = {address: seat for seat, address in enumerate((*player.seats, *player.roles))}
    others = player.others
    calls = {function.selector: function for function in player.codec.functions.values()}
    put, took = [0] * len(names), [0] * len(names)
    steps = []
    for k, sent in enumerate(player.sent):
        function, actor = calls[sent.data[:4]], seats.get(sent.sender)
        events, said, changes = player.codec.decode(sent.logs), [], []
        if actor is not None:
            moved = mechanism.money(sent)
            put[actor] += max(-moved, 0)
            took[actor] += max(moved, 0)
            changes += [
                Change("seats", actor, 2, function.name),
                Change("seats", actor, 3, ether(put[actor])),
                Change("seats", actor, 4, ether(took[actor])),
            ]
        for sentence, changed in map(board.follow, events) if board is not None else ():
            said.append(sentence)
            changes += changed
        steps.append(
            {
                "call": function.name,
                "arguments": list(_shown(function.arguments(sent.data), names)),
                "actor": actor,
                "sender": others.get(sent.sender, "another account") if actor is None else names[actor],
                "paid": ether(sent.value),
                "phase": phases[k],
                "said": " ".join(filter(None, said)),
                "events": [[event.name, list(_shown(event.as_dict(), names))] for event in events],
                "changes": changes,
            }
        )
    return {
        "kind": problem.kind,
        "seed": seed,
        "game": game,
        "agents": names,
        "phases": [name.capitalize() for name in mechanism.phases] if any(phases) else [],
        "panels": [
            _seats(_by_party(played, len(player.seats), roles)).to_json(),
            *(panel.to_json() for panel in (board.panels() if board is not None else ())),
        ],
        "steps": steps,
        "ending": outcome.ending,
    }


def _by_party(bots: Sequence[str], seats: int, roles: int) -> list[str]:
    """Return the bots of the seats, then those of roles, which stand first; none if options play them."""
    if len(bots) == seats:
        return [*bots, *[""] * roles]
    return [*bots[roles:], *bots[:roles]]


def _seats(bots: Sequence[str]) -> Panel:
    cells: list[list[Cell]] = [[bot, "", "", ""] for bot in bots]
    return Panel(
        "seats",
        "Who plays",
        "What each seat called last, and what it has put into the contract and taken out of it so far.",
        ("agent", "bot", "last call", "put in", "took out"),
        range(len(bots)),
        cells,
    )


def _phases_of(player: Player[OutcomeT]) -> list[int | None]:
    """Return a list that records the game's phase after each transaction that the player sends from now on.

    None if the contract's view `state` has no field `phase`.
    """
    phases: list[int | None] = []
    send, read = player.send, _phase_reader(player.codec)

    def watched(sender: str, data: bytes, value: int = 0) -> Logs:
        logs = send(sender, data, value)
        phases.append(read(player, logs))
        return logs

    player.send = watched  # type: ignore[method-assign]  # of this player alone
    return phases


def _phase_reader(codec: Codec) -> Callable[[Player[OutcomeT], Logs], int | None]:
    views = [entry for entry in codec.abi if entry.get("name") == "state" and entry["type"] == "function"]
    kinds = types(views[0]["outputs"]) if views else ()
    fields = [kind.name for kind in kinds[0].inner] if len(kinds) == 1 else []
    if "phase" not in fields:
        return lambda _player, _logs: None
    game: list[bytes] = []

    def read(player: Player[OutcomeT], logs: Logs) -> int | None:
        game[:] = [bytes(topics[1]) for topics, _ in logs][:1] or game
        answer = player.evm.call(player.creator, player.contract, codec.functions["state"].encode(*game))
        (state,) = sequence_reader(kinds)(answer.output, 0, 0)
        phase = state[fields.index("phase")]
        return int(phase) or None

    return read


def _shown(fields: Mapping[str, object], names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Format decoded values."""
    for name, value in fields.items():
        if name == "seat" and isinstance(value, int) and value < len(names):
            yield name, names[value]
        else:
            text = _text(value)
            yield name, text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return f"0x{value.hex()}" if len(value) <= 2 * SHOWN else f"0x{value[:SHOWN].hex()}…"
    if isinstance(value, tuple):
        return f"({', '.join(map(_text, value))})"
    if isinstance(value, int) and not isinstance(value, bool):
        return number(value) if abs(value) < 2**53 else str(value)
    return str(value)
