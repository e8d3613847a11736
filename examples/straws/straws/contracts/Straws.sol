// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Bonds} from "parley/game/Bonds.sol";
import {IGame} from "parley/game/IGame.sol";
import {ISecrets} from "parley/game/ISecrets.sol";
import {Head, Pages} from "parley/game/Pages.sol";
import {COMMITTED, REVEALED, WITHDRAWN, SeatSets, SeatSetsLibrary} from "parley/game/SeatSets.sol";
import {Secrets} from "parley/game/Secrets.sol";
import {Status} from "parley/game/Status.sol";
import {Draws} from "parley/randomness/Draws.sol";

/// @title Agents draw straws for one task, and compensate the one who is drawn
/// @notice Each agent deposits the compensation and a bond with a commitment to a secret. When all secrets are known,
/// a uniform draw chooses one agent. It gets its deposit back and everybody else's compensation; the others get
/// their bonds. If a deadline passes first there is no draw: agents get their deposits back, but who committed and
/// did not reveal loses its bond.
contract Straws is Bonds, Secrets {
    enum Phase {
        None,
        Committing,
        Revealing,
        Drawn,
        Cancelled
    }

    struct Parameters {
        address[] agents;
        uint96 compensation;
        uint96 bond;
        uint32 window;
    }

    event Created(
        bytes32 indexed id, address indexed creator, bytes32 indexed salt, bytes32 digest, Parameters parameters
    );
    event Committed(bytes32 indexed id, uint256 seat, bytes32 commitment);
    event Revealed(bytes32 indexed id, uint256 seat, bytes32 secret);
    event Drawn(bytes32 indexed id, uint256 seat);
    /// @param silent bit i set: seat i committed, did not reveal, and loses its bond
    event Cancelled(bytes32 indexed id, uint8 phase, uint256 silent);

    error AlreadyCommitted(uint256 seat);

    function create(bytes32 salt, Parameters calldata parameters) external returns (bytes32 id) {
        Game storage game;
        (id, game) = _create(salt);
        Parameters calldata p = parameters;
        address page = Pages.store(p.bond, p.window, uint120(p.compensation), p.agents, 2);

        bytes32 digest = keccak256(abi.encode(parameters));
        game.digest = digest;
        game.status = _opened(page, uint8(Phase.Committing), p.window);
        emit Created(id, msg.sender, salt, digest, parameters);
    }

    function commit(bytes32 id, uint256 seat, bytes32 digest, bytes32 commitment_) external payable {
        (Game storage game, Status status, Head head) = _open(id, uint8(Phase.Committing));
        _own(game, status, head, seat);
        SeatSets seats = game.seats;
        if (seats.has(COMMITTED, seat)) revert AlreadyCommitted(seat);
        _requireDigest(game, digest);
        _requireCommitment(commitment_);
        _requireDeposit(head.bond() + _compensation(head));

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
            bytes32[] memory secrets = _commitments(game, head.agents(), seats.members(REVEALED));
            uint256 drawn = Draws.uniform(Draws.seed("straws", id, 1, secrets), 0, head.agents());
            game.status = status.withDrawn(drawn).withPhase(uint8(Phase.Drawn));
            emit Drawn(id, drawn);
        }
    }

    /// @inheritdoc IGame
    function expire(bytes32 id) external {
        (Game storage game, Status status, Head head) = _lapsed(id, uint8(Phase.Committing), uint8(Phase.Drawn));
        uint256 silent = 0;
        if (status.phase() == uint8(Phase.Revealing)) {
            silent = game.seats.members(COMMITTED) & ~game.seats.members(REVEALED);
        }
        burnt += SeatSetsLibrary.count(silent) * head.bond();
        game.status = status.expired().withPhase(uint8(Phase.Cancelled));
        emit Cancelled(id, status.phase(), silent);
    }

    function withdraw(bytes32 id, uint256 seat, address payable to) external {
        (Game storage game, Status status, Head head) = _ended(id, uint8(Phase.Drawn));
        _own(game, status, head, seat);
        SeatSets seats = game.seats;
        if (!seats.has(COMMITTED, seat) || seats.has(WITHDRAWN, seat)) revert NothingToWithdraw(seat);

        game.seats = seats.including(WITHDRAWN, seat);
        _pay(id, seat, to, _owed(status, head, seats, seat));
    }

    function state(bytes32 id) external view returns (uint8 phase, uint256 deadline, uint256 seats) {
        Status status = _games[id].status;
        return (status.phase(), status.deadline(), SeatSets.unwrap(_games[id].seats));
    }

    function digestOf(bytes32 id) external view returns (bytes32) {
        return _games[id].digest;
    }

    /// @inheritdoc ISecrets
    function commitment(bytes32 id, uint256 seat) external view returns (bytes32) {
        return _games[id].seats.has(REVEALED, seat) ? bytes32(0) : _games[id].commitments[seat];
    }

    function _owed(Status status, Head head, SeatSets seats, uint256 seat) private pure returns (uint256) {
        uint256 compensation = _compensation(head);
        if (status.phase() == uint8(Phase.Drawn)) {
            return head.bond() + (status.drawn() == seat ? head.agents() * compensation : 0);
        }
        bool silent = status.lapsed() == uint8(Phase.Revealing) && !seats.has(REVEALED, seat);
        return compensation + (silent ? 0 : head.bond());
    }

    function _compensation(Head head) private pure returns (uint256) {
        return uint96(Head.unwrap(head));
    }
}
