// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ITeamContract} from "../interfaces/ITeamContract.sol";

/// @title Whether a contract for a team is feasible and fair
/// @notice See `ITeamContract`. Wages and costs are below 2^96, probabilities' numerators and denominators below 2^128, so
/// that no product overflows. Bounds on wages are rounded up: the least whole wei that would do.
library Fairness {
    /// @notice Check wages in linear time, one kind of condition after the other.
    /// @param whole F of the team, at most the denominator
    /// @param added what each member adds to the others
    function check(ITeamContract.Parameters calldata p, uint256 whole, uint256[] memory added) internal pure {
        _checkOrder(p.wages);
        _checkCutOffs(p, added);
        _checkEnvy(p.wages, whole, added);
        _checkPremiums(p, added);
    }

    function _checkOrder(uint96[] calldata wages) private pure {
        unchecked {
            // At most 64 seats, here and below.
            for (uint256 j = 1; j < wages.length; ++j) {
                if (wages[j] < wages[j - 1]) revert ITeamContract.WagesOutOfOrder(j);
            }
        }
    }

    /// @dev w_j m_j ≥ c_j D.
    function _checkCutOffs(ITeamContract.Parameters calldata p, uint256[] memory added) private pure {
        unchecked {
            uint256 d = p.denominator;
            for (uint256 j = 0; j < added.length; ++j) {
                uint256 cost = p.costs[j] * d;
                if (p.wages[j] * added[j] < cost) {
                    uint256 least = added[j] == 0 ? type(uint256).max : _ceil(cost, added[j]);
                    revert ITeamContract.BelowCutOff(j, p.wages[j], least);
                }
            }
        }
    }

    /// @dev w_j (F(S) − m_j) ≤ w_1 F(S) where w_j > w_1, the least wage.
    function _checkEnvy(uint96[] calldata wages, uint256 whole, uint256[] memory added) private pure {
        unchecked {
            uint256 lowest = wages[0];
            for (uint256 j = 1; j < added.length; ++j) {
                uint256 other = wages[j] * (whole - added[j]);
                if (wages[j] > lowest && other > lowest * whole) {
                    revert ITeamContract.Envy(0, j, lowest, _ceil(other, whole));
                }
            }
        }
    }

    /// @dev w⁻ m_j < c_j D, with w⁻ the largest wage below w_j.
    function _checkPremiums(ITeamContract.Parameters calldata p, uint256[] memory added) private pure {
        unchecked {
            uint256 d = p.denominator;
            // The last seat with a wage below the current one's, plus 1.
            uint256 below = 0;
            for (uint256 j = 1; j < added.length; ++j) {
                if (p.wages[j] > p.wages[j - 1]) below = j;
                if (below != 0 && p.wages[below - 1] * added[j] >= p.costs[j] * d) {
                    revert ITeamContract.UnjustifiedPremium(below - 1, j);
                }
            }
        }
    }

    function _ceil(uint256 a, uint256 b) private pure returns (uint256) {
        unchecked {
            // Below 2^225.
            return (a + b - 1) / b;
        }
    }
}
