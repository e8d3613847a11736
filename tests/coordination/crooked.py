"""Deliberately crooked variants of the contracts: changes to the tree's sources, and what gives them away."""

from typing import Any

from tests.kit.rig.crooked import OWNER, Campaign, Change, Variant
from tests.kit.rig.games import FILES, common

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
RANDOM = ("random",)


def crooked(rule: str, old: str, new: str, file: str = MECHANISM, **other: Any) -> Variant:  # noqa: ANN401
    """A variant that changes one place."""
    return Variant(rule, (Change(old, new, file),), **other)


_PAYS = "_pay(id, seat, to, amount);"
_ANNOUNCES = "emit Withdrawn(id, seat, to, amount);"
_TAKES = "«»game.commitments[seat] = 0;\n        _pay"
_DUE = "_deposit(h, record)"

MONEY = {
    "a wei of every withdrawal goes to the owner": crooked(
        "payee", _PAYS, f"{_ANNOUNCES} to.transfer(amount - 1); {OWNER}.transfer(1);"
    ),
    "profits go to the owner": crooked(
        "payee",
        _PAYS,
        f"{_ANNOUNCES} if (amount > {_DUE}) {{ to.transfer({_DUE}); {OWNER}.transfer(amount - {_DUE}); }}"
        " else { to.transfer(amount); }",
    ),
    "shortfalls pay for a rebate to the owner": crooked(
        "payment",
        _PAYS,
        f"{_ANNOUNCES} if (seat + 1 < h.agents()) {{ to.transfer(amount - 1000); }}"
        f" else {{ to.transfer(amount); {OWNER}.transfer(1000 * (h.agents() - 1)); }}",
    ),
    "a withdrawal is a wei short": crooked("withdrawal amount", _TAKES, "amount -= 1;"),
    "a withdrawal is a wei too much": crooked("withdrawal amount", _TAKES, "amount += 1;"),
    "a settled seat is paid for a task more than it took": crooked(
        "withdrawal amount", "seat), «_load(_play(game), seat)»)", "_load(_play(game), seat) + 1"
    ),
    "a lost bond is paid back": crooked(
        "withdrawal amount", "if («_isSilent(_play(game), status, seat)») amount", "amount == 0", bots=IDLE
    ),
    "a seat that acted loses its bond too": crooked(
        "withdrawal amount",
        "if («_isSilent(_play(game), status, seat)») amount",
        "_isSilent(_play(game), status, seat) || seat == 0",
        bots=IDLE,
    ),
    "a seat can withdraw again": crooked(
        "one withdrawal per seat",
        "«game.commitments[seat] = 0;»\n        _pay",
        "",
        bots=GONE,
        stage="withdraw twice",
        also="state: a seat is still entitled where no money was left for its second withdrawal",
    ),
    "a wei of every deposit goes to the owner": crooked(
        "balance", "«»emit Joined", f"{OWNER}.transfer(1);", bots=GONE
    ),
    "lost bonds go to the owner": crooked(
        "balance",
        "«»emit BrokenDown(id, status.round(), Cause.Expired",
        f"{OWNER}.transfer(h.bond());",
        bots=IDLE,
    ),
    "a lost bond is not counted as burnt": crooked(
        "burnt bonds", "burnt += «count * h.bond()»", "0", bots=IDLE
    ),
    "a lost bond is counted twice": crooked(
        "burnt bonds", "burnt += «count * h.bond()»", "2 * count * h.bond()", bots=IDLE
    ),
    "of several lost bonds one is counted as burnt": crooked(
        "burnt bonds",
        "burnt += «count * h.bond()»",
        "h.bond()",
        bots=("equilibrium", "silent:revealing", "silent:revealing", "equilibrium", "equilibrium"),
    ),
    "a bond is counted as burnt where nobody lost one": crooked(
        "burnt bonds", "«»emit Settled", "burnt += 1;"
    ),
    "a deposit is announced a wei too high": crooked(
        "deposit", "emit Joined(id, seat, commitment_, «deposit»)", "deposit + 1"
    ),
}

