"""Deliberately crooked variants of both contracts: changes to the tree's sources, and what gives them away.

Most follow from the source (`tests.kit.rig.derived`); here are those that are about what these contracts do.
"""

from parley.mechanisms.team.contracts import MECHANISM, REFEREE
from parley.mechanisms.team.verify import DRAW_RULES, TEAM_RULES
from tests.kit.rig.crooked import Campaign, Variant, changing
from tests.kit.rig.derived import Derived
from tests.kit.rig.games import FILES
from tests.kit.rig.on_chain import contracts
from tests.team.problems import RETRACTED, UNHEARD

TEAM = "contracts/team/TeamContract.sol"
TEAM_DATA = "contracts/team/TeamData.sol"
FAIRNESS = "contracts/team/Fairness.sol"
SUCCESSES = "contracts/team/Successes.sol"
DRAW = "contracts/team/OutcomeDraw.sol"
DRAW_DATA = "contracts/team/DrawData.sol"

HONEST = ("rational",)
UNFORMED = ("silent:forming", "rational", "rational")
SILENT = ("silent:committing", "silent:revealing", "rational")


# ── projects ────────────────────────────────────────────────────────────────────────────────────────────────

crooked = changing(TEAM)
GUARDS = {
    "AlreadyAccepted": "accept twice",
    "AlreadyVouched": "accept after two vouchers",
    "NotTheReferee": "report by a stranger",
    "NotThePrincipal": "retract by a stranger",
    "ZeroGuarantor": "vouch for nobody",
    "GuarantorHasPart": "vouch for a member",
    "NotTheSeat": "withdraw by a stranger",
    "ZeroReferee": "create without a referee",
    "RefereeHasPart": "create with a member as referee",
    "ZeroCost": "create without a cost",
    "ZeroDenominator": "create without a denominator",
    "ProbabilityAboveOne": "create with a chance above one",
    "WagesOutOfOrder": "create out of order",
    "BelowCutOff": "create below a cut-off",
    "Envy": "create with envy",
    "UnjustifiedPremium": "create with a premium",
    "PayrollAboveReward": "create above the reward",
    "NotMonotone": "create with a drop",
    "NotSubmodular": "create with a bend",
}

TEAM_VARIANTS: dict[str, Variant] = {
    **Derived(
        TEAM,
        contracts()[MECHANISM].abi,
        TEAM_RULES,
        silent=UNFORMED,
        draws={},
        guards=GUARDS,
        adjusted={
            "a deposit may be a wei short": {"stage": "create a wei less"},
            **{
                f"a window is a second too {how}": {"rule": "state", "stage": ""} for how in ("long", "short")
            },
            "AlreadyVouched is not checked for": {"rule": "referee"},
        },
        but={
            "a commitment is not bound to its game": "nobody commits to anything",
            "owedTo answers for another game": "when all have withdrawn, nothing is owed in any game",
        },
        more=[TEAM_DATA, FAIRNESS, SUCCESSES],
    ).variants(),
    # ── terms ───────────────────────────────────────────────────────────────────────────────────────
    "an inequality of cut-offs is turned": crooked(
        "refusal", "if («p.wages[j] * added[j] < cost»)", "p.wages[j] * added[j] > cost", FAIRNESS
    ),
    "the floor is left out": crooked(
        "envy",
        "if («wages[j] > lowest && other > lowest * whole») {",
        "false",
        FAIRNESS,
        stage="create with envy",
    ),
    "a wage at the other's cut-off is no premium": crooked(
        "premium",
        "«p.wages[below - 1] * added[j] >= p.costs[j] * d») {",
        "p.wages[below - 1] * added[j] > p.costs[j] * d",
        FAIRNESS,
        stage="create with a premium",
    ),
    "only neighbours are compared": crooked(
        "envy",
        "if («wages[j] > lowest && other > lowest * whole») {",
        "wages[j] > lowest && other > wages[j - 1] * whole",
        FAIRNESS,
        stage="create with envy",
    ),
    "what is covered twice counts": crooked(
        "refusal", "p.sets[j] & «~twice»", "~twice & 1", SUCCESSES, setting="coverage"
    ),
    # ── consents ────────────────────────────────────────────────────────────────────────────────────
    "work begins without the referee": crooked(
        "start", "if (!accepted || «_project(game).guarantor == address(0)») return", "false"
    ),
    "anybody may vouch": crooked(
        "referee",
        "«_requireReferee(status);»\n        Project storage project",
        "",
        stage="vouch by a stranger",
    ),
    # ── what is paid ────────────────────────────────────────────────────────────────────────────────
    "failures are paid": crooked(
        "pay", "settled ? «status.cause() != 0» :", "true", also="refusal: the escrow pays them"
    ),
    "successes are not paid": crooked(
        "refusal", "settled ? «status.cause() != 0» :", "false", also="pay: the escrow goes back instead"
    ),
    "a silent referee pays nobody": crooked(
        "refusal", "status.cause() != 0 : «phase == Phase.Lapsed»", "false", setting=UNHEARD
    ),
    "a silent referee keeps its bond": crooked(
        "state", "payee == n + 1 && «phase != Phase.Lapsed» &&", "true", setting=UNHEARD
    ),
    "a seat may take its wage twice": crooked(
        "one withdrawal per seat",
        "else «game.seats = game.seats.including(WITHDRAWN, payee);»",
        "{}",
        stage="withdraw twice",
        bots=HONEST,
    ),
    "the principal may take its refund twice": crooked(
        "state",
        "else if (payee == n) «project.refunded = true;»",
        "{}",
        stage="withdraw twice",
        setting=RETRACTED,
    ),
    "the guarantor may take its bond twice": crooked(
        "state", "if (payee > n) «project.returned = true;»", "{}", stage="withdraw twice by the guarantor"
    ),
    "a report is what the owner wants": crooked(
        "pay",
        "game.status = status.ended(uint8(Phase.Settled), «success ? 1 : 0»);",
        "1",
        also="refusal: the escrow pays for it",
    ),
}
CAMPAIGN = Campaign(TEAM_VARIANTS, {TEAM: (TEAM, TEAM_DATA, FAIRNESS, SUCCESSES, *FILES)})


