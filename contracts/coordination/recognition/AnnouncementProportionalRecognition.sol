// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRecognition} from "../../interfaces/IRecognition.sol";
import {Totals} from "./Totals.sol";

/// @title Probabilities proportional to announced workloads.
/// @notice g(j) = Σ_t x_jt / R_j. Rewards announcing much: not cost-effective in general.
contract AnnouncementProportionalRecognition is IRecognition {
    /// @inheritdoc IRecognition
    function fraction(Turn calldata turn) external pure returns (uint256 numerator, uint256 denominator) {
        return (Totals.sum(turn.announced), turn.remaining);
    }
}
