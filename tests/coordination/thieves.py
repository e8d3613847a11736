"""One crooked mechanism with many ways of cheating, chosen by the balance of an account that is nobody's.

All ways are in one contract because the compiler is slow.
"""

from typing import NamedTuple

from sim.chain.evm import Evm
from tests.coordination.crooked import MECHANISM, RELUCTANT, USUAL
from tests.verification.crooked import Change, Variant

SWITCH = "0x000000000000000000000000000000000000c0DE"
OWNER = "0x000000000000000000000000000000000000bEEF"

_PAYING = """
        uint256 way = address(0x000000000000000000000000000000000000c0DE).balance;
        address payable owner = payable(0x000000000000000000000000000000000000bEEF);
        uint256 held = record.contractedCostOf() + h.bond;
        if (way == 1) {
            Address.sendValue(owner, amount);
        } else if (way == 2) {
            Address.sendValue(to, amount - 1);
            Address.sendValue(owner, 1);
        } else if (way == 3 && amount > held) {
            Address.sendValue(to, held);
            Address.sendValue(owner, amount - held);
        } else if (way == 4) {
            Address.sendValue(to, seat == 0 ? amount + 4 : amount - 1);
        } else if (way == 5) {
            Address.sendValue(to, amount - 1);
        } else {
            Address.sendValue(to, amount);
        }
"""

_REVEALING = """
        if (nextCommitment == 0) revert ZeroCommitment();
        uint256 way = address(0x000000000000000000000000000000000000c0DE).balance;
        if (seat == 1) {
            if (way == 11 && uint256(id) % 2 == 0) revert WrongSecret(seat, current);
            if (way == 12) return;
            if (way == 13) nextCommitment = keccak256(abi.encode(nextCommitment));
            if (way == 14) assembly { invalid() }
            if (way == 15) while (gasleft() > 200) {}
        }
        _lie = way == 16 && seat == 1 ? keccak256(abi.encode(nextCommitment)) : nextCommitment;
"""

CHEAT = Variant(
    (
        Change("Address.sendValue(to, amount);", _PAYING, MECHANISM),
        Change(
            "if (nextCommitment == 0) revert ZeroCommitment();\n",
            _REVEALING,
            MECHANISM,
        ),
        Change(
            "game.commitments[seat] = nextCommitment;",
            "game.commitments[seat] = _lie;",
            MECHANISM,
        ),
        Change(
            "mapping(bytes32 id => Game) private _games;",
            "mapping(bytes32 id => Game) private _games;\n    bytes32 private _lie;",
            MECHANISM,
        ),
    ),
    "payee",
)


class Way(NamedTuple):
    """A way of cheating: its number, the rule that it breaks, and who has to play for it to show."""

    number: int
    rule: str
    bots: tuple[str, ...] = USUAL


STEALING = {
    "every withdrawal goes to the owner": Way(1, "payee"),
    "a wei of each withdrawal goes to the owner": Way(2, "payee"),
    "profits go to the owner": Way(3, "payee"),
    "a rebate to one seat is made good by the others": Way(4, "payment"),
    "each withdrawal is a wei short": Way(5, "payment"),
}

REFUSING = {
    "every second game refuses a reveal": Way(11, "refusal"),
    "a reveal is swallowed": Way(12, "events"),
    "another commitment is kept, and told": Way(13, "commitment"),
    "another commitment is kept than is told": Way(16, "refusal", RELUCTANT),
    "a reveal burns all gas": Way(14, "refusal"),
    "a reveal uses up all gas": Way(15, "refusal"),
}


def choose(machine: Evm, way: Way) -> None:
    """Let the contract of a machine cheat in a way from now on."""
    machine.transact(machine.deployer, SWITCH, b"", value=way.number)
