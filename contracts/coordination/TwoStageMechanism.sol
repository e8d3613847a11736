// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Bonds} from "../game/Bonds.sol";
import {Games} from "../game/Games.sol";
import {IGame} from "../game/IGame.sol";
import {ISecrets} from "../game/ISecrets.sol";
import {Head} from "../game/Pages.sol";
import {Secrets} from "../game/Secrets.sol";
import {Status, StatusLibrary} from "../game/Status.sol";
import {IRecognition} from "../interfaces/IRecognition.sol";
import {ITwoStageMechanism} from "../interfaces/ITwoStageMechanism.sol";
import {Draws} from "../randomness/Draws.sol";
import {CodeStorage} from "../storage/CodeStorage.sol";
import {CostFunctions} from "./CostFunctions.sol";
import {GameData, Record} from "./GameData.sol";

/// @title The two-stage mechanism for decentralized task coordination
/// @dev The common knowledge of a game is code (`GameData`); storage holds what play adds to it. Of the status of
/// `Games`, `drawn` is the proposer.
contract TwoStageMechanism is Bonds, Secrets, ITwoStageMechanism {
    using GameData for Head;

    /// @dev What this mechanism adds to a game.
    struct Play {
        /// 32-bit words, eight to a slot, the first in the lowest bits: F(X) so far takes three, then the units
        /// carried over to later seats, one word a task type.
        uint256[9] ledger;
        /// Two seats to a slot, the even one in the lower half: denominator 32 | numerator 32 | load 32.
        uint256[32] announcements;
        uint256[2] order;
        bytes32[64] secrets;
        /// Pages after the first. A page holds at least 22 seats, so three hold all.
        address[2] morePages;
    }

    bytes32 private constant _CONTINUATION = "continuation";
    bytes32 private constant _PROPOSER = "proposer";
    bytes32 private constant _ORDER = "order";

    /// @dev What a recognition function may use, and what must be left before it is called: 64/63 of it, and more than
    /// enough for the call itself, so that the call passes on all of it.
    uint256 private constant _RECOGNITION_GAS = 150_000;
    uint256 private constant _GAS_BEFORE_RECOGNITION = 160_000;

    // ────────────────────────────────────────────── actions ──────────────────────────────────────────────

    /// @inheritdoc ITwoStageMechanism
    function create(bytes32 salt, Parameters calldata parameters) external returns (bytes32 id) {
        Game storage game;
        (id, game) = _create(salt);

        (Head h, uint256 draft) = GameData.draft(parameters);
        if (h.seatsPerPage() == h.agents()) {
            address page =
                GameData.storePage(h, draft, 0, parameters.contracted, parameters.capacity, _play(game).morePages);
            game.status = _opened(page, uint8(Phase.Joining), parameters.joinWindow);
        } else {
            GameData.checkSize(parameters.contracted, parameters.capacity, 0);
            address page = GameData.storeDraft(h, draft);
            game.status = StatusLibrary.created(page, uint8(Phase.Creating), 0).withTurn(h.agents());
        }

        bytes memory encoded = abi.encode(parameters);
        bytes32 digest = keccak256(encoded);
        game.digest = digest;
        _emitCreated(id, salt, digest, encoded);
    }

    /// @inheritdoc ITwoStageMechanism
    function store(bytes32 id, bytes32 digest, uint32[] calldata contracted, uint32[] calldata capacity) external {
        (Game storage game, Status status) = _inPhase(id, uint8(Phase.Creating));
        (Head h, uint256 draft, address creator, uint256 joinWindow) =
            GameData.loadDraft(status.page());
        if (msg.sender != creator) revert NotTheCreator(msg.sender, creator);
        _requireDigest(game, digest);

        uint256 first = h.firstOfPage(status.turn());
        address[2] storage morePages = _play(game).morePages;
        address page = h.storePage(draft, first, contracted, capacity, morePages);
        bytes32 next = keccak256(abi.encode(digest, contracted, capacity));
        game.digest = next;
        if (first != 0) {
            morePages[first / h.seatsPerPage() - 1] = page;
            game.status = status.withTurn(first);
        } else {
            game.status = _opened(page, uint8(Phase.Joining), joinWindow);
        }
        emit Stored(id, first, next, contracted, capacity);
    }

    /// @inheritdoc ITwoStageMechanism
    function join(bytes32 id, uint256 seat, bytes32 digest, bytes32 commitment_) external payable {
        (Game storage game, Status status, Head h) = _open(id, uint8(Phase.Joining));
        uint256 record = _own(game, status, h, seat);
        if (game.commitments[seat] != 0) revert AlreadyJoined(seat);
        _requireDigest(game, digest);
        _requireCommitment(commitment_);
        uint256 deposit = _deposit(h, record);
        _requireDeposit(deposit);

        game.commitments[seat] = commitment_;
        uint256 joined = status.turn() + 1;
        game.status = joined == h.agents() ? _entered(status, h, uint8(Phase.Announcing)) : status.withTurn(joined);
        emit Joined(id, seat, commitment_, deposit);
    }

    /// @inheritdoc ITwoStageMechanism
    function announce(bytes32 id, bytes32 digest, uint256[] calldata announcement) external {
        (Game storage game, Status status, Head h) = _open(id, uint8(Phase.Announcing));
        uint256 seat = status.turn();
        _own(game, status, h, seat);
        _requireDigest(game, digest);
        if (announcement.length != h.taskTypes()) {
            revert AnnouncementLengthMismatch(announcement.length, h.taskTypes());
        }

        bool last = seat + 1 == h.agents();
        (address recognition, uint256 contractedCost) = GameData.recognition(status.page());
        (IRecognition.Turn memory turn, uint256 load, uint256 total) =
            _enterAnnouncement(_play(game), h, _pageOf(game, status, h, seat), seat, announcement);
        uint256 numerator;
        uint256 denominator;
        if (!last) {
            // The last agent gets the remaining probability, so it needs no fraction.
            (numerator, denominator) = _fraction(recognition, GameData.recognitionCode(status.page()), turn);
        }
        _play(game).announcements[seat >> 1] |=
            ((denominator << 64) | (numerator << 32) | load) << ((seat & 1) << 7);
        digest = keccak256(abi.encodePacked(digest, announcement));
        emit Announced(id, seat, announcement, numerator, denominator);

        if (!last) {
            game.digest = digest;
            game.status = _entered(status, h, uint8(Phase.Announcing)).withTurn(seat + 1);
        } else if (total < contractedCost) {
            game.digest = _withCommitments(game, digest, h.agents());
            game.status = _entered(status, h, uint8(Phase.Revealing)).withRound(1);
        } else {
            game.digest = digest;
            // Nothing to bargain over, and who proposed would have to at a loss.
            _breakDown(game, status, id, 0, Cause.NoSavings);
        }
    }

    /// @inheritdoc ITwoStageMechanism
    function reveal(bytes32 id, uint256 seat, bytes32 digest, bytes32 secret_, bytes32 nextCommitment) external {
        (Game storage game, Status status, Head h) = _open(id, uint8(Phase.Revealing));
        _own(game, status, h, seat);
        if (_play(game).secrets[seat] != 0) revert AlreadyRevealed(seat);
        _requireDigest(game, digest);
        _requireOpens(game, id, seat, secret_, secret_);
        _requireCommitment(nextCommitment);

        game.commitments[seat] = nextCommitment;
        uint256 revealed = status.turn() + 1;
        emit Revealed(id, status.round(), seat, secret_, nextCommitment);
        if (revealed < h.agents()) {
            _play(game).secrets[seat] = secret_;
            game.status = status.withTurn(revealed);
        } else {
            _draw(game, status, h, id, seat, secret_);
        }
    }

    /// @inheritdoc ITwoStageMechanism
    function propose(bytes32 id, bytes32 digest, int128[] calldata shares) external {
        (Game storage game, Status status, Head h) = _open(id, uint8(Phase.Proposing));
        uint256 proposer = status.drawn();
        _own(game, status, h, proposer);
        _requireDigest(game, digest);
        if (shares.length != h.agents()) revert ProposalLengthMismatch(shares.length, h.agents());
        _checkShares(game, status, h, shares);

        game.digest = _withShares(digest, shares);
        game.status = _entered(status, h, uint8(Phase.Responding));
        emit Proposed(id, status.round(), proposer, shares);
    }

    /// @inheritdoc ITwoStageMechanism
    function respond(bytes32 id, bytes32 digest, bool accept) external {
        (Game storage game, Status status, Head h) = _open(id, uint8(Phase.Responding));
        uint256 position = status.turn();
        uint256 seat = _responder(_play(game), position);
        _own(game, status, h, seat);
        _requireDigest(game, digest);

        uint256 round = status.round();
        emit Responded(id, round, seat, accept);
        if (accept) {
            if (position + 2 < h.agents()) {
                game.status = _entered(status, h, uint8(Phase.Responding)).withTurn(position + 1);
            } else {
                game.status = status.withPhase(uint8(Phase.Settled));
                emit Settled(id, round);
            }
        } else if (round < h.rounds()) {
            game.digest = _withCommitments(game, digest, h.agents());
            game.status = _entered(status, h, uint8(Phase.Revealing)).withRound(round + 1);
        } else {
            _breakDown(game, status, id, round, Cause.LastRound);
        }
    }

    /// @inheritdoc IGame
    function expire(bytes32 id) external {
        (Game storage game, Status status, Head h) = _lapsed(id, uint8(Phase.Joining), uint8(Phase.Settled));

        status = status.expired().ended(uint8(Phase.BrokenDown), uint8(Cause.Expired));
        uint256 silent;
        uint256 count;
        for (uint256 seat = 0; seat < h.agents(); ++seat) {
            if (_isSilent(_play(game), status, seat)) {
                silent |= 1 << seat;
                ++count;
            }
        }
        game.status = status;
        if (count != 0) burnt += count * h.bond();
        emit BrokenDown(id, status.round(), Cause.Expired, silent);
    }

    /// @inheritdoc ITwoStageMechanism
    function withdraw(bytes32 id, uint256 seat, address payable to, bytes32 digest, int128[] calldata shares) external {
        (Game storage game, Status status, Head h) = _ended(id, uint8(Phase.Settled));
        uint256 record = _own(game, status, h, seat);
        if (game.commitments[seat] == 0) revert NothingToWithdraw(seat);

        uint256 amount = _deposit(h, record);
        if (status.phase() == uint8(Phase.Settled)) {
            _requireDigest(game, _withShares(digest, shares));
            uint256 cost = CostFunctions.at(h.cost(_pageOf(game, status, h, seat), seat), _load(_play(game), seat));
            // Not negative: the proposal was checked to leave no seat paying more than its deposit.
            amount = uint256(int256(amount + cost) - shares[seat]);
        } else {
            if (shares.length != 0) revert ProposalLengthMismatch(shares.length, 0);
            _requireDigest(game, digest);
            if (_isSilent(_play(game), status, seat)) amount -= h.bond();
        }

        game.commitments[seat] = 0;
        _pay(id, seat, to, amount);
    }

    // ─────────────────────────────────────────────── views ───────────────────────────────────────────────

    /// @inheritdoc ITwoStageMechanism
    function state(bytes32 id) external view returns (State memory) {
        Game storage game = _games[id];
        Status status = game.status;
        return State({
            phase: Phase(status.phase()),
            cause: Cause(status.cause()),
            turn: uint8(status.turn()),
            proposer: uint8(status.drawn()),
            lapsed: Phase(status.lapsed()),
            round: uint16(status.round()),
            deadline: uint40(status.deadline()),
            digest: game.digest,
            announcedCost: uint96(_play(game).ledger[0])
        });
    }

    /// @inheritdoc ISecrets
    function commitment(bytes32 id, uint256 seat) external view returns (bytes32) {
        return _games[id].commitments[seat];
    }

    /// @inheritdoc ITwoStageMechanism
    function secret(bytes32 id, uint256 seat) external view returns (bytes32) {
        return _play(_games[id]).secrets[seat];
    }

    /// @inheritdoc ITwoStageMechanism
    function announcementOf(bytes32 id, uint256 seat)
        external
        view
        returns (uint256 load, uint256 numerator, uint256 denominator)
    {
        uint256 packed = _announcement(_play(_games[id]), seat);
        return (uint32(packed), uint32(packed >> 32), uint32(packed >> 64));
    }

    /// @inheritdoc ITwoStageMechanism
    function carried(bytes32 id, uint256 taskType) external view returns (uint256) {
        uint256 word = taskType + 3;
        return uint32(_play(_games[id]).ledger[word >> 3] >> ((word & 7) << 5));
    }

    /// @inheritdoc ITwoStageMechanism
    function order(bytes32 id) external view returns (uint256[2] memory) {
        return _play(_games[id]).order;
    }

    // ─────────────────────────────────────────── shared checks ───────────────────────────────────────────

    /// @inheritdoc Games
    function _place(Game storage game, Status status, Head h, uint256 seat)
        internal
        view
        override
        returns (address page, uint256 offset)
    {
        return (_pageOf(game, status, h, seat), h.place(seat));
    }

    /// @dev What a seat pays to join: the most that any proposal it would accept can cost it.
    /// @param record the first word of the seat's record, with f_i(d_i) in the lowest 96 bits
    function _deposit(Head h, uint256 record) private pure returns (uint256) {
        unchecked {
            // Two amounts below 2^96.
            return h.bond() + uint96(record);
        }
    }

    // ─────────────────────────────────────────── shared effects ──────────────────────────────────────────

    /// @dev As `emit Created(id, msg.sender, salt, digest, parameters)`, which would encode the parameters once more.
    /// @param encoded abi.encode(parameters), used up: its length and its offset word make room for the digest and the
    /// offset behind it
    function _emitCreated(bytes32 id, bytes32 salt, bytes32 digest, bytes memory encoded) private {
        bytes32 signature = Created.selector;
        assembly ("memory-safe") {
            let size := add(mload(encoded), 32)
            mstore(encoded, digest)
            mstore(add(encoded, 32), 64)
            log4(encoded, size, signature, id, caller(), salt)
        }
    }

    function _breakDown(Game storage game, Status status, bytes32 id, uint256 round, Cause cause) private {
        game.status = status.ended(uint8(Phase.BrokenDown), uint8(cause));
        emit BrokenDown(id, round, cause, 0);
    }

    /// @dev Check an announcement against its bounds and enter it in the ledger.
    /// @param page the seat's
    /// @return turn what recognition may depend on
    /// @return load Σ_t x_jt
    /// @return total F over the announcements so far
    function _enterAnnouncement(
        Play storage play,
        Head h,
        address page,
        uint256 seat,
        uint256[] calldata announcement
    ) private returns (IRecognition.Turn memory turn, uint256 load, uint256 total) {
        uint256 m = h.taskTypes();
        Record record = h.record(page, seat);
        turn.agent = seat;
        turn.agents = h.agents();
        turn.contractedFrom = record.contractedFrom();
        turn.remaining = turn.contractedFrom;
        turn.contracted = new uint256[](m);
        turn.maximal = new uint256[](m);
        turn.announced = announcement;

        uint256 slot = 0;
        uint256 word = play.ledger[0];
        uint256 current = word >> 96;
        total = uint96(word);
        // The slot under way, rebuilt from its highest word down as its words are read from the lowest up.
        uint256 shift = 96;
        uint256 next = 0;
        for (uint256 t = 0; t < m; ++t) {
            if (shift == 256) {
                play.ledger[slot] = next;
                current = play.ledger[++slot];
                shift = 0;
                next = 0;
            }
            unchecked {
                // Sums and differences of quantities whose totals are below 2^32; no difference is negative, as x is
                // at most the pool.
                uint256 left = uint32(current);
                current >>= 32;
                turn.remaining += left;
                (uint256 highest, uint256 contracted, uint256 spare) = record.taskType(t);
                turn.contracted[t] = contracted;
                uint256 pool = left + contracted;
                if (highest > pool) highest = pool;
                turn.maximal[t] = highest;
                uint256 x = announcement[t];
                if (x > highest) revert AnnouncementTooHigh(t, x, highest);
                if (x + spare < pool) revert AnnouncementTooLow(t, x, pool - spare);
                load += x;
                next |= (pool - x) << shift;
                shift += 32;
            }
        }
        // Total cost stays below 2^96: creation has bounded the cost of any allocation.
        total += CostFunctions.at(h.cost(page, seat), load);
        if (slot == 0) {
            play.ledger[0] = next | total;
        } else {
            play.ledger[slot] = next;
            play.ledger[0] = ((play.ledger[0] >> 96) << 96) | total;
        }
    }

    /// @dev Ask the recognition function. If it does not answer with a fraction, the seat gets an equal share of what is
    /// left with it and the later ones: see `ITwoStageMechanism.announce`.
    /// @param code hash of the code that was agreed on
    function _fraction(address recognition, bytes32 code, IRecognition.Turn memory turn)
        private
        view
        returns (uint256 numerator, uint256 denominator)
    {
        bytes memory question = abi.encodeCall(IRecognition.fraction, (turn));
        bool answered = recognition.codehash == code;
        uint256 left = gasleft();
        if (left < _GAS_BEFORE_RECOGNITION) revert NotEnoughGas(left, _GAS_BEFORE_RECOGNITION);
        if (answered) {
            uint256 length;
            assembly ("memory-safe") {
                // Whatever is returned, no more than two words are copied.
                answered := staticcall(_RECOGNITION_GAS, recognition, add(question, 32), mload(question), 0, 64)
                length := returndatasize()
                numerator := mload(0)
                denominator := mload(32)
            }
            if (length < 64) answered = false;
        }
        if (!answered || denominator > type(uint32).max || numerator > denominator) {
            numerator = 1;
            denominator = turn.agents - turn.agent;
        }
    }

    /// @dev All have revealed: decide whether to go on (after a rejection), who proposes, and who answers when.
    function _draw(
        Game storage game,
        Status status,
        Head h,
        bytes32 id,
        uint256 lastSeat,
        bytes32 lastSecret
    ) private {
        Play storage play = _play(game);
        uint256 n = h.agents();
        uint256 round = status.round();
        bytes32[] memory secrets = new bytes32[](n);
        for (uint256 i = 0; i < n; ++i) {
            if (i == lastSeat) {
                secrets[i] = lastSecret;
            } else {
                secrets[i] = play.secrets[i];
                play.secrets[i] = 0;
            }
        }

        if (round > 1) {
            bytes32 fresh = Draws.seed(_CONTINUATION, id, round, secrets);
            (uint256 numerator, uint256 denominator) = h.continuation();
            if (Draws.uniform(fresh, 0, denominator) >= numerator) {
                _breakDown(game, status.withTurn(n), id, round, Cause.NotContinued);
                return;
            }
        }

        uint256 proposer = _drawProposer(play, Draws.seed(_PROPOSER, id, round, secrets), n);
        uint256[2] memory order_ = Draws.permutation(Draws.seed(_ORDER, id, round, secrets), n, proposer);
        play.order[0] = order_[0];
        if (n > 33) play.order[1] = order_[1];
        game.status = _entered(status, h, uint8(Phase.Proposing)).withDrawn(proposer);
        emit ProposerDrawn(id, round, proposer, order_);
    }

    /// @dev Walk down the stick: j is recognized with probability g(j) if nobody before it was.
    function _drawProposer(Play storage play, bytes32 seed, uint256 n) private view returns (uint256 j) {
        for (; j < n - 1; ++j) {
            uint256 packed = _announcement(play, j);
            uint256 denominator = uint32(packed >> 64);
            if (denominator != 0 && Draws.uniform(seed, j, denominator) < uint32(packed >> 32)) return j;
        }
    }

    /// @dev A proposal shares out F(X) exactly and asks no seat for more than its deposit.
    function _checkShares(Game storage game, Status status, Head h, int128[] calldata shares) private view {
        Play storage play = _play(game);
        uint256 n = h.agents();
        int256 sum = 0;
        for (uint256 i = 0; i < n; ++i) {
            sum += shares[i];
        }
        uint256 total = uint96(play.ledger[0]);
        if (sum != int256(total)) revert ProposalSumMismatch(sum, total);

        for (uint256 i = 0; i < n; ++i) {
            (address page, uint256 offset) = _place(game, status, h, i);
            int256 payment = shares[i] - int256(CostFunctions.at(h.cost(page, i), _load(play, i)));
            uint256 deposit = _deposit(h, CodeStorage.load(page, offset));
            if (payment > int256(deposit)) revert ProposalBeyondDeposit(i, payment, deposit);
        }
    }

    // ────────────────────────────────────────── reading storage ──────────────────────────────────────────

    function _play(Game storage game) private pure returns (Play storage play) {
        uint256 behind = _BEHIND;
        assembly ("memory-safe") {
            play.slot := add(game.slot, behind)
        }
    }

    function _pageOf(Game storage game, Status status, Head h, uint256 seat) private view returns (address) {
        uint256 k = seat / h.seatsPerPage();
        return k == 0 ? status.page() : _play(game).morePages[k - 1];
    }

    function _announcement(Play storage play, uint256 seat) private view returns (uint256) {
        return play.announcements[seat >> 1] >> ((seat & 1) << 7);
    }

    function _load(Play storage play, uint256 seat) private view returns (uint256) {
        return uint32(_announcement(play, seat));
    }

    function _responder(Play storage play, uint256 position) private view returns (uint256) {
        return (play.order[position >> 5] >> ((position & 31) << 3)) & 0xff;
    }

    /// @dev Whether a seat was due when a deadline passed. Nobody is blamed for a game that did not fill.
    function _isSilent(Play storage play, Status status, uint256 seat) private view returns (bool) {
        uint8 lapsed = status.lapsed();
        if (lapsed == uint8(Phase.Announcing)) return seat == status.turn();
        if (lapsed == uint8(Phase.Revealing)) return play.secrets[seat] == 0;
        if (lapsed == uint8(Phase.Proposing)) return seat == status.drawn();
        if (lapsed == uint8(Phase.Responding)) return seat == _responder(play, status.turn());
        return false;
    }

    function _withShares(bytes32 digest, int128[] calldata shares) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(digest, shares));
    }
}
