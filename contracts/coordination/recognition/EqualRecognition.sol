// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRecognition} from "../../interfaces/IRecognition.sol";

/// @title Equal probabilities 1/n.
/// @notice g(j) = 1 / (n − j + 1) with agents numbered from 1.
contract EqualRecognition is IRecognition {
    /// @inheritdoc IRecognition
    function fraction(Turn calldata turn) external pure returns (uint256 numerator, uint256 denominator) {
        return (1, turn.agents - turn.agent);
    }
}
