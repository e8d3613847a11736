// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Commitments to secrets
library CommitReveal {
    /// @notice keccak256(abi.encode(id, seat, secret)): bound to game and seat, so that a copied or reused commitment
    /// opens to nothing.
    function commitment(bytes32 id, uint256 seat, bytes32 secret) internal pure returns (bytes32) {
        return keccak256(abi.encode(id, seat, secret));
    }
}
