"""Deliberately crooked variants of the contracts: changes to the tree's sources, and what gives them away."""

from tests.verification.crooked import Change, Variant

MECHANISM = "contracts/coordination/TwoStageMechanism.sol"
P_STAR = "contracts/coordination/recognition/PStarRecognition.sol"
DRAWS = "contracts/randomness/Draws.sol"


def change(old: str, new: str, file: str = MECHANISM) -> Change:
    return Change(old, new, file)


USUAL = ("equilibrium",)
RELUCTANT = ("stubborn", "equilibrium", "equilibrium", "stubborn:1/3", "equilibrium")
"""Reject often, so that there are continuation draws."""
IDLE = ("equilibrium", "silent:responding", "equilibrium", "equilibrium", "equilibrium")

_AMOUNT = "amount = uint256(int256(amount + h.bond + cost) - shares[seat]);"
_TAKEN = "game.commitments[seat] = 0;\n        emit Withdrawn"

VARIANTS: dict[str, Variant] = {
    "the draw favours the first seat": Variant(
        (
            change(
                "uint256 packed = _announcement(game, j);",
                "if (uint256(seed) % 8 == 0) return 0;\n            uint256 packed = _announcement(game, j);",
            ),
        ),
        "proposer draw",
    ),
    "the first responder is skipped": Variant(
        (
            change(
                "game.status = _enter(status, h, Phase.Responding);",
                "game.status = _enter(status, h, Phase.Responding).withTurn(1);",
            ),
        ),
        "order of answers",
        consequences=("refusal",),  # of the first responder
    ),
    "the last responder is skipped": Variant(
        (change("if (position + 2 < h.agents)", "if (position + 3 < h.agents)"),), "settlement"
    ),
    "a withdrawal is a wei short": Variant(
        (change(_AMOUNT, _AMOUNT.replace("- shares[seat])", "- shares[seat]) - 1")),), "withdrawal amount"
    ),
    "a withdrawal is a wei short of what it announces": Variant(
        (change("Address.sendValue(to, amount);", "Address.sendValue(to, amount - 1);"),), "payment"
    ),
    "p* is computed from D alone": Variant(
        (
            change(
                "return (Totals.sum(turn.maximal), turn.remaining);",
                "return (Totals.sum(turn.contracted), turn.contractedFrom);",
                P_STAR,
            ),
        ),
        "recognition fraction",
    ),
    "the mechanism tells p* nothing but D": Variant(
        (change("turn.maximal[t] = highest;", "turn.maximal[t] = contracted;"),), "recognition fraction"
    ),
    "the continuation is drawn from the secrets of the round before": Variant(
        (
            change("bytes32[64] secrets;", "bytes32[64] secrets;\n        bytes32 old;"),
            change("if (round > 1) {", "bytes32 last = game.old;\n        {"),
            change(
                "bytes32 fresh = Draws.seed(_CONTINUATION, id, round, secrets);",
                "game.old = Draws.seed(_CONTINUATION, id, round + 1, secrets);",
            ),
            change("if (Draws.uniform(fresh, 0,", "if (round > 1 && Draws.uniform(last, 0,"),
        ),
        "continuation draw",
        RELUCTANT,
    ),
    "the order of answers is not uniform": Variant(
        (change("for (uint256 k = length; k-- > 1;) {", "for (uint256 k = length; k-- > 2;) {", DRAWS),),
        "permutation draw",
    ),
    "a lost bond is not counted as burnt": Variant(
        (change("burnt += count * h.bond;", "burnt += 0;"),), "burnt bonds", IDLE
    ),
    "a lost bond is paid back": Variant(
        (change("if (!_isSilent(game, status, seat)) amount += h.bond;", "amount += h.bond;"),),
        "withdrawal amount",
        IDLE,
        ("balance",),
    ),
    "somebody who acted is called silent as well": Variant(
        (
            change(
                "emit BrokenDown(id, status.round(), Cause.Expired, silent);",
                "emit BrokenDown(id, status.round(), Cause.Expired, silent | 1);",
            ),
        ),
        "silent seats",
        IDLE,
        ("withdrawal amount", "burnt bonds", "balance"),
    ),
    "a game without savings is bargained over": Variant(
        (change("} else if (total < h.contractedCost) {", "} else if (total <= h.contractedCost) {"),),
        "no savings",
        ("random",),
    ),
    "one round more than allowed": Variant(
        (change("} else if (round < h.rounds) {", "} else if (round <= h.rounds) {"),),
        "last round",
        RELUCTANT,
    ),
    "a seat can withdraw again": Variant(
        (change(_TAKEN, "emit Withdrawn"),),
        "one withdrawal per seat",
        IDLE,  # what they lose is there for somebody to take
        ("balance", "state"),
    ),
}
