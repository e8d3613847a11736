"""Deliberately crooked variants of the lottery: changes to the tree's sources, and what gives them away."""

from typing import Any

from tests.kit.rig.crooked import OWNER, Campaign, Change, Variant
from tests.kit.rig.games import FILES, SECRETS, common

LOTTERY = "contracts/assignment/AssignmentLottery.sol"
CERTIFICATES = "contracts/assignment/Certificates.sol"

SERIAL, EATING, BOSTON = "serial-dictatorship", "probabilistic-serial", "boston"

USUAL = ("truthful",)
UNREVEALED = ("truthful", "truthful", "absent:revealing", "truthful")
UNOPENED = ("truthful", "absent:opening", "truthful", "truthful")
COPIED = ("truthful", "truthful", "copying", "truthful")
INCOMPLETE = ("truthful", "truthful", "truthful", "absent")
ALONE = ("truthful", "absent", "absent", "absent")


def crooked(rule: str, old: str, new: str, file: str = LOTTERY, **other: Any) -> Variant:  # noqa: ANN401
    """A variant that changes one place."""
    return Variant(rule, (Change(old, new, file),), **other)


_PAYS = "_pay(id, seat, to, h.bond());"
_ANNOUNCES = "emit Withdrawn(id, seat, to, h.bond());"

MONEY = {
    "a wei of every bond goes to the owner": crooked(
        "payee", _PAYS, f"{_ANNOUNCES} to.transfer(h.bond() - 1); {OWNER}.transfer(1);"
    ),
    "shortfalls pay for a rebate to the owner": crooked(
        "payment",
        _PAYS,
        f"{_ANNOUNCES} if (seat + 1 < h.agents()) {{ to.transfer(h.bond() - 7); }}"
        f" else {{ to.transfer(h.bond()); {OWNER}.transfer(7 * (h.agents() - 1)); }}",
    ),
    "a bond is a wei short": crooked("withdrawal amount", "_pay(id, seat, to, «h.bond()»)", "h.bond() - 1"),
    "a wei of every bond goes to the owner at once": crooked(
        "balance", "«»emit Committed", f"{OWNER}.transfer(1);", bots=UNREVEALED
    ),
    "lost bonds go to the owner": crooked(
        "balance", "«»emit Expired", f"{OWNER}.transfer(h.bond());", bots=UNREVEALED
    ),
    "a silent seat gets its bond back": crooked(
        "lost bond",
        "«seats.has(unopened ? REVEALED : OPENED, seat)» &&",
        "seats.has(COMMITTED, seat)",
        bots=UNREVEALED,
        stage="",
    ),
    "a bond can be withdrawn again": crooked(
        "one withdrawal per seat",
        "game.seats = seats.including(WITHDRAWN, seat);",
        "",
        bots=UNREVEALED,
        stage="withdraw twice",
    ),
    "a lost bond is not counted as burnt": crooked(
        "burnt bonds", "burnt += «SeatSetsLibrary.count(silent) * h.bond()»", "0", bots=UNREVEALED
    ),
    "a lost bond is counted twice": crooked(
        "burnt bonds",
        "burnt += «SeatSetsLibrary.count(silent) * h.bond()»",
        "2 * SeatSetsLibrary.count(silent) * h.bond()",
        bots=UNREVEALED,
    ),
}