DRAW = {
    "the draw favours the first seat": crooked(
        "proposer draw",
        "«»uint256 packed = _announcement(play, j);",
        "if (uint256(seed) % 2 == 0) return 0;",
    ),
    "a fraction is met once too often": crooked(
        "proposer draw",
        "«Draws.uniform(seed, j, denominator) < uint32(packed >> 32)»",
        "Draws.uniform(seed, j, denominator) <= uint32(packed >> 32)",
    ),
    "the proposer is drawn from the first secret alone": crooked(
        "proposer draw",
        "«Draws.seed(_PROPOSER, id, round, secrets)»",
        "keccak256(abi.encodePacked(_PROPOSER, id, round, secrets[0]))",
    ),
    "the proposer is drawn from secrets that are XORed": crooked(
        "proposer draw",
        "«Draws.seed(_PROPOSER, id, round, secrets)»",
        "keccak256(abi.encodePacked(_PROPOSER, id, round, secrets[0] ^ secrets[1]))",
    ),
    "the proposer is drawn from the seed of the order": crooked(
        "proposer draw", "Draws.seed(«_PROPOSER», id, round, secrets)", "_ORDER"
    ),
    "the order of answers does not depend on the round": crooked(
        "permutation draw", "Draws.seed(_ORDER, id, «round», secrets)", "1", bots=RELUCTANT
    ),
    "continuation and proposer are drawn from one seed": crooked(
        "continuation draw", "Draws.seed(«_CONTINUATION», id, round, secrets)", "_PROPOSER", bots=RELUCTANT
    ),
    "a game always goes on": crooked(
        "continuation draw",
        "«Draws.uniform(fresh, 0, denominator) >= numerator»",
        "fresh == 0",
        bots=RELUCTANT,
    ),
    "a game never goes on": crooked(
        "continuation draw",
        "«Draws.uniform(fresh, 0, denominator) >= numerator»",
        "fresh != 0",
        bots=RELUCTANT,
    ),
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
    "another proposer is announced than the one drawn": crooked(
        "proposer draw",
        "emit ProposerDrawn(id, round, «proposer», order_)",
        "(proposer + 1) % n",
        also="permutation draw: the order leaves out the proposer that was drawn, not the one announced",
    ),
    "a draw is told twice": crooked(
        "events",
        "«emit ProposerDrawn(id, round, proposer, order_);»",
        "emit ProposerDrawn(id, round, proposer, order_); emit ProposerDrawn(id, round, proposer, order_);",
    ),
    "another seat may propose than the one drawn": crooked(
        "refusal", ".withDrawn(«proposer»)", "(proposer + 1) % n"
    ),
    "answers are taken in another order than the one drawn": crooked(
        "refusal",
        "play.order[0] = «order_[0]»",
        "order_[0] & ~uint256(0xffff) | (order_[0] & 0xff) << 8 | (order_[0] >> 8) & 0xff",
    ),
    "p* is computed from D alone": crooked(
        "recognition fraction",
        "return («Totals.sum(turn.maximal)», turn.remaining)",
        "Totals.sum(turn.contracted)",
        P_STAR,
    ),
    "the mechanism tells p* nothing but D": crooked(
        "recognition fraction", "turn.maximal[t] = «highest»", "contracted"
    ),
    "equal shares are not equal": crooked(
        "recognition fraction",
        "«turn.agents - turn.agent»",
        "turn.agents - turn.agent + 1",
        EQUAL,
        setting="equal",
    ),
    "contract-proportional counts announced tasks": crooked(
        "recognition fraction",
        "return (Totals.sum(«turn.contracted»)",
        "turn.announced",
        PROPORTIONAL,
        setting="contract-proportional",
        bots=RANDOM,
    ),
    "announcement-proportional counts contracted tasks": crooked(
        "recognition fraction",
        "return (Totals.sum(«turn.announced»)",
        "turn.contracted",
        ANNOUNCED,
        setting="announcement-proportional",
        bots=RANDOM,
    ),
    "the reordered function does not reorder": crooked(
        "recognition fraction",
        "«turn.agents >= 3»",
        "turn.agents >= 99",
        REORDERED,
        setting="reordered",
        bots=RANDOM,
    ),
    "the fraction announced is not the one that counts": crooked(
        "recognition fraction",
        "emit Announced(id, seat, announcement, «numerator», denominator)",
        "numerator / 2",
        also="proposer draw: it follows the fraction that was not announced",
    ),
}

