// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IBonds} from "../game/IBonds.sol";
import {IGame} from "../game/IGame.sol";
import {ISecrets} from "../game/ISecrets.sol";

/// @title A dispatch of jobs to providers under a guarantee that it cannot break unseen
/// @notice A dispatcher gives jobs, intervals of time with values, to providers, and has promised them something (Gur,
/// Iancu, Warnes, "Value loss in allocation systems with provider guarantees"): everybody a floor of pay, or max-min
/// fairness (no allocation gives the provider with least pay more), or both. Floors are checked as the allocation is
/// posted. Nobody could check on chain that an allocation is the fairest; but whoever knows a fairer one can show it.
/// A dispatch is a game of 1 to 64 seats, the providers; what it shares with every game of seats, and the checks that
/// actions make first, are in `IGame`, `ISecrets` and `IBonds`.
///
/// A dispatch runs enrolling → registering → posting, then under max-min fairness challenging → disclosing → repairing,
/// then with a permutation opening, then attesting → settled. Phases in which there is nothing to do are left out: those
/// after challenging if nobody has challenged, repairing if no challenge was upheld. Enrolling, disclosing and opening end
/// with the last that could act, or with their windows; challenging ends with its window. A window begins with the action
/// before it.
///
/// Three have a part in it beside the providers.
///   The dispatcher is the creator. It pays a bond and all floors as it creates, and as it posts the most that all jobs
///   can earn anybody. In the end it gets back what is not paid to others.
///   The registrar says which jobs there are, and in the end what became of each. It is trusted: a registrar that invents
///   jobs, or lies about what was done, is believed. It is not the dispatcher, who would leave out or stretch jobs.
///   Challengers may be anybody.
///
/// Jobs are 16 bytes each, in order of their starts:
///   start 32 | end 32 | value 64.
/// An allocation is a byte a job: one more than the seat that holds it, or 0. Jobs of one seat may touch, and not
/// overlap. Only hashes are stored: calls bring jobs and allocation again.
///
/// Pay. The jobs of seat i of values v earn it rates[i] · Σ v wei. All sums are exact. An allocation's least pay is that
/// of the enrolled seat that would earn least. Who is not enrolled has no part: it gets no job, no floor, and counts
/// nowhere.
///
/// Fairness. A challenge is a commitment to an allocation and binds its challenger, so that a copy cannot be disclosed,
/// nor hinder its original. Challenges are made before any of them is disclosed, so nobody improves on what another has
/// found; and each has a bond, which burns if it is not disclosed, so that nobody challenges for the option alone. What is
/// disclosed is checked as if it were posted, and must leave the seat with least pay more than the posted allocation does,
/// by more than the tolerance: then its bond comes back. The fairest wins, of equal ones the earliest; one half of the
/// dispatcher's bond goes to its challenger and the other half burns, so that a dispatcher that challenges itself loses
/// as well. Then the dispatcher may post again, an allocation that is at least as fair as the winner's: else who
/// challenges by the least could waste the value. If it does not, the winner's allocation stands.
///
/// Permutation. Where all rates and floors are equal, schedules (the jobs that the allocation gives to one enrolled seat)
/// may be drawn: then everybody has the same chance of each. Seats commit to secrets as they enrol and open them after the
/// allocation stands, so nobody can make an allocation for a draw that is known. Who does not open loses its bond, and
/// gets a schedule of least pay: in seat order the first gets the one of least pay of all, and so on (of equal pay, that
/// of the lower seat first). The others are drawn: in seat order, those who opened get them in the order of their pay,
/// permuted by `Draws.permutation` with the seed keccak256("schedule" ‖ id ‖ digest ‖ the secrets in seat order), a zero
/// word for each seat that has not opened. Whoever opens last knows the draw that it prevents by not opening: at the price
/// of its bond and of the worst schedule, it may still redraw for a friend.
///
/// Ends, and who gets what beside the bonds of seats and challengers that did what they had to.
///   settled: the registrar has attested, or its time passed and somebody called `settle`; then all jobs count as done.
///     Each enrolled seat gets what its jobs that were done have earned, and at least its floor unless it missed one. The
///     dispatcher gets back the rest, with its bond unless a challenge was upheld. All commitments are gone then.
///   conceded: the dispatcher says that it cannot keep its promise. Each enrolled seat gets its floor; the dispatcher
///     gets back its bond and other floors, so that a slow day is no trap.
///   lapsed: nobody enrolled, or the registrar registered nothing (as if conceded), or the dispatcher neither posted nor
///     conceded (so too, but its bond burns).
/// Payees withdraw after the end. They are numbered: seats first, then the dispatcher, whose number is that of seats, then
/// challenges in their order. Where events and errors of `IBonds` and `IGame` name a seat, they mean a payee.
///
/// The dispatch's digest, which each action names, becomes
///   keccak256(digest ‖ all commitments in seat order) when enrolling ends with a permutation, with zero words for seats
///     that are not enrolled; without one keccak256(digest ‖ enrolled), with enrolled as in `State`,
///   keccak256(digest ‖ keccak256(jobs)) with the registration,
///   keccak256(digest ‖ keccak256(allocation)) with a posting, the second too,
///   keccak256(digest ‖ challenges) when disclosing begins, where challenges begins as zero and becomes
///     keccak256(abi.encode(challenges, challenger, commitment)) with each of them,
///   keccak256(digest ‖ the winner's number ‖ keccak256(its allocation)) when a challenge is upheld,
///   keccak256(digest ‖ schedules), two words as in `Drawn`, with the draw,
///   keccak256(digest ‖ all pay in seat order) when the dispatch settles, as in `Settled`.
/// Enrolments, challenges, disclosures and openings leave it unchanged until their phase ends, so that nobody can make
/// another's action stale. `withdraw` names nothing: it pays what is owed in any case.
///
/// The events of one action are in the order of what happened: what was done, then what follows from it; after a missed
/// deadline `Expired` comes first.
interface IGuaranteedDispatch is IBonds, IGame, ISecrets {
    // ─────────────────────────────────────────────── types ───────────────────────────────────────────────

