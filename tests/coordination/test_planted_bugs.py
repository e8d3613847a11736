"""The campaign finds bugs: each of these, planted in a copy of the contract, makes it differ visibly."""

import pytest

from sim.chain.evm import open_evm
from tests.coordination.contract_machine import run_campaign
from tests.coordination.crooked import DRAWS, MECHANISM, change
from tests.coordination.on_chain import OnChain
from tests.coordination.test_contract_stateful import RUNS, STEPS
from tests.verification.contract_machine import MismatchError
from tests.verification.crooked import Change, Variant, artifacts_of, sources_of

GAME_DATA = "contracts/coordination/GameData.sol"
COSTS = "contracts/coordination/CostFunctions.sol"
COMMIT_REVEAL = "contracts/randomness/CommitReveal.sol"


# Found by every `make test`: one for each kind of promise.
FIRST: dict[str, tuple[Change, ...]] = {
    "an action at the deadline itself is late": (
        change(
            "if (block.timestamp > status.deadline()) revert DeadlinePassed",
            "if (block.timestamp >= status.deadline()) revert DeadlinePassed",
        ),
    ),
    "an answer need not name the proposal": (
        change(
            "_requireDigest(game, digest);\n\n        uint256 round = status.round();\n",
            "digest;\n\n        uint256 round = status.round();\n",
        ),
    ),
    "secrets are XORed, so that the last to reveal solves for the outcome": (
        change(
            "return keccak256(abi.encodePacked(purpose, id, round, secrets));",
            "bytes32 all; for (uint256 i = 0; i < secrets.length; ++i) all ^= secrets[i];\n"
            "        return keccak256(abi.encodePacked(purpose, id, round, all));",
            DRAWS,
        ),
    ),
    "shares may sum to less than F(X)": (
        change("if (sum != int256(total)) revert", "if (sum > int256(total)) revert"),
    ),
    "whether to go on is decided by the secrets of the round before": (
        change("address[2] morePages;", "address[2] morePages;\n        bytes32 old;"),
        change("if (round > 1) {", "bytes32 last = game.old;\n        {"),
        change(
            "bytes32 fresh = Draws.seed(_CONTINUATION, id, round, secrets);",
            "game.old = Draws.seed(_CONTINUATION, id, round + 1, secrets);",
        ),
        change("if (Draws.uniform(fresh, 0,", "if (round > 1 && Draws.uniform(last, 0,"),
    ),
    "of several silent agents only one bond is counted as burnt": (
        change("burnt += count * h.bond;", "burnt += h.bond;"),
    ),
}