BOUNDS = {
    "an announcement may be too high": crooked(
        "announcement bounds",
        "if (x > highest) revert AnnouncementTooHigh(t, x, highest);",
        "",
        stage="announce too high",
    ),
    "an announcement may be too low": crooked(
        "announcement bounds",
        "if (x + spare < pool) revert AnnouncementTooLow(t, x, pool - spare);",
        "",
        stage="announce too low",
    ),
    "an announcement may be too long": crooked(
        "announcement bounds",
        "«announcement.length != h.taskTypes()»",
        "announcement.length < h.taskTypes()",
        stage="announce longer",
    ),
    "shares may sum to less than F(X)": crooked(
        "proposal sum", "«sum != int256(total)»", "sum > int256(total)", stage="propose less"
    ),
    "a proposal may take more than a deposit": crooked(
        "proposal beyond a deposit",
        "«payment > int256(deposit)»",
        "payment > int256(2 * deposit + 1)",
        stage="propose beyond a deposit",
    ),
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
        "no savings", "} else if («total < contractedCost») {", "total <= contractedCost", bots=RANDOM
    ),
    "a game with savings is broken off": crooked(
        "no savings", "} else if («total < contractedCost») {", "total + 1 < contractedCost / 2"
    ),
    "a game may be created without a bond": crooked(
        "creation",
        "if (p.bond == 0) revert ITwoStageMechanism.ZeroBond();",
        "",
        GAME_DATA,
        stage="create without bond",
    ),
    "a game may have no round": crooked(
        "creation",
        "if (p.maxRounds == 0) revert ITwoStageMechanism.ZeroRounds();",
        "",
        GAME_DATA,
        stage="create without rounds",
    ),
    "the total is a wei too high": crooked(
        "refusal",
        "total += «CostFunctions.at(h.cost(page, seat), load)»",
        "CostFunctions.at(h.cost(page, seat), load) + 1",
    ),
}

DIGESTS = {
    "joining need not name the parameters": crooked(
        "parameters digest",
        "revert AlreadyJoined(seat);\n        «_requireDigest(game, digest);»",
        "",
        stage="join with another digest",
    ),
    "an announcement need not name the earlier ones": crooked(
        "history digest",
        "«_requireDigest(game, digest);»\n        if (announcement",
        "",
        stage="announce with another digest",
    ),
    "an announcement's digest leaves out the earlier ones": crooked(
        "refusal",
        "«keccak256(abi.encodePacked(digest, announcement))»",
        "keccak256(abi.encodePacked(announcement))",
    ),
    "a reveal need not name what it answers to": crooked(
        "history digest",
        "«_requireDigest(game, digest);»\n        _requireOpens(",
        "",
        stage="reveal with another digest",
    ),
    "a proposal need not name what it answers to": crooked(
        "history digest",
        "«_requireDigest(game, digest);»\n        if (shares.length != h.agents())",
        "",
        stage="propose with another digest",
    ),
    "an answer need not name the proposal": crooked(
        "proposal digest",
        "«_requireDigest(game, digest);»\n\n        uint256 round",
        "",
        stage="respond with another digest",
    ),
    "another next commitment is stored than the one sent": crooked(
        "refusal",
        "game.commitments[seat] = «nextCommitment»",
        "keccak256(abi.encode(nextCommitment))",
        bots=RELUCTANT,
    ),
    "a commitment is not replaced by its successor": crooked(
        "refusal", "game.commitments[seat] = nextCommitment;", "", bots=RELUCTANT
    ),
    "a seat may join without a commitment": crooked(
        "commitment", "_requireCommitment(commitment_);", "", stage="join with commitment 0"
    ),
    "a reveal needs no next commitment": crooked(
        "commitment",
        "_requireCommitment(nextCommitment);",
        "",
        stage="reveal with commitment 0",
    ),
}

REFUSALS = {
    "every fourth game refuses a seat's reveal": crooked(
        "refusal",
        "«»_requireOpens(game, id, seat, secret_, secret_);",
        "if (uint256(id) % 4 == 0) revert ZeroSecret();",
    ),
    "the last reveal is refused unless the draw suits": crooked(
        "refusal",
        "«»_requireCommitment(nextCommitment);",
        "if (status.turn() + 1 == h.agents() && uint256(secret_) % 2 == 0) revert ZeroSecret();",
    ),
    "a seat's reveal is swallowed": crooked(
        "events", "«»game.commitments[seat] = nextCommitment;", "if (seat == 1) return;"
    ),
    "a reveal burns all gas": crooked(
        "refusal", "«»game.commitments[seat] = nextCommitment;", "if (seat == 1) assembly { invalid() }"
    ),
    "a reveal uses up all gas": crooked(
        "refusal", "«»game.commitments[seat] = nextCommitment;", "if (seat == 1) while (gasleft() > 200) {}"
    ),
    "a withdrawal is refused to one seat": crooked(
        "refusal",
        "«»uint256 amount = _deposit(h, record);",
        "if (seat == 2) revert NothingToWithdraw(seat);",
    ),
    "a rejection counts as acceptance": crooked(
        "refusal", "if («accept») {", "accept || position == 0", bots=RELUCTANT
    ),
}

