"""The campaign finds bugs: each of these, planted in a copy of the contract, makes it differ visibly."""

from typing import NamedTuple

import pytest

from sim.chain.compiler import project_root
from sim.chain.evm import open_evm
from tests.coordination.contract_machine import MismatchError, run_campaign
from tests.coordination.on_chain import MECHANISM, OnChain, planted
from tests.coordination.test_contract_stateful import RUNS, STEPS

GAME_DATA = "contracts/coordination/GameData.sol"
COSTS = "contracts/coordination/CostFunctions.sol"
DRAWS = "contracts/randomness/Draws.sol"
COMMIT_REVEAL = "contracts/randomness/CommitReveal.sol"


class Change(NamedTuple):
    old: str
    new: str
    file: str = MECHANISM


# Found by every `make test`: one for each kind of promise.
FIRST: dict[str, tuple[Change, ...]] = {
    "an action at the deadline itself is late": (
        Change(
            "if (block.timestamp > status.deadline()) revert DeadlinePassed",
            "if (block.timestamp >= status.deadline()) revert DeadlinePassed",
        ),
    ),
    "an answer need not name the proposal": (
        Change(
            "_requireRound(status, round);\n        _requireDigest(game, digest);\n",
            "_requireRound(status, round);\n        digest;\n",
        ),
    ),
    "secrets are XORed, so that the last to reveal solves for the outcome": (
        Change(
            "return keccak256(abi.encodePacked(purpose, id, round, secrets));",
            "bytes32 all; for (uint256 i = 0; i < secrets.length; ++i) all ^= secrets[i];\n"
            "        return keccak256(abi.encodePacked(purpose, id, round, all));",
            DRAWS,
        ),
    ),
    "shares may sum to less than F(X)": (
        Change("if (sum != int256(total)) revert", "if (sum > int256(total)) revert"),
    ),
    "whether to go on is decided by the secrets of the round before": (
        Change("address[2] morePages;", "address[2] morePages;\n        bytes32 old;"),
        Change("if (round > 1) {", "bytes32 last = game.old;\n        {"),
        Change(
            "bytes32 fresh = Draws.seed(_CONTINUATION, id, round, secrets);",
            "game.old = Draws.seed(_CONTINUATION, id, round + 1, secrets);",
        ),
        Change("if (Draws.uniform(fresh, 0,", "if (round > 1 && Draws.uniform(last, 0,"),
    ),
    "of several silent agents only one bond is counted as burnt": (
        Change("burnt += count * h.bond;", "burnt += h.bond;"),
    ),
}

