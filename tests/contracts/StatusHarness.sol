// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Status} from "../../contracts/game/Status.sol";

/// @notice What changes a game's status, to be called from outside with any word.
contract StatusHarness {
    function withPhase(uint256 word, uint8 phase) external pure returns (uint256) {
        return Status.unwrap(Status.wrap(word).withPhase(phase));
    }

    function withTurn(uint256 word, uint256 turn) external pure returns (uint256) {
        return Status.unwrap(Status.wrap(word).withTurn(turn));
    }

    function withDrawn(uint256 word, uint256 seat) external pure returns (uint256) {
        return Status.unwrap(Status.wrap(word).withDrawn(seat));
    }

    function withRound(uint256 word, uint256 round) external pure returns (uint256) {
        return Status.unwrap(Status.wrap(word).withRound(round));
    }

    function entering(uint256 word, uint8 phase, uint256 deadline) external pure returns (uint256) {
        return Status.unwrap(Status.wrap(word).entering(phase, deadline));
    }

    function ended(uint256 word, uint8 phase, uint8 cause) external pure returns (uint256) {
        return Status.unwrap(Status.wrap(word).ended(phase, cause));
    }

    function expired(uint256 word) external pure returns (uint256) {
        return Status.unwrap(Status.wrap(word).expired());
    }
}
