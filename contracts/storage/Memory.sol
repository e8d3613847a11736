// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Words and blocks of memory by address
/// @notice For data whose layout is its own business, drawn where it is defined.
library Memory {
    /// @notice Set aside `size` bytes; they are not zeroed.
    function allocate(uint256 size) internal pure returns (uint256 ptr) {
        assembly ("memory-safe") {
            ptr := mload(0x40)
            mstore(0x40, and(add(add(ptr, size), 31), not(31)))
        }
    }

    /// @notice Set aside `count` words of zeros.
    function zeroed(uint256 count) internal pure returns (uint256 ptr) {
        uint256[] memory array = new uint256[](count);
        assembly ("memory-safe") {
            ptr := add(array, 32)
        }
    }

    function load(uint256 ptr) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(ptr)
        }
    }

    function store(uint256 ptr, uint256 word) internal pure {
        assembly ("memory-safe") {
            mstore(ptr, word)
        }
    }

    function copy(uint256 to, uint256 from, uint256 length) internal pure {
        assembly ("memory-safe") {
            mcopy(to, from, length)
        }
    }

    function hash(uint256 ptr, uint256 length) internal pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            digest := keccak256(ptr, length)
        }
    }

    /// @notice Copy all of `data` to memory at `to`.
    function copyIn(uint256 to, bytes calldata data) internal pure {
        assembly ("memory-safe") {
            calldatacopy(to, data.offset, data.length)
        }
    }
}
