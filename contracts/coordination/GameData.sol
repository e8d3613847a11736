// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ITwoStageMechanism} from "../interfaces/ITwoStageMechanism.sol";
import {CodeStorage} from "../storage/CodeStorage.sol";
import {Memory} from "../storage/Memory.sol";
import {CostFunctions} from "./CostFunctions.sol";

/// @title The common knowledge of a game, as constant data
/// @notice Checks the parameters of a game, digests them into what play will need of each seat, and keeps that as the
/// code of one or more data contracts ("pages").
/// @dev Each page is a header, the cost block if all agents share one, and the records of `seatsPerPage` seats:
///
///   header   recognition 160 | bond 96
///            F(D) 96 | continuation 32 / 32 | window 32 | rounds 16 | agents 8 | types 8 | seats per page 8 |
///            one cost function each 8 | segments 8 | unused 8
///   record   agent 160 | f(d) 96, units contracted from this seat on 32, and for each task type
///            capacity c 32 | contract d 32 | spare capacity of the later seats Σ_{k>j} (c_k − d_k) 32;
///            then the cost block if each agent has its own
///
/// Quantities have 32 bits as the total of C is below 2^32, costs 96 bits as Σ_i f_i(largest load) is below 2^96.
library GameData {
    struct Header {
        address recognition;
        uint256 bond;
        uint256 contractedCost;
        uint256 continuationNumerator;
        uint256 continuationDenominator;
        uint256 window;
        uint256 rounds;
        uint256 agents;
        uint256 taskTypes;
        uint256 seatsPerPage;
        bool ownCosts;
        uint256 segments;
    }

    /// @dev What creation knows of the matrices before it writes the first record.
    struct Totals {
        uint256 contracted;
        uint256 capacity;
        /// Σ_i f_i(largest load of i), bounded while the records are written.
        uint256 largestCost;
        uint256[] spare;
    }

    uint256 internal constant MIN_AGENTS = 2;
    /// @dev Bounds the work of a draw; seat bitmaps and orders are sized by it.
    uint256 internal constant MAX_AGENTS = 64;
    uint256 internal constant MAX_TASK_TYPES = 64;
    /// @dev Shorter than a few blocks, and an honest agent could miss it by bad luck.
    uint256 internal constant MIN_WINDOW = 60 seconds;
    /// @dev Bounds how long deposits can be locked.
    uint256 internal constant MAX_WINDOW = 30 days;

    uint256 private constant _HEADER = 64;
    /// @dev Bytes of a record before its task types, and for each of them.
    uint256 private constant _RECORD_HEAD = 36;
    uint256 private constant _TASK_TYPE = 12;

    // ────────────────────────────────────────────── reading ──────────────────────────────────────────────

    function header(address page) internal view returns (Header memory h) {
        uint256 ptr = Memory.allocate(_HEADER);
        CodeStorage.read(page, 0, ptr, _HEADER);
        uint256 word = Memory.load(ptr);
        h.recognition = address(uint160(word >> 96));
        h.bond = uint96(word);
        word = Memory.load(ptr + 32);
        h.contractedCost = word >> 160;
        h.continuationNumerator = uint32(word >> 128);
        h.continuationDenominator = uint32(word >> 96);
        h.window = uint32(word >> 64);
        h.rounds = uint16(word >> 48);
        h.agents = uint8(word >> 40);
        h.taskTypes = uint8(word >> 32);
        h.seatsPerPage = uint8(word >> 24);
        h.ownCosts = uint8(word >> 16) != 0;
        h.segments = uint8(word >> 8);
    }

    /// @notice Copy a seat's record to memory.
    /// @param page the page that holds the seat
    function record(Header memory h, address page, uint256 seat) internal view returns (uint256 ptr) {
        unchecked {
            // A page is shorter than 2^15 bytes.
            uint256 size = _recordSize(h.taskTypes, h.ownCosts, h.segments);
            uint256 offset = _HEADER + (h.ownCosts ? 0 : CostFunctions.blockSize(h.segments));
            ptr = Memory.allocate(size);
            CodeStorage.read(page, offset + (seat % h.seatsPerPage) * size, ptr, size);
        }
    }

    /// @notice The cost block that goes with a record.
    function costOf(Header memory h, address page, uint256 record_) internal view returns (uint256 ptr) {
        unchecked {
            if (h.ownCosts) return record_ + _RECORD_HEAD + _TASK_TYPE * h.taskTypes;
            uint256 size = CostFunctions.blockSize(h.segments);
            ptr = Memory.allocate(size);
            CodeStorage.read(page, _HEADER, ptr, size);
        }
    }

    function agent(uint256 record_) internal pure returns (address) {
        return address(uint160(Memory.load(record_) >> 96));
    }

    /// @notice f_i(d_i) in wei.
    function contractedCostOf(uint256 record_) internal pure returns (uint256) {
        return uint96(Memory.load(record_));
    }

    /// @notice Units contracted by this seat and the later ones.
    function contractedFrom(uint256 record_) internal pure returns (uint256) {
        return Memory.load(record_ + 32) >> 224;
    }

    /// @notice Of one task type: the seat's capacity c, its contract d, and the capacity that the later seats have
    /// beyond their own contracts, Σ_{k>j} (c_k − d_k).
    function taskType(uint256 record_, uint256 t)
        internal
        pure
        returns (uint256 capacity, uint256 contracted, uint256 spare)
    {
        unchecked {
            // A record is shorter than 2^11 bytes.
            uint256 word = Memory.load(record_ + _RECORD_HEAD + _TASK_TYPE * t);
            return (word >> 224, uint32(word >> 192), uint32(word >> 160));
        }
    }

    // ────────────────────────────────────────────── writing ──────────────────────────────────────────────

    /// @notice Check everything that creation promises to check, and store the pages.
    function store(ITwoStageMechanism.Parameters calldata p) internal returns (address[] memory pages) {
        Header memory h = _checkedHeader(p);
        _checkAgents(p.agents);
        Totals memory totals = _checkedTotals(p, h.taskTypes);
        uint256 costs = _checkedCosts(p, h);
        unchecked {
            // Sizes are below 2^24, seats below 2^7.
            uint256 size = _recordSize(h.taskTypes, h.ownCosts, h.segments);
            uint256 block_ = CostFunctions.blockSize(h.segments);
            uint256 front = _HEADER + (h.ownCosts ? 0 : block_);
            h.seatsPerPage = (CodeStorage.MAX_LENGTH - front) / size;
            if (h.seatsPerPage > h.agents) h.seatsPerPage = h.agents;

            // Task types are written as whole words over what follows, so 32 bytes of slack behind; the code prefix
            // wants as much before.
            uint256 records = Memory.allocate(32 + front + h.agents * size + 32) + 32 + front;
            uint256 from = totals.contracted;
            for (uint256 seat = 0; seat < h.agents; ++seat) {
                uint256 cost = h.ownCosts ? costs + seat * block_ : costs;
                from -= _writeRecord(records + seat * size, p, h, totals, seat, from, cost);
            }

            pages = new address[]((h.agents - 1) / h.seatsPerPage + 1);
            for (uint256 k = 0; k < pages.length; ++k) {
                // What stands before the slice belongs to the page before, which is stored already: it makes room for
                // this page's header.
                uint256 first = k * h.seatsPerPage;
                uint256 count = h.agents - first < h.seatsPerPage ? h.agents - first : h.seatsPerPage;
                uint256 start = records + first * size - front;
                _writeHeader(start, h);
                if (!h.ownCosts) Memory.copy(start + _HEADER, costs, block_);
                pages[k] = CodeStorage.write(start, front + count * size);
            }
        }
    }

    function _checkedHeader(ITwoStageMechanism.Parameters calldata p) private view returns (Header memory h) {
        uint256 n = p.agents.length;
        if (n < MIN_AGENTS || n > MAX_AGENTS) revert ITwoStageMechanism.AgentCountOutOfRange(n);
        uint256 m = p.taskTypes;
        if (m == 0 || m > MAX_TASK_TYPES) revert ITwoStageMechanism.TaskTypeCountOutOfRange(m);
        if (p.contracted.length != n * m || p.capacity.length != n * m) {
            revert ITwoStageMechanism.MatrixSizeMismatch(p.contracted.length, p.capacity.length, n * m);
        }
        h.continuationNumerator = p.continuationNumerator;
        h.continuationDenominator = p.continuationDenominator;
        if (h.continuationNumerator >= h.continuationDenominator) {
            revert ITwoStageMechanism.ContinuationOutOfRange(h.continuationNumerator, h.continuationDenominator);
        }
        h.bond = p.bond;
        // Without a bond withholding would tie wherever δ · p · Δ = 0, and could burn the others' savings for free.
        if (h.bond == 0) revert ITwoStageMechanism.ZeroBond();
        _checkWindow(p.joinWindow);
        _checkWindow(p.actionWindow);
        h.window = p.actionWindow;
        h.rounds = p.maxRounds;
        if (h.rounds == 0) revert ITwoStageMechanism.ZeroRounds();
        h.recognition = p.recognition;
        if (h.recognition.code.length == 0) revert ITwoStageMechanism.RecognitionWithoutCode(h.recognition);
        if (p.costs.length != 1 && p.costs.length != n) {
            revert ITwoStageMechanism.CostCountMismatch(p.costs.length, n);
        }
        h.agents = n;
        h.taskTypes = m;
        h.ownCosts = p.costs.length != 1;
    }

    function _checkWindow(uint256 window) private pure {
        if (window < MIN_WINDOW || window > MAX_WINDOW) revert ITwoStageMechanism.WindowOutOfRange(window);
    }

    function _checkAgents(address[] calldata agents) private pure {
        for (uint256 i = 0; i < agents.length; ++i) {
            address agent_ = agents[i];
            if (agent_ == address(0)) revert ITwoStageMechanism.ZeroAgent(i);
            for (uint256 j = 0; j < i; ++j) {
                if (agents[j] == agent_) revert ITwoStageMechanism.DuplicateAgent(i, j);
            }
        }
    }

    function _checkedTotals(ITwoStageMechanism.Parameters calldata p, uint256 m)
        private
        pure
        returns (Totals memory totals)
    {
        uint256[] memory spare = totals.spare = new uint256[](m);
        uint32[] calldata contracted = p.contracted;
        uint32[] calldata capacity = p.capacity;
        unchecked {
            // At most 2^12 quantities below 2^32.
            uint256 sumD = 0;
            uint256 sumC = 0;
            uint256 t = 0;
            for (uint256 k = 0; k < contracted.length; ++k) {
                uint256 d = contracted[k];
                uint256 c = capacity[k];
                if (c < d) revert ITwoStageMechanism.CapacityBelowContract(k / m, t, c, d);
                sumD += d;
                sumC += c;
                spare[t] += c - d;
                if (++t == m) t = 0;
            }
            totals.contracted = sumD;
            totals.capacity = sumC;
        }
        if (totals.contracted == 0) revert ITwoStageMechanism.NothingContracted();
        // Also bounds the total of D, which is no greater.
        if (totals.capacity > type(uint32).max) {
            revert ITwoStageMechanism.TooManyTasks(totals.contracted, totals.capacity);
        }
    }

    /// @dev Sets `h.segments` and returns the cost blocks, one after the other.
    function _checkedCosts(ITwoStageMechanism.Parameters calldata p, Header memory h)
        private
        pure
        returns (uint256 costs)
    {
        uint256 count = p.costs.length;
        for (uint256 k = 0; k < count; ++k) {
            if (p.costs[k].kind != ITwoStageMechanism.CostKind.Piecewise) continue;
            uint256 segments = p.costs[k].breakpoints.length;
            // Longer lists are refused when they are written; until then they must not size memory.
            if (segments > CostFunctions.MAX_SEGMENTS) segments = CostFunctions.MAX_SEGMENTS;
            if (segments > h.segments) h.segments = segments;
        }
        costs = Memory.allocate(count * CostFunctions.blockSize(h.segments) + 16);
        for (uint256 k = 0; k < count; ++k) {
            CostFunctions.write(costs + k * CostFunctions.blockSize(h.segments), p.costs[k], k);
        }
    }

    /// @return own the seat's contracted units
    function _writeRecord(
        uint256 ptr,
        ITwoStageMechanism.Parameters calldata p,
        Header memory h,
        Totals memory totals,
        uint256 seat,
        uint256 from,
        uint256 cost
    ) private pure returns (uint256 own) {
        unchecked {
            // Sums of at most 64 quantities below 2^32; 64 costs below 2^96.
            uint256 m = h.taskTypes;
            uint32[] calldata capacity = p.capacity[seat * m:(seat + 1) * m];
            uint32[] calldata contracted = p.contracted[seat * m:(seat + 1) * m];
            uint256[] memory spares = totals.spare;
            Memory.store(ptr + 32, from << 224);
            uint256 cell = ptr + _RECORD_HEAD;
            uint256 most = 0;
            for (uint256 t = 0; t < m; ++t) {
                uint256 c = capacity[t];
                uint256 d = contracted[t];
                uint256 spare = spares[t] - (c - d);
                spares[t] = spare;
                most += c;
                own += d;
                Memory.store(cell, (c << 224) | (d << 192) | (spare << 160));
                cell += _TASK_TYPE;
            }
            if (most > totals.contracted) most = totals.contracted;
            if (!CostFunctions.fits(cost, most)) revert ITwoStageMechanism.CostTooLarge(seat);
            totals.largestCost += CostFunctions.at(cost, most);
            if (totals.largestCost > type(uint96).max) revert ITwoStageMechanism.CostTooLarge(seat);

            uint256 ownCost = CostFunctions.at(cost, own);
            h.contractedCost += ownCost;
            Memory.store(ptr, (uint256(uint160(p.agents[seat])) << 96) | ownCost);
            if (h.ownCosts) Memory.copy(cell, cost, CostFunctions.blockSize(h.segments));
        }
    }

    function _writeHeader(uint256 ptr, Header memory h) private pure {
        Memory.store(ptr, (uint256(uint160(h.recognition)) << 96) | h.bond);
        Memory.store(
            ptr + 32,
            (h.contractedCost << 160) | (h.continuationNumerator << 128) | (h.continuationDenominator << 96)
                | (h.window << 64) | (h.rounds << 48) | (h.agents << 40) | (h.taskTypes << 32) | (h.seatsPerPage << 24)
                | (uint256(h.ownCosts ? 1 : 0) << 16) | (h.segments << 8)
        );
    }

    function _recordSize(uint256 m, bool ownCosts, uint256 segments) private pure returns (uint256) {
        unchecked {
            // At most 36 + 12 · 64 + 288 bytes.
            return _RECORD_HEAD + _TASK_TYPE * m + (ownCosts ? CostFunctions.blockSize(segments) : 0);
        }
    }
}
