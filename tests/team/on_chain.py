"""A project on the real contracts: a thin driver, for tests that play it by hand."""

from __future__ import annotations

from dataclasses import astuple, replace
from typing import TYPE_CHECKING, Any

from parley.core.randomness import commitment, game_id, keccak, word
from parley.mechanisms.team.draw import sealed
from parley.mechanisms.team.parameters import Kind, Parameters
from tests.kit.rig import table as table_of
from tests.kit.rig.on_chain import contracts
from tests.kit.rig.table import Done, went

if TYPE_CHECKING:
    from collections.abc import Collection

    from parley.chain.evm import Evm

NONE, FORMING, WORKING, SETTLED, LAPSED, DISSOLVED = range(6)
COMMITTING, REVEALING, DRAWING, DRAWN, DRAW_LAPSED = range(1, 6)

FORM_WINDOW, WORK_WINDOW = 600, 901
THIRD = WORK_WINDOW // 3

FAIR = Parameters(
    agents=(),
    wages=(120, 200),
    costs=(60, 80),
    reward=1000,
    kind=Kind.ADDITIVE,
    denominator=5,
    values=(3, 2),
    sets=(),
    referee="",
    form_window=FORM_WINDOW,
    work_window=WORK_WINDOW,
)
"""The stand-in for the paper's Example 1.1, with its least fair wages. A table puts addresses in."""
PAYROLL = 320
ALIKE = replace(FAIR, wages=(40,) * 3, costs=(10,) * 3, denominator=4, values=(1,) * 3)
"""Three members, each at its cut-off."""


class Table(table_of.Table):
    """One project, whose referee is a person or another contract.

    Parameters
    ----------
    parameters : Parameters
        Without addresses.
    referee : str
        By default an account.
    """

    contract = "TeamContract"

    def __init__(
        self, parameters: Parameters = FAIR, evm: str | Evm = "revm", referee: str = "", address: str = ""
    ) -> None:
        super().__init__(len(parameters.wages), evm, address)
        self.agreed = parameters
        self.referee = referee or self.evm.accounts[-2]
        self.guarantor = self.evm.accounts[-3]

    @property
    def parameters(self) -> Parameters:
        """What it is created with."""
        return replace(self.agreed, agents=tuple(self.seats), referee=self.referee)

    @property
    def n(self) -> int:
        """Number of seats, and of the principal as a payee."""
        return len(self.seats)

    # ── actions ────────────────────────────────────────────────────────────────────────────────────

    def create(self, value: int | None = None, sender: str = "", **changes: Any) -> Done:  # noqa: ANN401 - of any type
        """Open the project; changes are to its parameters by name."""
        p = replace(self.parameters, **changes)
        return self.do(
            sender or self.creator,
            "create",
            self.salt,
            astuple(p),
            value=p.payroll if value is None else value,
        )

    def accept(self, seat: int, **given: Any) -> Done:  # noqa: ANN401 - of any type
        """Consent."""
        return self.by_seat("accept", seat, **given)

    def vouch(
        self, guarantor: str = "", sender: str = "", value: int | None = None, digest: bytes = b""
    ) -> Done:
        """Consent, as the referee."""
        value = self.parameters.payroll if value is None else value
        args = self.id, digest or self.digest, guarantor or self.guarantor
        return self.do(sender or self.referee, "vouch", *args, value=value)

    def retract(self, sender: str = "") -> Done:
        """Give the project up."""
        return self.do(sender or self.creator, "retract", self.id)

    def report(self, success: bool = True, sender: str = "") -> Done:  # noqa: FBT001, FBT002 - what is reported
        """Report."""
        return self.do(sender or self.referee, "report", self.id, success)

    def withdraw(self, payee: int, to: str = "", sender: str = "") -> Done:
        """Take out what a payee is owed."""
        sender = sender or self.payee(payee)
        return self.do(sender, "withdraw", self.id, payee, to or sender)

    def payee(self, number: int) -> str:
        """A payee's address."""
        return (*self.seats, self.creator, self.guarantor)[number]

    def owed(self) -> list[int]:
        """What all payees are owed."""
        return [int(self.ask("owedTo", self.id, k)) for k in range(self.n + 2)]

    # ── whole phases ───────────────────────────────────────────────────────────────────────────────

    def formed(self) -> Table:
        """Everybody consents."""
        return self.play_to(WORKING)

    def play_to(self, phase: int) -> Table:
        """Play until that phase begins, nobody silent, and with success."""
        while (now := self.phase) != phase:
            if now == NONE:
                went(self.create())
            elif now == FORMING:
                for seat in range(self.n):
                    if not self.state.accepted >> seat & 1:
                        went(self.accept(seat))
                went(self.vouch())
            else:
                assert now == WORKING, f"the project ended in phase {now}"
                went(self.report())
        return self


