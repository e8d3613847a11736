// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Games} from "../game/Games.sol";
import {IGame} from "../game/IGame.sol";
import {ISecrets} from "../game/ISecrets.sol";
import {Head, Pages} from "../game/Pages.sol";
import {COMMITTED, OPENED, SeatSets, SeatSetsLibrary, WITHDRAWN} from "../game/SeatSets.sol";
import {Status} from "../game/Status.sol";
import {IGuaranteedDispatch} from "../interfaces/IGuaranteedDispatch.sol";
import {Draws} from "../randomness/Draws.sol";
import {Allocations} from "./Allocations.sol";
import {DispatchData} from "./DispatchData.sol";
import {Settlements} from "./Settlements.sol";

/// @title A dispatch of jobs to providers under a guarantee that it cannot break unseen
/// @dev The common knowledge of a dispatch is code (`DispatchData`); storage holds hashes of what is brought again, and
/// money. Of the sets of `Games`, those who have committed are those who have enrolled. Once a commitment is opened, the
/// secret takes its place; once the dispatch has settled, what is owed takes that of both.
contract GuaranteedDispatch is IGuaranteedDispatch, Settlements {
    using DispatchData for Head;

    bytes32 private constant _SCHEDULE = "schedule";

    // ────────────────────────────────────────────── actions ──────────────────────────────────────────────

    /// @inheritdoc IGuaranteedDispatch
    function create(bytes32 salt, Parameters calldata parameters) external payable returns (bytes32 id) {
        Game storage game;
        (id, game) = _create(salt);
        bool uniform = DispatchData.check(parameters);
        _requireDeposit(DispatchData.deposit(parameters));

        address page = DispatchData.store(parameters, uniform);
        bytes32 digest = keccak256(abi.encode(parameters));
        game.digest = digest;
        game.status = _opened(page, uint8(Phase.Enrolling), parameters.enrolWindow);
        emit Created(id, msg.sender, salt, digest, parameters);
    }

    /// @inheritdoc IGuaranteedDispatch
    function enrol(bytes32 id, uint256 seat, bytes32 digest, bytes32 commitment_) external payable {
        (Game storage game, Status status, Head h) = _open(id, uint8(Phase.Enrolling));
        _own(game, status, h, seat);
        SeatSets seats = game.seats;
        if (seats.has(COMMITTED, seat)) revert AlreadyEnrolled(seat);
        _requireDigest(game, digest);
        bool permuted = h.isPermuted();
        if (permuted) _requireCommitment(commitment_);
        else if (commitment_ != 0) revert UnwantedCommitment(commitment_);
        _requireDeposit(permuted ? h.bond() : 0);

        seats = seats.including(COMMITTED, seat);
        game.seats = seats;
        if (permuted) game.commitments[seat] = commitment_;
        emit Enrolled(id, seat, commitment_);
        if (seats.members(COMMITTED) == SeatSetsLibrary.all(h.agents())) _endEnrolling(game, status, h, seats);
    }

    /// @inheritdoc IGuaranteedDispatch
    function register(bytes32 id, bytes32 digest, bytes calldata jobs) external {
        (Game storage game, Status status, Head h) = _open(id, uint8(Phase.Registering));
        _requireRegistrar(status);
        _requireDigest(game, digest);
        uint256 value = Allocations.checkJobs(jobs, h.greatestRate());

        bytes32 hash = keccak256(jobs);
        _dispatch(game).jobs = hash;
        game.digest = keccak256(abi.encodePacked(digest, hash));
        game.status = _entered(status, h, uint8(Phase.Posting));
        emit Registered(id, hash, jobs.length / 16, value);
    }

    /// @inheritdoc IGuaranteedDispatch
    function post(bytes32 id, bytes32 digest, bytes calldata jobs, bytes calldata allocation) external payable {
        (Game storage game, Status status, Head h) = _open(id, uint8(Phase.Posting));
        _requireDispatcher(status);
        _requireDigest(game, digest);
        (uint256 least, uint256 value, uint256[2] memory ranking) = _check(game, status, h, jobs, allocation);
        _requireDeposit(h.greatestRate() * value);

        bytes32 hash = _let(game, h, keccak256(allocation), ranking);
        game.digest = keccak256(abi.encodePacked(digest, hash));
        emit Posted(id, hash, least);
        if (h.isMaxMin()) {
            _dispatch(game).least = uint128(least);
            game.status = _entered(status, h, uint8(Phase.Challenging));
        } else {
            _stand(game, status, h);
        }
    }

    /// @inheritdoc IGuaranteedDispatch
    function concede(bytes32 id, bytes32 digest) external {
        (Game storage game, Status status,) = _open(id, uint8(Phase.Posting));
        _requireDispatcher(status);
        _requireDigest(game, digest);

        game.status = status.withPhase(uint8(Phase.Conceded));
        emit Conceded(id);
    }

    /// @inheritdoc IGuaranteedDispatch
    function challenge(bytes32 id, bytes32 digest, bytes32 commitment_) external payable {
        (Game storage game, Status status,) = _open(id, uint8(Phase.Challenging));
        _requireDigest(game, digest);
        _requireCommitment(commitment_);
        _requireDeposit(DispatchData.challengeBond(status.page()));

        Dispatch storage dispatch = _dispatch(game);
        uint256 challenge_ = dispatch.challenges++;
        Challenge storage claim = dispatch.claims[challenge_];
        claim.challenger = msg.sender;
        claim.commitment = commitment_;
        dispatch.chain = keccak256(abi.encode(dispatch.chain, msg.sender, commitment_));
        emit Challenged(id, challenge_, msg.sender, commitment_);
    }

    /// @inheritdoc IGuaranteedDispatch
    function disclose(
        bytes32 id,
        uint256 challenge_,
        bytes32 digest,
        bytes calldata jobs,
        bytes calldata allocation,
        bytes32 salt
    ) external {
        (Game storage game, Status status, Head h) = _open(id, uint8(Phase.Disclosing));
        Dispatch storage dispatch = _dispatch(game);
        Challenge storage claim = _claim(dispatch, challenge_);
        _requireDigest(game, digest);
        bytes32 hash = keccak256(allocation);
        _requireDisclosed(claim, challenge_, keccak256(abi.encode(id, msg.sender, hash, salt)));
        (uint256 least,, uint256[2] memory ranking) = _check(game, status, h, jobs, allocation);
        uint256 bound = dispatch.least + DispatchData.tolerance(status.page());
        if (least <= bound) revert NotFairer(least, bound);

        claim.commitment = 0;
        uint256 disclosed = ++dispatch.disclosed;
        uint256 fairest = dispatch.fairest;
        if (least > fairest || (least == fairest && challenge_ + 1 < dispatch.winner)) {
            dispatch.fairest = uint128(least);
            dispatch.winner = uint32(challenge_ + 1);
            dispatch.winning = hash;
            if (h.isPermuted()) _rank(dispatch.ranking, h, ranking);
        }
        emit Disclosed(id, challenge_, hash, least);
        if (disclosed == dispatch.challenges) _endDisclosing(game, status, h, id);
    }

    /// @inheritdoc IGuaranteedDispatch
    function repair(bytes32 id, bytes32 digest, bytes calldata jobs, bytes calldata allocation) external {
        (Game storage game, Status status, Head h) = _open(id, uint8(Phase.Repairing));
        _requireDispatcher(status);
        _requireDigest(game, digest);
        (uint256 least,, uint256[2] memory ranking) = _check(game, status, h, jobs, allocation);
        uint256 fairest = _dispatch(game).fairest;
        if (least < fairest) revert LessFair(least, fairest);

        bytes32 hash = _let(game, h, keccak256(allocation), ranking);
        game.digest = keccak256(abi.encodePacked(digest, hash));
        emit Repaired(id, hash, least);
        _stand(game, status, h);
    }

    /// @inheritdoc IGuaranteedDispatch
    function open(bytes32 id, uint256 seat, bytes32 digest, bytes32 secret) external {
        (Game storage game, Status status, Head h) = _open(id, uint8(Phase.Opening));
        _own(game, status, h, seat);
        SeatSets seats = game.seats;
        if (!seats.has(COMMITTED, seat)) revert NotEnrolled(seat);
        if (seats.has(OPENED, seat)) revert AlreadyRevealed(seat);
        _requireDigest(game, digest);
        _requireOpens(game, id, seat, secret, secret);

        seats = seats.including(OPENED, seat);
        game.seats = seats;
        game.commitments[seat] = secret;
        emit Opened(id, seat, secret);
        if (seats.members(OPENED) == seats.members(COMMITTED)) _draw(game, status, h, id, seats);
    }

    /// @inheritdoc IGuaranteedDispatch
    function attest(
        bytes32 id,
        bytes32 digest,
        bytes calldata jobs,
        bytes calldata allocation,
        bytes calldata statuses
    ) external {
        (Game storage game, Status status, Head h) = _open(id, uint8(Phase.Attesting));
        _requireRegistrar(status);
        _requireDigest(game, digest);
        _requireStanding(game, jobs, allocation);
        if (statuses.length != allocation.length) revert StatusesLengthMismatch(statuses.length, allocation.length);
        (uint256 value, uint256 done) = Allocations.outcomes(jobs, allocation, statuses, h.agents());

        emit Attested(id, keccak256(statuses));
        _settle(game, status, h, id, value, done);
    }

    /// @inheritdoc IGuaranteedDispatch
    function settle(bytes32 id, bytes32 digest, bytes calldata jobs, bytes calldata allocation) external {
        (Game storage game, Status status) = _inPhase(id, uint8(Phase.Attesting));
        if (block.timestamp <= status.deadline()) revert DeadlineNotPassed(id, status.deadline());
        Head h = Pages.head(status.page());
        _requireDigest(game, digest);
        _requireStanding(game, jobs, allocation);
        (uint256 value, uint256 done) = Allocations.outcomes(jobs, allocation, msg.data[:0], h.agents());

        emit Expired(id, Phase.Attesting, 0);
        _settle(game, status, h, id, value, done);
    }

    /// @inheritdoc IGame
    function expire(bytes32 id) external {
        (Game storage game, Status status, Head h) = _lapsed(id, uint8(Phase.Enrolling), uint8(Phase.Attesting));
        Phase phase = Phase(status.phase());
        SeatSets seats = game.seats;
        uint256 silent = _silent(seats, h, phase);
        emit Expired(id, phase, silent);
        if (phase == Phase.Posting) _burn(id, DispatchData.bond(status.page()));
        else _burn(id, SeatSetsLibrary.count(silent) * h.bond());
        if (phase == Phase.Enrolling && seats.members(COMMITTED) != 0) {
            _endEnrolling(game, status, h, seats);
        } else if (phase <= Phase.Posting) {
            game.status = status.expired().withPhase(uint8(Phase.Lapsed));
            emit Lapsed(id, phase);
        } else if (phase == Phase.Challenging) {
            _endChallenging(game, status, h);
        } else if (phase == Phase.Disclosing) {
            _endDisclosing(game, status, h, id);
        } else if (phase == Phase.Repairing) {
            Dispatch storage dispatch = _dispatch(game);
            _let(game, h, dispatch.winning, dispatch.ranking);
            _stand(game, status, h);
        } else {
            _draw(game, status, h, id, seats);
        }
    }

    /// @inheritdoc IGuaranteedDispatch
    function withdraw(bytes32 id, uint256 payee, address payable to) external {
        (Game storage game, Status status, Head h) = _ended(id, uint8(Phase.Settled));
        Dispatch storage dispatch = _dispatch(game);
        uint256 n = h.agents();
        if (payee > n && payee > n + dispatch.challenges) revert SeatOutOfRange(payee, n + 1 + dispatch.challenges);
        if (msg.sender != _payee(game, status, h, payee)) revert NotTheSeat(payee, msg.sender);
        uint256 amount = _owed(game, status, h, payee);
        if (amount == 0) revert NothingToWithdraw(payee);

        if (payee > n) dispatch.claims[payee - n - 1].withdrawn = true;
        else if (status.phase() == uint8(Phase.Settled)) _owedOf(game)[payee] = 0;
        else if (payee == n) dispatch.refunded = true;
        else game.seats = game.seats.including(WITHDRAWN, payee);
        _pay(id, payee, to, amount);
    }

    // ─────────────────────────────────────────────── views ───────────────────────────────────────────────

    /// @inheritdoc IGuaranteedDispatch
    function state(bytes32 id) external view returns (State memory) {
        Game storage game = _games[id];
        Status status = game.status;
        SeatSets seats = game.seats;
        Dispatch storage dispatch = _dispatch(game);
        Phase phase = Phase(status.phase());
        bool drawn = phase == Phase.Attesting || phase == Phase.Settled;
        return State({
            phase: phase,
            lapsed: Phase(status.lapsed()),
            deadline: uint40(status.deadline()),
            enrolled: uint64(seats.members(COMMITTED)),
            opened: uint64(seats.members(OPENED)),
            challenges: dispatch.challenges,
            disclosed: dispatch.disclosed,
            winner: dispatch.winner,
            least: dispatch.least,
            fairest: dispatch.fairest,
            jobs: dispatch.jobs,
            allocation: dispatch.allocation,
            schedules: drawn ? dispatch.schedules : [uint256(0), 0]
        });
    }

    /// @inheritdoc ISecrets
    function commitment(bytes32 id, uint256 seat) external view returns (bytes32) {
        Game storage game = _games[id];
        bool gone = game.seats.has(OPENED, seat) || game.status.phase() == uint8(Phase.Settled);
        return gone ? bytes32(0) : game.commitments[seat];
    }

    /// @inheritdoc IGuaranteedDispatch
    function digestOf(bytes32 id) external view returns (bytes32) {
        return _games[id].digest;
    }

    /// @inheritdoc IGuaranteedDispatch
    function challengeOf(bytes32 id, uint256 challenge_)
        external
        view
        returns (address challenger, bytes32 commitment_)
    {
        Challenge storage claim = _dispatch(_games[id]).claims[challenge_];
        return (claim.challenger, claim.commitment);
    }

    /// @inheritdoc IGuaranteedDispatch
    function owedTo(bytes32 id, uint256 payee) external view returns (uint256) {
        Game storage game = _games[id];
        Status status = game.status;
        if (status.phase() < uint8(Phase.Settled)) return 0;
        return _owed(game, status, Pages.head(status.page()), payee);
    }

    // ─────────────────────────────────────────── shared checks ───────────────────────────────────────────

    /// @inheritdoc Games
    function _place(Game storage, Status status, Head h, uint256 seat)
        internal
        pure
        override
        returns (address page, uint256 offset)
    {
        return (status.page(), h.place(seat));
    }

    function _requireRegistrar(Status status) private view {
        address registrar = DispatchData.registrar(status.page());
        if (msg.sender != registrar) revert NotTheRegistrar(msg.sender, registrar);
    }

    function _requireDispatcher(Status status) private view {
        address dispatcher = DispatchData.dispatcher(status.page());
        if (msg.sender != dispatcher) revert NotTheDispatcher(msg.sender, dispatcher);
    }

    /// @dev A challenge of the caller.
    function _claim(Dispatch storage dispatch, uint256 challenge_) private view returns (Challenge storage claim) {
        uint256 challenges = dispatch.challenges;
        if (challenge_ >= challenges) revert UnknownChallenge(challenge_, challenges);
        claim = dispatch.claims[challenge_];
        if (msg.sender != claim.challenger) revert NotTheChallenger(challenge_, msg.sender);
        if (claim.commitment == 0) revert AlreadyDisclosed(challenge_);
    }

    function _requireDisclosed(Challenge storage claim, uint256 challenge_, bytes32 opened) private view {
        bytes32 committed = claim.commitment;
        if (opened != committed) revert WrongDisclosure(challenge_, committed);
    }

    /// @dev The jobs must be those that were registered, and the allocation must keep what can be checked.
    /// @return least pay of an enrolled seat
    /// @return value of all jobs
    /// @return ranking of schedules by value, if they will be drawn
    function _check(Game storage game, Status status, Head h, bytes calldata jobs, bytes calldata allocation)
        private
        view
        returns (uint256 least, uint256 value, uint256[2] memory ranking)
    {
        _requireJobs(game, jobs);
        Allocations.Promise memory promised =
            Allocations.Promise(h.agents(), game.seats.members(COMMITTED), h.terms(status.page()));
        uint256 held;
        (least, value, held) = Allocations.check(jobs, allocation, promised);
        if (h.isPermuted()) ranking = Allocations.ranked(held, promised.agents, promised.enrolled);
    }

    function _requireJobs(Game storage game, bytes calldata jobs) private view {
        bytes32 given = keccak256(jobs);
        bytes32 current = _dispatch(game).jobs;
        if (given != current) revert WrongJobs(given, current);
    }

    /// @dev Jobs and allocation must be those that stand.
    function _requireStanding(Game storage game, bytes calldata jobs, bytes calldata allocation) private view {
        _requireJobs(game, jobs);
        bytes32 given = keccak256(allocation);
        bytes32 current = _dispatch(game).allocation;
        if (given != current) revert WrongAllocation(given, current);
    }

    /// @dev Who loses its bond if a phase expires. Challengers are not named here: see `_endDisclosing`.
    function _silent(SeatSets seats, Head h, Phase phase) private pure returns (uint256) {
        if (phase == Phase.Posting) return 1 << h.agents();
        if (phase == Phase.Opening) return seats.members(COMMITTED) & ~seats.members(OPENED);
        return 0;
    }

    // ─────────────────────────────────────────── shared effects ──────────────────────────────────────────

    function _burn(bytes32 id, uint256 amount) private {
        if (amount == 0) return;
        burnt += amount;
        emit Burnt(id, amount);
    }

    /// @dev All who will take part have enrolled; commitments fix their secrets, so later actions name them.
    function _endEnrolling(Game storage game, Status status, Head h, SeatSets seats) private {
        bytes32 digest = game.digest;
        game.digest = h.isPermuted()
            ? _withCommitments(game, digest, h.agents())
            : keccak256(abi.encodePacked(digest, seats.members(COMMITTED)));
        game.status = _entered(status, h, uint8(Phase.Registering));
    }

    /// @dev Let an allocation stand until another one does.
    /// @return hash of it
    function _let(Game storage game, Head h, bytes32 allocation, uint256[2] memory ranking) private returns (bytes32) {
        Dispatch storage dispatch = _dispatch(game);
        dispatch.allocation = allocation;
        if (h.isPermuted()) _rank(dispatch.schedules, h, ranking);
        return allocation;
    }

    /// @dev Up to 32 seats fit in the first word.
    function _rank(uint256[2] storage stored, Head h, uint256[2] memory ranking) private {
        stored[0] = ranking[0];
        if (h.agents() > 32) stored[1] = ranking[1];
    }

    /// @dev All challenges that will be there are there: a disclosure names them.
    function _endChallenging(Game storage game, Status status, Head h) private {
        Dispatch storage dispatch = _dispatch(game);
        if (dispatch.challenges == 0) {
            _stand(game, status, h);
        } else {
            game.digest = keccak256(abi.encodePacked(game.digest, dispatch.chain));
            game.status = _entered(status, h, uint8(Phase.Disclosing));
        }
    }

    /// @dev What was not disclosed was nothing; the fairest that was beats the posted allocation.
    function _endDisclosing(Game storage game, Status status, Head h, bytes32 id) private {
        Dispatch storage dispatch = _dispatch(game);
        uint256 lost = (dispatch.challenges - dispatch.disclosed) * DispatchData.challengeBond(status.page());
        uint256 winner = dispatch.winner;
        if (winner == 0) {
            _burn(id, lost);
            _stand(game, status, h);
        } else {
            uint256 bond = DispatchData.bond(status.page());
            game.digest = keccak256(abi.encodePacked(game.digest, winner - 1, dispatch.winning));
            game.status = _entered(status, h, uint8(Phase.Repairing));
            emit Upheld(id, winner - 1, bond / 2);
            _burn(id, lost + bond - bond / 2);
        }
    }

    /// @dev The allocation that stands will not change.
    function _stand(Game storage game, Status status, Head h) private {
        if (h.isPermuted()) game.status = _entered(status, h, uint8(Phase.Opening));
        else _await(game, status, h);
    }

    /// @dev Jobs are done, and the registrar looks on.
    function _await(Game storage game, Status status, Head h) private {
        game.status = _opened(status.page(), uint8(Phase.Attesting), h.attestWindow());
    }

    /// @dev All secrets that will be there are there.
    function _draw(Game storage game, Status status, Head h, bytes32 id, SeatSets seats) private {
        uint256 opened = seats.members(OPENED);
        bytes32 digest = game.digest;
        uint256[2] memory order = _order(game, id, digest, h.agents(), opened);
        uint256[2] memory schedules = _drawn(game, seats.members(COMMITTED) & ~opened, opened, order);
        _rank(_dispatch(game).schedules, h, schedules);
        game.digest = keccak256(abi.encodePacked(digest, schedules));
        _await(game, status, h);
        emit Drawn(id, schedules);
    }

    /// @dev A uniform order of as many as have opened.
    function _order(Game storage game, bytes32 id, bytes32 digest, uint256 n, uint256 opened)
        private
        view
        returns (uint256[2] memory)
    {
        bytes32 seed = Draws.seed(_SCHEDULE, id, uint256(digest), _commitments(game, n, opened));
        uint256 many = SeatSetsLibrary.count(opened);
        // Of the integers below many + 1 without many.
        return Draws.permutation(seed, many + 1, many);
    }

    /// @dev Schedules of least pay for the silent, the others in that order for those who opened.
    function _drawn(Game storage game, uint256 silent, uint256 opened, uint256[2] memory order)
        private
        view
        returns (uint256[2] memory schedules)
    {
        uint256[2] memory ranking = _dispatch(game).schedules;
        unchecked {
            // At most 64 seats.
            uint256 first = SeatSetsLibrary.count(silent);
            uint256 worst = 0;
            uint256 next = 0;
            for (uint256 seat = 0; silent >> seat != 0 || opened >> seat != 0; ++seat) {
                uint256 rank;
                if ((opened >> seat) & 1 != 0) rank = first + Draws.at(order, next++);
                else if ((silent >> seat) & 1 != 0) rank = worst++;
                else continue;
                Draws.set(schedules, seat, Draws.at(ranking, rank) + 1);
            }
        }
    }

    /// @param value of all jobs
    /// @param done as `Allocations.outcomes` returns it
    function _settle(Game storage game, Status status, Head h, bytes32 id, uint256 value, uint256 done) private {
        uint256 terms = h.terms(status.page());
        uint256[] memory pays = _pays(game, h, terms, done);
        uint256 refund = _refund(game, status, h, terms, value, pays);
        _owe(game, h, pays, refund);
        game.digest = keccak256(abi.encodePacked(game.digest, pays));
        game.status = status.withPhase(uint8(Phase.Settled));
        emit Settled(id, pays, refund);
    }
}