DRAW = {
    "the order favours the first seat": crooked(
        "order draw", "«»emit OrderDrawn(id, order);", "if (uint256(seed) % 4 == 0) order[0] = 0x03020100;"
    ),
    "the order does not depend on the last secret": crooked(
        "order draw", "Draws.permutation(«seed», n + 1, n)", "keccak256(abi.encode(id, game.commitments[0]))"
    ),
    "another order is announced than the one drawn": crooked(
        "order draw",
        "emit OrderDrawn(id, «order»)",
        "[order[0] >> 8 | (order[0] & 0xff) << 24, order[1]]",
        also="picks: they follow the order that was drawn, not the one announced",
    ),
    "seats pick by their numbers whatever the order": crooked("picks", "«Draws.at(order, k)»;", "k"),
    "seats get their second choice": crooked(
        "picks", "uint256 word = «lottery.rankings[seat][0]»", "lottery.rankings[seat][0] >> 8"
    ),
    "a seat that picks gets another item": crooked(
        "picks",
        "Memory.store(ptr, units - 1);\n                    «return code;»",
        "return code == 1 ? 2 : code == 2 ? 1 : code;",
    ),
    "picks use nothing up": crooked(
        "capacity", "«Memory.store(ptr, units - 1);»\n                    return", ""
    ),
    "the number is drawn from half the range": crooked(
        "term draw", "«»(uint256 term, uint256 codes) = Certificates.find", "number /= 2;", setting=EATING
    ),
    "a number that equals a sum of weights falls to the term before": crooked(
        "term",
        "«Memory.load(sums + middle * width) >> shift > number»",
        "Memory.load(sums + middle * width) >> shift >= number",
        CERTIFICATES,
        setting=EATING,
    ),
    "a seat that has not opened keeps its item": crooked(
        "forfeit", "if («(opened >> seat) & 1 != 0») {", "opened != 0", bots=UNOPENED, setting=EATING
    ),
    "a term is shifted by a seat": crooked(
        "assignment", "Memory.load(«codes + seat») >> 248", "codes + (seat + 2) % n", setting=EATING
    ),
}

BOUNDS = {
    "no eating schedule is checked": crooked(
        "eating schedule",
        "if (eating) _checkMeal(c, g);",
        "",
        CERTIFICATES,
        setting=EATING,
        stage="post another matrix",
    ),
    "terms need not average to the matrix": crooked(
        "average",
        "«average != matrix[cell]»",
        "average > c.denominator",
        CERTIFICATES,
        setting=EATING,
        stage="post other terms",
    ),
    "weights need not sum to one": crooked(
        "weights",
        "if («sum != c.denominator»",
        "sum > c.denominator",
        CERTIFICATES,
        setting=BOSTON,
        stage="post a term too few",
    ),
    "anybody may post anything": crooked(
        "organizer",
        "«msg.sender != creator») revert NotTheOrganizer",
        "msg.sender == address(0)",
        setting=BOSTON,
        stage="post by a stranger",
    ),
    "nobody but the organizer may post an eating schedule": crooked(
        "refusal",
        "if («!eating») {",
        "true",
        setting=EATING,
        stage="post by a stranger",
    ),
    "a right certificate is refused": crooked(
        "refusal", "if («sum != c.denominator»", "sum + 1 != c.denominator", CERTIFICATES, setting=EATING
    ),
}

DIGESTS = {
    "a commitment need not name the parameters": crooked(
        "parameters digest",
        "«_requireDigest(game, digest);»\n        _requireCommitment(",
        "",
        stage="commit with another digest",
    ),
    "a posting need not name the reports": crooked(
        "history digest",
        "«_requireDigest(game, digest);»\n        Certificates.Revealed memory",
        "",
        setting=EATING,
        stage="post with another digest",
    ),
    "a reveal need not name the commitments": crooked(
        "history digest",
        "«_requireDigest(game, digest);»\n        _requireOpens(game, id, seat, secret, keccak",
        "",
        stage="reveal with another digest",
    ),
    "an opening need not name the posting": crooked(
        "certificate digest",
        "«_requireDigest(game, digest);»\n        _requireOpens(game, id, seat, secret, secret)",
        "",
        setting=EATING,
        stage="open with another digest",
    ),
    "a commitment is not bound to its seat": crooked(
        "reveal",
        "«CommitReveal.commitment(id, seat, committed) != current»",
        "CommitReveal.commitment(id, seat, committed) != current"
        " && CommitReveal.commitment(id, 0, committed) != current",
        SECRETS,
        bots=COPIED,
    ),
    "another second commitment is stored than the one sent": crooked(
        "refusal",
        "serial ? secret : «nextCommitment»",
        "keccak256(abi.encode(nextCommitment))",
        setting=EATING,
    ),
    "a seat may take part without a commitment": crooked(
        "commitment", "_requireCommitment(commitment_);", "", stage="commit with commitment 0"
    ),
    "a reveal needs no second commitment": crooked(
        "commitment",
        "if (!serial) _requireCommitment(nextCommitment);",
        "",
        setting=EATING,
        stage="reveal with commitment 0",
    ),
}

