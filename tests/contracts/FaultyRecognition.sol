// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRecognition} from "../../contracts/interfaces/IRecognition.sol";

/// @notice A fraction above one.
contract AboveOneRecognition is IRecognition {
    function fraction(Turn calldata turn) external pure returns (uint256, uint256) {
        return (turn.remaining + 1, turn.remaining);
    }
}

/// @notice A fraction whose denominator is one more than fits.
contract TooFineRecognition is IRecognition {
    function fraction(Turn calldata) external pure returns (uint256, uint256) {
        return (1, 1 << 32);
    }
}

/// @notice Numbers that would look harmless in their lowest 32 bits.
contract HugeRecognition is IRecognition {
    function fraction(Turn calldata) external pure returns (uint256, uint256) {
        return ((1 << 255) + 1, (1 << 255) + 2);
    }
}

/// @notice The finest fraction that fits.
contract FinestRecognition is IRecognition {
    function fraction(Turn calldata) external pure returns (uint256, uint256) {
        return (type(uint32).max - 1, type(uint32).max);
    }
}

/// @notice No fraction at all: nobody but the last agent is ever recognized.
contract NobodyRecognition is IRecognition {
    function fraction(Turn calldata) external pure returns (uint256, uint256) {
        return (0, 0);
    }
}

/// @notice Refuses to answer.
contract RefusingRecognition is IRecognition {
    error NotToday(uint256 agent);

    function fraction(Turn calldata turn) external pure returns (uint256, uint256) {
        revert NotToday(turn.agent);
    }
}

/// @notice Answers with the hash of all that it was asked, to show that it is asked what the interface says.
contract RepeatingRecognition is IRecognition {
    function fraction(Turn calldata turn) external pure returns (uint256 numerator, uint256 denominator) {
        denominator = type(uint32).max;
        numerator = uint256(keccak256(abi.encode(turn))) % denominator;
    }
}

/// @notice Not pure: it wants to remember how often it was asked.
contract RememberingRecognition {
    uint256 public asked;

    function fraction(IRecognition.Turn calldata) external returns (uint256, uint256) {
        ++asked;
        return (0, 1);
    }
}

/// @notice Answers differently every second. It is no IRecognition, as that is pure, but answers like one.
contract FickleRecognition {
    function fraction(IRecognition.Turn calldata) external view returns (uint256, uint256) {
        return (block.timestamp % 7, 7);
    }
}
