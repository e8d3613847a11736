// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRecognition} from "../../interfaces/IRecognition.sol";
import {Totals} from "./Totals.sol";

/// @title p̌: as p*, with the last two agents' turns at the excess exchanged.
/// @notice The paper's example after Theorem 1 of a function that is consistent and top-agent proportional but does
/// not implement cost-effective allocations: g(n − 1) = Σ_t max(x_{n−1,t}, d_{n−1,t}) / R_{n−1}, else as p*.
contract ReorderedRecognition is IRecognition {
    /// @inheritdoc IRecognition
    function fraction(Turn calldata turn) external pure returns (uint256 numerator, uint256 denominator) {
        bool lastButOne = turn.agents >= 3 && turn.agent + 2 == turn.agents;
        numerator = lastButOne ? Totals.sumOfMaxima(turn.announced, turn.contracted) : Totals.sum(turn.maximal);
        denominator = turn.remaining;
    }
}
