// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @dev How a seat's tasks change with a whole share of something, in one word (high bits left):
///
///   social cost 64 | change of task 7: 24 | … | change of task 0: 24
///
/// All are signed. A change is below 2^20, and the social cost, the sum of eight products of it with a cost below 2^31,
/// below 2^54.
type Column is uint256;

using ColumnLibrary for Column global;

/// @title Reading and making columns
library ColumnLibrary {
    uint256 private constant _CHANGE = 24;
    uint256 private constant _COST = 192;

    /// @notice π·κ.
    function cost(Column self) internal pure returns (int256) {
        return int64(uint64(Column.unwrap(self) >> _COST));
    }

    /// @notice κ_i.
    /// @param task below 8
    function change(Column self, uint256 task) internal pure returns (int256) {
        unchecked {
            // At most 7 · 24.
            return int24(uint24(Column.unwrap(self) >> (_CHANGE * task)));
        }
    }

    /// @notice p·κ. Most of a posting's gas goes here, so it is no loop.
    /// @param p prices of tasks, below 2^231
    /// @return below 2^254
    function worth(Column self, int232[8] memory p) internal pure returns (int256) {
        unchecked {
            // Eight products below 2^251.
            return p[0] * change(self, 0) + p[1] * change(self, 1) + p[2] * change(self, 2) + p[3] * change(self, 3)
                + p[4] * change(self, 4) + p[5] * change(self, 5) + p[6] * change(self, 6) + p[7] * change(self, 7);
        }
    }

    /// @notice With the change of one more task.
    /// @param task below 8, of which there was none
    /// @param change_ of it, below 2^20
    /// @param cost_ of a unit of it, below 2^31
    function including(Column self, uint256 task, int256 change_, int256 cost_) internal pure returns (Column) {
        unchecked {
            // See `Column`.
            uint256 changes = (Column.unwrap(self) << 64) >> 64;
            uint256 lane = uint256(uint24(int24(change_))) << (_CHANGE * task);
            return Column.wrap((uint256(cost(self) + cost_ * change_) << _COST) | changes | lane);
        }
    }
}
