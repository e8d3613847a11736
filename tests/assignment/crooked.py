"""Deliberately crooked variants of the lottery: changes to the tree's sources, and what gives them away.

Most follow from the source (`tests.kit.rig.derived`); here are those that are about what a lottery does.
"""

from parley.mechanisms.assignment.mechanism import MECHANISM
from tests.kit.rig.crooked import Campaign, Variant, changing
from tests.kit.rig.derived import Derived
from tests.kit.rig.games import FILES, SECRETS
from tests.kit.rig.on_chain import contracts

LOTTERY = "contracts/assignment/AssignmentLottery.sol"
CERTIFICATES = "contracts/assignment/Certificates.sol"

SERIAL, EATING, BOSTON = "serial-dictatorship", "probabilistic-serial", "boston"

USUAL = ("truthful",)
UNREVEALED = ("truthful", "truthful", "absent:revealing", "truthful")
UNOPENED = ("truthful", "absent:opening", "truthful", "truthful")
COPIED = ("truthful", "truthful", "copying", "truthful")
INCOMPLETE = ("truthful", "truthful", "truthful", "absent")
ALONE = ("truthful", "absent", "absent", "absent")


crooked = changing(LOTTERY)


VARIANTS: dict[str, Variant] = {
    **Derived(
        LOTTERY,
        contracts()[MECHANISM.contracts[0]].abi,
        MECHANISM.verifier().rules,
        silent=UNREVEALED,
        presence=dict.fromkeys(("OrderDrawn", "TermDrawn", "Assigned"), "draw"),
        draws={"_ORDER": "order draw", "_TERM": "term draw"},
        guards={
            "AlreadyCommitted": "commit twice",
            "AverageMismatch": "post other terms",
            "NotTheOrganizer": "post by a stranger",
            "WeightsMismatch": "post a term too few",
        },
        adjusted={
            "TermDrawn states another number": {"also": "term: the number announced falls to another one"},
            "TermDrawn states another term": {"also": "assignment: it follows the term that was drawn"},
            "reveal stores no new commitment": {"setting": EATING},
        },
        but={"Assigned states another assignment": "what is wrong with it depends on the draw"},
        more=[CERTIFICATES],
    ).variants(),
    "a silent seat gets its bond back": crooked(
        "lost bond",
        "«seats.has(unopened ? REVEALED : OPENED, seat)» &&",
        "seats.has(COMMITTED, seat)",
        bots=UNREVEALED,
    ),
    "the order favours the first seat": crooked(
        "order draw", "«»emit OrderDrawn(id, order);", "if (uint256(seed) % 4 == 0) order[0] = 0x03020100;"
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
    "no eating schedule is checked": crooked(
        "eating schedule",
        "if (eating) _checkMeal(c, g);",
        "",
        CERTIFICATES,
        setting=EATING,
        stage="post another matrix",
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
    "a commitment is not bound to its seat": crooked(
        "reveal",
        "«CommitReveal.commitment(id, seat, committed) != current»",
        "CommitReveal.commitment(id, seat, committed) != current"
        " && CommitReveal.commitment(id, 0, committed) != current",
        SECRETS,
        bots=COPIED,
    ),
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
    "the state says that nobody opened": crooked(
        "state", "opened: uint64(«seats.members(OPENED)»)", "seats.members(OPENED) & 1", setting=EATING
    ),
    "the assignment is stored otherwise than announced": crooked(
        "state", "stored[0] = «assignment[0]»", "assignment[0] ^ 1"
    ),
}

CAMPAIGN = Campaign(VARIANTS, {LOTTERY: (LOTTERY, CERTIFICATES, *FILES)})
