// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";

import {IAssignmentLottery} from "../interfaces/IAssignmentLottery.sol";
import {CommitReveal} from "../randomness/CommitReveal.sol";
import {Draws} from "../randomness/Draws.sol";
import {Memory} from "../storage/Memory.sol";
import {Certificates} from "./Certificates.sol";
import {LotteryData} from "./LotteryData.sol";

/// @title A lottery that assigns items to agents
/// @dev Every action runs checks → effects → event; money leaves in `withdraw` alone. The common knowledge of a lottery
/// is code (`LotteryData`), and so are the terms that were posted (`Certificates`); storage holds what play adds.
contract AssignmentLottery is IAssignmentLottery {
    using LotteryData for LotteryData.Header;

    /// @dev One slot.
    struct Status {
        address data;
        uint40 deadline;
        Phase phase;
        Phase lapsed;
    }

    /// @dev One slot; bit i is seat i's.
    struct Seats {
        uint64 committed;
        uint64 revealed;
        uint64 opened;
        uint64 withdrawn;
    }

    struct Lottery {
        Status status;
        Seats seats;
        bytes32 digest;
        /// What was posted.
        address terms;
        uint256[2] assignment;
        /// What a seat has committed to, and once that is opened the secret that a draw is made from.
        bytes32[64] words;
        /// One more than an item in each byte, the best in the lowest byte of the first word.
        uint256[2][64] rankings;
    }

    bytes32 private constant _ORDER = "order";
    bytes32 private constant _TERM = "term";

    /// @inheritdoc IAssignmentLottery
    uint256 public burnt;

    mapping(bytes32 id => Lottery) private _lotteries;

    // ────────────────────────────────────────────── actions ──────────────────────────────────────────────

    /// @inheritdoc IAssignmentLottery
    function create(bytes32 salt, Parameters calldata parameters) external returns (bytes32 id) {
        id = lotteryId(msg.sender, salt);
        Lottery storage lottery = _lotteries[id];
        if (lottery.status.phase != Phase.None) revert LotteryExists(id);

        address page = LotteryData.store(parameters);

        bytes32 digest = keccak256(abi.encode(parameters));
        lottery.digest = digest;
        lottery.status = Status(page, _after(parameters.joinWindow), Phase.Committing, Phase.None);
        emit Created(id, msg.sender, salt, digest, parameters);
    }

    /// @inheritdoc IAssignmentLottery
    function commit(bytes32 id, uint256 seat, bytes32 digest, bytes32 commitment_) external payable {
        (Lottery storage lottery, Status memory status, LotteryData.Header memory h) = _open(id, Phase.Committing);
        uint64 bit = _ownBit(status, h, seat);
        Seats memory seats = lottery.seats;
        if (seats.committed & bit != 0) revert AlreadyCommitted(seat);
        _requireDigest(lottery, digest);
        if (commitment_ == 0) revert ZeroCommitment();
        if (msg.value != h.bond) revert WrongDeposit(msg.value, h.bond);

        seats.committed |= bit;
        lottery.seats = seats;
        lottery.words[seat] = commitment_;
        if (seats.committed == type(uint64).max >> (64 - h.agents)) _endCommitting(lottery, status, h);
        emit Committed(id, seat, commitment_);
    }

    /// @inheritdoc IAssignmentLottery
    function reveal(
        bytes32 id,
        uint256 seat,
        bytes32 digest,
        bytes32 secret,
        bytes calldata ranking,
        bytes32 nextCommitment
    ) external {
        (Lottery storage lottery, Status memory status, LotteryData.Header memory h) = _open(id, Phase.Revealing);
        uint64 bit = _ownBit(status, h, seat);
        Seats memory seats = lottery.seats;
        if (seats.committed & bit == 0) revert NotCommitted(seat);
        if (seats.revealed & bit != 0) revert AlreadyRevealed(seat);
        _requireDigest(lottery, digest);
        _requireOpens(lottery, id, seat, secret, keccak256(abi.encodePacked(secret, ranking)));
        uint256[2] memory packed = _checkedRanking(ranking, h.items);
        bool serial = h.rule == Rule.SerialDictatorship;
        if (serial && nextCommitment != 0) revert UnwantedCommitment(nextCommitment);
        if (!serial && nextCommitment == 0) revert ZeroCommitment();

        seats.revealed |= bit;
        lottery.seats = seats;
        lottery.words[seat] = serial ? secret : nextCommitment;
        lottery.rankings[seat][0] = packed[0];
        if (ranking.length > 32) lottery.rankings[seat][1] = packed[1];
        emit Revealed(id, seat, secret, ranking, nextCommitment);
        if (seats.revealed == seats.committed) _endRevealing(lottery, status, h, id, seats.revealed);
    }

    /// @inheritdoc IAssignmentLottery
    function post(bytes32 id, bytes32 digest, Certificate calldata certificate) external {
        (Lottery storage lottery, Status memory status, LotteryData.Header memory h) = _open(id, Phase.Posting);
        bool eating = h.rule == Rule.ProbabilisticSerial;
        if (!eating && msg.sender != h.creator) revert NotTheOrganizer(msg.sender, h.creator);
        _requireDigest(lottery, digest);
        Certificates.Revealed memory revealed = Certificates.Revealed({
            agents: h.agents,
            items: h.items,
            rankings: _rankings(lottery, h),
            capacities: h.capacities(status.data)
        });

        lottery.terms = Certificates.store(certificate, revealed, eating);
        bytes32 posted = keccak256(abi.encode(certificate));
        lottery.digest = keccak256(abi.encodePacked(digest, posted));
        _enter(lottery, status, h, Phase.Opening);
        emit Posted(id, msg.sender, posted, certificate.weights.length);
    }

    /// @inheritdoc IAssignmentLottery
    function open(bytes32 id, uint256 seat, bytes32 digest, bytes32 secret) external {
        (Lottery storage lottery, Status memory status, LotteryData.Header memory h) = _open(id, Phase.Opening);
        uint64 bit = _ownBit(status, h, seat);
        Seats memory seats = lottery.seats;
        if (seats.revealed & bit == 0) revert NotRevealed(seat);
        if (seats.opened & bit != 0) revert AlreadyOpened(seat);
        _requireDigest(lottery, digest);
        _requireOpens(lottery, id, seat, secret, secret);

        seats.opened |= bit;
        lottery.seats = seats;
        lottery.words[seat] = secret;
        emit Opened(id, seat, secret);
        if (seats.opened == seats.revealed) _drawTerm(lottery, status, h, id, seats.opened);
    }

    /// @inheritdoc IAssignmentLottery
    function expire(bytes32 id) external {
        Lottery storage lottery = _lotteries[id];
        Status memory status = lottery.status;
        Phase phase = status.phase;
        if (phase < Phase.Committing || phase > Phase.Opening) revert WrongPhase(id, phase, Phase.None);
        if (block.timestamp <= status.deadline) revert DeadlineNotPassed(id, status.deadline);

        LotteryData.Header memory h = LotteryData.header(status.data);
        (uint64 left, uint64 silent) = _leftAndSilent(lottery.seats, phase);
        if (silent != 0) burnt += _count(silent) * h.bond;
        emit Expired(id, phase, silent);
        if (left == 0) {
            status.phase = Phase.Cancelled;
            status.lapsed = phase;
            lottery.status = status;
            emit Cancelled(id, phase);
        } else if (phase == Phase.Committing) {
            _endCommitting(lottery, status, h);
        } else if (phase == Phase.Revealing) {
            _endRevealing(lottery, status, h, id, left);
        } else {
            _drawTerm(lottery, status, h, id, left);
        }
    }

    /// @inheritdoc IAssignmentLottery
    function withdraw(bytes32 id, uint256 seat, address payable to) external {
        Lottery storage lottery = _lotteries[id];
        Status memory status = lottery.status;
        Phase phase = status.phase;
        if (phase != Phase.Drawn && phase != Phase.Cancelled) revert WrongPhase(id, phase, Phase.Drawn);
        LotteryData.Header memory h = LotteryData.header(status.data);
        uint64 bit = _ownBit(status, h, seat);
        Seats memory seats = lottery.seats;
        // Under serial dictatorship, and if nothing was posted, there was nothing to open.
        bool unopened = h.rule == Rule.SerialDictatorship || status.lapsed == Phase.Posting;
        uint64 owed = (unopened ? seats.revealed : seats.opened) & ~seats.withdrawn;
        if (owed & bit == 0) revert NothingToWithdraw(seat);

        seats.withdrawn |= bit;
        lottery.seats = seats;
        emit Withdrawn(id, seat, to, h.bond);
        Address.sendValue(to, h.bond);
    }

    // ─────────────────────────────────────────────── views ───────────────────────────────────────────────

    /// @inheritdoc IAssignmentLottery
    function lotteryId(address creator, bytes32 salt) public view returns (bytes32) {
        return CommitReveal.gameId(creator, salt);
    }

    /// @inheritdoc IAssignmentLottery
    function state(bytes32 id) external view returns (State memory) {
        Status memory status = _lotteries[id].status;
        Seats memory seats = _lotteries[id].seats;
        return State({
            phase: status.phase,
            lapsed: status.lapsed,
            deadline: status.deadline,
            committed: seats.committed,
            revealed: seats.revealed,
            opened: seats.opened,
            withdrawn: seats.withdrawn
        });
    }

    /// @inheritdoc IAssignmentLottery
    function commitment(bytes32 id, uint256 seat) external view returns (bytes32) {
        Lottery storage lottery = _lotteries[id];
        Seats memory seats = lottery.seats;
        uint256 opened = seats.opened;
        if (LotteryData.header(lottery.status.data).rule == Rule.SerialDictatorship) opened = seats.revealed;
        return (opened >> seat) & 1 == 0 ? lottery.words[seat] : bytes32(0);
    }

    /// @inheritdoc IAssignmentLottery
    function rankingOf(bytes32 id, uint256 seat) external view returns (bytes memory ranking) {
        uint256[2] memory packed = _lotteries[id].rankings[seat];
        uint256 length = 0;
        while (length < 64 && Draws.at(packed, length) != 0) ++length;
        ranking = new bytes(length);
        for (uint256 k = 0; k < length; ++k) {
            ranking[k] = bytes1(uint8(Draws.at(packed, k) - 1));
        }
    }

    /// @inheritdoc IAssignmentLottery
    function digestOf(bytes32 id) external view returns (bytes32) {
        return _lotteries[id].digest;
    }

    /// @inheritdoc IAssignmentLottery
    function assignmentOf(bytes32 id) external view returns (uint256[2] memory) {
        return _lotteries[id].assignment;
    }

    // ─────────────────────────────────────────── shared checks ───────────────────────────────────────────

    /// @dev A lottery in the required phase, before its deadline.
    function _open(bytes32 id, Phase required)
        private
        view
        returns (Lottery storage lottery, Status memory status, LotteryData.Header memory h)
    {
        lottery = _lotteries[id];
        status = lottery.status;
        if (status.phase != required) revert WrongPhase(id, status.phase, required);
        if (block.timestamp > status.deadline) revert DeadlinePassed(id, status.deadline);
        h = LotteryData.header(status.data);
    }

    /// @dev The bit of a seat that the caller holds.
    function _ownBit(Status memory status, LotteryData.Header memory h, uint256 seat) private view returns (uint64) {
        if (seat >= h.agents) revert SeatOutOfRange(seat, h.agents);
        if (LotteryData.agent(status.data, seat) != msg.sender) revert NotTheSeat(seat, msg.sender);
        return uint64(1 << seat);
    }

    function _requireDigest(Lottery storage lottery, bytes32 given) private view {
        bytes32 current = lottery.digest;
        if (given != current) revert StaleDigest(given, current);
    }

    /// @dev A zero secret would count as a silent seat's.
    /// @param sealed_ what the commitment was made from
    function _requireOpens(Lottery storage lottery, bytes32 id, uint256 seat, bytes32 secret, bytes32 sealed_)
        private
        view
    {
        if (secret == 0) revert ZeroSecret();
        bytes32 current = lottery.words[seat];
        if (CommitReveal.commitment(id, seat, sealed_) != current) revert WrongSecret(seat, current);
    }

    /// @return packed as in `Lottery.rankings`
    function _checkedRanking(bytes calldata ranking, uint256 items) private pure returns (uint256[2] memory packed) {
        if (ranking.length > items) revert RankingTooLong(ranking.length, items);
        uint256 seen = 0;
        for (uint256 k = 0; k < ranking.length; ++k) {
            uint256 item = uint8(ranking[k]);
            if (item >= items) revert UnknownItem(k, item, items);
            if ((seen >> item) & 1 != 0) revert ItemRankedTwice(k, item);
            seen |= 1 << item;
            packed[k >> 5] |= (item + 1) << ((k & 31) << 3);
        }
    }

    /// @dev Who goes on after a missed deadline, and who loses its bond by it.
    function _leftAndSilent(Seats memory seats, Phase phase) private pure returns (uint64 left, uint64 silent) {
        // Nobody is blamed for not taking part, nor for what was not posted.
        if (phase == Phase.Committing) return (seats.committed, 0);
        if (phase == Phase.Revealing) return (seats.revealed, seats.committed & ~seats.revealed);
        if (phase == Phase.Opening) return (seats.opened, seats.revealed & ~seats.opened);
    }

    function _count(uint256 bits) private pure returns (uint256 count) {
        for (; bits != 0; bits &= bits - 1) ++count;
    }

    // ─────────────────────────────────────────── shared effects ──────────────────────────────────────────

    function _after(uint256 window) private view returns (uint40) {
        // Timestamps stay below 2^40 for the next thirty thousand years.
        return uint40(block.timestamp + window);
    }

    function _enter(Lottery storage lottery, Status memory status, LotteryData.Header memory h, Phase phase) private {
        status.phase = phase;
        status.deadline = _after(h.window);
        lottery.status = status;
    }

    /// @dev All commitments that will be there are there: they fix secrets and reports, so a reveal names them.
    function _endCommitting(Lottery storage lottery, Status memory status, LotteryData.Header memory h) private {
        lottery.digest = keccak256(abi.encodePacked(lottery.digest, _words(lottery, h.agents, type(uint256).max)));
        _enter(lottery, status, h, Phase.Revealing);
    }

    /// @dev All reports that will be there are there.
    function _endRevealing(
        Lottery storage lottery,
        Status memory status,
        LotteryData.Header memory h,
        bytes32 id,
        uint256 revealed
    ) private {
        if (h.rule == Rule.SerialDictatorship) {
            _drawOrder(lottery, status, h, id, revealed);
        } else {
            uint256 rankings = _rankings(lottery, h);
            bytes32 reports = Memory.hash(rankings, 64 * h.agents);
            bytes32[] memory commitments = _words(lottery, h.agents, revealed);
            lottery.digest = keccak256(abi.encodePacked(lottery.digest, reports, commitments));
            _enter(lottery, status, h, Phase.Posting);
        }
    }

    /// @dev Serial dictatorship: a uniform order, in which those who have revealed take their best item left.
    function _drawOrder(
        Lottery storage lottery,
        Status memory status,
        LotteryData.Header memory h,
        bytes32 id,
        uint256 revealed
    ) private {
        uint256 n = h.agents;
        bytes32 seed = Draws.seed(_ORDER, id, uint256(lottery.digest), _words(lottery, n, revealed));
        // Of the integers below n + 1 without n.
        uint256[2] memory order = Draws.permutation(seed, n + 1, n);
        emit OrderDrawn(id, order);

        uint256[2] memory assignment;
        uint256 left = h.capacities(status.data);
        for (uint256 k = 0; k < n; ++k) {
            uint256 seat = Draws.at(order, k);
            if ((revealed >> seat) & 1 != 0) {
                assignment[seat >> 5] |= _pick(lottery, seat, left, h.items) << ((seat & 31) << 3);
            }
        }
        _assign(lottery, status, h, id, assignment);
    }

    /// @dev Take the seat's best item of which something is left.
    /// @return code one more than the item, or 0 for nothing
    function _pick(Lottery storage lottery, uint256 seat, uint256 left, uint256 items)
        private
        view
        returns (uint256 code)
    {
        uint256 word = lottery.rankings[seat][0];
        unchecked {
            // At most 64 items.
            for (uint256 k = 0; k < items; ++k) {
                if (k == 32) word = lottery.rankings[seat][1];
                code = word & 0xff;
                if (code == 0) return 0;
                uint256 ptr = left + 32 * (code - 1);
                uint256 units = Memory.load(ptr);
                if (units != 0) {
                    Memory.store(ptr, units - 1);
                    return code;
                }
                word >>= 8;
            }
        }
        return 0;
    }

    /// @dev Other rules: a term of the posted lottery, drawn by its weight. Who has not opened forfeits its item.
    function _drawTerm(
        Lottery storage lottery,
        Status memory status,
        LotteryData.Header memory h,
        bytes32 id,
        uint256 opened
    ) private {
        uint256 n = h.agents;
        address terms = lottery.terms;
        uint256 denominator = Certificates.denominatorOf(terms);
        bytes32 seed = Draws.seed(_TERM, id, uint256(lottery.digest), _words(lottery, n, opened));
        uint256 number = Draws.uniform(seed, 0, denominator);
        (uint256 term, uint256 codes) = Certificates.find(terms, denominator, n, number);
        emit TermDrawn(id, number, term);

        uint256[2] memory assignment;
        for (uint256 seat = 0; seat < n; ++seat) {
            if ((opened >> seat) & 1 != 0) {
                assignment[seat >> 5] |= (Memory.load(codes + seat) >> 248) << ((seat & 31) << 3);
            }
        }
        _assign(lottery, status, h, id, assignment);
    }

    function _assign(
        Lottery storage lottery,
        Status memory status,
        LotteryData.Header memory h,
        bytes32 id,
        uint256[2] memory assignment
    ) private {
        lottery.assignment[0] = assignment[0];
        if (h.agents > 32) lottery.assignment[1] = assignment[1];
        status.phase = Phase.Drawn;
        lottery.status = status;
        emit Assigned(id, assignment);
    }

    // ────────────────────────────────────────── reading storage ──────────────────────────────────────────

    /// @dev Commitments or secrets by seat; a zero word for each that is not among `spoken`.
    function _words(Lottery storage lottery, uint256 n, uint256 spoken) private view returns (bytes32[] memory words) {
        words = new bytes32[](n);
        for (uint256 i = 0; i < n; ++i) {
            if ((spoken >> i) & 1 != 0) words[i] = lottery.words[i];
        }
    }

    /// @dev All rankings in memory, two words for each seat; zero for silent ones.
    function _rankings(Lottery storage lottery, LotteryData.Header memory h) private view returns (uint256 ptr) {
        ptr = Memory.zeroed(2 * h.agents);
        for (uint256 i = 0; i < h.agents; ++i) {
            Memory.store(ptr + 64 * i, lottery.rankings[i][0]);
            if (h.items > 32) Memory.store(ptr + 64 * i + 32, lottery.rankings[i][1]);
        }
    }
}
