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
///            hash of the recognition function's code 256
///   record   agent 160 | f(d) 96, units contracted from this seat on 32, and for each task type
///            capacity c 32 | contract d 32 | spare capacity of the later seats Σ_{k>j} (c_k − d_k) 32;
///            then the cost block if each agent has its own
///
/// Pages are written from the last to the first, so that what is to be known of later seats is known. F(D) is in the
/// header of the first page only; play reads no other page's header. Until all pages are there, what they are made
/// from is kept as one data contract more, the draft:
///
///   draft    header | creator 160 | join window 32 | agents 160 each | cost blocks
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

    /// @dev Sums over the seats whose records are written.
    struct Totals {
        uint256 contracted;
        /// Σ (c − d) by task type.
        uint256[] spare;
        /// Σ_i f_i(d_i) and Σ_i f_i(largest load of i): added up once all records are written.
        uint256 contractedCost;
        uint256 largestCost;
    }

    uint256 internal constant MIN_AGENTS = 2;
    /// @dev Bounds the work of a draw; seat bitmaps and orders are sized by it.
    uint256 internal constant MAX_AGENTS = 64;
    uint256 internal constant MAX_TASK_TYPES = 64;
    /// @dev Shorter than a few blocks, and an honest agent could miss it by bad luck.
    uint256 internal constant MIN_WINDOW = 60 seconds;
    /// @dev Bounds how long deposits can be locked.
    uint256 internal constant MAX_WINDOW = 30 days;

    uint256 private constant _HEADER = 96;
    /// @dev Bytes of a draft before its agents, and for each of them.
    uint256 private constant _DRAFT_HEAD = 120;
    uint256 private constant _AGENT = 20;
    /// @dev Bytes of a record before its task types, and for each of them.
    uint256 private constant _RECORD_HEAD = 36;
    uint256 private constant _TASK_TYPE = 12;

    // ────────────────────────────────────────────── reading ──────────────────────────────────────────────

    function header(address page) internal view returns (Header memory h) {
        uint256 ptr = Memory.allocate(64);
        CodeStorage.read(page, 0, ptr, 64);
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

    /// @notice The hash of the recognition function's code.
    function recognitionCode(address page) internal view returns (bytes32) {
        uint256 ptr = Memory.allocate(32);
        CodeStorage.read(page, 64, ptr, 32);
        return bytes32(Memory.load(ptr));
    }

    /// @notice Copy a seat's record to memory.
    /// @param page the page that holds the seat
    function record(Header memory h, address page, uint256 seat) internal view returns (uint256 ptr) {
        unchecked {
            // A page is shorter than 2^15 bytes.
            uint256 size = _recordSize(h.taskTypes, h.ownCosts, h.segments);
            uint256 offset = _front(h);
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

    /// @notice Check all that creation promises to check but the matrices, and lay it out in memory as a draft.
    function draft(ITwoStageMechanism.Parameters calldata p) internal view returns (Header memory h, uint256 ptr) {
        h = _checkedHeader(p);
        _checkAgents(p.agents);
        _measure(p, h);
        unchecked {
            // At most 120 + 64 · 20 + 64 · 288 bytes. Addresses and cost functions are written as whole words over what
            // follows, so 32 bytes of slack behind; the code prefix wants as much before.
            ptr = Memory.allocate(32 + _draftLength(h) + 32) + 32;
            _writeHeader(ptr, h, p.recognitionCode);
            Memory.store(ptr + _HEADER, (uint256(uint160(msg.sender)) << 96) | (uint256(p.joinWindow) << 64));
            for (uint256 i = 0; i < h.agents; ++i) {
                Memory.store(ptr + _DRAFT_HEAD + _AGENT * i, uint256(uint160(p.agents[i])) << 96);
            }
            uint256 block_ = CostFunctions.blockSize(h.segments);
            uint256 cost = ptr + _DRAFT_HEAD + _AGENT * h.agents;
            for (uint256 k = 0; k < p.costs.length; ++k) {
                CostFunctions.write(cost, p.costs[k], k);
                cost += block_;
            }
        }
    }

    /// @notice Keep a draft until all pages are there.
    function storeDraft(Header memory h, uint256 ptr) internal returns (address) {
        return CodeStorage.write(ptr, _draftLength(h));
    }

    /// @notice Copy a draft to memory again.
    function loadDraft(address page)
        internal
        view
        returns (Header memory h, uint256 ptr, address creator, uint256 joinWindow)
    {
        h = header(page);
        uint256 length = _draftLength(h);
        ptr = Memory.allocate(length);
        CodeStorage.read(page, 0, ptr, length);
        uint256 word = Memory.load(ptr + _HEADER);
        creator = address(uint160(word >> 96));
        joinWindow = uint32(word >> 64);
    }

    /// @notice The first seat of the page before a seat.
    /// @param seat not 0
    function firstOfPage(Header memory h, uint256 seat) internal pure returns (uint256) {
        unchecked {
            // A remainder is not above what is divided.
            return seat - 1 - (seat - 1) % h.seatsPerPage;
        }
    }

    /// @notice Remember a page after the first.
    /// @param first its first seat
    function keep(Header memory h, address[2] storage more, uint256 first, address page) internal {
        unchecked {
            // Only the first page begins with seat 0.
            more[first / h.seatsPerPage - 1] = page;
        }
    }

    /// @notice Check the rows of one page's seats, and store the page. With the first page, also check what depends on
    /// all rows.
    /// @param draft_ where the game's draft stands in memory
    /// @param first the page's first seat
    /// @param more the pages after the first, of which all behind this one are stored
    function storePage(
        Header memory h,
        uint256 draft_,
        uint256 first,
        uint32[] calldata contracted,
        uint32[] calldata capacity,
        address[2] storage more
    ) internal returns (address) {
        unchecked {
            // Sizes are below 2^24, seats below 2^7.
            uint256 count = h.agents - first;
            if (count > h.seatsPerPage) count = h.seatsPerPage;
            checkSize(contracted, capacity, count * h.taskTypes);
            uint256 front = _front(h);
            uint256 size = _recordSize(h.taskTypes, h.ownCosts, h.segments);
            // Task types are written as whole words over what follows, so 32 bytes of slack behind; the code prefix
            // wants as much before.
            uint256 start = Memory.allocate(32 + front + count * size + 32) + 32;
            Totals memory totals = _totalsBehind(h, first + count, more);
            for (uint256 k = count; k-- > 0;) {
                _writeRecord(start + front + k * size, contracted, capacity, h, totals, draft_, first + k, k);
            }
            _checkTotals(totals, first);

            Memory.copy(start, draft_, _HEADER);
            if (!h.ownCosts) Memory.copy(start + _HEADER, _costIn(h, draft_, 0), front - _HEADER);
            if (first == 0) {
                _addCosts(h, totals, start, 0, count);
                for (uint256 seat = count; seat < h.agents; seat += h.seatsPerPage) {
                    _addCosts(h, totals, _loaded(h, more[seat / h.seatsPerPage - 1]), seat, h.agents - seat);
                }
                Memory.store(start + 32, Memory.load(start + 32) | (totals.contractedCost << 160));
            }
            return CodeStorage.write(start, front + count * size);
        }
    }

    /// @notice Check that two matrices have as many entries as they must have.
    function checkSize(uint32[] calldata contracted, uint32[] calldata capacity, uint256 entries) internal pure {
        if (contracted.length != entries || capacity.length != entries) {
            revert ITwoStageMechanism.MatrixSizeMismatch(contracted.length, capacity.length, entries);
        }
    }

    function _checkedHeader(ITwoStageMechanism.Parameters calldata p) private view returns (Header memory h) {
        uint256 n = p.agents.length;
        if (n < MIN_AGENTS || n > MAX_AGENTS) revert ITwoStageMechanism.AgentCountOutOfRange(n);
        uint256 m = p.taskTypes;
        if (m == 0 || m > MAX_TASK_TYPES) revert ITwoStageMechanism.TaskTypeCountOutOfRange(m);
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
        if (h.recognition.codehash != p.recognitionCode) {
            revert ITwoStageMechanism.RecognitionCodeMismatch(p.recognitionCode, h.recognition.codehash);
        }
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

    /// @dev Sets `h.segments` and `h.seatsPerPage`, from which all sizes follow.
    function _measure(ITwoStageMechanism.Parameters calldata p, Header memory h) private pure {
        unchecked {
            // What a page holds before its records is shorter than a page.
            for (uint256 k = 0; k < p.costs.length; ++k) {
                if (p.costs[k].kind != ITwoStageMechanism.CostKind.Piecewise) continue;
                uint256 segments = p.costs[k].breakpoints.length;
                // Longer lists are refused when they are written; until then they must not size memory.
                if (segments > CostFunctions.MAX_SEGMENTS) segments = CostFunctions.MAX_SEGMENTS;
                if (segments > h.segments) h.segments = segments;
            }
            uint256 room = CodeStorage.MAX_LENGTH - _front(h);
            h.seatsPerPage = room / _recordSize(h.taskTypes, h.ownCosts, h.segments);
            if (h.seatsPerPage > h.agents) h.seatsPerPage = h.agents;
        }
    }

    /// @dev What the seats from `seat` on come to, as the first record of their page says.
    function _totalsBehind(Header memory h, uint256 seat, address[2] storage more)
        private
        view
        returns (Totals memory totals)
    {
        unchecked {
            // Quantities of stored rows, whose totals were checked; a later page does not begin with seat 0.
            totals.spare = new uint256[](h.taskTypes);
            if (seat == h.agents) return totals;
            uint256 ptr = record(h, more[seat / h.seatsPerPage - 1], seat);
            totals.contracted = contractedFrom(ptr);
            for (uint256 t = 0; t < h.taskTypes; ++t) {
                (uint256 capacity, uint256 contracted, uint256 spare) = taskType(ptr, t);
                totals.spare[t] = spare + capacity - contracted;
            }
        }
    }

    /// @dev Write the record of one seat, whose row is row `k` of the matrices, and add the row to the totals.
    function _writeRecord(
        uint256 ptr,
        uint32[] calldata contracted,
        uint32[] calldata capacity,
        Header memory h,
        Totals memory totals,
        uint256 draft_,
        uint256 seat,
        uint256 k
    ) private pure {
        unchecked {
            // Sums of at most 2^12 quantities below 2^32. A sum that does not fit its field is refused later.
            uint256 m = h.taskTypes;
            uint256[] memory spares = totals.spare;
            uint256 cell = ptr + _RECORD_HEAD;
            // The last cell is written over the beginning of the next record, which is there already.
            uint256 behind = Memory.load(cell + _TASK_TYPE * m);
            uint256 own = 0;
            k *= m;
            for (uint256 t = 0; t < m; ++t) {
                uint256 c = capacity[k + t];
                uint256 d = contracted[k + t];
                if (c < d) revert ITwoStageMechanism.CapacityBelowContract(seat, t, c, d);
                uint256 spare = spares[t];
                Memory.store(cell, (c << 224) | (d << 192) | (spare << 160));
                spares[t] = spare + c - d;
                own += d;
                cell += _TASK_TYPE;
            }
            Memory.store(cell, behind);
            uint256 cost = _costIn(h, draft_, seat);
            if (h.ownCosts) Memory.copy(cell, cost, CostFunctions.blockSize(h.segments));
            totals.contracted += own;
            uint256 agent_ = Memory.load(draft_ + _DRAFT_HEAD + _AGENT * seat) >> 96;
            Memory.store(ptr, (agent_ << 96) | uint96(CostFunctions.at(cost, own)));
            // The first cell was written over the end of this word.
            uint256 first = Memory.load(ptr + 32) & type(uint224).max;
            Memory.store(ptr + 32, (totals.contracted << 224) | first);
        }
    }

    /// @dev Quantities of the rows that are there must pack; once all rows are, there must be something to do.
    function _checkTotals(Totals memory totals, uint256 first) private pure {
        if (first == 0 && totals.contracted == 0) revert ITwoStageMechanism.NothingContracted();
        uint256 capacity = totals.contracted;
        unchecked {
            // Sums of at most 2^13 quantities below 2^32.
            for (uint256 t = 0; t < totals.spare.length; ++t) {
                capacity += totals.spare[t];
            }
        }
        // Also bounds the total of D, which is no greater.
        if (capacity > type(uint32).max) revert ITwoStageMechanism.TooManyTasks(totals.contracted, capacity);
    }

    /// @dev Add f(d) of the seats of one page, and bound the cost of the largest loads, which no allocation exceeds.
    /// @param page where the page stands in memory
    /// @param seat its first one
    /// @param count how many there are from it on, maybe more than the page holds
    function _addCosts(Header memory h, Totals memory totals, uint256 page, uint256 seat, uint256 count) private pure {
        unchecked {
            // 64 costs below 2^96; a row's total is below 2^32.
            if (count > h.seatsPerPage) count = h.seatsPerPage;
            uint256 size = _recordSize(h.taskTypes, h.ownCosts, h.segments);
            uint256 ptr = page + _front(h);
            for (uint256 end = seat + count; seat < end; ++seat) {
                uint256 most = 0;
                uint256 cell = ptr + _RECORD_HEAD;
                for (uint256 tail = cell + _TASK_TYPE * h.taskTypes; cell < tail; cell += _TASK_TYPE) {
                    most += Memory.load(cell) >> 224;
                }
                if (most > totals.contracted) most = totals.contracted;
                uint256 cost = h.ownCosts ? cell : page + _HEADER;
                if (!CostFunctions.fits(cost, most)) revert ITwoStageMechanism.CostTooLarge(seat);
                totals.largestCost += CostFunctions.at(cost, most);
                if (totals.largestCost > type(uint96).max) revert ITwoStageMechanism.CostTooLarge(seat);
                totals.contractedCost += contractedCostOf(ptr);
                ptr += size;
            }
        }
    }

    /// @dev Copy a page to memory.
    function _loaded(Header memory h, address page) private view returns (uint256 ptr) {
        uint256 length = _front(h) + h.seatsPerPage * _recordSize(h.taskTypes, h.ownCosts, h.segments);
        ptr = Memory.allocate(length);
        CodeStorage.read(page, 0, ptr, length);
    }

    function _writeHeader(uint256 ptr, Header memory h, bytes32 recognitionCode_) private pure {
        Memory.store(ptr, (uint256(uint160(h.recognition)) << 96) | h.bond);
        Memory.store(
            ptr + 32,
            (h.continuationNumerator << 128) | (h.continuationDenominator << 96) | (h.window << 64) | (h.rounds << 48)
                | (h.agents << 40) | (h.taskTypes << 32) | (h.seatsPerPage << 24)
                | (uint256(h.ownCosts ? 1 : 0) << 16) | (h.segments << 8)
        );
        Memory.store(ptr + 64, uint256(recognitionCode_));
    }

    /// @dev Where a seat's cost block stands in a draft.
    function _costIn(Header memory h, uint256 draft_, uint256 seat) private pure returns (uint256) {
        unchecked {
            // A draft is shorter than 2^15 bytes.
            uint256 costs = draft_ + _DRAFT_HEAD + _AGENT * h.agents;
            return h.ownCosts ? costs + seat * CostFunctions.blockSize(h.segments) : costs;
        }
    }

    function _draftLength(Header memory h) private pure returns (uint256) {
        unchecked {
            // As above.
            return _DRAFT_HEAD + _AGENT * h.agents
                + (h.ownCosts ? h.agents : 1) * CostFunctions.blockSize(h.segments);
        }
    }

    /// @dev What a page holds before its records.
    function _front(Header memory h) private pure returns (uint256) {
        unchecked {
            // At most 96 + 288 bytes.
            return _HEADER + (h.ownCosts ? 0 : CostFunctions.blockSize(h.segments));
        }
    }

    function _recordSize(uint256 m, bool ownCosts, uint256 segments) private pure returns (uint256) {
        unchecked {
            // At most 36 + 12 · 64 + 288 bytes.
            return _RECORD_HEAD + _TASK_TYPE * m + (ownCosts ? CostFunctions.blockSize(segments) : 0);
        }
    }
}
