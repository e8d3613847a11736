// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Bonds} from "../../../contracts/game/Bonds.sol";
import {IGame} from "../../../contracts/game/IGame.sol";
import {ISecrets} from "../../../contracts/game/ISecrets.sol";
import {Head, Pages} from "../../../contracts/game/Pages.sol";
import {COMMITTED, REVEALED, SeatSets, SeatSetsLibrary, WITHDRAWN} from "../../../contracts/game/SeatSets.sol";
import {Secrets} from "../../../contracts/game/Secrets.sol";
import {Status} from "../../../contracts/game/Status.sol";
import {Draws} from "../../../contracts/randomness/Draws.sol";

/// @title Agents draw lots for each other's stakes
/// @notice All commit to a secret and pay the stake, all reveal, and one of them takes all. After a missed deadline the
/// stakes go to those who have revealed, in equal shares, or back if nobody has.
contract CoinToss is Bonds, Secrets {
    enum Phase {
        None,
        Committing,
        Revealing,
        Over
    }

    event Created(bytes32 indexed id, uint256 stake);
    event Committed(bytes32 indexed id, uint256 seat, bytes32 commitment);
    event Revealed(bytes32 indexed id, uint256 seat, bytes32 secret);
    event Tossed(bytes32 indexed id, uint256 winner);
    event Expired(bytes32 indexed id);

    error AlreadyCommitted(uint256 seat);

    function create(bytes32 salt, address[] calldata seats, uint96 stake, uint32 window) external {
        (bytes32 id, Game storage game) = _create(salt);
        address page = Pages.store(stake, window, 0, seats, 2);
        game.digest = keccak256(abi.encode(seats, stake, window));
        game.status = _opened(page, uint8(Phase.Committing), window);
        emit Created(id, stake);
    }

    function commit(bytes32 id, uint256 seat, bytes32 digest, bytes32 commitment_) external payable {
        (Game storage game, Status status, Head head) = _open(id, uint8(Phase.Committing));
        _own(game, status, head, seat);
        SeatSets seats = game.seats;
        if (seats.has(COMMITTED, seat)) revert AlreadyCommitted(seat);
        _requireDigest(game, digest);
        _requireCommitment(commitment_);
        _requireDeposit(head.bond());

        seats = seats.including(COMMITTED, seat);
        game.seats = seats;
        game.commitments[seat] = commitment_;
        emit Committed(id, seat, commitment_);
        if (seats.members(COMMITTED) == SeatSetsLibrary.all(head.agents())) {
            game.digest = _withCommitments(game, digest, head.agents());
            game.status = _entered(status, head, uint8(Phase.Revealing));
        }
    }

    function reveal(bytes32 id, uint256 seat, bytes32 digest, bytes32 secret) external {
        (Game storage game, Status status, Head head) = _open(id, uint8(Phase.Revealing));
        _own(game, status, head, seat);
        SeatSets seats = game.seats;
        if (seats.has(REVEALED, seat)) revert AlreadyRevealed(seat);
        _requireDigest(game, digest);
        _requireOpens(game, id, seat, secret, secret);

        seats = seats.including(REVEALED, seat);
        game.seats = seats;
        game.commitments[seat] = secret;
        emit Revealed(id, seat, secret);
        if (seats.members(REVEALED) == seats.members(COMMITTED)) {
            uint256 n = head.agents();
            bytes32[] memory secrets = _commitments(game, n, seats.members(REVEALED));
            uint256 winner = Draws.uniform(Draws.seed("coin", id, 1, secrets), 0, n);
            game.status = status.withDrawn(winner).withPhase(uint8(Phase.Over));
            emit Tossed(id, winner);
        }
    }

    /// @inheritdoc IGame
    function expire(bytes32 id) external {
        (Game storage game, Status status,) = _lapsed(id, uint8(Phase.Committing), uint8(Phase.Over));
        game.status = status.expired().withPhase(uint8(Phase.Over));
        emit Expired(id);
    }

    function withdraw(bytes32 id, uint256 seat, address payable to) external {
        (Game storage game, Status status, Head head) = _ended(id, uint8(Phase.Over));
        _own(game, status, head, seat);
        SeatSets seats = game.seats;
        uint256 paid = seats.members(REVEALED) == 0 ? seats.members(COMMITTED) : seats.members(REVEALED);
        if (status.lapsed() == 0) paid = 1 << status.drawn();
        if ((paid >> seat) & 1 == 0 || seats.has(WITHDRAWN, seat)) revert NothingToWithdraw(seat);

        game.seats = seats.including(WITHDRAWN, seat);
        uint256 pot = SeatSetsLibrary.count(seats.members(COMMITTED)) * head.bond();
        _pay(id, seat, to, pot / SeatSetsLibrary.count(paid));
    }

    /// @inheritdoc ISecrets
    function commitment(bytes32 id, uint256 seat) external view returns (bytes32) {
        return _games[id].seats.has(REVEALED, seat) ? bytes32(0) : _games[id].commitments[seat];
    }
}
