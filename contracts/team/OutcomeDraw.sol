// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Games} from "../game/Games.sol";
import {IGame} from "../game/IGame.sol";
import {ISecrets} from "../game/ISecrets.sol";
import {Head} from "../game/Pages.sol";
import {COMMITTED, OPENED, REVEALED, SeatSets, SeatSetsLibrary} from "../game/SeatSets.sol";
import {Secrets} from "../game/Secrets.sol";
import {Status} from "../game/Status.sol";
import {IOutcomeDraw} from "../interfaces/IOutcomeDraw.sol";
import {ITeamContract} from "../interfaces/ITeamContract.sol";
import {CommitReveal} from "../randomness/CommitReveal.sol";
import {Draws} from "../randomness/Draws.sol";
import {DrawData} from "./DrawData.sol";
import {Successes} from "./Successes.sol";

/// @title Nature as a contract: the referee of projects whose success is drawn
/// @dev The common knowledge of a draw is code (`DrawData`). Of the sets of `Games`, those whose second secret is known are
/// those who work. Once a commitment is opened, the secret takes its place. The cause of a status is whether the project
/// succeeded.
contract OutcomeDraw is Secrets, IOutcomeDraw {
    using DrawData for Head;

    bytes32 private constant _OUTCOME = "outcome";

    // ────────────────────────────────────────────── actions ──────────────────────────────────────────────

    /// @inheritdoc IOutcomeDraw
    function open(
        ITeamContract team,
        bytes32 project,
        ITeamContract.Parameters calldata parameters,
        bytes32 commitment_
    ) external payable returns (bytes32 id) {
        id = gameId(address(team), project);
        Game storage game = _games[id];
        if (game.status.phase() != 0) revert GameExists(id);
        _requireCommitment(commitment_);

        bytes32 hash = keccak256(abi.encode(parameters));
        address page = DrawData.store(team, project, parameters, hash, commitment_);
        game.status = _opened(page, uint8(Phase.Committing), parameters.workWindow / 3);
        emit Opened(id, address(team), project, msg.sender, commitment_, hash);
        if (team.vouch{value: msg.value}(project, hash, msg.sender) == 0) revert NotWorking(project);
    }

    /// @inheritdoc IOutcomeDraw
    function commit(bytes32 id, uint256 seat, bytes32 digest, bytes32 commitment_) external {
        (Game storage game, Status status, Head h) = _open(id, uint8(Phase.Committing));
        _own(game, status, h, seat);
        SeatSets seats = game.seats;
        if (seats.has(COMMITTED, seat)) revert AlreadyCommitted(seat);
        _requireDigest(status, digest);
        _requireCommitment(commitment_);

        seats = seats.including(COMMITTED, seat);
        game.seats = seats;
        game.commitments[seat] = commitment_;
        emit Committed(id, seat, commitment_);
        if (seats.members(COMMITTED) == SeatSetsLibrary.all(h.agents())) _endCommitting(game, status, h);
    }

    /// @inheritdoc IOutcomeDraw
    function reveal(bytes32 id, uint256 seat, bytes32 digest, bool works, bytes32 secret) external {
        (Game storage game, Status status, Head h) = _open(id, uint8(Phase.Revealing));
        _own(game, status, h, seat);
        SeatSets seats = game.seats;
        if (!seats.has(COMMITTED, seat)) revert NotCommitted(seat);
        if (seats.has(REVEALED, seat)) revert AlreadyRevealed(seat);
        _requireDigest(game, digest);
        _requireOpens(game, id, seat, secret, keccak256(abi.encode(works, secret)));

        seats = seats.including(REVEALED, seat);
        if (works) seats = seats.including(OPENED, seat);
        game.seats = seats;
        game.commitments[seat] = secret;
        emit Revealed(id, seat, works, secret);
        if (seats.members(REVEALED) == seats.members(COMMITTED)) _endRevealing(game, status, h, seats);
    }

    /// @inheritdoc IOutcomeDraw
    function draw(bytes32 id, bytes32 digest, ITeamContract.Parameters calldata parameters, bytes32 secret)
        external
    {
        (Game storage game, Status status, Head h) = _open(id, uint8(Phase.Drawing));
        address page = status.page();
        _requireGuarantor(page);
        _requireDigest(game, digest);
        _requireParameters(page, parameters);
        _requireSecret(page, h, id, secret);

        uint256 workers = game.seats.members(OPENED);
        uint256 numerator = Successes.value(parameters, workers);
        uint256 denominator = parameters.denominator;
        bool success = Draws.uniform(_seed(game, h, id, digest, secret), 0, denominator) < numerator;
        game.status = status.ended(uint8(Phase.Drawn), success ? 1 : 0);
        emit Drawn(id, workers, numerator, denominator, success);
        DrawData.team(page).report(DrawData.project(page), success);
    }

    /// @inheritdoc IGame
    function expire(bytes32 id) external {
        (Game storage game, Status status, Head h) = _lapsed(id, uint8(Phase.Committing), uint8(Phase.Drawn));
        Phase phase = Phase(status.phase());
        emit PhaseExpired(id, phase);
        if (phase == Phase.Committing) _endCommitting(game, status, h);
        else if (phase == Phase.Revealing) _endRevealing(game, status, h, game.seats);
        else game.status = status.withPhase(uint8(Phase.Lapsed));
    }

    // ─────────────────────────────────────────────── views ───────────────────────────────────────────────

    /// @inheritdoc IOutcomeDraw
    function state(bytes32 id) external view returns (State memory) {
        Game storage game = _games[id];
        Status status = game.status;
        SeatSets seats = game.seats;
        return State({
            phase: Phase(status.phase()),
            deadline: uint40(status.deadline()),
            committed: uint64(seats.members(COMMITTED)),
            revealed: uint64(seats.members(REVEALED)),
            workers: uint64(seats.members(OPENED)),
            guarantor: DrawData.guarantor(status.page()),
            success: status.cause() != 0
        });
    }

    /// @inheritdoc IOutcomeDraw
    function digestOf(bytes32 id) external view returns (bytes32) {
        Game storage game = _games[id];
        Status status = game.status;
        return status.phase() == uint8(Phase.Committing) ? DrawData.digest(status.page()) : game.digest;
    }

    /// @inheritdoc ISecrets
    function commitment(bytes32 id, uint256 seat) external view returns (bytes32) {
        Game storage game = _games[id];
        return game.seats.has(REVEALED, seat) ? bytes32(0) : game.commitments[seat];
    }

    // ────────────────────────────────────────────── checks ───────────────────────────────────────────────

    /// @inheritdoc Games
    function _place(Game storage, Status status, Head, uint256 seat)
        internal
        pure
        override
        returns (address page, uint256 offset)
    {
        return (status.page(), DrawData.place(seat));
    }

    /// @dev The first digest is code.
    function _requireDigest(Status status, bytes32 given) private view {
        bytes32 current = DrawData.digest(status.page());
        if (given != current) revert StaleDigest(given, current);
    }

    function _requireGuarantor(address page) private view {
        address guarantor = DrawData.guarantor(page);
        if (msg.sender != guarantor) revert NotTheGuarantor(msg.sender, guarantor);
    }

    function _requireParameters(address page, ITeamContract.Parameters calldata parameters) private view {
        bytes32 given = keccak256(abi.encode(parameters));
        bytes32 current = DrawData.parameters(page);
        if (given != current) revert WrongParameters(given, current);
    }

    /// @dev The guarantor's commitment is code, as it never changes, and there may be 64 others.
    function _requireSecret(address page, Head h, bytes32 id, bytes32 secret) private view {
        if (secret == 0) revert ZeroSecret();
        uint256 n = h.agents();
        bytes32 current = DrawData.guarantorsCommitment(page);
        if (CommitReveal.commitment(id, n, secret) != current) revert WrongSecret(n, current);
    }

    // ────────────────────────────────────────────── effects ──────────────────────────────────────────────

    /// @dev Phases end at their deadlines at the latest, whenever somebody says so: what is left of the next one's time
    /// does not depend on it.
    function _endCommitting(Game storage game, Status status, Head h) private {
        game.digest = _withCommitments(game, DrawData.digest(status.page()), h.agents());
        unchecked {
            // See `Games._after`.
            status = status.entering(uint8(Phase.Revealing), status.deadline() + h.window());
        }
        SeatSets seats = game.seats;
        if (seats.members(COMMITTED) == 0) _endRevealing(game, status, h, seats);
        else game.status = status;
    }

    function _endRevealing(Game storage game, Status status, Head h, SeatSets seats) private {
        game.digest = keccak256(abi.encode(game.digest, seats.members(REVEALED), seats.members(OPENED)));
        unchecked {
            // See `Games._after`.
            game.status = status.entering(uint8(Phase.Drawing), status.deadline() + h.rest());
        }
    }

    /// @dev The members' secrets in seat order, then the guarantor's.
    function _seed(Game storage game, Head h, bytes32 id, bytes32 digest, bytes32 secret)
        private
        view
        returns (bytes32)
    {
        unchecked {
            // At most 64 seats.
            uint256 n = h.agents();
            bytes32[] memory secrets = _commitments(game, n + 1, game.seats.members(REVEALED));
            secrets[n] = secret;
            return Draws.seed(_OUTCOME, id, uint256(digest), secrets);
        }
    }
}
