// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRecognition} from "contracts/interfaces/IRecognition.sol";
import {Totals} from "contracts/coordination/recognition/Totals.sol";

/// @title Halfway between p* and the announcements themselves
/// @notice g(j) = (Σ_t x̄_jt + Σ_t x_jt) / 2R_j: what `half_and_half.py` says, for the chain.
contract HalfAndHalf is IRecognition {
    /// @inheritdoc IRecognition
    function fraction(Turn calldata turn) external pure returns (uint256 numerator, uint256 denominator) {
        return (Totals.sum(turn.maximal) + Totals.sum(turn.announced), 2 * turn.remaining);
    }
}
