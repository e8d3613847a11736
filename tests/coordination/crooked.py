"""Deliberately crooked variants of the contracts: changes to the tree's sources, and what gives them away.

Most follow from the source (`tests.kit.rig.derived`); here are those that are about what this mechanism does.
"""

from parley.mechanisms.coordination.mechanism import MECHANISM as DECLARED
from tests.kit.rig.crooked import OWNER, Campaign, Change, Variant, changing
from tests.kit.rig.derived import Derived
from tests.kit.rig.games import FILES
from tests.kit.rig.on_chain import contracts

MECHANISM = "contracts/coordination/TwoStageMechanism.sol"
GAME_DATA = "contracts/coordination/GameData.sol"
COSTS = "contracts/coordination/CostFunctions.sol"
_RECOGNITION = "contracts/coordination/recognition/"
P_STAR = _RECOGNITION + "PStarRecognition.sol"
REORDERED = _RECOGNITION + "ReorderedRecognition.sol"
EQUAL = _RECOGNITION + "EqualRecognition.sol"
PROPORTIONAL = _RECOGNITION + "ContractProportionalRecognition.sol"
ANNOUNCED = _RECOGNITION + "AnnouncementProportionalRecognition.sol"

USUAL = ("equilibrium",)
RELUCTANT = ("stubborn", "equilibrium", "equilibrium", "stubborn:1/3", "equilibrium")
"""Reject often, so that there are continuation draws."""
GONE = ("equilibrium", "silent:announcing", "equilibrium", "equilibrium", "equilibrium")
"""All games end with a lost bond, which stays in the contract for somebody to take."""
IDLE = ("equilibrium", "silent:responding", "equilibrium", "equilibrium", "equilibrium")
SEVERAL = ("equilibrium", "silent:revealing", "silent:revealing", "equilibrium", "equilibrium")
RANDOM = ("random",)


crooked = changing(MECHANISM)


_PAYS = "_pay(id, seat, to, amount);"
_DUE = "_deposit(h, record)"
_SILENT = "if («_isSilent(_play(game), status, seat)») amount"
_SAVES = "} else if («total < contractedCost») {"
_GOES_ON = "«Draws.uniform(fresh, 0, denominator) >= numerator»"

MONEY = {
    "profits go to the owner": crooked(
        "payee",
        _PAYS,
        f"emit Withdrawn(id, seat, to, amount); uint256 due = {_DUE}; if (amount < due) due = amount;"
        f" to.transfer(due); if (amount > due) {OWNER}.transfer(amount - due);",
    ),
    "a settled seat is paid for a task more than it took": crooked(
        "withdrawal amount", "seat), «_load(_play(game), seat)»)", "_load(_play(game), seat) + 1"
    ),
    "a lost bond is paid back": crooked("withdrawal amount", _SILENT, "amount == 0", bots=IDLE),
    "a seat that acted loses its bond too": crooked(
        "withdrawal amount", _SILENT, "_isSilent(_play(game), status, seat) || seat == 0", bots=IDLE
    ),
    "of several lost bonds one is counted as burnt": crooked(
        "burnt bonds", "burnt += «count * h.bond()»", "h.bond()", bots=SEVERAL
    ),
}

DRAW = {
    "the draw favours the first seat": crooked(
        "proposer draw", "«»uint256 packed = _announcement(play, j);", "if (uint256(seed) % 2 == 0) return 0;"
    ),
    "a fraction is met once too often": crooked(
        "proposer draw",
        "«Draws.uniform(seed, j, denominator) < uint32(packed >> 32)»",
        "Draws.uniform(seed, j, denominator) <= uint32(packed >> 32)",
    ),
    "a game always goes on": crooked("continuation draw", _GOES_ON, "fresh == 0", bots=RELUCTANT),
    "a game never goes on": crooked("continuation draw", _GOES_ON, "fresh != 0", bots=RELUCTANT),
    "the continuation is drawn from the secrets of the round before": Variant(
        "continuation draw",
        (
            # In words of storage that no game of five seats uses.
            Change(
                "«»if (round > 1) {\n            bytes32 fresh",
                "play.secrets[62 + (round & 1)] = Draws.seed(_CONTINUATION, id, round + 1, secrets);",
                MECHANISM,
            ),
            Change("Draws.uniform(«fresh», 0", "play.secrets[62 + ((round - 1) & 1)]", MECHANISM),
        ),
        bots=RELUCTANT,
    ),
    "another seat may propose than the one drawn": crooked(
        "refusal", ".withDrawn(«proposer»)", "(proposer + 1) % n"
    ),
    "answers are taken in another order than the one drawn": crooked(
        "refusal",
        "play.order[0] = «order_[0]»",
        "order_[0] & ~uint256(0xffff) | (order_[0] & 0xff) << 8 | (order_[0] >> 8) & 0xff",
    ),
    "the fraction announced is not the one that counts": crooked(
        "recognition fraction",
        "emit Announced(id, seat, announcement, «numerator», denominator)",
        "numerator / 2",
        also="proposer draw: it follows the fraction that was not announced",
    ),
    "the mechanism tells p* nothing but D": crooked(
        "recognition fraction", "turn.maximal[t] = «highest»", "contracted"
    ),
    **{
        name: crooked("recognition fraction", old, new, file, setting=setting, bots=bots)
        for name, setting, bots, file, old, new in (
            ("p* is computed from D alone", "p-star", (), P_STAR, "«turn.maximal»", "turn.contracted"),
            ("equal shares are not equal", "equal", (), EQUAL, "«turn.agent»)", "turn.agent - 1"),
            (
                "contract-proportional counts announced tasks",
                *("contract-proportional", RANDOM, PROPORTIONAL),
                *("«turn.contracted»)", "turn.announced"),
            ),
            (
                "announcement-proportional counts contracted tasks",
                *("announcement-proportional", RANDOM, ANNOUNCED),
                *("«turn.announced»", "turn.contracted"),
            ),
            (
                "the reordered function does not reorder",
                *("reordered", RANDOM, REORDERED, "«turn.agents >= 3»", "turn.agents >= 99"),
            ),
        )
    },
}