    enum Phase {
        None,
        Enrolling,
        Registering,
        Posting,
        Challenging,
        Disclosing,
        Repairing,
        Opening,
        Attesting,
        Settled,
        Conceded,
        Lapsed
    }

    /// @notice What became of a job that somebody holds, a byte each in an attestation.
    enum Outcome {
        Done,
        Cancelled,
        Missed
    }

    /// @notice What is common knowledge before a dispatch begins. Money is in wei.
    struct Parameters {
        /// Seat i belongs to agents[i], a provider.
        address[] agents;
        address registrar;
        /// θ: by seat, wei for each unit of value.
        uint64[] rates;
        /// By seat; 0 promises nothing.
        uint96[] floors;
        bool maxMin;
        /// By how much a fairer allocation must be fairer: luck must not take a bond.
        uint96 tolerance;
        bool permutation;
        /// The dispatcher's.
        uint96 bond;
        /// For each challenge.
        uint96 challengeBond;
        /// A seat's, where there is a permutation.
        uint96 providerBond;
        /// Seconds until all must have enrolled.
        uint32 enrolWindow;
        /// Seconds for each later phase but the last.
        uint32 actionWindow;
        /// Seconds for the registrar to attest: the time in which the jobs are done, too.
        uint32 attestWindow;
    }

    /// @notice Where a dispatch stands. In `enrolled` and `opened`, bit i is seat i's.
    struct State {
        Phase phase;
        /// The phase it lapsed in; None if it did not.
        Phase lapsed;
        uint40 deadline;
        uint64 enrolled;
        uint64 opened;
        uint32 challenges;
        uint32 disclosed;
        /// One more than the number of the fairest challenge disclosed; 0 if there is none.
        uint32 winner;
        /// Under max-min fairness, least pay of the allocation that was posted, and of the winner's.
        uint128 least;
        uint128 fairest;
        /// keccak256 of the jobs, and of the allocation that stands.
        bytes32 jobs;
        bytes32 allocation;
        /// As in `Drawn`; zero before the draw.
        uint256[2] schedules;
    }

    // ─────────────────────────────────────────────── events ──────────────────────────────────────────────