class DrawTable(table_of.Table):
    """One draw, of a project in which all have accepted."""

    contract = "OutcomeDraw"

    def __init__(self, parameters: Parameters = FAIR, evm: str | Evm = "revm", accepted: bool = True) -> None:  # noqa: FBT001, FBT002 - whether all have
        super().__init__(len(parameters.wages), evm)
        address = self.evm.deploy(contracts()["TeamContract"].bytecode)
        self.project = Table(parameters, self.evm, self.address, address)
        self.guarantor = self.project.guarantor
        went(self.project.create())
        for seat in range(self.project.n):
            if accepted or seat:
                went(self.project.accept(seat))

    @property
    def id(self) -> bytes:
        """The draw's id."""
        return game_id(self.evm.chain_id, self.address, self.project.address, self.project.id)

    @property
    def parameters(self) -> Parameters:
        """The project's."""
        return self.project.parameters

    def secret(self, seat: int) -> bytes:
        """A seat's secret; the guarantor's is that of the seat after the last one."""
        return keccak(self.salt + word(seat))

    def open(self, value: int | None = None, **given: Any) -> Done:  # noqa: ANN401 - of any type
        """Open the draw."""
        n = self.project.n
        known: dict[str, Any] = {
            "team": self.project.address,
            "project": self.project.id,
            "parameters": self.parameters,
            "promised": commitment(self.id, n, self.secret(n)),
        } | given
        team, project, p, promised = known.values()
        value = self.parameters.payroll if value is None else value
        return self.do(self.guarantor, "open", team, project, astuple(p), promised, value=value)

    def commit(self, seat: int, works: bool = True, **given: Any) -> Done:  # noqa: ANN401, FBT001, FBT002 - of any type
        """Commit to an effort and a secret."""
        promised = commitment(self.id, seat, sealed(works, self.secret(seat)))
        return self.by_seat("commit", seat, **({"commitment": promised} | given))

    def reveal(self, seat: int, works: bool = True, **given: Any) -> Done:  # noqa: ANN401, FBT001, FBT002 - of any type
        """Reveal both."""
        return self.by_seat("reveal", seat, **({"works": works, "secret": self.secret(seat)} | given))

    def draw(self, **given: Any) -> Done:  # noqa: ANN401 - of any type
        """Draw."""
        known: dict[str, Any] = {
            "sender": self.guarantor,
            "digest": self.digest,
            "parameters": self.parameters,
            "secret": self.secret(self.project.n),
        } | given
        sender, digest, p, secret = known.values()
        return self.do(sender, "draw", self.id, digest, astuple(p), secret)

    def to_revealing(self, workers: Collection[int], silent: Collection[int] = ()) -> DrawTable:
        """Everybody commits but the silent."""
        went(self.open())
        for seat in range(self.project.n):
            if seat not in silent:
                went(self.commit(seat, seat in workers))
        if silent:
            self.late(1)
            went(self.expire())
        return self

    def to_drawing(self, workers: Collection[int], silent: Collection[int] = ()) -> DrawTable:
        """Everybody commits, and reveals but the silent."""
        self.to_revealing(workers)
        for seat in range(self.project.n):
            if seat not in silent:
                went(self.reveal(seat, seat in workers))
        if silent:
            self.late(1)
            went(self.expire())
        return self
