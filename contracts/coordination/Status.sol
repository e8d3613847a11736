// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ITwoStageMechanism} from "../interfaces/ITwoStageMechanism.sol";

/// @dev What changes with nearly every action of a game, in one word (high bits left):
///
///   page 160 | deadline 40 | round 16 | lapsed 8 | proposer 8 | turn 8 | cause 8 | phase 8
type Status is uint256;

using StatusLibrary for Status global;

/// @title Reading and changing a packed status
library StatusLibrary {
    uint256 private constant _CAUSE = 8;
    uint256 private constant _TURN = 16;
    uint256 private constant _PROPOSER = 24;
    uint256 private constant _LAPSED = 32;
    uint256 private constant _ROUND = 40;
    uint256 private constant _DEADLINE = 56;
    uint256 private constant _PAGE = 96;

    /// @notice A game whose draft is the code of `draft`, with the rows of so many seats missing.
    function creating(address draft, uint256 missing) internal pure returns (Status) {
        return Status.wrap(
            (uint256(uint160(draft)) << _PAGE) | (missing << _TURN) | uint256(ITwoStageMechanism.Phase.Creating)
        );
    }

    /// @notice A game in its joining phase, whose first page of data is the code of `page_`.
    function opened(address page_, uint256 deadline_) internal pure returns (Status) {
        return Status.wrap(
            (uint256(uint160(page_)) << _PAGE) | (deadline_ << _DEADLINE) | uint256(ITwoStageMechanism.Phase.Joining)
        );
    }

    function phase(Status self) internal pure returns (ITwoStageMechanism.Phase) {
        return ITwoStageMechanism.Phase(Status.unwrap(self) & 0xff);
    }

    function cause(Status self) internal pure returns (ITwoStageMechanism.Cause) {
        return ITwoStageMechanism.Cause((Status.unwrap(self) >> _CAUSE) & 0xff);
    }

    function turn(Status self) internal pure returns (uint256) {
        return (Status.unwrap(self) >> _TURN) & 0xff;
    }

    function proposer(Status self) internal pure returns (uint256) {
        return (Status.unwrap(self) >> _PROPOSER) & 0xff;
    }

    function lapsed(Status self) internal pure returns (ITwoStageMechanism.Phase) {
        return ITwoStageMechanism.Phase((Status.unwrap(self) >> _LAPSED) & 0xff);
    }

    function round(Status self) internal pure returns (uint256) {
        return (Status.unwrap(self) >> _ROUND) & 0xffff;
    }

    function deadline(Status self) internal pure returns (uint256) {
        return (Status.unwrap(self) >> _DEADLINE) & 0xffffffffff;
    }

    function page(Status self) internal pure returns (address) {
        return address(uint160(Status.unwrap(self) >> _PAGE));
    }

    function withPhase(Status self, ITwoStageMechanism.Phase phase_) internal pure returns (Status) {
        return _with(self, 0, 0xff, uint256(phase_));
    }

    function withTurn(Status self, uint256 turn_) internal pure returns (Status) {
        return _with(self, _TURN, 0xff, turn_);
    }

    function withProposer(Status self, uint256 proposer_) internal pure returns (Status) {
        return _with(self, _PROPOSER, 0xff, proposer_);
    }

    function withRound(Status self, uint256 round_) internal pure returns (Status) {
        return _with(self, _ROUND, 0xffff, round_);
    }

    function withDeadline(Status self, uint256 deadline_) internal pure returns (Status) {
        return _with(self, _DEADLINE, 0xffffffffff, deadline_);
    }

    /// @notice Ended without agreement.
    function brokenDown(Status self, ITwoStageMechanism.Cause cause_) internal pure returns (Status) {
        return _with(self.withPhase(ITwoStageMechanism.Phase.BrokenDown), _CAUSE, 0xff, uint256(cause_));
    }

    /// @notice Ended because the deadline of the current phase passed.
    function expired(Status self) internal pure returns (Status) {
        return _with(self, _LAPSED, 0xff, uint256(self.phase())).brokenDown(ITwoStageMechanism.Cause.Expired);
    }

    /// @dev Callers pass values that fit: enums, seats below 64, rounds below 2^16, and timestamps, which stay below
    /// 2^40 for the next thirty thousand years.
    function _with(Status self, uint256 shift, uint256 mask, uint256 value) private pure returns (Status) {
        return Status.wrap((Status.unwrap(self) & ~(mask << shift)) | (value << shift));
    }
}
