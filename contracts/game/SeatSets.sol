// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @dev Four sets of seats in one word; in each, bit i is seat i's (high bits left):
///
///   withdrawn 64 | opened 64 | revealed 64 | committed 64
///
/// Committed: who takes part. Opened: whose second secret is known, where a mechanism asks for one.
type SeatSets is uint256;

using SeatSetsLibrary for SeatSets global;

/// @dev A set is named by the shift of its bit 0.
uint256 constant COMMITTED = 0;
uint256 constant REVEALED = 64;
uint256 constant OPENED = 128;
uint256 constant WITHDRAWN = 192;

/// @title Reading and changing sets of seats
library SeatSetsLibrary {
    /// @notice Whether a seat is in a set.
    /// @param seat below 64
    function has(SeatSets self, uint256 set, uint256 seat) internal pure returns (bool) {
        unchecked {
            // Below 256.
            return (SeatSets.unwrap(self) >> (set + seat)) & 1 != 0;
        }
    }

    /// @notice With a seat added to a set.
    /// @param seat below 64
    function including(SeatSets self, uint256 set, uint256 seat) internal pure returns (SeatSets) {
        unchecked {
            // Below 256.
            return SeatSets.wrap(SeatSets.unwrap(self) | (1 << (set + seat)));
        }
    }

    /// @notice One of the sets.
    function members(SeatSets self, uint256 set) internal pure returns (uint256) {
        return uint64(SeatSets.unwrap(self) >> set);
    }

    /// @notice The set of all seats.
    /// @param agents at most 64
    function all(uint256 agents) internal pure returns (uint256) {
        unchecked {
            // 2^64 at most.
            return (1 << agents) - 1;
        }
    }

    /// @notice How many seats a set has.
    function count(uint256 set) internal pure returns (uint256 seats) {
        unchecked {
            // At most 256; no set that is not empty is zero.
            for (; set != 0; set &= set - 1) {
                ++seats;
            }
        }
    }
}
