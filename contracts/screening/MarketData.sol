// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Head, Pages} from "../game/Pages.sol";
import {IRayMarket} from "../interfaces/IRayMarket.sol";
import {CodeStorage} from "../storage/CodeStorage.sol";
import {Memory} from "../storage/Memory.sol";
import {Column} from "./Columns.sol";

/// @title The common knowledge of a market, as constant data
/// @notice Checks the parameters of a market and keeps what play needs of them as the code of a data contract:
///
///   0 96 | window 32 | agents 8 | tasks 8 | 0 112,
///   then for each agent its address 160 | remedial 1 | 0 3 | columns 4,
///   then of each agent its columns, a word each: of its rays, or of what a remedial menu lets it give up.
library MarketData {
    uint256 internal constant MIN_TASKS = 2;
    /// @dev A column is one word.
    uint256 internal constant MAX_TASKS = 8;
    uint256 internal constant MAX_QUANTITY = 2 ** 20 - 1;
    int256 internal constant MAX_COST = 2 ** 31 - 1;
    /// @dev In place of a number of rays.
    uint256 internal constant REMEDIAL = 255;

    uint256 private constant _AGENT = 21;
    uint256 private constant _REMEDIAL_BIT = 0x80;
    uint256 private constant _COLUMNS = 0x0f;
    /// @dev Where the last byte of a seat's record is in a word that begins with it.
    uint256 private constant _MENU = 88;
    uint256 private constant _WORD = 32;

    // ────────────────────────────────────────────── reading ──────────────────────────────────────────────

    function tasks(Head h) internal pure returns (uint256) {
        return uint8(Head.unwrap(h) >> 112);
    }

    /// @notice Where the record of a seat, or what follows that of the last one, is in the page.
    function place(uint256 seat) internal pure returns (uint256) {
        unchecked {
            // At most 64 seats.
            return Pages.HEAD + _AGENT * seat;
        }
    }

    /// @notice How many trading sets a seat has beside its status quo.
    /// @param word of the page from the seat's record on
    function sets(uint256 word) internal pure returns (uint256) {
        uint256 menu = uint8(word >> _MENU);
        return menu & _REMEDIAL_BIT != 0 ? 1 : menu;
    }

    /// @notice The columns of the sets that were chosen.
    /// @param choices four bits a seat
    /// @return ptr where they are in memory, one to a word
    /// @return count how many they are
    function columns(Head h, address page, uint256 choices) internal view returns (uint256 ptr, uint256 count) {
        unchecked {
            // A page is shorter than 2^15 bytes.
            uint256 length = page.code.length - 1;
            uint256 start = Memory.allocate(length + _WORD);
            CodeStorage.read(page, 0, start, length);
            uint256 seat = start + Pages.HEAD;
            uint256 column = start + place(h.agents());
            ptr = Memory.allocate(length);
            for (; choices != 0; choices >>= 4) {
                uint256 menu = Memory.load(seat) >> _MENU;
                uint256 there = menu & _COLUMNS;
                uint256 choice = choices & 0xf;
                if (choice != 0) {
                    bool one = menu & _REMEDIAL_BIT == 0;
                    uint256 first = one ? choice - 1 : 0;
                    uint256 many = one ? 1 : there;
                    Memory.copy(ptr + _WORD * count, column + _WORD * first, _WORD * many);
                    count += many;
                }
                seat += _AGENT;
                column += _WORD * there;
            }
        }
    }

    // ────────────────────────────────────────────── writing ──────────────────────────────────────────────

    /// @notice Check everything that creation promises to check, and store the page.
    function store(IRayMarket.Parameters calldata p) internal returns (address page) {
        uint256 n = p.agents.length;
        Pages.checkCount(n, 1);
        uint256 m = p.tasks;
        if (m < MIN_TASKS || m > MAX_TASKS) revert IRayMarket.TaskCountOutOfRange(m);
        Pages.checkAgents(p.agents);
        Pages.checkWindow(p.choosingWindow);
        Pages.checkWindow(p.postingWindow);
        _checkLengths(p, n, m);
        _checkNumbers(p);
        unchecked {
            // At most 64 agents and 8 tasks.
            uint256 start = CodeStorage.allocate(place(n) + _WORD * m * n);
            Memory.store(start, Head.unwrap(Pages.toHead(0, p.postingWindow, n)) | (m << 112));
            _writeSeats(p, start + Pages.HEAD);
            uint256 end = _writeColumns(p, start + place(n));
            page = CodeStorage.write(start, end - start);
        }
    }

    function _checkLengths(IRayMarket.Parameters calldata p, uint256 n, uint256 m) private pure {
        unchecked {
            // At most 64 agents, 8 tasks, and 254 rays as yet.
            _checkLength(p.costs.length, n * m);
            _checkLength(p.statusQuo.length, n * m);
            _checkLength(p.menus.length, n);
            uint256 rays = 0;
            for (uint256 j = 0; j < n; ++j) {
                rays += _rays(p.menus, j);
            }
            _checkLength(p.endpoints.length, rays * m);
        }
    }

    function _checkLength(uint256 length, uint256 expected) private pure {
        if (length != expected) revert IRayMarket.LengthMismatch(length, expected);
    }

    function _rays(uint8[] calldata menus, uint256 seat) private pure returns (uint256 count) {
        count = menus[seat];
        if (count == REMEDIAL) count = 0;
    }

    function _checkNumbers(IRayMarket.Parameters calldata p) private pure {
        _checkQuantities(p.statusQuo);
        _checkQuantities(p.endpoints);
        int64[] calldata costs = p.costs;
        for (uint256 k = 0; k < costs.length; ++k) {
            int256 cost = costs[k];
            if (cost > MAX_COST || cost < -MAX_COST) revert IRayMarket.CostOutOfRange(cost);
        }
        for (uint256 j = 0; j < p.menus.length; ++j) {
            uint256 rays = _rays(p.menus, j);
            if (rays > p.tasks) revert IRayMarket.TooManyRays(j, rays, p.tasks);
        }
    }

    function _checkQuantities(uint32[] calldata quantities) private pure {
        for (uint256 k = 0; k < quantities.length; ++k) {
            if (quantities[k] > MAX_QUANTITY) revert IRayMarket.QuantityOutOfRange(quantities[k]);
        }
    }

    /// @dev Write the record of each seat.
    function _writeSeats(IRayMarket.Parameters calldata p, uint256 ptr) private pure {
        unchecked {
            // At most 64 agents and 8 tasks.
            uint256 m = p.tasks;
            uint32[] calldata statusQuo = p.statusQuo;
            for (uint256 j = 0; j < p.agents.length; ++j) {
                uint256 menu = p.menus[j];
                if (menu == REMEDIAL) menu = _REMEDIAL_BIT | _held(statusQuo[j * m:(j + 1) * m]);
                Memory.store(ptr, (uint256(uint160(p.agents[j])) << 96) | (menu << _MENU));
                ptr += _AGENT;
            }
        }
    }

    /// @dev Of how many tasks there is something.
    function _held(uint32[] calldata quantities) private pure returns (uint256 count) {
        unchecked {
            // At most 8 tasks.
            for (uint256 i = 0; i < quantities.length; ++i) {
                if (quantities[i] != 0) ++count;
            }
        }
    }

    /// @dev Write the columns of all seats, and check that rays are rays, at full length, and polarized.
    /// @return end of the columns
    function _writeColumns(IRayMarket.Parameters calldata p, uint256 ptr) private pure returns (uint256 end) {
        unchecked {
            // At most 64 agents, 8 tasks and 8 rays.
            uint256 m = p.tasks;
            uint32[] calldata endpoints = p.endpoints;
            uint256 shortSeat = 0;
            uint256 shortRay = 0;
            end = ptr;
            for (uint256 j = 0; j < p.agents.length; ++j) {
                int64[] calldata costs = p.costs[j * m:(j + 1) * m];
                uint32[] calldata held = p.statusQuo[j * m:(j + 1) * m];
                uint256 rays = _rays(p.menus, j);
                for (uint256 k = 1; k <= rays; ++k) {
                    (Column ray, bool monotone, bool full) = _ray(costs, held, endpoints[:m]);
                    if (monotone) revert IRayMarket.MonotoneRay(j, k);
                    if (!full && shortRay == 0) (shortSeat, shortRay) = (j, k);
                    Memory.store(end, Column.unwrap(ray));
                    end += _WORD;
                    endpoints = endpoints[m:];
                }
                if (p.menus[j] == REMEDIAL) end = _writeRemedial(costs, held, end);
            }
            if (shortRay != 0) revert IRayMarket.RayNotFull(shortSeat, shortRay);
            _checkPolarized(p, ptr);
        }
    }

    /// @return ray its column
    /// @return monotone whether it takes nothing, or gives up nothing
    /// @return full whether something that it gives up runs out
    function _ray(int64[] calldata costs, uint32[] calldata held, uint32[] calldata endpoint)
        private
        pure
        returns (Column ray, bool monotone, bool full)
    {
        unchecked {
            // At most 8 tasks; quantities are below 2^20.
            bool takes = false;
            bool gives = false;
            for (uint256 i = 0; i < endpoint.length; ++i) {
                int256 left = int256(uint256(endpoint[i]));
                int256 change = left - int256(uint256(held[i]));
                if (change > 0) takes = true;
                if (change < 0) gives = true;
                if (change < 0 && left == 0) full = true;
                ray = ray.including(i, change, costs[i]);
            }
            monotone = !takes || !gives;
        }
    }

    /// @dev For each task of which the seat has some, a column that gives up all of it.
    /// @return end of these columns
    function _writeRemedial(int64[] calldata costs, uint32[] calldata held, uint256 ptr)
        private
        pure
        returns (uint256 end)
    {
        unchecked {
            // At most 8 tasks; quantities are below 2^20.
            end = ptr;
            for (uint256 i = 0; i < held.length; ++i) {
                int256 change = -int256(uint256(held[i]));
                if (change != 0) {
                    Memory.store(end, Column.unwrap(Column.wrap(0).including(i, change, costs[i])));
                    end += _WORD;
                }
            }
        }
    }

    /// @dev Check that no type likes two rays of a menu.
    /// @param ptr where the columns of all seats are
    function _checkPolarized(IRayMarket.Parameters calldata p, uint256 ptr) private pure {
        unchecked {
            // At most 64 agents, 8 tasks and 8 rays.
            uint256 m = p.tasks;
            for (uint256 j = 0; j < p.agents.length; ++j) {
                uint256 rays = _rays(p.menus, j);
                if (rays > 1) _checkCrossings(j, ptr, m, _givers(j, ptr, m, rays));
                uint256 many = p.menus[j] == REMEDIAL ? _held(p.statusQuo[j * m:(j + 1) * m]) : rays;
                ptr += _WORD * many;
            }
        }
    }

    /// @dev Which ray gives up which task; no two may give up the same.
    /// @param ptr where the seat's columns are
    /// @return givers by task the number of the ray, or 0
    function _givers(uint256 seat, uint256 ptr, uint256 m, uint256 rays)
        private
        pure
        returns (uint256[MAX_TASKS] memory givers)
    {
        unchecked {
            // At most 8 tasks and 8 rays.
            for (uint256 k = 1; k <= rays; ++k) {
                Column ray = Column.wrap(Memory.load(ptr));
                for (uint256 a = 0; a < m; ++a) {
                    if (ray.change(a) < 0) {
                        if (givers[a] != 0) revert IRayMarket.NotPolarized(seat, givers[a], k, a, a);
                        givers[a] = k;
                    }
                }
                ptr += _WORD;
            }
        }
    }

    /// @dev Check each pair of tasks that two rays give up: the closed form of polarization, as in Lemma 5.
    /// @param ptr where the seat's columns are
    function _checkCrossings(uint256 seat, uint256 ptr, uint256 m, uint256[MAX_TASKS] memory givers) private pure {
        unchecked {
            // Products are below 2^40.
            for (uint256 a = 0; a < m; ++a) {
                uint256 k = givers[a];
                if (k == 0) continue;
                Column one = Column.wrap(Memory.load(ptr + _WORD * (k - 1)));
                for (uint256 b = a + 1; b < m; ++b) {
                    uint256 l = givers[b];
                    if (l == 0 || l == k) continue;
                    Column other = Column.wrap(Memory.load(ptr + _WORD * (l - 1)));
                    if (one.change(a) * other.change(b) > one.change(b) * other.change(a)) {
                        if (k < l) revert IRayMarket.NotPolarized(seat, k, l, a, b);
                        revert IRayMarket.NotPolarized(seat, l, k, b, a);
                    }
                }
            }
        }
    }
}
