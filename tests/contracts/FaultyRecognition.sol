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

/// @notice Uses all the gas that it is given.
contract BurningRecognition {
    fallback() external {
        while (true) {}
    }
}

/// @notice Uses nearly all the gas that it is given, and answers: it shows that it is given all of it.
contract ThoroughRecognition {
    function fraction(IRecognition.Turn calldata) external view returns (uint256, uint256) {
        uint256 began = gasleft();
        while (began - gasleft() < 140_000) {}
        return (1, 7);
    }
}

/// @notice Fails in the way that leaves no gas.
contract InvalidRecognition {
    fallback() external {
        assembly {
            invalid()
        }
    }
}

/// @notice Answers with less than two words.
contract ShortRecognition {
    fallback() external {
        assembly {
            mstore(0, 1)
            mstore(32, 1)
            return(0, 63)
        }
    }
}

/// @notice Takes every call and answers nothing.
contract SilentRecognition {
    fallback() external {}
}

/// @notice Reverts with more data than its caller would want to pay for.
contract BombRecognition {
    fallback() external {
        assembly {
            mstore(0, 1)
            mstore(32, 1)
            revert(0, 160000)
        }
    }
}

/// @notice Answers a fraction with as much data behind it.
contract LongRecognition {
    fallback() external {
        assembly {
            mstore(0, 2)
            mstore(32, 7)
            return(0, 160000)
        }
    }
}

/// @notice Deploys a recognition function, creates a game with it and destroys it, all in one transaction: the only way
/// in which code can still vanish.
contract Conjurer {
    /// @dev Called with nothing it destroys itself, called with anything it answers 2/7.
    bytes private constant _RUNTIME = hex"3660065733ff5b60025f52600760205260405ff3";

    function create(address mechanism, bytes calldata creation) external {
        bytes memory initcode = abi.encodePacked(hex"73", _RUNTIME, hex"5f526014600cf3");
        address conjured;
        assembly ("memory-safe") {
            conjured := create(0, add(initcode, 32), mload(initcode))
        }
        (bool created,) = mechanism.call(creation);
        (bool destroyed,) = conjured.call("");
        require(created && destroyed);
    }
}
