// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRecognition} from "../../interfaces/IRecognition.sol";
import {Totals} from "./Totals.sol";

/// @title p*: the maximal announcement as a share of what remains.
/// @notice Gudmundsson, Hougaard and Platz, Theorem 1: g(j) = Σ_t x̄_jt / R_j. Agent 1's maximal
/// announcement is d_1, so that g(1) is its share of the contracts.
contract PStarRecognition is IRecognition {
    /// @inheritdoc IRecognition
    function fraction(Turn calldata turn) external pure returns (uint256 numerator, uint256 denominator) {
        return (Totals.sum(turn.maximal), turn.remaining);
    }
}
