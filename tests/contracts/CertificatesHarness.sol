// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Certificates} from "../../contracts/assignment/Certificates.sol";
import {IAssignmentLottery} from "../../contracts/interfaces/IAssignmentLottery.sol";

/// @notice The library of certificates, to be called from outside.
contract CertificatesHarness {
    /// @param rankings as in reports; an empty one for a silent seat
    function store(
        IAssignmentLottery.Certificate calldata certificate,
        bytes[] calldata rankings,
        uint256[] memory capacities,
        bool eating
    ) external returns (address) {
        uint256[] memory packed = new uint256[](2 * rankings.length);
        for (uint256 i = 0; i < rankings.length; ++i) {
            for (uint256 k = 0; k < rankings[i].length; ++k) {
                packed[2 * i + k / 32] |= (uint256(uint8(rankings[i][k])) + 1) << (8 * (k % 32));
            }
        }
        Certificates.Revealed memory revealed =
            Certificates.Revealed(rankings.length, capacities.length, _data(packed), _data(capacities));
        return Certificates.store(certificate, revealed, eating);
    }

    function find(address page, uint256 agents, uint256 number)
        external
        view
        returns (uint256 term, bytes memory codes)
    {
        uint256 ptr;
        (term, ptr) = Certificates.find(page, Certificates.denominatorOf(page), agents, number);
        codes = new bytes(agents);
        assembly ("memory-safe") {
            mcopy(add(codes, 32), ptr, agents)
        }
    }

    function _data(uint256[] memory array) private pure returns (uint256 ptr) {
        assembly ("memory-safe") {
            ptr := add(array, 32)
        }
    }
}
