// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRayMarket} from "../interfaces/IRayMarket.sol";
import {Memory} from "../storage/Memory.sol";
import {Column} from "./Columns.sol";

/// @title Selections, verified by prices
/// @notice The checks are made in the order in which the interface lists their errors; `IRayMarket.Certificate` says
/// what they are, and what they prove.
library Selections {
    /// @dev What a certificate is checked against: columns in memory, one to a word.
    struct Columns {
        uint256 ptr;
        uint256 count;
        uint256 tasks;
    }

    /// @notice Check a certificate.
    /// @return shares of all columns, over its denominator
    function check(IRayMarket.Certificate calldata c, Columns memory g)
        internal
        pure
        returns (uint256[] memory shares)
    {
        int256 one = int256(uint256(c.denominator));
        if (one == 0) revert IRayMarket.ZeroDenominator();
        _checkOrder(c.basis, g);
        int232[8][] memory prices = _prices(c);
        _checkPrices(c.basis, g, prices, one);
        _checkShares(c);
        shares = _shares(c.basis, g, prices, one);
        _checkClearing(shares, g);
    }

    function _column(Columns memory g, uint256 k) private pure returns (Column) {
        unchecked {
            // At most 512 columns.
            return Column.wrap(Memory.load(g.ptr + 32 * k));
        }
    }

    function _checkOrder(IRayMarket.Basic[] calldata basis, Columns memory g) private pure {
        uint256 least = 0;
        for (uint256 t = 0; t < basis.length; ++t) {
            uint256 column = basis[t].column;
            if (column < least || column >= g.count) revert IRayMarket.BasisOutOfOrder(t, column);
            least = column + 1;
        }
    }

    /// @dev λ, then ν of each basic column. All are read, also those that are ignored: what does not fit its type is
    /// refused, so whoever decodes a posting can rely on types.
    function _prices(IRayMarket.Certificate calldata c) private pure returns (int232[8][] memory prices) {
        unchecked {
            // No call data has so many entries that this overflows.
            prices = new int232[8][](c.basis.length + 1);
            prices[0] = c.prices;
            for (uint256 t = 0; t < c.basis.length; ++t) {
                prices[t + 1] = c.basis[t].tiePrices;
            }
        }
    }

    function _checkPrices(IRayMarket.Basic[] calldata basis, Columns memory g, int232[8][] memory prices, int256 one)
        private
        pure
    {
        unchecked {
            // See `_socialCost`; a worth is below 2^254, and the denominator below 2^200.
            for (uint256 s = 0; s < basis.length; ++s) {
                uint256 k = basis[s].column;
                Column column = _column(g, k);
                int256 cost = _socialCost(column, prices[0], one);
                if (cost != 0) revert IRayMarket.NotBasic(k, 0, cost);
                for (uint256 level = 1; level < prices.length; ++level) {
                    cost = -column.worth(prices[level]);
                    if (level == s + 1) cost -= one;
                    if (cost != 0) revert IRayMarket.NotBasic(k, level, cost);
                }
            }
        }
    }

    function _checkShares(IRayMarket.Certificate calldata c) private pure {
        for (uint256 t = 0; t < c.basis.length; ++t) {
            uint256 share = c.basis[t].share;
            if (share > c.denominator) {
                revert IRayMarket.ShareOutOfRange(c.basis[t].column, share, c.denominator);
            }
        }
    }

    /// @dev The shares of basic columns are stated, those of others follow from what they cost.
    function _shares(IRayMarket.Basic[] calldata basis, Columns memory g, int232[8][] memory prices, int256 one)
        private
        pure
        returns (uint256[] memory shares)
    {
        unchecked {
            // At most 512 columns.
            shares = new uint256[](g.count);
            uint256 place = 0;
            uint256 next = basis.length != 0 ? basis[0].column : g.count;
            for (uint256 k = 0; k < g.count; ++k) {
                if (k == next) {
                    shares[k] = basis[place++].share;
                    next = place < basis.length ? basis[place].column : g.count;
                } else if (_cost(_column(g, k), prices, place, one) <= 0) {
                    shares[k] = uint256(one);
                }
            }
        }
    }

    /// @dev Of a column that is not basic, the first number that is not zero of its cost at λ and at ν of the basic
    /// columns before it.
    /// @param before how many these are
    function _cost(Column column, int232[8][] memory prices, uint256 before, int256 one)
        private
        pure
        returns (int256 cost)
    {
        unchecked {
            // Below 2^254.
            cost = _socialCost(column, prices[0], one);
            for (uint256 level = 1; cost == 0 && level <= before; ++level) {
                cost = -column.worth(prices[level]);
            }
        }
    }

    /// @dev (π − λ)·κ.
    function _socialCost(Column column, int232[8] memory prices, int256 one) private pure returns (int256) {
        unchecked {
            // Below 2^200 · 2^54 and below 2^254, with different signs at worst.
            return one * column.cost() - column.worth(prices);
        }
    }

    function _checkClearing(uint256[] memory shares, Columns memory g) private pure {
        unchecked {
            // At most 512 products of a share below 2^200 with a change below 2^20.
            int256[8] memory excess;
            for (uint256 k = 0; k < shares.length; ++k) {
                int256 share = int256(shares[k]);
                if (share == 0) continue;
                Column column = _column(g, k);
                for (uint256 i = 0; i < g.tasks; ++i) {
                    excess[i] += share * column.change(i);
                }
            }
            for (uint256 i = 0; i < g.tasks; ++i) {
                if (excess[i] != 0) revert IRayMarket.NotCleared(i, excess[i]);
            }
        }
    }
}
