// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title A recognition function in stick-breaking form
/// @notice Agent j is recognized as proposer with probability
/// p_j = (1 − g(1)) ⋯ (1 − g(j − 1)) · g(j), where the fraction g(j) is known as soon as j has announced. A
/// recognition function is therefore one pure function of what is known by then. The mechanism calls it once per
/// announcement, freezes the answer and never calls it again.
interface IRecognition {
    /// @notice All that a fraction may depend on, at the moment agent j has announced. Quantities are integer units.
    struct Turn {
        /// Index of the announcing agent, from 0.
        uint256 agent;
        /// Number of agents n.
        uint256 agents;
        /// R_j: units not yet announced by the agents before j.
        uint256 remaining;
        /// Units contracted by agents j, …, n together.
        uint256 contractedFrom;
        /// d_j by task type.
        uint256[] contracted;
        /// x̄_j by task type: the maximal announcement given the earlier ones.
        uint256[] maximal;
        /// x_j by task type: what was announced.
        uint256[] announced;
    }

    /// @notice The fraction g(j). A zero denominator stands for g(j) = 0.
    /// @return numerator at most `denominator`
    /// @return denominator below 2^32
    function fraction(Turn calldata turn) external pure returns (uint256 numerator, uint256 denominator);
}
