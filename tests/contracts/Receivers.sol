// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice Takes no money, and says nothing.
contract Refusing {}

/// @notice Takes no money, and says why.
contract RefusingWithReason {
    error Refused(uint256 amount);

    receive() external payable {
        revert Refused(msg.value);
    }
}

/// @notice Holds a seat, and when it is paid, makes one more call before it is content.
contract Reentrant {
    address private _target;
    bytes private _again;

    uint256 public paid;
    bool public attempted;
    bool public succeeded;
    bytes public answer;

    function execute(address target, bytes calldata data) external payable {
        (bool ok, bytes memory output) = target.call{value: msg.value}(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(output, 32), mload(output))
            }
        }
    }

    function onPayment(address target, bytes calldata again) external {
        _target = target;
        _again = again;
    }

    receive() external payable {
        paid += msg.value;
        if (_target == address(0) || attempted) return;
        attempted = true;
        (succeeded, answer) = _target.call(_again);
    }
}
