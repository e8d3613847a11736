"""A lottery on the real contract: a thin driver, for tests that play it by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.core.randomness import commitment, keccak, word
from parley.mechanisms.assignment.certificate import Certificate, certify
from parley.mechanisms.assignment.problem import CARDINAL, RULES, Problem, from_orders
from tests.kit.rig import table as table_of
from tests.kit.rig.table import Done, coder_of, members, went

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from parley.chain.abi import Interface
    from parley.chain.evm import Evm
    from parley.mechanisms.assignment.certificate import Order

PHASES = ("none", "committing", "revealing", "posting", "opening", "drawn", "cancelled")
NONE, COMMITTING, REVEALING, POSTING, OPENING, DRAWN, CANCELLED = range(7)
SERIAL, EATING, BOSTON, WELFARE, MARKET = RULES
OTHERS = (EATING, BOSTON, WELFARE, MARKET)
"""The rules by which something is posted."""

RANKINGS: list[Order] = [(0, 1, 2), (0, 2, 1), (1, 0)]
CAPACITIES = [1, 1, 1]

BOND = 1000
JOIN_WINDOW, ACTION_WINDOW = 600, 300


def interface() -> Interface:
    """How to talk to the contract."""
    return coder_of(Table.contract).interface


class Table(table_of.Table):
    """One lottery.

    Parameters
    ----------
    rankings : sequence of tuple of int
        What the seats report, unless told otherwise.
    capacities : sequence of int
    rule : str
    evm : str or Evm, optional
    """

    contract = "AssignmentLottery"

    def __init__(
        self,
        rankings: Sequence[Order],
        capacities: Sequence[int],
        rule: str = SERIAL,
        evm: str | Evm = "revm",
        bond: int = BOND,
    ) -> None:
        super().__init__(len(rankings), evm)
        self.rankings = list(rankings)
        self.capacities = list(capacities)
        self.rule = rule
        self.bond = bond

    # ── what is known ──────────────────────────────────────────────────────────────────────────────

    @property
    def parameters(self) -> tuple[Any, ...]:
        """What it is created with."""
        rule = RULES.index(self.rule)
        return (self.seats, self.capacities, rule, self.bond, JOIN_WINDOW, ACTION_WINDOW)

    @property
    def problem(self) -> Problem:
        """What theory says of it; where the contract sees no utilities, Boston serves as well as any rule."""
        rule = BOSTON if self.rule in CARDINAL else self.rule
        return from_orders(self.rankings, len(self.capacities), rule, self.capacities)

    def certificate(self) -> Certificate:
        """The right one, for those who have revealed."""
        revealed = self.state[4]
        return certify(
            self.problem,
            [tuple(order) if revealed >> seat & 1 else None for seat, order in enumerate(self.rankings)],
        )

    def secret(self, seat: int, number: int = 1) -> bytes:
        """A seat's first or second secret."""
        return keccak(self.salt + word(seat) + word(number))

    def sealed(self, seat: int, ranking: Order | None = None, secret: bytes | None = None) -> bytes:
        """The commitment to a report."""
        report = bytes(self.rankings[seat] if ranking is None else ranking)
        return commitment(self.id, seat, keccak((secret or self.secret(seat)) + report))

    def next_sealed(self, seat: int) -> bytes:
        """The commitment to the second secret, where there is one."""
        return bytes(32) if self.rule == SERIAL else commitment(self.id, seat, self.secret(seat, 2))

    # ── actions ────────────────────────────────────────────────────────────────────────────────────

    def create(self, **changes: Any) -> Done:  # noqa: ANN401 - of any type
        """Open the lottery; changes are to its parameters by name."""
        names = ("agents", "capacities", "rule", "bond", "join_window", "action_window")
        values = dict(zip(names, self.parameters, strict=True)) | changes
        return self.do(self.creator, "create", self.salt, tuple(values.values()))

    def commit(self, seat: int, sealed: bytes | None = None) -> Done:
        """Commit to the seat's report."""
        sealed = self.sealed(seat) if sealed is None else sealed
        return self.by_seat("commit", seat, commitment=sealed, value=self.bond)

    def reveal(self, seat: int, ranking: Order | None = None) -> Done:
        """Open the seat's report."""
        report = bytes(self.rankings[seat] if ranking is None else ranking)
        opening = {"secret": self.secret(seat), "ranking": report, "next_commitment": self.next_sealed(seat)}
        return self.by_seat("reveal", seat, **opening)

    def post(self, certificate: Certificate, sender: str | None = None) -> Done:
        """Post a certificate, the organizer if nobody else."""
        return self.do(sender or self.creator, "post", self.id, self.digest, tuple(certificate))

    def open(self, seat: int) -> Done:
        """Open the seat's second secret."""
        return self.by_seat("open", seat, secret=self.secret(seat, 2))

    def withdraw(self, seat: int, to: str | None = None) -> Done:
        """Take the seat's bond out."""
        return self.by_seat("withdraw", seat, to=to or self.seats[seat])

    # ── views ──────────────────────────────────────────────────────────────────────────────────────

    def assignment(self) -> tuple[int | None, ...]:
        """What each seat got."""
        return unpack(self.ask("assignmentOf", self.id), len(self.seats))

    # ── whole phases ───────────────────────────────────────────────────────────────────────────────

    def commit_all(self, *, but: Sequence[int] = ()) -> Done:
        """Everybody commits; if somebody does not, its deadline is waited for."""
        return self._all(self.commit, members((1 << len(self.seats)) - 1 & ~self.state[3]), but)

    def reveal_all(self, *, but: Sequence[int] = ()) -> Done:
        """Everybody who has committed reveals."""
        return self._all(self.reveal, members(self.state[3] & ~self.state[4]), but)

    def open_all(self, *, but: Sequence[int] = ()) -> Done:
        """Everybody who has revealed opens its second secret."""
        return self._all(self.open, members(self.state[4] & ~self.state[5]), but)

    def play_to(self, phase: int) -> Table:
        """Play until that phase begins, nobody silent."""
        while (now := self.phase) != phase:
            if now == NONE:
                went(self.create())
            elif now == COMMITTING:
                self.commit_all()
            elif now == REVEALING:
                self.reveal_all()
            elif now == POSTING:
                went(self.post(self.certificate()))
            else:
                assert now == OPENING, f"the lottery ended in phase {now}"
                self.open_all()
        return self

    def _all(self, act: Callable[[int], Done], seats: Iterable[int], but: Sequence[int]) -> Done:
        last = None
        for seat in seats:
            if seat not in but:
                last = went(act(seat))
        if but:
            self.to_deadline(past=1)
            last = went(self.expire())
        assert last is not None
        return last


def table(rule: str = EATING, evm: str = "revm", phase: int = COMMITTING) -> Table:
    """The usual three seats and three items, played to a phase."""
    return Table(RANKINGS, CAPACITIES, rule, evm).play_to(phase)


def unpack(words: Sequence[int], seats: int) -> tuple[int | None, ...]:
    """Read an assignment as the contract packs it."""
    codes = b"".join(packed.to_bytes(32, "little") for packed in words)[:seats]
    return tuple(code - 1 if code else None for code in codes)
