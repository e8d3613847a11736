// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {CodeStorage} from "../../contracts/storage/CodeStorage.sol";
import {Memory} from "../../contracts/storage/Memory.sol";

/// @notice The library of constant data, to be called from outside.
contract StorageHarness {
    function write(bytes calldata data) external returns (address) {
        uint256 ptr = Memory.allocate(32 + data.length) + 32;
        Memory.copyIn(ptr, data);
        return CodeStorage.write(ptr, data.length);
    }

    function read(address store, uint256 offset, uint256 length) external view returns (bytes memory data) {
        data = new bytes(length);
        uint256 ptr;
        assembly ("memory-safe") {
            ptr := add(data, 32)
        }
        CodeStorage.read(store, offset, ptr, length);
    }
}
