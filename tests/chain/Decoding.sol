// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// What the compiler's own decoders take and refuse: all of it is read, and given back coded anew.
contract Decoding {
    struct Part {
        uint8 small;
        int96 signed;
        uint16[] many;
        bytes text;
    }

    struct Whole {
        bool flag;
        bytes4 tag;
        address[] accounts;
        Part[] parts;
        uint256[2] pair;
        Part one;
    }

    event Emitted(bytes32 indexed id, Whole whole, int128[] numbers, bytes text, uint64 last);

    /// As what returns from a call is decoded.
    function fromMemory(bytes memory data) external pure returns (bytes memory) {
        (Whole memory whole, int128[] memory numbers, bytes memory text, uint64 last) =
            abi.decode(data, (Whole, int128[], bytes, uint64));
        return abi.encode(whole, numbers, text, last);
    }

    /// As what comes with a call is.
    function fromCalldata(Whole calldata whole, int128[] calldata numbers, bytes calldata text, uint64 last)
        external
        returns (bytes memory)
    {
        emit Emitted(bytes32(uint256(last)), whole, numbers, text, last);
        return abi.encode(whole, numbers, text, last);
    }
}
