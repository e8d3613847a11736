"""A market on the real contract: a thin driver, for tests that play it by hand."""

from __future__ import annotations

from dataclasses import astuple, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from parley.mechanisms.screening.certificate import Certificate, certify
from parley.mechanisms.screening.parameters import Column, Parameters, columns
from tests.kit.rig import table as table_of
from tests.kit.rig.table import Done, went

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.chain.evm import Evm

NONE, CHOOSING, POSTING, SETTLED, LAPSED = range(5)

CHOOSING_WINDOW, POSTING_WINDOW = 600, 300

EXAMPLE = Parameters(
    agents=(),
    tasks=2,
    costs=(1, 3, 2, 2, 3, 1),
    status_quo=(12,) * 6,
    menus=(2, 2, 2),
    endpoints=(22, 0, 0, 30, 27, 0, 0, 27, 28, 0, 0, 24),
    choosing_window=CHOOSING_WINDOW,
    posting_window=POSTING_WINDOW,
)
"""Three agents with 12 of each of two tasks, and two polarized rays each. A table puts agents in."""

FIRST, SECOND = 1, 2
CHOICES = (FIRST, FIRST, SECOND)
"""Two agents take the first task, the third the second: all can trade."""


class Table(table_of.Table):
    """One market.

    Parameters
    ----------
    parameters : Parameters
        Without agents.
    choices : sequence of int
        What the seats choose, unless told otherwise.
    evm : str or Evm, optional
    """

    contract = "RayMarket"

    def __init__(
        self, parameters: Parameters = EXAMPLE, choices: Sequence[int] = CHOICES, evm: str | Evm = "revm"
    ) -> None:
        super().__init__(len(parameters.menus), evm)
        self.agreed = parameters
        self.choices = list(choices)

    @property
    def parameters(self) -> Parameters:
        """What it is created with."""
        return replace(self.agreed, agents=tuple(self.seats))

    # ── actions ────────────────────────────────────────────────────────────────────────────────────

    def create(self, **changes: Any) -> Done:  # noqa: ANN401 - of any type
        """Open the market; changes are to its parameters by name."""
        return self.do(self.creator, "create", self.salt, astuple(replace(self.parameters, **changes)))

    def choose(self, seat: int, choice: int | None = None) -> Done:
        """Choose a trading set."""
        choice = self.choices[seat] if choice is None else choice
        return self.do(self.seats[seat], "choose", self.id, seat, self.digest, choice)

    def post(self, certificate: Certificate | None = None, sender: str | None = None) -> Done:
        """Post a certificate, the right one if no other, a stranger if nobody else."""
        posted = self.certificate() if certificate is None else certificate
        return self.do(sender or self.evm.accounts[-1], "post", self.id, self.digest, posted)

    # ── views ──────────────────────────────────────────────────────────────────────────────────────

    @property
    def columns(self) -> list[Column]:
        """What those choices allow that were made."""
        made = self.state.choices
        return columns(self.parameters, [made >> 4 * seat & 0xF for seat in range(len(self.seats))])

    def certificate(self) -> Certificate:
        """The right one."""
        return certify(self.columns)

    # ── whole phases ───────────────────────────────────────────────────────────────────────────────

    def choose_all(self, *, but: Sequence[int] = ()) -> Done:
        """Everybody chooses; if somebody does not, its deadline is waited for."""
        last = None
        for seat in range(len(self.seats)):
            if seat not in but and not self.state.chosen >> seat & 1:
                last = went(self.choose(seat))
        if but:
            self.to_deadline(past=1)
            last = went(self.expire())
        assert last is not None
        return last

    def play_to(self, phase: int) -> Table:
        """Play until that phase begins, nobody silent."""
        while (now := self.phase) != phase:
            if now == NONE:
                went(self.create())
            elif now == CHOOSING:
                self.choose_all()
            else:
                assert now == POSTING, f"the market ended in phase {now}"
                went(self.post())
        return self


def shares_of(done: Done) -> list[Fraction]:
    """The shares that a market has settled."""
    told = done.event("Settled")
    return [Fraction(share, told["denominator"]) for share in told["shares"]]