# ── draws ───────────────────────────────────────────────────────────────────────────────────────────────────

drawing = changing(DRAW)

DRAW_VARIANTS: dict[str, Variant] = {
    **Derived(
        DRAW,
        contracts()[REFEREE].abi,
        DRAW_RULES,
        silent=SILENT,
        draws={"_OUTCOME": "outcome draw"},
        guards={
            "AlreadyCommitted": "commit twice",
            "NotTheGuarantor": "draw by a stranger",
            "WrongParameters": "draw with other parameters",
            "WrongSecret": "draw another secret",
        },
        adjusted={
            "an action may be a second late": {"stage": "commit late"},
            "an action at the deadline is late": {"stage": "commit punctually"},
            "a phase may be ended at its deadline": {"stage": "commit after an early expiry"},
            "open does not check for ZeroCommitment": {"also": "balance: the bond goes on"},
        },
        but={
            "a game may have a short window": "projects' windows are checked by their own contract",
            "a window is a second too .*": "deadlines count from the beginning of the draw",
        },
        opening="open",
    ).variants(),
    "a draw is biased to success": drawing(
        "outcome draw", "denominator) < «numerator»;", "2 * numerator + 1"
    ),
    "every project succeeds": drawing(
        "outcome draw",
        "bool success = «Draws.uniform(_seed(game, h, id, digest, secret), 0, denominator) < numerator»;",
        "true",
    ),
    "those who commit count as workers": drawing(
        "workers",
        "uint256 workers = «game.seats.members(OPENED)»;",
        "game.seats.members(COMMITTED)",
        bots=SILENT,
        also="probability, outcome draw: both are those of more workers",
    ),
    "the chance is that of the whole team": drawing(
        "probability",
        "uint256 numerator = Successes.value(parameters, «workers»);",
        "SeatSetsLibrary.all(h.agents())",
        bots=("shirker", "rational", "rational"),
        also="outcome draw: more draws are successes",
    ),
    "an effort is not what was revealed": drawing(
        "refusal", "if («works») seats = seats.including(OPENED, seat);", "!works"
    ),
    "the secrets of members do not count": drawing(
        "outcome draw", "_commitments(game, n + 1, «game.seats.members(REVEALED)»)", "0"
    ),
    "what is reported is not what was drawn": drawing(
        "report", "report(DrawData.project(page), «success»);", "!success"
    ),
    "nothing is reported": drawing(
        "report", "«DrawData.team(page).report(DrawData.project(page), success);»", ""
    ),
    "the silent delay the guarantor": drawing(
        "refusal",
        "status.entering(uint8(Phase.Revealing), «status.deadline() + h.window()»);",
        "block.timestamp + 3 * h.window() + 60",
        bots=SILENT,
    ),
    "revealing does not wait for all": drawing(
        "refusal", "if («seats.members(REVEALED) == seats.members(COMMITTED)») _endRevealing", "true"
    ),
    "the draw does not answer to what was revealed": drawing(
        "refusal", "abi.encode(game.digest, «seats.members(REVEALED)», seats", "uint256(0)"
    ),
    "the parameters are not in the first digest": drawing(
        "refusal", "encodePacked(«parameters(page)», guarantorsCommitment", "bytes32(0)", DRAW_DATA
    ),
    "the guarantor has a minute more": drawing(
        "state",
        "entering(uint8(Phase.Drawing), «status.deadline() + h.rest()»)",
        "status.deadline() + h.rest() + 60",
    ),
}
DRAW_CAMPAIGN = Campaign(DRAW_VARIANTS, {DRAW: (DRAW, DRAW_DATA, SUCCESSES, *FILES)})