# Found by `make test-deep`, compilation taking what it takes.
MORE: dict[str, tuple[Change, ...]] = {
    "the last responder is not asked": (
        Change("if (position + 2 < h.agents)", "if (position + 3 < h.agents)"),
    ),
    "a commitment is not replaced by its successor": (
        Change("game.commitments[seat] = nextCommitment;", ""),
    ),
    "a game may be expired at its deadline": (
        Change(
            "if (block.timestamp <= status.deadline()) revert",
            "if (block.timestamp < status.deadline()) revert",
        ),
    ),
    "whoever acted loses its bond too when a game expires": (
        Change(
            "if (!_isSilent(game, status, seat)) amount += h.bond;",
            "if (status.cause() != Cause.Expired) amount += h.bond;",
        ),
    ),
    "a seat can withdraw again": (
        Change("game.commitments[seat] = 0;\n        emit Withdrawn", "emit Withdrawn"),
    ),
    "a settled seat is paid for its contracted tasks instead of its announced ones": (
        Change(
            "amount = uint256(int256(amount + h.bond + cost) - shares[seat]);",
            "cost = amount; amount = uint256(int256(amount + h.bond + cost) - shares[seat]);",
        ),
    ),
    "a join need not name the parameters": (
        Change(
            "revert AlreadyJoined(seat);\n        _requireDigest(game, digest);",
            "revert AlreadyJoined(seat);\n        digest;",
        ),
    ),
    "an announcement's hash leaves out the earlier ones": (
        Change(
            "keccak256(abi.encodePacked(digest, announcement))", "keccak256(abi.encodePacked(announcement))"
        ),
    ),
    "one window for all announcements": (
        Change(
            "game.status = _enter(status, h, Phase.Announcing).withTurn(seat + 1);",
            "game.status = status.withTurn(seat + 1);",
        ),
    ),
    "a game without savings is bargained over": (
        Change("} else if (total < h.contractedCost) {", "} else if (total <= h.contractedCost) {"),
    ),
    "one round more than allowed": (
        Change("} else if (round < h.rounds) {", "} else if (round <= h.rounds) {"),
    ),
    "a proposal may not take a whole deposit": (
        Change("if (payment > int256(deposit)) revert", "if (payment >= int256(deposit)) revert"),
    ),
    "continuation and proposer are drawn from one seed": (
        Change("Draws.seed(_CONTINUATION, id, round, secrets)", "Draws.seed(_PROPOSER, id, round, secrets)"),
    ),
    "the order of the responders does not depend on the round": (
        Change("Draws.seed(_ORDER, id, round, secrets)", "Draws.seed(_ORDER, id, 1, secrets)"),
    ),
    "a fraction is met once too often": (
        Change("< uint32(packed >> 32)) return j;", "<= uint32(packed >> 32)) return j;"),
    ),
    "the shuffle leaves its last step out": (
        Change("for (uint256 k = length; k-- > 1;) {", "for (uint256 k = length; k-- > 2;) {", DRAWS),
    ),
    "a commitment is good for every seat": (
        Change(
            "return keccak256(abi.encode(id, seat, secret));",
            "seat; return keccak256(abi.encode(id, secret));",
            COMMIT_REVEAL,
        ),
    ),
    "a game's id does not depend on its creator": (
        Change(
            "abi.encode(block.chainid, address(this), creator, salt)",
            "abi.encode(block.chainid, address(this), salt)",
            COMMIT_REVEAL,
        ),
    ),
    "a later seat's spare capacity counts once too often": (
        Change(
            "if (x + spare < pool) revert AnnouncementTooLow",
            "if (x + spare + 1 < pool) revert AnnouncementTooLow",
        ),
    ),
    "a cost is taken for whole without a look at its last value": (
        Change("for (uint256 q = 1; q <= exponent; ++q) {", "for (uint256 q = 1; q < 2; ++q) {", COSTS),
    ),
    "the highest power lacks a factor": (
        Change(
            "for (uint256 k = (head >> 240) & 0xff; k > 2; --k) {",
            "for (uint256 k = (head >> 240) & 0xff; k > 3; --k) {",
            COSTS,
        ),
    ),
    "no bond is needed": (Change("if (h.bond == 0) revert ITwoStageMechanism.ZeroBond();", "", GAME_DATA),),
}


def sources_with(changes: tuple[Change, ...]) -> dict[str, str]:
    """The sources that a bug changes, with it. Each place must exist once, lest a bug be planted nowhere."""
    sources: dict[str, str] = {}
    for change in changes:
        text = sources.get(change.file) or (project_root() / change.file).read_text(encoding="utf-8")
        assert text.count(change.old) == 1, (
            f"{change.file} holds {text.count(change.old)} times: {change.old}"
        )
        sources[change.file] = text.replace(change.old, change.new)
    return sources


def the_campaign_finds(changes: tuple[Change, ...]) -> None:
    contract = OnChain(open_evm("revm"), mechanism=planted(sources_with(changes)))
    with pytest.raises(MismatchError):
        run_campaign(contract, RUNS, STEPS)


@pytest.mark.parametrize("bug", FIRST)
def test_campaign_finds_a_planted_bug(bug: str) -> None:
    the_campaign_finds(FIRST[bug])


@pytest.mark.deep
@pytest.mark.parametrize("bug", MORE)
def test_campaign_finds_a_further_planted_bug(bug: str) -> None:
    the_campaign_finds(MORE[bug])


@pytest.mark.parametrize("bug", [*FIRST, *MORE])
def test_every_bug_still_has_its_place(bug: str) -> None:
    assert sources_with({**FIRST, **MORE}[bug])
