// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";

import {IBonds} from "./IBonds.sol";

/// @title Games in which seats pay deposits, and may lose a bond
/// @notice See `IBonds`. An action that pays ends with `_pay`.
abstract contract Bonds is IBonds {
    /// @inheritdoc IBonds
    uint256 public burnt;

    function _requireDeposit(uint256 required) internal view {
        if (msg.value != required) revert WrongDeposit(msg.value, required);
    }

    /// @dev Pay a seat what it is owed, once its claim is gone from storage. Nobody but the payee is called.
    function _pay(bytes32 id, uint256 seat, address payable to, uint256 amount) internal {
        emit Withdrawn(id, seat, to, amount);
        Address.sendValue(to, amount);
    }
}