BOUNDS = {
    "a proposal may not take a whole deposit": crooked(
        "refusal",
        "«payment > int256(deposit)»",
        "payment >= int256(deposit)",
        stage="propose a whole deposit",
    ),
    "one round more than allowed": crooked(
        "last round", "«round < h.rounds()»", "round <= h.rounds()", bots=RELUCTANT
    ),
    "one round less than allowed": crooked(
        "last round", "«round < h.rounds()»", "round + 1 < h.rounds()", bots=RELUCTANT
    ),
    "a game without savings is bargained over": crooked(
        "no savings", _SAVES, "total <= contractedCost", bots=RANDOM
    ),
    "a game with savings is broken off": crooked("no savings", _SAVES, "total + 1 < contractedCost / 2"),
    "the total is a wei too high": crooked(
        "refusal",
        "total += «CostFunctions.at(h.cost(page, seat), load)»",
        "CostFunctions.at(h.cost(page, seat), load) + 1",
    ),
    "an announcement's digest leaves out the earlier ones": crooked(
        "refusal",
        "«keccak256(abi.encodePacked(digest, announcement))»",
        "keccak256(abi.encodePacked(announcement))",
    ),
    "a rejection counts as acceptance": crooked(
        "refusal", "if («accept») {", "accept || position == 0", bots=RELUCTANT
    ),
    "one window for all announcements": crooked(
        "refusal",
        "game.status = «_entered(status, h, uint8(Phase.Announcing))».withTurn(seat + 1)",
        "status",
        stage="announce slowly",
    ),
    "the first responder is skipped": crooked(
        "order of answers",
        "«_entered(status, h, uint8(Phase.Responding))»;\n        emit Proposed",
        "_entered(status, h, uint8(Phase.Responding)).withTurn(1)",
        stage="respond by all others",
    ),
    "the last responder is skipped": crooked(
        "settlement", "«position + 2 < h.agents()»", "position + 3 < h.agents()"
    ),
}

DERIVED = Derived(
    MECHANISM,
    contracts()[DECLARED.contracts[0]].abi,
    DECLARED.verifier().rules,
    silent=GONE,
    draws={
        "_PROPOSER": "proposer draw",
        "_ORDER": "permutation draw",
        "_CONTINUATION": "continuation draw",
    },
    guards={
        "AnnouncementLengthMismatch": "announce longer",
        "AnnouncementTooHigh": "announce too high",
        "AnnouncementTooLow": "announce too low",
        "ProposalSumMismatch": "propose less",
        "ProposalBeyondDeposit": "propose beyond a deposit",
        "ZeroBond": "create without bond",
        "ZeroRounds": "create without rounds",
    },
    adjusted={
        "a seat can withdraw again": {
            "also": "state: a seat is still entitled where no money was left for its second withdrawal"
        },
        "Announced states another denominator": {
            "also": "proposer draw: it follows the fraction that was not announced"
        },
        "ProposerDrawn states another proposer": {
            "also": "permutation draw: the order leaves out who was drawn, not who was announced"
        },
        "BrokenDown is not emitted in expire": {"rule": "breakdown cause"},
    },
    but={
        "store .*|Stored .*": "games that are played are too small for pages of their own",
        "Created is emitted twice": "what it emits is used up by the first time",
        "commitment answers.*": "when all is over no commitment is left",
        "BrokenDown states none of silent in _breakDown": "nobody is silent",
    },
    more=[GAME_DATA],
)

VARIANTS: dict[str, Variant] = {**DERIVED.variants(), **MONEY, **DRAW, **BOUNDS}

CAMPAIGN = Campaign(
    VARIANTS,
    {
        MECHANISM: (MECHANISM, GAME_DATA, COSTS, *FILES),
        **{file: (file,) for file in (P_STAR, REORDERED, EQUAL, PROPORTIONAL, ANNOUNCED)},
    },
    called=(P_STAR, REORDERED, EQUAL, PROPORTIONAL, ANNOUNCED),
)
