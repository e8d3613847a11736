"""Deliberately crooked variants of the dispatch: changes to the tree's sources, and what gives them away.

Most follow from the source (`tests.kit.rig.derived`); here are those that are about what a dispatch does.
"""

from functools import partial

from parley.mechanisms.guarantees.mechanism import MECHANISM
from tests.guarantees.problems import FLOORS, LATE
from tests.kit.rig.crooked import OWNER, Campaign, Change, Variant, changing
from tests.kit.rig.derived import Derived
from tests.kit.rig.games import FILES
from tests.kit.rig.on_chain import contracts

DISPATCH = "contracts/guarantees/GuaranteedDispatch.sol"
DATA = "contracts/guarantees/DispatchData.sol"
ALLOCATIONS = "contracts/guarantees/Allocations.sol"
SETTLEMENTS = "contracts/guarantees/Settlements.sol"

HONEST = ("honest",)
LAZY = ("lazy",)
SILENT = ("honest", "watchful", "reliable", "withholding", "reliable")
GRIEFED = ("honest", "griefing")
COPIED = ("lazy", "copying")
INSURED = ("insured",)
RIVALS = ("insured", "griefing")
MISSED = ("honest", "watchful", "reliable", "no-show", "no-show:1/2")
NOBODY = ("honest", "watchful", "absent")
CONCEDED = ("conceding",)
ABSENT = ("absent",)
LAPSED = ("absent", "watchful", "reliable", "absent", "reliable")


crooked, owing = changing(DISPATCH), changing(SETTLEMENTS)
paid = partial(owing, "pay", also="refund: what is paid is not refunded")
again = partial(crooked, "one withdrawal per seat", new="{}")


