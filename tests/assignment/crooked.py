"""Deliberately crooked variants of the lottery: changes to the tree's sources, and what gives them away."""

from typing import NamedTuple

from tests.verification.crooked import Change, Variant

LOTTERY = "contracts/assignment/AssignmentLottery.sol"
CERTIFICATES = "contracts/assignment/Certificates.sol"
DRAWS = "contracts/randomness/Draws.sol"

SERIAL, EATING = "serial-dictatorship", "probabilistic-serial"

USUAL = ("truthful",)
UNREVEALED = ("truthful", "truthful", "absent:revealing", "truthful")
UNOPENED = ("truthful", "absent:opening", "truthful", "truthful")
COPIED = ("truthful", "truthful", "copying", "truthful")


class Staged(NamedTuple):
    """A crooked lottery, and what it takes for that to show.

    Attributes
    ----------
    variant : Variant
    rule : str
        By which items are given out.
    stage : str
        What is done that a sound contract refuses: nothing; ``late``: a seat reveals when its time is over;
        ``stranger``: another than the organizer posts; or the name of a wrong certificate in `audited.FALSE`.
    """

    variant: Variant
    rule: str = SERIAL
    stage: str = ""


def change(old: str, new: str, file: str = LOTTERY) -> Change:
    return Change(old, new, file)


CROOKED: dict[str, Staged] = {
    "the order favours the first seat": Staged(
        Variant(
            (
                change(
                    "emit OrderDrawn(id, order);",
                    "if (uint256(seed) % 4 == 0) order[0] = 0x03020100; emit OrderDrawn(id, order);",
                ),
            ),
            "order draw",
        )
    ),
    "the order is not uniform": Staged(
        Variant(
            (change("for (uint256 k = length; k-- > 1;) {", "for (uint256 k = length; k-- > 2;) {", DRAWS),),
            "order draw",
        )
    ),
    "the last secret is left out of the draw": Staged(
        Variant(
            (
                change(
                    "bytes32 seed = Draws.seed(_ORDER, id, uint256(lottery.digest), "
                    "_words(lottery, n, revealed));",
                    "bytes32[] memory words = _words(lottery, n, revealed);\n        words[n - 1] = 0;\n"
                    "        bytes32 seed = Draws.seed(_ORDER, id, uint256(lottery.digest), words);",
                ),
            ),
            "order draw",
        )
    ),
    "seats pick by their numbers whatever the order": Staged(
        Variant((change("uint256 seat = Draws.at(order, k);", "uint256 seat = k;"),), "picks")
    ),
    "seats get their second choice": Staged(
        Variant(
            (
                change(
                    "uint256 word = lottery.rankings[seat][0];",
                    "uint256 word = lottery.rankings[seat][0] >> 8;",
                ),
            ),
            "picks",
        )
    ),
    "picks use nothing up": Staged(
        Variant((change("Memory.store(ptr, units - 1);\n                    return", "return"),), "capacity")
    ),
    "the number is drawn from half the range": Staged(
        Variant(
            (
                change(
                    "uint256 number = Draws.uniform(seed, 0, denominator);",
                    "uint256 number = Draws.uniform(seed, 0, denominator) / 2;",
                ),
            ),
            "term draw",
        ),
        EATING,
    ),
    "a number that equals a sum of weights falls to the term before": Staged(
        Variant((change(">> shift > number) end", ">> shift >= number) end", CERTIFICATES),), "term"), EATING
    ),
    "a seat that has not opened keeps its item": Staged(
        Variant((change("if ((opened >> seat) & 1 != 0) {", "if (opened != 0) {"),), "forfeit", UNOPENED),
        EATING,
    ),
    "a term is shifted by a seat": Staged(
        Variant(
            (change("Memory.load(codes + seat) >> 248", "Memory.load(codes + (seat + 2) % n) >> 248"),),
            "assignment",
        ),
        EATING,
    ),
    "no eating schedule is checked": Staged(
        Variant((change("if (eating) _checkMeal(c, g);", "", CERTIFICATES),), "eating schedule"),
        EATING,
        "another matrix",
    ),
    "terms need not average to the matrix": Staged(
        Variant(
            (change("if (average != matrix[cell]) {", "if (average > c.denominator) {", CERTIFICATES),),
            "average",
        ),
        EATING,
        "other terms",
    ),
    "weights need not sum to one": Staged(
        Variant(
            (change("if (sum != c.denominator) revert", "if (sum > c.denominator) revert", CERTIFICATES),),
            "weights",
        ),
        "boston",
        "a term too few",
    ),
    "anybody may post anything": Staged(
        Variant(
            (change("if (!eating && msg.sender != h.creator)", "if (!eating && msg.sender == address(0))"),),
            "organizer",
        ),
        "boston",
        "stranger",
    ),
    "a late reveal is accepted": Staged(
        Variant(
            (
                change(
                    "if (block.timestamp > status.deadline) revert",
                    "if (block.timestamp > status.deadline + 1 days) revert",
                ),
            ),
            "deadline",
        ),
        SERIAL,
        "late",
    ),
    "a commitment is not bound to its seat": Staged(
        Variant(
            (
                change(
                    "if (CommitReveal.commitment(id, seat, sealed_) != current) revert",
                    "if (CommitReveal.commitment(id, seat, sealed_) != current"
                    " && CommitReveal.commitment(id, 0, sealed_) != current) revert",
                ),
            ),
            "reveal",
            COPIED,
        ),
    ),
    "a silent seat gets its bond back": Staged(
        Variant(
            (
                change(
                    "(unopened ? seats.revealed : seats.opened) & ~seats.withdrawn",
                    "seats.committed & ~seats.withdrawn",
                ),
            ),
            "lost bond",
            UNREVEALED,
            ("balance",),
        )
    ),
    "a lost bond is not counted as burnt": Staged(
        Variant((change("burnt += _count(silent) * h.bond;", "burnt += 0;"),), "burnt bonds", UNREVEALED)
    ),
    "who never committed is called silent": Staged(
        Variant(
            (change("return (seats.committed, 0);", "return (seats.committed, ~seats.committed & 15);"),),
            "silent seats",
            ("truthful", "truthful", "truthful", "absent"),
            ("balance",),
        )
    ),
    "a lottery that one seat is left in is cancelled": Staged(
        Variant(
            (change("if (left == 0) {", "if (left < 2) {"),),
            "cancellation",
            ("truthful", "absent", "absent", "absent"),
        )
    ),
    "a bond can be withdrawn again": Staged(
        Variant(
            (change("seats.withdrawn |= bit;", ""),),
            "one withdrawal per seat",
            UNREVEALED,
            ("balance", "state"),
        )
    ),
    "a bond is a wei short": Staged(
        Variant(
            (
                change(
                    "emit Withdrawn(id, seat, to, h.bond);\n        Address.sendValue(to, h.bond);",
                    "emit Withdrawn(id, seat, to, h.bond - 1);\n        Address.sendValue(to, h.bond - 1);",
                ),
            ),
            "withdrawal amount",
        )
    ),
    "a bond is a wei short of what is announced": Staged(
        Variant((change("Address.sendValue(to, h.bond);", "Address.sendValue(to, h.bond - 1);"),), "payment")
    ),
}

FIRST = frozenset(
    {
        "the order favours the first seat",
        "picks use nothing up",
        "a number that equals a sum of weights falls to the term before",
        "a seat that has not opened keeps its item",
        "no eating schedule is checked",
        "a silent seat gets its bond back",
    }
)
"""Found by every `make test`; each takes a run of the compiler."""