    event Created(
        bytes32 indexed id, address indexed creator, bytes32 indexed salt, bytes32 digest, Parameters parameters
    );
    /// @param commitment zero without a permutation
    event Enrolled(bytes32 indexed id, uint256 seat, bytes32 commitment);
    /// @param jobs keccak256 of them
    /// @param count how many they are
    /// @param value of all
    event Registered(bytes32 indexed id, bytes32 jobs, uint256 count, uint256 value);
    event Conceded(bytes32 indexed id);
    /// @param allocation keccak256 of it
    /// @param least pay of an enrolled seat
    event Posted(bytes32 indexed id, bytes32 allocation, uint256 least);
    /// @param challenge its number, from 0
    event Challenged(bytes32 indexed id, uint256 challenge, address challenger, bytes32 commitment);
    /// @param allocation keccak256 of it
    /// @param least pay of an enrolled seat
    event Disclosed(bytes32 indexed id, uint256 challenge, bytes32 allocation, uint256 least);
    /// @notice The fairest allocation disclosed beats the posted one.
    /// @param reward of the challenger, out of the dispatcher's bond
    event Upheld(bytes32 indexed id, uint256 challenge, uint256 reward);
    /// @param allocation keccak256 of it
    /// @param least pay of an enrolled seat
    event Repaired(bytes32 indexed id, bytes32 allocation, uint256 least);
    event Opened(bytes32 indexed id, uint256 seat, bytes32 secret);
    /// @param schedules one byte a seat, seat 0 in the lowest byte of the first word: one more than the seat to which the
    /// allocation gives the jobs that it does, or 0 if it is not enrolled
    event Drawn(bytes32 indexed id, uint256[2] schedules);
    /// @param statuses keccak256 of them
    event Attested(bytes32 indexed id, bytes32 statuses);
    /// @param pays by seat, without bonds
    /// @param refund what the dispatcher gets back
    event Settled(bytes32 indexed id, uint256[] pays, uint256 refund);
    /// @notice A deadline passed.
    /// @param phase the one that ended
    /// @param silent bit i set: payee i, a seat or the dispatcher, loses its bond
    event Expired(bytes32 indexed id, Phase phase, uint256 silent);
    /// @param phase the one that ended
    event Lapsed(bytes32 indexed id, Phase phase);
    /// @notice Bonds burn.
    /// @param amount in wei
    event Burnt(bytes32 indexed id, uint256 amount);

    // ─────────────────────────────────────────────── errors ──────────────────────────────────────────────

    // Every action makes its checks in this order, those of `IGame`, `ISecrets` and `IBonds` among them: who acts, whether
    // it has acted, the digest, then what it brings: secret or commitment, jobs, allocation, statuses; money last. Creation
    // counts agents, looks at them, and makes the checks below; then come the windows.

    error ZeroRegistrar();
    error RegistrarIsDispatcher(address registrar);
    /// @notice Rates or floors, in this order, are not as many as agents.
    error LengthMismatch(uint256 length, uint256 expected);
    /// @notice There is a permutation, and a seat has another rate or floor than the first.
    error NotUniform(uint256 seat);

    error NotTheRegistrar(address caller, address registrar);
    error NotTheDispatcher(address caller, address dispatcher);
    error UnknownChallenge(uint256 challenge, uint256 challenges);
    error NotTheChallenger(uint256 challenge, address caller);

    error AlreadyEnrolled(uint256 seat);
    error NotEnrolled(uint256 seat);
    error AlreadyDisclosed(uint256 challenge);

    /// @notice Without a permutation there is no secret.
    error UnwantedCommitment(bytes32 commitment);
    /// @notice Allocation, salt and caller are not what was committed to.
    error WrongDisclosure(uint256 challenge, bytes32 commitment);

    /// @notice No whole number of jobs, or more than 1024.
    error JobsLengthOutOfRange(uint256 length);
    error EmptyInterval(uint256 job, uint256 start, uint256 end);
    /// @param previous start of the job before it
    error JobsOutOfOrder(uint256 job, uint256 start, uint256 previous);
    /// @notice The most that all jobs can earn, 2^120 wei or more, is no money.
    error DepositOutOfRange(uint256 deposit);
    /// @notice Not the jobs that were registered: two hashes.
    error WrongJobs(bytes32 given, bytes32 current);

    error AllocationLengthMismatch(uint256 length, uint256 jobs);
    /// @notice A job is given to nobody who takes part.
    error HolderNotEnrolled(uint256 job, uint256 seat);
    /// @notice A job begins before the seat's last one ends.
    error Overlap(uint256 job, uint256 seat, uint256 start, uint256 end);
    error FloorBroken(uint256 seat, uint256 pay, uint256 floor);
    /// @notice The least pay is not beyond the posted allocation's and the tolerance.
    error NotFairer(uint256 least, uint256 bound);
    /// @notice The least pay is below the winner's.
    error LessFair(uint256 least, uint256 fairest);
    /// @notice Not the allocation that stands: two hashes.
    error WrongAllocation(bytes32 given, bytes32 current);

    error StatusesLengthMismatch(uint256 length, uint256 jobs);
    error UnknownStatus(uint256 job, uint256 status);

    // ────────────────────────────────────────────── actions ──────────────────────────────────────────────

    /// @notice Open a dispatch, paying exactly the bond and all floors; the caller is its dispatcher.
    /// @param salt of the id, which no other dispatch of the caller has
    /// @param parameters the common knowledge
    /// @return id of the dispatch
    function create(bytes32 salt, Parameters calldata parameters) external payable returns (bytes32 id);

