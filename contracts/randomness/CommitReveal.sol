// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Commitments to secrets, and the ids that they are bound to
library CommitReveal {
    /// @notice keccak256(abi.encode(chain id, this contract, creator, salt)): known before a game is created, and in
    /// everything that is committed to or drawn.
    function gameId(address creator, bytes32 salt) internal view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), creator, salt));
    }

    /// @notice keccak256(abi.encode(id, seat, secret)): bound to game and seat, so that a copied or reused commitment
    /// opens to nothing.
    function commitment(bytes32 id, uint256 seat, bytes32 secret) internal pure returns (bytes32) {
        return keccak256(abi.encode(id, seat, secret));
    }
}
