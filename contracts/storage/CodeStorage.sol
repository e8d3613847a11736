// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Memory} from "./Memory.sol";

/// @title Constant data kept as the code of a contract
/// @notice Writing costs 200 gas a byte instead of 22,100 a word, reading 2,600 gas once instead of 2,100 a word; and
/// code cannot change. The first byte is STOP, so that the contract does nothing when called.
library CodeStorage {
    /// @notice Longest data that one contract can hold: the code size limit less the STOP byte.
    uint256 internal constant MAX_LENGTH = 24_575;

    /// @notice Set aside memory for data that will be written: `length` bytes, 32 before them for the code prefix, and
    /// 32 behind, so that whole words can be stored and loaded anywhere in them.
    function allocate(uint256 length) internal pure returns (uint256 ptr) {
        unchecked {
            // No block has the gas for so much memory that this overflows.
            return Memory.allocate(length + 64) + 32;
        }
    }

    /// @notice Deploy a contract whose code is STOP followed by `length` bytes of memory from `ptr`.
    /// @dev The 11 bytes before `ptr` are overwritten. Nothing but want of gas keeps such a contract from being created;
    /// then the whole call runs out of gas, as the 64th part of it that is left would not do by itself.
    function write(uint256 ptr, uint256 length) internal returns (address store) {
        // 61 size, 80 (dup), 60 0a, 3d (zero), 39 (codecopy), 3d (zero), f3 (return), then the code: 00 data
        uint256 prefix = (0x61 << 80) | ((length + 1) << 64) | 0x80600a3d393df300;
        assembly ("memory-safe") {
            let word := mload(sub(ptr, 32))
            mstore(sub(ptr, 32), or(shl(88, shr(88, word)), prefix))
            store := create(0, sub(ptr, 11), add(length, 11))
        }
        if (store == address(0)) _runOutOfGas();
    }

    /// @notice Copy `length` bytes of data from `offset` to memory at `ptr`.
    function read(address store, uint256 offset, uint256 ptr, uint256 length) internal view {
        assembly ("memory-safe") {
            extcodecopy(store, ptr, add(offset, 1), length)
        }
    }

    /// @notice One word of data; zeros behind its end.
    function load(address store, uint256 offset) internal view returns (uint256 value) {
        assembly ("memory-safe") {
            extcodecopy(store, 0, add(offset, 1), 32)
            value := mload(0)
        }
    }

    /// @dev No block has the gas for four more gigabytes of memory.
    function _runOutOfGas() private pure {
        assembly ("memory-safe") {
            mstore(add(mload(0x40), 0xffffffff), 0)
        }
    }
}
