"""Deliberately crooked variants of the market: changes to the tree's sources, and what gives them away.

Most follow from the source (`tests.kit.rig.derived`); here are those that are about what a market does.
"""

from parley.mechanisms.screening.mechanism import MECHANISM
from tests.kit.rig.crooked import OWNER, Campaign, Variant, changing
from tests.kit.rig.derived import Derived
from tests.kit.rig.games import FILES
from tests.kit.rig.on_chain import contracts

MARKET = "contracts/screening/RayMarket.sol"
DATA = "contracts/screening/MarketData.sol"
COLUMNS = "contracts/screening/Columns.sol"
SELECTIONS = "contracts/screening/Selections.sol"

SILENT = ("truthful", "silent", "truthful")
NOBODY = ("silent",)
USUAL, REMEDIAL, TIE, LATE = "", "remedial", "tie", "late"
"""Settings: a seat with a remedial menu; equal agents, and wrong certificates first; nobody posts in time."""


crooked = changing(MARKET)


VARIANTS: dict[str, Variant] = {
    **Derived(
        MARKET,
        contracts()[MECHANISM.contracts[0]].abi,
        MECHANISM.verifier().rules,
        silent=SILENT,
        draws={},
        guards={
            "AlreadyChosen": "choose twice",
            "UnknownChoice": "choose too much",
            **dict.fromkeys(("ZeroDenominator", "ShareOutOfRange", "NotCleared"), "post"),
            "CostOutOfRange": "create with dear costs",
            "MonotoneRay": "create with a monotone ray",
            "RayNotFull": "create with a short ray",
        },
        adjusted={
            f"{error} is not checked for": {"setting": TIE}
            for error in ("ZeroDenominator", "ShareOutOfRange", "NotCleared", "MonotoneRay")
        },
        but={"a commitment is not bound to its game": "markets have no commitments"},
        more=[SELECTIONS, DATA],
    ).variants(),
    # ── what is checked ─────────────────────────────────────────────────────────────────────────────
    "menus that are not polarized are taken": crooked(
        "creation", "_checkPolarized(p, ptr);", "", DATA, stage="create with crossing menus"
    ),
    "no prices are checked": crooked(
        "prices", "_checkPrices(c.basis, g, prices, one);", "", SELECTIONS, setting=TIE
    ),
    # ── what is refused, or done with the right certificate ──────────────────────────────────────────
    "only the owner may post": crooked(
        "refusal",
        "«»(uint256 columns, uint256 count) =",
        f"if (msg.sender != {OWNER}) revert();",
    ),
    "a right certificate is refused": crooked(
        "refusal", "if («excess[i] != 0») revert", "excess[i] == 0", SELECTIONS
    ),
    "columns that pay are left out": crooked(
        "refusal", "else if («_cost(_column(g, k), prices, place, one) <= 0»)", "false", SELECTIONS
    ),
    "a tie is broken against the first column": crooked(
        "clearing",
        "else if («_cost(_column(g, k), prices, place, one) <= 0»)",
        "_socialCost(_column(g, k), prices[0], one) < 0",
        SELECTIONS,
        setting=TIE,
    ),
    "a choice is kept as another one": crooked(
        "refusal", "choices |= «choice << (4 * seat)»;", "(3 - choice) << (4 * seat)"
    ),
    "a posting is not about the choices": crooked(
        "refusal", "keccak256(abi.encodePacked(game.digest, «choices»))", "uint256(0)"
    ),
    "a silent seat takes its first set": crooked(
        "refusal", "«»emit Expired(id, phase, silent);", "_market(game).choices |= 1 << 4;", bots=SILENT
    ),
    "a remedial seat gives up one task only": crooked(
        "selection",
        "uint256 many = «one ? 1 : there»;",
        "1",
        DATA,
        setting=REMEDIAL,
        also="refusal: a certificate that needs the columns left out does not clear",
    ),
    "a remedial set counts as two": crooked(
        "choice",
        "return menu & _REMEDIAL_BIT != 0 ? «1» : menu;",
        "2",
        DATA,
        setting=REMEDIAL,
        bots=("silent", "silent", "truthful"),
        stage="choose more",
    ),
    # ── what comes of it ────────────────────────────────────────────────────────────────────────────
    "a market that lapses is settled": crooked(
        "state", "withPhase(uint8(«Phase.Lapsed»))", "Phase.Settled", setting=LATE
    ),
    "a market waits for a posting though all stay": crooked(
        "events", "if («choices == 0») {", "choices == type(uint256).max", bots=NOBODY
    ),
    "the digest is that of other shares": crooked(
        "state", "keccak256(abi.encode(«denominator», shares))", "denominator + 1"
    ),
    "the state tells of no choices": crooked(
        "state", "choices: «_market(game).choices»", "0", bots=("contrarian",)
    ),
    "the state tells that nobody has chosen": crooked(
        "state", "chosen: uint64(«game.seats.members(COMMITTED)»)", "0"
    ),
}

CAMPAIGN = Campaign(VARIANTS, {MARKET: (MARKET, DATA, COLUMNS, SELECTIONS, *FILES)})
