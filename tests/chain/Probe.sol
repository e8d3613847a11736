// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// A contract that shows what an EVM does: time, value, events, reverts, creation, transient storage.
contract Child {
    event Born(address indexed parent, uint256 value);

    constructor() payable {
        emit Born(msg.sender, msg.value);
    }

    function refuse(uint256 reason) external pure {
        revert Probe.Bad(reason, "child");
    }
}

contract Probe {
    struct Pair {
        uint8 left;
        int128 right;
    }

    event Noted(bytes32 indexed id, uint256 seat, uint256[] values);
    event Named(string indexed name, string text, Pair pair);
    event Unnamed(uint256 a) anonymous;

    error Bad(uint256 reason, bytes text);

    uint256 public count;
    uint256 private transient mark;
    uint256 private immutable salt;

    constructor(uint256 salt_) payable {
        salt = salt_;
    }

    receive() external payable {}

    function note(bytes32 id, uint256 seat) external payable returns (uint256) {
        uint256[] memory values = new uint256[](2);
        values[0] = seat;
        values[1] = msg.value;
        count += 1;
        emit Noted(id, seat, values);
        return count;
    }

    function name(string calldata text, int128 right) external returns (Pair memory pair) {
        pair = Pair(7, right);
        emit Named(text, text, pair);
        emit Unnamed(count);
    }

    function bad(uint256 reason, bytes calldata text) external payable {
        count += 1;
        emit Unnamed(reason);
        revert Bad(reason, text);
    }

    function raw(bytes calldata text) external pure {
        bytes memory copy = text;
        assembly ("memory-safe") {
            revert(add(copy, 32), mload(copy))
        }
    }

    function halt() external {
        count += 1;
        assembly ("memory-safe") {
            invalid()
        }
    }

    function spin() external view {
        uint256 x;
        while (x <= count + 1e30) x += salt;
    }

    /// How deep calls can nest before gas or depth runs out.
    function dive() external view returns (uint256) {
        try this.dive() returns (uint256 depth) {
            return depth + 1;
        } catch {
            return 0;
        }
    }

    function divide(uint256 by) external pure returns (uint256) {
        return 100 / by;
    }

    function environment() external view returns (uint256, uint256, uint256, address, uint256) {
        return (block.timestamp, block.chainid, block.prevrandao, block.coinbase, salt);
    }

    function marked() external returns (uint256 before) {
        before = mark;
        mark = 7;
    }

    function make() external payable returns (Child child) {
        child = new Child{value: msg.value}();
        try child.refuse(5) {}
        catch (bytes memory reason) {
            emit Named("caught", string(reason), Pair(1, -1));
        }
    }

    function pay(address payable to, uint256 amount) external {
        (bool paid,) = to.call{value: amount}("");
        if (!paid) revert Bad(amount, "unpaid");
    }
}
