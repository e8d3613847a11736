// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @dev What changes with nearly every action of a game, in one word (high bits left):
///
///   page 160 | deadline 40 | round 16 | lapsed 8 | drawn 8 | turn 8 | cause 8 | phase 8
///
/// Page: the code with the common knowledge, or with its first part. Lapsed: the phase whose deadline passed. Drawn:
/// the seat that a draw has chosen. Turn: whose turn it is, or how many have acted. Cause: why the game ended. Phases
/// and causes are numbers of the mechanism's own lists; phase 0 is that of a game that does not exist.
///
/// A word rather than a struct: it stays on the stack, where a struct in memory costs 300 gas more an action.
type Status is uint256;

using StatusLibrary for Status global;

/// @title Reading and changing a packed status
/// @dev Callers pass values that fit: enums, seats below 64, rounds below 2^16, and timestamps, which stay below 2^40
/// for the next thirty thousand years.
library StatusLibrary {
    uint256 private constant _CAUSE = 8;
    uint256 private constant _TURN = 16;
    uint256 private constant _DRAWN = 24;
    uint256 private constant _LAPSED = 32;
    uint256 private constant _ROUND = 40;
    uint256 private constant _DEADLINE = 56;
    uint256 private constant _PAGE = 96;

    /// @notice The status of a new game.
    function created(address page_, uint8 phase_, uint256 deadline_) internal pure returns (Status) {
        return Status.wrap((uint256(uint160(page_)) << _PAGE) | (deadline_ << _DEADLINE) | phase_);
    }

    function phase(Status self) internal pure returns (uint8) {
        return uint8(Status.unwrap(self));
    }

    function cause(Status self) internal pure returns (uint8) {
        return uint8(Status.unwrap(self) >> _CAUSE);
    }

    function turn(Status self) internal pure returns (uint256) {
        return uint8(Status.unwrap(self) >> _TURN);
    }

    function drawn(Status self) internal pure returns (uint256) {
        return uint8(Status.unwrap(self) >> _DRAWN);
    }

    function lapsed(Status self) internal pure returns (uint8) {
        return uint8(Status.unwrap(self) >> _LAPSED);
    }

    function round(Status self) internal pure returns (uint256) {
        return uint16(Status.unwrap(self) >> _ROUND);
    }

    function deadline(Status self) internal pure returns (uint256) {
        return uint40(Status.unwrap(self) >> _DEADLINE);
    }

    function page(Status self) internal pure returns (address) {
        return address(uint160(Status.unwrap(self) >> _PAGE));
    }

    function withPhase(Status self, uint8 phase_) internal pure returns (Status) {
        return _with(self, 0, 0xff, phase_);
    }

    function withTurn(Status self, uint256 turn_) internal pure returns (Status) {
        return _with(self, _TURN, 0xff, turn_);
    }

    function withDrawn(Status self, uint256 seat) internal pure returns (Status) {
        return _with(self, _DRAWN, 0xff, seat);
    }

    function withRound(Status self, uint256 round_) internal pure returns (Status) {
        return _with(self, _ROUND, 0xffff, round_);
    }

    /// @notice At the beginning of a phase, or of a turn in it: nobody has acted.
    function entering(Status self, uint8 phase_, uint256 deadline_) internal pure returns (Status) {
        uint256 kept = Status.unwrap(self) & ~((0xffffffffff << _DEADLINE) | (0xff << _TURN) | uint256(0xff));
        return Status.wrap(kept | (deadline_ << _DEADLINE) | phase_);
    }

    /// @notice Ended for a reason.
    function ended(Status self, uint8 phase_, uint8 cause_) internal pure returns (Status) {
        return _with(self, 0, 0xffff, (uint256(cause_) << _CAUSE) | phase_);
    }

    /// @notice With a note that the deadline of the current phase passed.
    function expired(Status self) internal pure returns (Status) {
        return _with(self, _LAPSED, 0xff, self.phase());
    }

    function _with(Status self, uint256 shift, uint256 mask, uint256 value) private pure returns (Status) {
        return Status.wrap((Status.unwrap(self) & ~(mask << shift)) | (value << shift));
    }
}
