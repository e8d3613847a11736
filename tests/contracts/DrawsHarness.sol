// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {CommitReveal} from "../../contracts/randomness/CommitReveal.sol";
import {Draws} from "../../contracts/randomness/Draws.sol";

/// @notice The libraries of draws, to be called from outside.
contract DrawsHarness {
    function commitment(bytes32 id, uint256 seat, bytes32 secret) external pure returns (bytes32) {
        return CommitReveal.commitment(id, seat, secret);
    }

    function seed(bytes32 purpose, bytes32 id, uint256 round, bytes32[] calldata secrets)
        external
        pure
        returns (bytes32)
    {
        return Draws.seed(purpose, id, round, secrets);
    }

    function uniform(bytes32 seed_, uint256 index, uint256 bound) external pure returns (uint256) {
        return Draws.uniform(seed_, index, bound);
    }

    function permutation(bytes32 seed_, uint256 count, uint256 omitted) external pure returns (uint256[2] memory) {
        return Draws.permutation(seed_, count, omitted);
    }

    function at(uint256[2] calldata order, uint256 k) external pure returns (uint256) {
        return Draws.at(order, k);
    }
}
