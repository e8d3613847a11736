// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Sums over task types
library Totals {
    /// @notice Σ_t a_t.
    function sum(uint256[] calldata a) internal pure returns (uint256 total) {
        for (uint256 t = 0; t < a.length; ++t) {
            total += a[t];
        }
    }

    /// @notice Σ_t max(a_t, b_t).
    function sumOfMaxima(uint256[] calldata a, uint256[] calldata b) internal pure returns (uint256 total) {
        for (uint256 t = 0; t < a.length; ++t) {
            total += a[t] > b[t] ? a[t] : b[t];
        }
    }
}