# Found by `make test-deep`, compilation taking what it takes.
MORE: dict[str, tuple[Change, ...]] = {
    "the last responder is not asked": (
        change("if (position + 2 < h.agents)", "if (position + 3 < h.agents)"),
    ),
    "a commitment is not replaced by its successor": (
        change("game.commitments[seat] = nextCommitment;", ""),
    ),
    "a game may be expired at its deadline": (
        change(
            "if (block.timestamp <= status.deadline()) revert",
            "if (block.timestamp < status.deadline()) revert",
        ),
    ),
    "whoever acted loses its bond too when a game expires": (
        change(
            "if (!_isSilent(game, status, seat)) amount += h.bond;",
            "if (status.cause() != Cause.Expired) amount += h.bond;",
        ),
    ),
    "a seat can withdraw again": (
        change("game.commitments[seat] = 0;\n        emit Withdrawn", "emit Withdrawn"),
    ),
    "a settled seat is paid for its contracted tasks instead of its announced ones": (
        change(
            "amount = uint256(int256(amount + h.bond + cost) - shares[seat]);",
            "cost = amount; amount = uint256(int256(amount + h.bond + cost) - shares[seat]);",
        ),
    ),
    "a join need not name the parameters": (
        change(
            "revert AlreadyJoined(seat);\n        _requireDigest(game, digest);",
            "revert AlreadyJoined(seat);\n        digest;",
        ),
    ),
    "an announcement's hash leaves out the earlier ones": (
        change(
            "keccak256(abi.encodePacked(digest, announcement))", "keccak256(abi.encodePacked(announcement))"
        ),
    ),
    "one window for all announcements": (
        change(
            "game.status = _enter(status, h, Phase.Announcing).withTurn(seat + 1);",
            "game.status = status.withTurn(seat + 1);",
        ),
    ),
    "a game without savings is bargained over": (
        change("} else if (total < h.contractedCost) {", "} else if (total <= h.contractedCost) {"),
    ),
    "one round more than allowed": (
        change("} else if (round < h.rounds) {", "} else if (round <= h.rounds) {"),
    ),
    "a proposal may not take a whole deposit": (
        change("if (payment > int256(deposit)) revert", "if (payment >= int256(deposit)) revert"),
    ),
    "continuation and proposer are drawn from one seed": (
        change("Draws.seed(_CONTINUATION, id, round, secrets)", "Draws.seed(_PROPOSER, id, round, secrets)"),
    ),
    "the order of the responders does not depend on the round": (
        change("Draws.seed(_ORDER, id, round, secrets)", "Draws.seed(_ORDER, id, 1, secrets)"),
    ),
    "a fraction is met once too often": (
        change("< uint32(packed >> 32)) return j;", "<= uint32(packed >> 32)) return j;"),
    ),
    "the shuffle leaves its last step out": (
        change("for (uint256 k = length; k-- > 1;) {", "for (uint256 k = length; k-- > 2;) {", DRAWS),
    ),
    "a commitment is good for every seat": (
        change(
            "return keccak256(abi.encode(id, seat, secret));",
            "seat; return keccak256(abi.encode(id, secret));",
            COMMIT_REVEAL,
        ),
    ),
    "a game's id does not depend on its creator": (
        change(
            "abi.encode(block.chainid, address(this), creator, salt)",
            "abi.encode(block.chainid, address(this), salt)",
            COMMIT_REVEAL,
        ),
    ),
    "a later seat's spare capacity counts once too often": (
        change(
            "if (x + spare < pool) revert AnnouncementTooLow",
            "if (x + spare + 1 < pool) revert AnnouncementTooLow",
        ),
    ),
    "a cost is taken for whole without a look at its last value": (
        change("for (uint256 q = 1; q <= exponent; ++q) {", "for (uint256 q = 1; q < 2; ++q) {", COSTS),
    ),
    "the highest power lacks a factor": (
        change(
            "for (uint256 k = (head >> 240) & 0xff; k > 2; --k) {",
            "for (uint256 k = (head >> 240) & 0xff; k > 3; --k) {",
            COSTS,
        ),
    ),
    "no bond is needed": (change("if (h.bond == 0) revert ITwoStageMechanism.ZeroBond();", "", GAME_DATA),),
}


def planted(changes: tuple[Change, ...]) -> Variant:
    """A contract with a bug. There is no audit here, so that no rule is named."""
    return Variant(changes, "")


def the_campaign_finds(changes: tuple[Change, ...]) -> None:
    contract = artifacts_of(planted(changes), MECHANISM)["TwoStageMechanism"]
    with pytest.raises(MismatchError):
        run_campaign(OnChain(open_evm("revm"), mechanism=contract), RUNS, STEPS)


@pytest.mark.parametrize("bug", FIRST)
def test_campaign_finds_a_planted_bug(bug: str) -> None:
    the_campaign_finds(FIRST[bug])


@pytest.mark.deep
@pytest.mark.parametrize("bug", MORE)
def test_campaign_finds_a_further_planted_bug(bug: str) -> None:
    the_campaign_finds(MORE[bug])


@pytest.mark.parametrize("bug", [*FIRST, *MORE])
def test_every_bug_still_has_its_place(bug: str) -> None:
    assert sources_of(planted({**FIRST, **MORE}[bug]))
