// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRecognition} from "../../interfaces/IRecognition.sol";
import {Totals} from "./Totals.sol";

/// @title p̃: probabilities proportional to contracted tasks.
/// @notice g(j) = Σ_t d_jt / Σ_{i≥j,t} d_it.
contract ContractProportionalRecognition is IRecognition {
    /// @inheritdoc IRecognition
    function fraction(Turn calldata turn) external pure returns (uint256 numerator, uint256 denominator) {
        return (Totals.sum(turn.contracted), turn.contractedFrom);
    }
}
