// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Bonds} from "../game/Bonds.sol";
import {Games} from "../game/Games.sol";
import {IGame} from "../game/IGame.sol";
import {ISecrets} from "../game/ISecrets.sol";
import {Head, Pages} from "../game/Pages.sol";
import {COMMITTED, OPENED, REVEALED, SeatSets, SeatSetsLibrary, WITHDRAWN} from "../game/SeatSets.sol";
import {Secrets} from "../game/Secrets.sol";
import {Status} from "../game/Status.sol";
import {IAssignmentLottery} from "../interfaces/IAssignmentLottery.sol";
import {Draws} from "../randomness/Draws.sol";
import {Memory} from "../storage/Memory.sol";
import {Certificates} from "./Certificates.sol";
import {LotteryData} from "./LotteryData.sol";

/// @title A lottery that assigns items to agents
/// @dev The common knowledge of a lottery is code (`LotteryData`), and so are the terms that were posted
/// (`Certificates`); storage holds what play adds. Once a commitment is opened, the secret that a draw is made from
/// takes its place.
contract AssignmentLottery is Bonds, Secrets, IAssignmentLottery {
    using LotteryData for Head;

    /// @dev What this mechanism adds to a game.
    struct Lottery {
        /// What was posted.
        address terms;
        uint256[2] assignment;
        /// One more than an item in each byte, the best in the lowest byte of the first word.
        uint256[2][64] rankings;
    }

    bytes32 private constant _ORDER = "order";
    bytes32 private constant _TERM = "term";

    // ────────────────────────────────────────────── actions ──────────────────────────────────────────────

    /// @inheritdoc IAssignmentLottery
    function create(bytes32 salt, Parameters calldata parameters) external returns (bytes32 id) {
        Game storage game;
        (id, game) = _create(salt);

        address page = LotteryData.store(parameters);

        bytes32 digest = keccak256(abi.encode(parameters));
        game.digest = digest;
        game.status = _opened(page, uint8(Phase.Committing), parameters.joinWindow);
        emit Created(id, msg.sender, salt, digest, parameters);
    }

    /// @inheritdoc IAssignmentLottery
    function commit(bytes32 id, uint256 seat, bytes32 digest, bytes32 commitment_) external payable {
        (Game storage game, Status status, Head h) = _open(id, uint8(Phase.Committing));
        _own(game, status, h, seat);
        SeatSets seats = game.seats;
        if (seats.has(COMMITTED, seat)) revert AlreadyCommitted(seat);
        _requireDigest(game, digest);
        _requireCommitment(commitment_);
        _requireDeposit(h.bond());

        seats = seats.including(COMMITTED, seat);
        game.seats = seats;
        game.commitments[seat] = commitment_;
        if (seats.members(COMMITTED) == SeatSetsLibrary.all(h.agents())) _endCommitting(game, status, h);
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
        (Game storage game, Status status, Head h) = _open(id, uint8(Phase.Revealing));
        _own(game, status, h, seat);
        SeatSets seats = game.seats;
        if (!seats.has(COMMITTED, seat)) revert NotCommitted(seat);
        if (seats.has(REVEALED, seat)) revert AlreadyRevealed(seat);
        _requireDigest(game, digest);
        _requireOpens(game, id, seat, secret, keccak256(abi.encodePacked(secret, ranking)));
        uint256[2] memory packed = _checkedRanking(ranking, h.items());
        bool serial = h.rule() == Rule.SerialDictatorship;
        if (serial && nextCommitment != 0) revert UnwantedCommitment(nextCommitment);
        if (!serial) _requireCommitment(nextCommitment);

        seats = seats.including(REVEALED, seat);
        game.seats = seats;
        game.commitments[seat] = serial ? secret : nextCommitment;
        _rank(game, seat, packed, ranking.length);
        emit Revealed(id, seat, secret, ranking, nextCommitment);
        uint256 revealed = seats.members(REVEALED);
        if (revealed == seats.members(COMMITTED)) _endRevealing(game, status, h, id, revealed);
    }

    /// @inheritdoc IAssignmentLottery
    function post(bytes32 id, bytes32 digest, Certificate calldata certificate) external {
        (Game storage game, Status status, Head h) = _open(id, uint8(Phase.Posting));
        bool eating = h.rule() == Rule.ProbabilisticSerial;
        if (!eating) {
            address creator = LotteryData.creator(status.page());
            if (msg.sender != creator) revert NotTheOrganizer(msg.sender, creator);
        }
        _requireDigest(game, digest);
        Certificates.Revealed memory revealed = Certificates.Revealed({
            agents: h.agents(),
            items: h.items(),
            rankings: _rankings(_lottery(game), h),
            capacities: h.capacities(status.page())
        });

        _lottery(game).terms = Certificates.store(certificate, revealed, eating);
        bytes32 posted = keccak256(abi.encode(certificate));
        game.digest = keccak256(abi.encodePacked(digest, posted));
        game.status = _entered(status, h, uint8(Phase.Opening));
        emit Posted(id, msg.sender, posted, certificate.weights.length);
    }

    /// @inheritdoc IAssignmentLottery
    function open(bytes32 id, uint256 seat, bytes32 digest, bytes32 secret) external {
        (Game storage game, Status status, Head h) = _open(id, uint8(Phase.Opening));
        _own(game, status, h, seat);
        SeatSets seats = game.seats;
        if (!seats.has(REVEALED, seat)) revert NotRevealed(seat);
        if (seats.has(OPENED, seat)) revert AlreadyOpened(seat);
        _requireDigest(game, digest);
        _requireOpens(game, id, seat, secret, secret);

        seats = seats.including(OPENED, seat);
        game.seats = seats;
        game.commitments[seat] = secret;
        emit Opened(id, seat, secret);
        uint256 opened = seats.members(OPENED);
        if (opened == seats.members(REVEALED)) _drawTerm(game, status, h, id, opened);
    }

    /// @inheritdoc IGame
    function expire(bytes32 id) external {
        (Game storage game, Status status, Head h) = _lapsed(id, uint8(Phase.Committing), uint8(Phase.Drawn));
        Phase phase = Phase(status.phase());
        (uint256 left, uint256 silent) = _leftAndSilent(game.seats, phase);
        if (silent != 0) burnt += SeatSetsLibrary.count(silent) * h.bond();
        emit Expired(id, phase, silent);
        if (left == 0) {
            game.status = status.expired().withPhase(uint8(Phase.Cancelled));
            emit Cancelled(id, phase);
        } else if (phase == Phase.Committing) {
            _endCommitting(game, status, h);
        } else if (phase == Phase.Revealing) {
            _endRevealing(game, status, h, id, left);
        } else {
            _drawTerm(game, status, h, id, left);
        }
    }

    /// @inheritdoc IAssignmentLottery
    function withdraw(bytes32 id, uint256 seat, address payable to) external {
        (Game storage game, Status status, Head h) = _ended(id, uint8(Phase.Drawn));
        _own(game, status, h, seat);
        SeatSets seats = game.seats;
        // Under serial dictatorship, and if nothing was posted, there was nothing to open.
        bool unopened = h.rule() == Rule.SerialDictatorship || status.lapsed() == uint8(Phase.Posting);
        bool owed = seats.has(unopened ? REVEALED : OPENED, seat) && !seats.has(WITHDRAWN, seat);
        if (!owed) revert NothingToWithdraw(seat);

        game.seats = seats.including(WITHDRAWN, seat);
        _pay(id, seat, to, h.bond());
    }

    // ─────────────────────────────────────────────── views ───────────────────────────────────────────────

    /// @inheritdoc IAssignmentLottery
    function state(bytes32 id) external view returns (State memory) {
        Status status = _games[id].status;
        SeatSets seats = _games[id].seats;
        return State({
            phase: Phase(status.phase()),
            lapsed: Phase(status.lapsed()),
            deadline: uint40(status.deadline()),
            committed: uint64(seats.members(COMMITTED)),
            revealed: uint64(seats.members(REVEALED)),
            opened: uint64(seats.members(OPENED)),
            withdrawn: uint64(seats.members(WITHDRAWN))
        });
    }

    /// @inheritdoc ISecrets
    function commitment(bytes32 id, uint256 seat) external view returns (bytes32) {
        Game storage game = _games[id];
        bool serial = Pages.head(game.status.page()).rule() == Rule.SerialDictatorship;
        return game.seats.has(serial ? REVEALED : OPENED, seat) ? bytes32(0) : game.commitments[seat];
    }

    /// @inheritdoc IAssignmentLottery
    function rankingOf(bytes32 id, uint256 seat) external view returns (bytes memory ranking) {
        uint256[2] memory packed = _lottery(_games[id]).rankings[seat];
        uint256 length = 0;
        while (length < 64 && Draws.at(packed, length) != 0) ++length;
        ranking = new bytes(length);
        for (uint256 k = 0; k < length; ++k) {
            ranking[k] = bytes1(uint8(Draws.at(packed, k) - 1));
        }
    }

    /// @inheritdoc IAssignmentLottery
    function digestOf(bytes32 id) external view returns (bytes32) {
        return _games[id].digest;
    }

    /// @inheritdoc IAssignmentLottery
    function assignmentOf(bytes32 id) external view returns (uint256[2] memory) {
        return _lottery(_games[id]).assignment;
    }

    // ─────────────────────────────────────────── shared checks ───────────────────────────────────────────

    /// @inheritdoc Games
    function _place(Game storage, Status status, Head, uint256 seat)
        internal
        pure
        override
        returns (address page, uint256 offset)
    {
        return (status.page(), LotteryData.place(seat));
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
    function _leftAndSilent(SeatSets seats, Phase phase) private pure returns (uint256 left, uint256 silent) {
        uint256 revealed = seats.members(REVEALED);
        // Nobody is blamed for not taking part, nor for what was not posted.
        if (phase == Phase.Committing) return (seats.members(COMMITTED), 0);
        if (phase == Phase.Revealing) return (revealed, seats.members(COMMITTED) & ~revealed);
        if (phase == Phase.Opening) return (seats.members(OPENED), revealed & ~seats.members(OPENED));
    }

    // ─────────────────────────────────────────── shared effects ──────────────────────────────────────────

    /// @dev All commitments that will be there are there: they fix secrets and reports, so a reveal names them.
    function _endCommitting(Game storage game, Status status, Head h) private {
        game.digest = _withCommitments(game, game.digest, h.agents());
        game.status = _entered(status, h, uint8(Phase.Revealing));
    }

    /// @dev Up to 32 items fit in the first word.
    function _rank(Game storage game, uint256 seat, uint256[2] memory packed, uint256 length) private {
        uint256[2] storage stored = _lottery(game).rankings[seat];
        stored[0] = packed[0];
        if (length > 32) stored[1] = packed[1];
    }

    /// @dev All reports that will be there are there.
    function _endRevealing(Game storage game, Status status, Head h, bytes32 id, uint256 revealed) private {
        if (h.rule() == Rule.SerialDictatorship) {
            _drawOrder(game, status, h, id, revealed);
        } else {
            uint256 n = h.agents();
            bytes32 reports = Memory.hash(_rankings(_lottery(game), h), 64 * n);
            game.digest = keccak256(abi.encodePacked(game.digest, reports, _commitments(game, n, revealed)));
            game.status = _entered(status, h, uint8(Phase.Posting));
        }
    }

    /// @dev Serial dictatorship: a uniform order, in which those who have revealed take their best item left.
    function _drawOrder(Game storage game, Status status, Head h, bytes32 id, uint256 revealed) private {
        uint256 n = h.agents();
        bytes32 seed = Draws.seed(_ORDER, id, uint256(game.digest), _commitments(game, n, revealed));
        // Of the integers below n + 1 without n.
        uint256[2] memory order = Draws.permutation(seed, n + 1, n);
        emit OrderDrawn(id, order);

        uint256[2] memory assignment;
        uint256 left = h.capacities(status.page());
        for (uint256 k = 0; k < n; ++k) {
            uint256 seat = Draws.at(order, k);
            if ((revealed >> seat) & 1 != 0) {
                assignment[seat >> 5] |= _pick(_lottery(game), seat, left, h.items()) << ((seat & 31) << 3);
            }
        }
        _assign(game, status, h, id, assignment);
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
    function _drawTerm(Game storage game, Status status, Head h, bytes32 id, uint256 opened) private {
        uint256 n = h.agents();
        address terms = _lottery(game).terms;
        uint256 denominator = Certificates.denominatorOf(terms);
        bytes32 seed = Draws.seed(_TERM, id, uint256(game.digest), _commitments(game, n, opened));
        uint256 number = Draws.uniform(seed, 0, denominator);
        (uint256 term, uint256 codes) = Certificates.find(terms, denominator, n, number);
        emit TermDrawn(id, number, term);

        uint256[2] memory assignment;
        for (uint256 seat = 0; seat < n; ++seat) {
            if ((opened >> seat) & 1 != 0) {
                assignment[seat >> 5] |= (Memory.load(codes + seat) >> 248) << ((seat & 31) << 3);
            }
        }
        _assign(game, status, h, id, assignment);
    }

    function _assign(Game storage game, Status status, Head h, bytes32 id, uint256[2] memory assignment) private {
        uint256[2] storage stored = _lottery(game).assignment;
        stored[0] = assignment[0];
        if (h.agents() > 32) stored[1] = assignment[1];
        game.status = status.withPhase(uint8(Phase.Drawn));
        emit Assigned(id, assignment);
    }

    // ────────────────────────────────────────── reading storage ──────────────────────────────────────────

    function _lottery(Game storage game) private pure returns (Lottery storage lottery) {
        uint256 behind = _BEHIND;
        assembly ("memory-safe") {
            lottery.slot := add(game.slot, behind)
        }
    }

    /// @dev All rankings in memory, two words for each seat; zero for silent ones.
    function _rankings(Lottery storage lottery, Head h) private view returns (uint256 ptr) {
        ptr = Memory.zeroed(2 * h.agents());
        for (uint256 i = 0; i < h.agents(); ++i) {
            Memory.store(ptr + 64 * i, lottery.rankings[i][0]);
            if (h.items() > 32) Memory.store(ptr + 64 * i + 32, lottery.rankings[i][1]);
        }
    }
}
