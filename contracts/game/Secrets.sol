// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {CommitReveal} from "../randomness/CommitReveal.sol";
import {Memory} from "../storage/Memory.sol";
import {Games} from "./Games.sol";
import {ISecrets} from "./ISecrets.sol";

/// @title Games in which seats commit to secrets and reveal them
/// @notice See `ISecrets`.
abstract contract Secrets is Games, ISecrets {
    function _requireCommitment(bytes32 given) internal pure {
        if (given == 0) revert ZeroCommitment();
    }

    /// @dev The secret must open what the seat has committed to.
    /// @param committed what the commitment was made from: the secret, or a hash of it and something else
    function _requireOpens(Game storage game, bytes32 id, uint256 seat, bytes32 secret, bytes32 committed)
        internal
        view
    {
        if (secret == 0) revert ZeroSecret();
        bytes32 current = game.commitments[seat];
        if (CommitReveal.commitment(id, seat, committed) != current) revert WrongSecret(seat, current);
    }

    /// @dev keccak256(digest ‖ all commitments in seat order): they fix the secrets, and so the draw that a reveal
    /// contributes to.
    function _withCommitments(Game storage game, bytes32 digest, uint256 agents) internal view returns (bytes32) {
        unchecked {
            // At most 65 words.
            uint256 length = 32 * (agents + 1);
            uint256 ptr = Memory.allocate(length);
            Memory.store(ptr, uint256(digest));
            for (uint256 i = 0; i < agents; ++i) {
                Memory.store(ptr + 32 * (i + 1), uint256(game.commitments[i]));
            }
            return Memory.hash(ptr, length);
        }
    }

    /// @dev Commitments, or the secrets in their place, in seat order; a zero word for each seat not in the set.
    function _commitments(Game storage game, uint256 agents, uint256 set)
        internal
        view
        returns (bytes32[] memory words)
    {
        words = new bytes32[](agents);
        for (uint256 i = 0; i < agents; ++i) {
            if ((set >> i) & 1 != 0) words[i] = game.commitments[i];
        }
    }
}
