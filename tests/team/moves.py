"""Calls to make: what could be done next in a project or a draw, and the many ways of doing it wrongly."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from parley.chain.evm import FUNDS
from parley.core.limits import MAX_WINDOW
from parley.core.randomness import commitment
from parley.mechanisms.team.draw import Draw, sealed
from parley.mechanisms.team.draw import Phase as DrawPhase
from parley.mechanisms.team.model import Phase, Project
from parley.mechanisms.team.parameters import Kind, Parameters
from parley.mechanisms.team.success.base import Losses
from parley.mechanisms.team.whole import least_wages
from tests.kit.rig import moves
from tests.kit.rig.moves import Call

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from random import Random

    from parley.core.randomness import Word

REFEREE, GUARANTOR = -1, -2
"""Places of these among the accounts: nobody's seat."""


def _function(dice: Random, kind: Kind, n: int) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Values, sets and denominator of a function to which everybody adds something."""
    alone = tuple(dice.choice([1, 2, 3, 5, 10**9]) for _ in range(n))
    if kind is Kind.ADDITIVE:
        return alone, (), sum(alone) + dice.choice([0, 0, 7])
    if kind is Kind.BUDGET_ADDITIVE:
        budget = max(sum(alone) - min(alone) + 1, sum(alone) - dice.choice([-2, 0, 1]))
        return (*alone, budget), (), budget + dice.choice([0, 0, 7])
    if kind is Kind.COVERAGE:
        shared = tuple(dice.choice([0, 1, 4]) for _ in range(dice.choice([0, 1, 3])))
        sets = [1 << k for k in range(n)]
        for k in range(len(shared)):
            for seat in range(n):
                sets[seat] |= (dice.random() < 0.6) << n + k
        return alone + shared, tuple(sets), sum(alone + shared) + dice.choice([0, 0, 7])
    sizes = [0]
    for step in sorted((dice.choice([1, 2, 5]) for _ in range(n)), reverse=True):
        sizes.append(sizes[-1] + step)
    return tuple(sizes[mask.bit_count()] for mask in range(1 << n)), (), sizes[-1] + dice.choice([0, 0, 7])


def parameters(dice: Random, accounts: Sequence[str], referee: str) -> Parameters:
    """A project that may be opened, of small numbers, so that there are many ties."""
    n = dice.choice([1, 2, 2, 3, 3, 4])
    kind = dice.choice(list(Kind))
    values, sets, denominator = _function(dice, kind, n)
    costs = tuple(dice.choice([1, 1, 2, 3, 9, 10**6]) for _ in range(n))
    p = Parameters((), (), costs, 0, kind, denominator, values, sets, referee, 0, 0)
    p = replace(p, agents=tuple(dice.sample(list(accounts), n)))
    wages = least_wages(costs, Losses(p.value(p.everybody), p.marginals()), denominator)
    if dice.random() < 0.2:
        wages = (max(wages) + dice.choice([0, 1]),) * n
    order = sorted(range(n), key=lambda seat: wages[seat])
    in_order = {
        Kind.TABLE: values,
        Kind.COVERAGE: values,
        Kind.ADDITIVE: tuple(values[k] for k in order if k < n),
        Kind.BUDGET_ADDITIVE: (*(values[k] for k in order), values[-1]),
    }
    return replace(
        p,
        wages=tuple(wages[k] for k in order),
        costs=tuple(costs[k] for k in order),
        values=in_order[kind],
        sets=tuple(sets[k] for k in order) if sets else (),
        reward=sum(wages) + dice.choice([0, 0, 5, 10**9]),
        form_window=dice.choice([60, 600, 600, MAX_WINDOW]),
        work_window=dice.choice([60, 600, 601, 602, MAX_WINDOW]),
    )


class Moves(moves.Moves[Project]):
    """What payees and the referee know, and how they choose."""

    def stake(self, *parameters: Any) -> int:  # noqa: ANN401 - as in the rig
        (p,) = parameters
        return min(int(p.payroll), FUNDS // 2)

    def deposit(self, game: Project, seat: int) -> int:
        del seat  # nobody's but the guarantor's
        return game.parameters.payroll

    def waited_for(self, game: Project) -> Collection[int]:
        return set(range(game.agents)) - game.accepted if game.phase is Phase.FORMING else ()

    def by_seat(self, dice: Random, game: Project, method: str, seat: int) -> Call:
        if method == "withdraw":
            return Call(game.payee(seat), method, (game.id, seat, dice.choice(self.payees)))
        return super().by_seat(dice, game, method, seat)

    def next_call(self, dice: Random, game: Project) -> Call | None:
        if game.phase is Phase.FORMING:
            return self.natural(dice, game, self._forming(dice, game))
        if game.phase is Phase.WORKING:
            return self.natural(dice, game, "report")
        return super().next_call(dice, game)

    @staticmethod
    def _forming(dice: Random, game: Project) -> str:
        if dice.random() < 0.05:
            return "retract"
        waiting = len(game.accepted) < game.agents
        return "accept" if waiting and (game.vouched or dice.random() < 0.7) else "vouch"

    def _vouch(self, dice: Random, game: Project) -> Call:
        del dice
        arguments = game.id, game.digest, self.accounts[GUARANTOR]
        return Call(game.parameters.referee, "vouch", arguments, game.parameters.payroll)

    def _retract(self, dice: Random, game: Project) -> Call:
        del dice
        return Call(game.creator, "retract", (game.id,))

    def _report(self, dice: Random, game: Project) -> Call:
        return Call(game.parameters.referee, "report", (game.id, dice.random() < 0.5))

    def spoiled(self, dice: Random, *parameters: Any) -> tuple[Any, ...]:  # noqa: ANN401 - of any types
        """Also: wages a little lower or higher, one for all, or in another order."""
        (p,) = parameters
        if not p.wages or dice.random() < 0.6:
            return super().spoiled(dice, *parameters)
        wages, seat = list(p.wages), dice.randrange(len(p.wages))
        match dice.randrange(4):
            case 0:
                wages[seat] = max(0, wages[seat] - 1)
            case 1:
                wages[seat] += dice.choice([1, wages[seat], 3 * wages[-1]])
            case 2:
                wages = [2 * wage for wage in wages]
            case _:
                wages.reverse()
        return (replace(p, wages=tuple(sorted(wages) if dice.random() < 0.9 else wages)),)

    def spoil(self, dice: Random, call: Call) -> Call:
        """Also: a guarantor that has a part, or a second one, and what nobody's payee might take."""
        game = self.model.games.get(call.args[0])
        if game is not None and dice.random() < 0.3:
            if call.method in ("accept", "vouch") and dice.random() < 0.4:
                method = "vouch" if game.vouched else "retract"
                return replace(self.natural(dice, game, method), sender=dice.choice(self.accounts))
            if call.method == "accept" and game.vouched:
                return self.natural(dice, game, "vouch")
            if call.method == "vouch":
                other = dice.choice([game.creator, *game.parameters.agents, "0x" + "00" * 20])
                return replace(call, args=(*call.args[:2], other))
            if call.method == "withdraw":
                payee = dice.choice([0, game.payees - 1, game.payees, 2**200])
                sender = game.payee(payee) if payee < game.payees and dice.random() < 0.5 else call.sender
                return replace(call, sender=sender, args=(call.args[0], payee, call.args[2]))
        return super().spoil(dice, call)