VARIANTS: dict[str, Variant] = {
    **Derived(
        DISPATCH,
        contracts()[MECHANISM.contracts[0]].abi,
        MECHANISM.verifier().rules,
        silent=SILENT,
        presence={"Drawn": "draw"},
        draws={"_SCHEDULE": "schedule draw"},
        guards={
            "AlreadyEnrolled": "enrol twice",
            "UnwantedCommitment": "enrol with another commitment",
            "NotTheSeat": "withdraw by a stranger",
            "NotTheRegistrar": "register by a stranger",
            "NotTheDispatcher": "post by a stranger",
            "WrongDisclosure": "disclose",
            "NotFairer": "disclose",
            "LessFair": "repair giving nothing",
            "WrongJobs": "attest of other jobs",
            "WrongAllocation": "attest giving nothing",
            "StatusesLengthMismatch": "attest with a status too many",
            "UnknownStatus": "attest with an unknown status",
            "AllocationLengthMismatch": "post giving one too many",
            "HolderNotEnrolled": "post giving to nobody's seat",
            "Overlap": "post giving all to one",
            "FloorBroken": "post giving nothing",
            "EmptyInterval": "register with an empty interval",
            "JobsOutOfOrder": "register out of order",
            "ZeroRegistrar": "create without a registrar",
            "RegistrarIsDispatcher": "create with the dispatcher as registrar",
            "NotUniform": "create with another rate",
        },
        adjusted={
            "a commitment opens with any secret": {"stage": "open another secret"},
            **{f"Lapsed is {how}": {"bots": ABSENT} for how in ("not emitted", "emitted twice")},
            "Lapsed states another phase": {"bots": ABSENT},
            **{
                f"Expired {how} in settle": {"bots": HONEST, "setting": LATE}
                for how in ("is not emitted", "is emitted twice", "states another phase")
            },
            "UnwantedCommitment is not checked for": {"setting": FLOORS},
            "WrongDisclosure is not checked for": {"bots": COPIED},
            "NotFairer is not checked for": {"bots": GRIEFED},
            "FloorBroken is not checked for": {"setting": FLOORS},
        },
        but={
            "Expired states none of silent in settle": "nobody loses a bond then",
            "owedTo answers for another game": "when all have withdrawn, nothing is owed in any game",
        },
        more=[DATA, ALLOCATIONS],
    ).variants(),
    # ── pay ─────────────────────────────────────────────────────────────────────────────────────────
    "floors are not paid": paid(
        "pays[i] = «came & 1 == 0 && pay < term >> 64 ? term >> 64 : pay»", "pay", bots=HONEST, setting=FLOORS
    ),
    "who misses a job gets its floor": paid("«came & 1 == 0» && pay", "true", bots=MISSED, setting=FLOORS),
    "cancelled jobs are paid": paid(
        "if («status == _DONE») Memory.store(own", "status != _MISSED", ALLOCATIONS
    ),
    "all jobs count as done": paid("bool allDone = «statuses.length == 0»", "true", ALLOCATIONS),
    "a settlement in place of the registrar pays nothing": paid(
        "uint256 status = allDone ? «_DONE» :", "1", ALLOCATIONS, setting=LATE
    ),
    "a wei of the refund is kept": owing(
        "refund", "refund += «DispatchData.bond(status.page())»", "DispatchData.bond(status.page()) - 1"
    ),
    "the dispatcher keeps its bond though it was disproved": owing(
        "refund", "if («_dispatch(game).winner == 0») refund", "true"
    ),
    "the winner gets the whole bond": owing(
        "withdrawal amount",
        "amount += «DispatchData.bond(status.page()) / 2»",
        "DispatchData.bond(status.page())",
    ),
    "who does not open keeps its bond": owing(
        "withdrawal amount",
        "uint256 opened = «game.seats.members(OPENED)»;\n        uint256 bond",
        "game.seats.members(COMMITTED)",
    ),
    # ── payees ──────────────────────────────────────────────────────────────────────────────────────
    "challenges not disclosed get their bonds back": owing(
        "lost bond", "|| «claim.commitment != 0» ||", "false", bots=GRIEFED
    ),
    "a dispatcher that is silent keeps its bond": owing(
        "lost bond", "uint8(Phase.Posting) ? «0» :", "DispatchData.bond(page)", bots=ABSENT
    ),
    "a dispatcher that concedes loses its bond": owing(
        "refusal", "amount = «status.lapsed() == uint8(Phase.Posting)» ?", "true", bots=CONCEDED
    ),
    "floors are not paid after a concession": owing(
        "refusal", "return «h.floor(page, payee)» +", "0", bots=CONCEDED, setting=FLOORS
    ),
    "the dispatcher takes what challengers get": owing(
        "refusal",
        "return «_dispatch(game).claims[payee - n - 1].challenger»",
        "DispatchData.dispatcher(status.page())",
    ),
    "the refund may be taken again": again(
        "else if (payee == n) «dispatch.refunded = true;»",
        stage="withdraw twice by the dispatcher",
        bots=LAPSED,
        setting=FLOORS,
    ),
    "pay and refund may be taken again": again("«_owedOf(game)[payee] = 0;»", stage="withdraw twice"),
    "a reward may be taken again": again(
        "if (payee > n) «dispatch.claims[payee - n - 1].withdrawn = true;»",
        stage="withdraw twice by a challenger",
    ),
    # ── bonds that burn ─────────────────────────────────────────────────────────────────────────────
    "burnt bonds are not counted": crooked("burnt bonds", "«burnt += amount;»", ""),
    "burnt bonds go to the owner": crooked(
        "balance", "«»burnt += amount;", f"{OWNER}.transfer(amount);", bots=GRIEFED
    ),
    # ── fairness ────────────────────────────────────────────────────────────────────────────────────
    "an allocation that is fairer is refused": crooked(
        "refusal", "if («least <= bound») revert NotFairer", "least <= 2 * bound"
    ),
    "of equal challenges the later one wins": crooked(
        "winner", "if («least > fairest» ||", "least >= fairest", bots=INSURED
    ),
    "the last challenge wins": crooked("winner", "if («least > fairest» ||", "true", bots=RIVALS),
    "the least pay is that of the first seat": crooked(
        "least pay", "if («pay < least») least = pay", "i == 0", ALLOCATIONS
    ),
    "the winner's allocation does not stand": crooked(
        "refusal", "«_let(game, h, dispatch.winning, dispatch.ranking);»", "", bots=INSURED, setting=LATE
    ),
    "the posted allocation stands though it was repaired": crooked(
        "refusal",
        "dispatch.allocation = «allocation»;",
        "dispatch.winner == 0 ? allocation : dispatch.allocation",
    ),
    # ── the draw ────────────────────────────────────────────────────────────────────────────────────
    "who does not open gets the best schedule": Variant(
        "schedule draw",
        (
            Change("rank = «first + Draws.at(order, next++)»", "Draws.at(order, next++)", DISPATCH),
            Change("rank = «worst++»", "SeatSetsLibrary.count(opened) + worst++", DISPATCH),
        ),
        SILENT,
    ),
    "schedules are not drawn": crooked(
        "schedule draw", "rank = «first + Draws.at(order, next++)»", "first + next++"
    ),
    "schedules are not ranked by their pay": crooked(
        "schedule draw",
        "Memory.load(at - 32) > key",
        "Memory.load(at - 32) > key && agents == 0",
        ALLOCATIONS,
    ),
    "a draw does not wait for all": crooked(
        "draw", "if («seats.members(OPENED) == seats.members(COMMITTED)») _draw", "true"
    ),
    "other schedules are done than announced": crooked(
        "pay",
        "_rank(_dispatch(game).schedules, h, «schedules»)",
        "[schedules[0] >> 16 | (schedules[0] & 0xffff) << 8, 0]",
    ),
    # ── phases ──────────────────────────────────────────────────────────────────────────────────────
    "a dispatch that nobody takes part in goes on": crooked(
        "lapse", "«seats.members(COMMITTED) != 0») {", "true", bots=NOBODY
    ),
    "anybody may settle before the registrar attests": crooked(
        "deadline",
        "if («block.timestamp <= status.deadline()») revert DeadlineNotPassed",
        "false",
        stage="attest after an early settlement",
    ),
    "only the owner may challenge": crooked(
        "refusal",
        "«»Dispatch storage dispatch = _dispatch(game);\n        uint256 challenge_ =",
        f"if (msg.sender != {OWNER}) revert();",
    ),
    "disclosures do not name the challengers": crooked(
        "refusal", "abi.encode(dispatch.chain, «msg.sender», commitment_)", "address(0)"
    ),
    "postings do not name the jobs": crooked(
        "refusal",
        "game.digest = keccak256(abi.encodePacked(digest, «hash»));\n        game.status",
        "bytes32(0)",
    ),
    "the state tells of no draw": crooked("state", "schedules: «drawn» ?", "!drawn"),
    "the state tells that nobody opened": crooked("state", "opened: uint64(«seats.members(OPENED)»)", "0"),
}

CAMPAIGN = Campaign(VARIANTS, {DISPATCH: (DISPATCH, DATA, ALLOCATIONS, SETTLEMENTS, *FILES)})