    /// @notice Take part. With a permutation, commit to a secret, paying exactly a provider's bond. The last seat that
    /// enrols ends the phase.
    /// @param id of the dispatch
    /// @param seat the caller's
    /// @param digest of the dispatch: the hash of its parameters, which the seat agrees to
    /// @param commitment keccak256(abi.encode(id, seat, secret)) with a permutation, zero without
    function enrol(bytes32 id, uint256 seat, bytes32 digest, bytes32 commitment) external payable;

    /// @notice Say which jobs there are. Only the registrar may.
    /// @param id of the dispatch
    /// @param digest of the dispatch and who takes part
    /// @param jobs 16 bytes each
    function register(bytes32 id, bytes32 digest, bytes calldata jobs) external;

    /// @notice Give the jobs to seats, paying exactly the greatest rate of any seat times the value of all jobs. Only the
    /// dispatcher may.
    /// @param id of the dispatch
    /// @param digest of the dispatch and its jobs
    /// @param jobs that were registered
    /// @param allocation a byte a job
    function post(bytes32 id, bytes32 digest, bytes calldata jobs, bytes calldata allocation) external payable;

    /// @notice Give up instead of posting: all floors are paid. Only the dispatcher may.
    /// @param id of the dispatch
    /// @param digest of the dispatch and its jobs
    function concede(bytes32 id, bytes32 digest) external;

    /// @notice Claim to know a fairer allocation, paying exactly the bond of a challenge. Anyone may, and often.
    /// @param id of the dispatch
    /// @param digest of the dispatch and what was posted
    /// @param commitment keccak256(abi.encode(id, challenger, keccak256(allocation), salt))
    function challenge(bytes32 id, bytes32 digest, bytes32 commitment) external payable;

    /// @notice Show the allocation that one has committed to. The last challenge disclosed ends the phase.
    /// @param id of the dispatch
    /// @param challenge_ the number of the caller's challenge
    /// @param digest of the dispatch and all challenges
    /// @param jobs that were registered
    /// @param allocation a byte a job
    /// @param salt of the commitment
    function disclose(
        bytes32 id,
        uint256 challenge_,
        bytes32 digest,
        bytes calldata jobs,
        bytes calldata allocation,
        bytes32 salt
    ) external;

    /// @notice Post again, at least as fairly as the winner. Only the dispatcher may.
    /// @param id of the dispatch
    /// @param digest of the dispatch and the winner
    /// @param jobs that were registered
    /// @param allocation a byte a job
    function repair(bytes32 id, bytes32 digest, bytes calldata jobs, bytes calldata allocation) external;

    /// @notice Open one's secret. The last one draws.
    /// @param id of the dispatch
    /// @param seat the caller's
    /// @param digest of the dispatch and the allocation that stands
    /// @param secret that opens the commitment
    function open(bytes32 id, uint256 seat, bytes32 digest, bytes32 secret) external;

    /// @notice Say what became of the jobs, and settle. Only the registrar may.
    /// @param id of the dispatch
    /// @param digest of the dispatch, and of the draw if there is one
    /// @param jobs that were registered
    /// @param allocation that stands
    /// @param statuses a byte a job, as in `Outcome`; of jobs that nobody holds they mean nothing
    function attest(
        bytes32 id,
        bytes32 digest,
        bytes calldata jobs,
        bytes calldata allocation,
        bytes calldata statuses
    ) external;

    /// @notice Settle in place of a registrar whose deadline has passed: all jobs count as done. Anyone may. (`expire` does
    /// not do it, as it brings no jobs.)
    /// @param id of the dispatch
    /// @param digest of the dispatch, and of the draw if there is one
    /// @param jobs that were registered
    /// @param allocation that stands
    function settle(bytes32 id, bytes32 digest, bytes calldata jobs, bytes calldata allocation) external;

    /// @notice Take out of a dispatch that has ended what one is owed, once.
    /// @param id of the dispatch
    /// @param payee the caller's number: a seat, or the number of seats for the dispatcher, or that and one more and the
    /// number of a challenge
    /// @param to where the money goes
    function withdraw(bytes32 id, uint256 payee, address payable to) external;

    // ─────────────────────────────────────────────── views ───────────────────────────────────────────────

    /// @notice Where a dispatch stands; all zero if there is none.
    function state(bytes32 id) external view returns (State memory);

    /// @notice What the next action has to name, or what the dispatch has settled.
    function digestOf(bytes32 id) external view returns (bytes32);

    /// @notice Who has made a challenge, and what it has committed to and not disclosed yet; zero if there is no such
    /// thing.
    function challengeOf(bytes32 id, uint256 challenge_)
        external
        view
        returns (address challenger, bytes32 commitment_);

    /// @notice What a payee can withdraw from a dispatch that has ended, in wei; zero before.
    function owedTo(bytes32 id, uint256 payee) external view returns (uint256);
}