class DrawMoves(moves.Moves[Draw]):
    """What members and guarantor know, and how they choose."""

    acts_in: ClassVar[dict[str, str]] = {"DRAWING": "draw"}

    def stake(self, *parameters: Any) -> int:  # noqa: ANN401 - as in the rig
        _, p, _ = parameters
        return min(int(p.payroll), FUNDS // 2)

    def waited_for(self, game: Draw) -> Collection[int]:
        if game.phase is DrawPhase.COMMITTING:
            return set(range(game.agents)) - game.committed
        return {seat for seat in game.committed - game.revealed if game.commitments[seat] in self.offered}

    def done(self, game: Draw) -> bool:
        return game.phase in self.model.ended

    def new_commitment(self, dice: Random, game: Draw, seat: int) -> Word:
        """A commitment to a new effort and secret."""
        secret, works = self.new_secret(), dice.random() < 0.7
        found = commitment(game.id, seat, sealed(works, secret))
        self.offered[found] = works, secret
        return found

    def secret(self, game: Draw, seat: int) -> Word:
        return self._opening(game, seat)[1]

    def _works(self, _dice: Random, game: Draw, seat: int) -> bool:
        return self._opening(game, seat)[0]

    def _opening(self, game: Draw, seat: int) -> tuple[bool, Word]:
        found = self.offered.get(game.commitments[seat]) if game.commitments else None
        return found if isinstance(found, tuple) else (True, self.new_secret())

    def _draw(self, dice: Random, game: Draw) -> Call:
        del dice
        secret = self.offered.get(game.promised) or self.new_secret()
        return Call(game.creator, "draw", (game.id, game.digest, game.parameters, secret))