REFUSALS = {
    "every fourth lottery refuses a reveal": crooked(
        "refusal", "«»bool serial = h.rule", "if (uint256(id) % 4 == 0) revert ZeroSecret();"
    ),
    "a reveal is refused unless the draw suits": crooked(
        "refusal", "«»bool serial = h.rule", "if (seat == 3 && uint256(secret) % 2 == 1) revert ZeroSecret();"
    ),
    "a reveal is swallowed": crooked(
        "events", "«»seats = seats.including(REVEALED, seat);", "if (seat == 1) return;"
    ),
    "an opening is refused unless the draw suits": crooked(
        "refusal",
        "«»seats = seats.including(OPENED, seat);",
        "if (seat == 3 && uint256(secret) % 2 == 0) revert ZeroSecret();",
        setting=EATING,
    ),
    "a withdrawal is refused to one seat": crooked(
        "refusal",
        "«»game.seats = seats.including(WITHDRAWN, seat);",
        "if (seat == 2) revert NothingToWithdraw(seat);",
    ),
}

DEADLINES = {
    "who never committed is called silent": crooked(
        "silent seats",
        "return (seats.members(COMMITTED), «0»);",
        "~seats.members(COMMITTED) & 15",
        bots=INCOMPLETE,
        also="burnt bonds: the bond of who is called silent is counted as burnt",
    ),
    "a lottery that one seat is left in is cancelled": crooked(
        "cancellation", "if («left == 0») {", "left == 0 || left == 1", bots=ALONE
    ),
}

EVENTS = {
    "a commitment leaves no event": crooked("events", "emit Committed(id, seat, commitment_);", ""),
    "a commitment names another seat": crooked("seat", "emit Committed(id, «seat», commitment_)", "seat + 1"),
    "a reveal is told twice": crooked(
        "events", "«»emit Revealed", "emit Revealed(id, seat, secret, ranking, nextCommitment);"
    ),
    "a reveal names another secret": crooked("reveal", "emit Revealed(id, seat, «secret»", "~secret"),
    "a reveal names another commitment": crooked(
        "commitment", "emit Revealed(id, seat, secret, ranking, «nextCommitment»)", "~nextCommitment"
    ),
    "a reveal names another ranking": crooked(
        "ranking", "emit Revealed(id, seat, secret, «ranking», nextCommitment)", "ranking[1:]"
    ),
    "an opening leaves no event": crooked("events", "emit Opened(id, seat, secret);", "", setting=EATING),
    "an opening names another secret": crooked(
        "reveal", "emit Opened(id, seat, «secret»)", "~secret", setting=EATING
    ),
    "a posting names another poster": crooked(
        "organizer", "emit Posted(id, «msg.sender»", "address(0xbad)", setting=EATING
    ),
    "a posting names another number of terms": crooked(
        "certificate", "«certificate.weights.length»);", "certificate.weights.length + 1", setting=EATING
    ),
    "a draw leaves no assignment": crooked("draw", "emit Assigned(id, assignment);", ""),
    "an expiry names another silent seat": crooked(
        "silent seats", "emit Expired(id, phase, «silent»)", "silent | 1", bots=UNREVEALED
    ),
    "a creation names another salt": crooked("salt", "emit Created(id, msg.sender, «salt»", "~salt"),
    "a creation names another creator": crooked(
        "creator", "emit Created(id, «msg.sender», salt", "address(0xbad)"
    ),
    "a creation names another digest": crooked(
        "parameters digest", "emit Created(id, msg.sender, salt, «digest»", "~digest"
    ),
    "the state names another deadline": crooked(
        "state", "uint40(«status.deadline()»)", "status.deadline() + 1"
    ),
    "the state says that nobody opened": crooked(
        "state", "opened: uint64(«seats.members(OPENED)»)", "seats.members(OPENED) & 1", setting=EATING
    ),
    "the assignment is stored otherwise than announced": crooked(
        "state", "stored[0] = «assignment[0]»", "assignment[0] ^ 1"
    ),
}

SEATS = {
    "a seat may commit again": crooked(
        "steps of a seat",
        "if (seats.has(COMMITTED, seat)) revert AlreadyCommitted(seat);",
        "",
        stage="commit twice",
    ),
}

COMMON = common(
    first="commit",
    timed="reveal",
    silent=UNREVEALED,
    order="order draw",
    seats={
        "commit": ("seat", ""),
        "reveal": ("seat", ""),
        "open": ("seat", EATING),
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

CAMPAIGN = Campaign(VARIANTS, {LOTTERY: (LOTTERY, CERTIFICATES, *FILES)})
