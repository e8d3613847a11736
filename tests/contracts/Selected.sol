// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Which one of many variants of a contract this is
/// @notice The last word of the code is the number of the variant; 0 is the contract as it should be.
library Selected {
    /// @dev Where `ran` leaves a mark: no mapping and no array comes here.
    uint256 private constant _MARK = 0x8000000000000000000000000000000000000000000000000000000000000000;

    /// @notice Whether this is variant number `variant`.
    function chosen(uint256 variant) internal pure returns (bool yes) {
        assembly ("memory-safe") {
            codecopy(0, sub(codesize(), 32), 32)
            yes := eq(mload(0), variant)
        }
    }

    /// @notice The same, and leaves a mark in storage if so: a call that is not static can show that it came here.
    function ran(uint256 variant) internal pure returns (bool) {
        function(uint256) internal returns (bool) marking = _ran;
        function(uint256) internal pure returns (bool) asPure;
        assembly ("memory-safe") {
            asPure := marking
        }
        return asPure(variant);
    }

    function _ran(uint256 variant) private returns (bool yes) {
        yes = chosen(variant);
        if (yes) {
            assembly ("memory-safe") {
                sstore(_MARK, 1)
            }
        }
    }
}