DEADLINES = {
    "one window for all announcements": crooked(
        "refusal",
        "game.status = «_entered(status, h, uint8(Phase.Announcing))».withTurn(seat + 1)",
        "status",
        stage="announce slowly",
    ),
    "joining ends a second late": crooked(
        "deadline",
        "uint8(Phase.Joining), «parameters.joinWindow»",
        "parameters.joinWindow + 1",
        stage="join late",
    ),
}

EVENTS = {
    "a join leaves no event": crooked("events", "emit Joined(id, seat, commitment_, deposit);", ""),
    "a join names another seat": crooked("seat", "emit Joined(id, «seat», commitment_", "seat + 1"),
    "a join names another commitment": crooked(
        "commitment", "emit Joined(id, seat, «commitment_»", "~commitment_"
    ),
    "a reveal is told twice": crooked(
        "events",
        "«»emit Revealed",
        "emit Revealed(id, status.round(), seat, secret_, nextCommitment);",
    ),
    "a reveal names another secret": crooked(
        "reveal", "emit Revealed(id, status.round(), seat, «secret_»", "~secret_"
    ),
    "a reveal names another next commitment": crooked(
        "commitment", "emit Revealed(id, status.round(), seat, secret_, «nextCommitment»", "~nextCommitment"
    ),
    "a settlement leaves no event": crooked("settlement", "emit Settled(id, round);", ""),
    "an answer is told the other way round": crooked(
        "answer", "emit Responded(id, round, seat, «accept»)", "!accept"
    ),
    "an answer names another seat": crooked(
        "order of answers", "emit Responded(id, round, «seat», accept)", "(seat + 1) % h.agents()"
    ),
    "a breakdown names another cause": crooked(
        "breakdown cause",
        "emit BrokenDown(id, round, «cause», 0)",
        "Cause.NotContinued",
        bots=RANDOM,
    ),
    "somebody who acted is called silent as well": crooked(
        "silent seats", "Cause.Expired, «silent»)", "silent | 1", bots=IDLE
    ),
    "nobody is called silent": crooked("silent seats", "Cause.Expired, «silent»)", "0", bots=IDLE),
    "a creation names another salt": crooked("salt", "_emitCreated(id, «salt», digest, encoded)", "~salt"),
    "a creation names another digest": crooked(
        "parameters digest", "_emitCreated(id, salt, «digest», encoded)", "~digest"
    ),
    "the state names another deadline": crooked(
        "state", "uint40(«status.deadline()»)", "status.deadline() + 1"
    ),
    "the state names another order": crooked(
        "state", "return «_play(_games[id]).order»", "_play(_games[bytes32(0)]).order"
    ),
}

SEATS = {
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

COMMON = common(
    first="join",
    timed="announce",
    silent=IDLE,
    order="permutation draw",
    seats={
        "join": ("seat", ""),
        "announce": ("order of announcements", ""),
        "reveal": ("seat", ""),
        "propose": ("proposer", ""),
        "respond": ("order of answers", ""),
        "withdraw": ("seat", ""),
    },
)

VARIANTS: dict[str, Variant] = {
    **COMMON,
    **MONEY,
    **DRAW,
    **BOUNDS,
    **DIGESTS,
    **REFUSALS,
    **DEADLINES,
    **EVENTS,
    **SEATS,
}

CAMPAIGN = Campaign(
    VARIANTS,
    {
        MECHANISM: (MECHANISM, GAME_DATA, COSTS, *FILES),
        **{file: (file,) for file in (P_STAR, REORDERED, EQUAL, PROPORTIONAL, ANNOUNCED)},
    },
    called=(P_STAR, REORDERED, EQUAL, PROPORTIONAL, ANNOUNCED),
)
