// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Unbiased draws from a seed
/// @notice Integers by rejection, permutations by Fisher and Yates: every outcome has exactly its stated probability
/// if the seed is uniform. Draws with different indices, and seeds with different purposes, are independent.
library Draws {
    /// @notice keccak256(purpose ‖ id ‖ round ‖ the secrets in seat order).
    /// @param round what tells apart draws of one purpose in one game: a number, or a hash of what is drawn from
    /// @dev In seat order, so that nobody gains by choosing when to reveal; hashed together rather than summed or
    /// XORed, so that the last to reveal cannot solve for the outcome.
    function seed(bytes32 purpose, bytes32 id, uint256 round, bytes32[] memory secrets)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encodePacked(purpose, id, round, secrets));
    }

    /// @notice An integer in [0, bound), each with the same probability. `bound` must not be zero.
    function uniform(bytes32 seed_, uint256 index, uint256 bound) internal pure returns (uint256 r) {
        // 2^256 mod bound values at the top would favour small results; a hash among them is drawn again.
        uint256 highest;
        unchecked {
            // Cannot overflow: the remainder is below bound ≤ 2^256 − 1.
            highest = type(uint256).max - (type(uint256).max % bound + 1) % bound;
        }
        for (uint256 attempt = 0;; ++attempt) {
            r = uint256(keccak256(abi.encode(seed_, index, attempt)));
            if (r <= highest) return r % bound;
        }
    }

    /// @notice The integers below `count` but for `omitted`, in an order drawn uniformly: one byte each, the first in
    /// the lowest byte of the first word.
    /// @param count at most 65
    function permutation(bytes32 seed_, uint256 count, uint256 omitted)
        internal
        pure
        returns (uint256[2] memory order)
    {
        unchecked {
            // Every quantity is below 65, every byte access below 64.
            uint256 length = count - 1;
            for (uint256 k = 0; k < length; ++k) {
                set(order, k, k < omitted ? k : k + 1);
            }
            for (uint256 k = length; k-- > 1;) {
                uint256 r = uniform(seed_, k, k + 1);
                uint256 moved = at(order, k);
                set(order, k, at(order, r));
                set(order, r, moved);
            }
        }
    }

    /// @notice Entry k of a packed order.
    /// @param k below 64
    /// @dev In memory the lowest byte of a word comes last: byte k of the order is byte k ^ 31.
    function at(uint256[2] memory order, uint256 k) internal pure returns (uint256 entry) {
        assembly ("memory-safe") {
            entry := byte(0, mload(add(order, xor(k, 31))))
        }
    }

    /// @notice Let entry k of a packed order be another.
    /// @param k below 64
    /// @param value below 256
    function set(uint256[2] memory order, uint256 k, uint256 value) internal pure {
        assembly ("memory-safe") {
            mstore8(add(order, xor(k, 31)), value)
        }
    }
}
