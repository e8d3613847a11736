// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Bonds} from "../game/Bonds.sol";
import {Games} from "../game/Games.sol";
import {IGame} from "../game/IGame.sol";
import {Head, Pages} from "../game/Pages.sol";
import {COMMITTED, SeatSets, SeatSetsLibrary, WITHDRAWN} from "../game/SeatSets.sol";
import {Status} from "../game/Status.sol";
import {ITeamContract} from "../interfaces/ITeamContract.sol";
import {TeamData} from "./TeamData.sol";

/// @title Projects of teams that are paid by fair contracts
/// @dev The common knowledge of a project is code (`TeamData`). Of the sets of `Games`, those who have committed are those
/// who have accepted. The cause of a status is whether success was reported.
contract TeamContract is Bonds, Games, ITeamContract {
    using TeamData for Head;

    /// @dev What this mechanism adds to a game.
    struct Project {
        address guarantor;
        /// Whether the principal and the guarantor have withdrawn.
        bool refunded;
        bool returned;
    }

    // ────────────────────────────────────────────── actions ──────────────────────────────────────────────

    /// @inheritdoc ITeamContract
    function create(bytes32 salt, Parameters calldata parameters) external payable returns (bytes32 id) {
        Game storage game;
        (id, game) = _create(salt);
        uint256 payroll = TeamData.check(parameters);
        _requireDeposit(payroll);

        bytes32 digest = keccak256(abi.encode(parameters));
        address page = TeamData.store(parameters, payroll, digest);
        game.status = _opened(page, uint8(Phase.Forming), parameters.formWindow);
        emit Created(id, msg.sender, salt, digest, parameters);
    }

    /// @inheritdoc ITeamContract
    function accept(bytes32 id, uint256 seat, bytes32 digest) external {
        (Game storage game, Status status, Head h) = _open(id, uint8(Phase.Forming));
        _own(game, status, h, seat);
        SeatSets seats = game.seats;
        if (seats.has(COMMITTED, seat)) revert AlreadyAccepted(seat);
        _requireDigest(status, digest);

        seats = seats.including(COMMITTED, seat);
        game.seats = seats;
        emit Accepted(id, seat);
        _begin(game, status, h, id, seats);
    }

    /// @inheritdoc ITeamContract
    function vouch(bytes32 id, bytes32 digest, address guarantor) external payable returns (uint256 deadline) {
        (Game storage game, Status status, Head h) = _open(id, uint8(Phase.Forming));
        _requireReferee(status);
        Project storage project = _project(game);
        if (project.guarantor != address(0)) revert AlreadyVouched(project.guarantor);
        _requireDigest(status, digest);
        if (guarantor == address(0)) revert ZeroGuarantor();
        if (h.hasPart(status.page(), guarantor)) revert GuarantorHasPart(guarantor);
        _requireDeposit(h.payroll());

        project.guarantor = guarantor;
        emit Vouched(id, guarantor);
        return _begin(game, status, h, id, game.seats);
    }

    /// @inheritdoc ITeamContract
    function retract(bytes32 id) external {
        (Game storage game, Status status,) = _open(id, uint8(Phase.Forming));
        address principal = TeamData.principal(status.page());
        if (msg.sender != principal) revert NotThePrincipal(msg.sender, principal);

        emit Retracted(id);
        _dissolve(game, status, id);
    }

    /// @inheritdoc ITeamContract
    function report(bytes32 id, bool success) external {
        (Game storage game, Status status,) = _open(id, uint8(Phase.Working));
        _requireReferee(status);

        game.status = status.ended(uint8(Phase.Settled), success ? 1 : 0);
        emit Reported(id, success);
    }

    /// @inheritdoc ITeamContract
    function withdraw(bytes32 id, uint256 payee, address payable to) external {
        (Game storage game, Status status, Head h) = _ended(id, uint8(Phase.Settled));
        Project storage project = _project(game);
        uint256 n = h.agents();
        if (payee < n) {
            _own(game, status, h, payee);
        } else {
            uint256 payees = project.guarantor == address(0) ? n + 1 : n + 2;
            if (payee >= payees) revert SeatOutOfRange(payee, payees);
            address owner = payee == n ? TeamData.principal(status.page()) : project.guarantor;
            if (owner != msg.sender) revert NotTheSeat(payee, msg.sender);
        }
        uint256 amount = _owed(game, status, h, payee);
        if (amount == 0) revert NothingToWithdraw(payee);

        if (payee > n) project.returned = true;
        else if (payee == n) project.refunded = true;
        else game.seats = game.seats.including(WITHDRAWN, payee);
        _pay(id, payee, to, amount);
    }

    /// @inheritdoc IGame
    function expire(bytes32 id) external {
        (Game storage game, Status status,) = _lapsed(id, uint8(Phase.Forming), uint8(Phase.Settled));
        Phase phase = Phase(status.phase());
        emit Expired(id, phase);
        if (phase == Phase.Forming) {
            _dissolve(game, status, id);
        } else {
            game.status = status.withPhase(uint8(Phase.Lapsed));
            emit Lapsed(id);
        }
    }

    // ─────────────────────────────────────────────── views ───────────────────────────────────────────────

    /// @inheritdoc ITeamContract
    function state(bytes32 id) external view returns (State memory) {
        Game storage game = _games[id];
        Status status = game.status;
        return State({
            phase: Phase(status.phase()),
            deadline: uint40(status.deadline()),
            accepted: uint64(game.seats.members(COMMITTED)),
            guarantor: _project(game).guarantor,
            success: status.cause() != 0
        });
    }

    /// @inheritdoc ITeamContract
    function digestOf(bytes32 id) external view returns (bytes32) {
        Status status = _games[id].status;
        return status.phase() == 0 ? bytes32(0) : TeamData.digest(status.page());
    }

    /// @inheritdoc ITeamContract
    function owedTo(bytes32 id, uint256 payee) external view returns (uint256) {
        Game storage game = _games[id];
        Status status = game.status;
        if (status.phase() < uint8(Phase.Settled)) return 0;
        return _owed(game, status, Pages.head(status.page()), payee);
    }

    // ────────────────────────────────────────────── checks ───────────────────────────────────────────────

    /// @inheritdoc Games
    function _place(Game storage, Status status, Head, uint256 seat)
        internal
        pure
        override
        returns (address page, uint256 offset)
    {
        return (status.page(), TeamData.place(seat));
    }

    /// @dev The digest never changes, so it is code.
    function _requireDigest(Status status, bytes32 given) private view {
        bytes32 current = TeamData.digest(status.page());
        if (given != current) revert StaleDigest(given, current);
    }

    function _requireReferee(Status status) private view {
        address referee = TeamData.referee(status.page());
        if (msg.sender != referee) revert NotTheReferee(msg.sender, referee);
    }

    // ────────────────────────────────────────────── effects ──────────────────────────────────────────────

    /// @dev Let work begin if everybody has consented.
    /// @return deadline of the report; zero if it does not begin
    function _begin(Game storage game, Status status, Head h, bytes32 id, SeatSets seats)
        private
        returns (uint256 deadline)
    {
        bool accepted = seats.members(COMMITTED) == SeatSetsLibrary.all(h.agents());
        if (!accepted || _project(game).guarantor == address(0)) return 0;
        status = _entered(status, h, uint8(Phase.Working));
        game.status = status;
        deadline = status.deadline();
        emit Started(id);
    }

    function _dissolve(Game storage game, Status status, bytes32 id) private {
        game.status = status.withPhase(uint8(Phase.Dissolved));
        emit Dissolved(id);
    }

    // ────────────────────────────────────────── reading storage ──────────────────────────────────────────

    function _project(Game storage game) private pure returns (Project storage project) {
        uint256 behind = _BEHIND;
        assembly ("memory-safe") {
            project.slot := add(game.slot, behind)
        }
    }

    /// @dev What a payee of a project that has ended has not withdrawn yet.
    function _owed(Game storage game, Status status, Head h, uint256 payee) private view returns (uint256) {
        Project storage project = _project(game);
        Phase phase = Phase(status.phase());
        bool settled = phase == Phase.Settled;
        bool earned = settled ? status.cause() != 0 : phase == Phase.Lapsed;
        uint256 n = h.agents();
        if (payee < n) {
            if (!earned || game.seats.has(WITHDRAWN, payee)) return 0;
            return uint96(TeamData.record(status.page(), payee));
        }
        if (payee == n) {
            // The escrow stays with the principal unless it has paid the team.
            return project.refunded || (settled && earned) ? 0 : h.payroll();
        }
        // The bond goes back unless it has paid the team.
        bool returns_ = payee == n + 1 && phase != Phase.Lapsed && project.guarantor != address(0);
        return !returns_ || project.returned ? 0 : h.payroll();
    }
}
