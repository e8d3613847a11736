// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IBonds} from "../game/IBonds.sol";
import {IGame} from "../game/IGame.sol";
import {ISecrets} from "../game/ISecrets.sol";

/// @title The two-stage mechanism for decentralized task coordination
/// @notice Agents announce workloads in order, then bargain over the cost savings with a random proposer
/// (Gudmundsson, Hougaard and Platz). What it shares with every game of seats, and the checks that actions make first,
/// are in `IGame`, `ISecrets` and `IBonds`.
///
/// A game runs joining → announcing → revealing → proposing → responding, then settles, breaks down, or returns to
/// revealing for another round. A game whose matrices are too long for one transaction is first stored page by page;
/// until all pages are there nobody can join, and no money is at stake. Rounds are numbered from 1. Quantities are
/// integer units, money is wei. After a missed deadline the game breaks down.
///
/// The game's digest becomes
///   keccak256(abi.encode(digest, rows of D, rows of C)) with each page that is stored,
///   keccak256(digest ‖ announcement) with each announcement,
///   keccak256(digest ‖ all commitments in seat order) when revealing begins, in every round,
///   keccak256(digest ‖ shares) with each proposal,
/// every number and commitment being a word.
interface ITwoStageMechanism is IBonds, IGame, ISecrets {
    // ─────────────────────────────────────────────── types ───────────────────────────────────────────────

    enum Phase {
        None,
        /// Some pages of the matrices are missing.
        Creating,
        Joining,
        Announcing,
        Revealing,
        Proposing,
        Responding,
        Settled,
        BrokenDown
    }

    /// @notice Why a game ended without agreement.
    enum Cause {
        None,
        /// A deadline passed.
        Expired,
        /// The announced allocation saves nothing.
        NoSavings,
        /// The continuation draw after a rejection said stop.
        NotContinued,
        /// A proposal was rejected in the last round allowed.
        LastRound
    }

    enum CostKind {
        /// f(q) = (coefficient · q² + linear · q) / denominator
        Quadratic,
        /// f(q) = (coefficient · q^exponent + linear · q) / denominator
        Power,
        /// f(0) = 0, slope `slopes[k]` wei per unit from `breakpoints[k]` on
        Piecewise
    }

    /// @notice A cost function of whole units q, in wei. Fields that a kind does not use are ignored.
    struct Cost {
        CostKind kind;
        uint8 exponent;
        uint16 denominator;
        uint96 coefficient;
        uint96 linear;
        uint32[] breakpoints;
        uint96[] slopes;
    }

    /// @notice What is common knowledge before a game begins.
    struct Parameters {
        /// Seat i belongs to agents[i].
        address[] agents;
        /// Number of task types m.
        uint8 taskTypes;
        /// D, row by row: contracted[i · m + t]. Empty if the game needs more than one page: see `store`.
        uint32[] contracted;
        /// C, row by row, or empty likewise.
        uint32[] capacity;
        /// One for all agents, or one each.
        Cost[] costs;
        address recognition;
        /// keccak256 of the code at `recognition`: by joining, a seat consents to this code and no other.
        bytes32 recognitionCode;
        /// δ as a fraction.
        uint32 continuationNumerator;
        uint32 continuationDenominator;
        /// B, lost by whoever lets a deadline pass.
        uint96 bond;
        /// Seconds until all must have joined.
        uint32 joinWindow;
        /// Seconds for each later action (for all reveals of a round together).
        uint32 actionWindow;
        /// Bargaining rounds at most.
        uint16 maxRounds;
    }

    /// @notice Where a game stands.
    struct State {
        Phase phase;
        Cause cause;
        /// Creating: seats whose rows are missing. Announcing: seat to act. Joining, revealing: how many have.
        /// Responding: position in `order`. Lapsed: as it was.
        uint8 turn;
        uint8 proposer;
        /// The phase whose deadline passed; None if none did.
        Phase lapsed;
        uint16 round;
        uint40 deadline;
        bytes32 digest;
        /// F(X) over the announcements so far, in wei.
        uint96 announcedCost;
    }

    // ─────────────────────────────────────────────── events ──────────────────────────────────────────────

    event Created(
        bytes32 indexed id, address indexed creator, bytes32 indexed salt, bytes32 digest, Parameters parameters
    );
    /// @notice A page of the matrices was stored: the rows of `seat` and of those that follow it.
    event Stored(bytes32 indexed id, uint256 seat, bytes32 digest, uint32[] contracted, uint32[] capacity);
    event Joined(bytes32 indexed id, uint256 seat, bytes32 commitment, uint256 deposit);
    /// @param numerator of the frozen recognition fraction g(seat): the function's answer, or 1 if it gave none
    /// @param denominator of the same: n − j + 1, with agents numbered from 1, if the function gave none
    event Announced(bytes32 indexed id, uint256 seat, uint256[] announcement, uint256 numerator, uint256 denominator);
    event Revealed(bytes32 indexed id, uint256 round, uint256 seat, bytes32 secret, bytes32 nextCommitment);
    /// @param order of the responders, one byte each, the first in the lowest byte; entry k is in word k / 32
    event ProposerDrawn(bytes32 indexed id, uint256 round, uint256 proposer, uint256[2] order);
    event Proposed(bytes32 indexed id, uint256 round, uint256 proposer, int128[] shares);
    event Responded(bytes32 indexed id, uint256 round, uint256 seat, bool accepted);
    event Settled(bytes32 indexed id, uint256 round);
    /// @param silent bit i set: seat i let the deadline pass and loses its bond
    event BrokenDown(bytes32 indexed id, uint256 round, Cause cause, uint256 silent);

    // ─────────────────────────────────────────────── errors ──────────────────────────────────────────────

    // Creation
    error TaskTypeCountOutOfRange(uint256 taskTypes);
    /// @param expected entries in each matrix; 0 if the rows have to follow by `store`
    error MatrixSizeMismatch(uint256 contracted, uint256 capacity, uint256 expected);
    error CapacityBelowContract(uint256 seat, uint256 taskType, uint256 capacity, uint256 contracted);
    error NothingContracted();
    error TooManyTasks(uint256 contracted, uint256 capacity);
    error ContinuationOutOfRange(uint256 numerator, uint256 denominator);
    error ZeroBond();
    error ZeroRounds();
    error RecognitionWithoutCode(address recognition);
    error RecognitionCodeMismatch(bytes32 given, bytes32 current);
    error CostCountMismatch(uint256 costs, uint256 agents);
    error ExponentOutOfRange(uint256 cost, uint256 exponent);
    error BreakpointsInvalid(uint256 cost, uint256 breakpoints, uint256 slopes);
    error CostNotConvex(uint256 cost);
    error CostNotWhole(uint256 cost, uint256 load);
    error CostTooLarge(uint256 seat);
    error NotTheCreator(address caller, address creator);

    // Play
    error AlreadyJoined(uint256 seat);
    error AnnouncementLengthMismatch(uint256 length, uint256 taskTypes);
    error AnnouncementTooHigh(uint256 taskType, uint256 amount, uint256 maximum);
    error AnnouncementTooLow(uint256 taskType, uint256 amount, uint256 minimum);
    /// @notice Too little gas is left to give the recognition function all that it may use: send more.
    error NotEnoughGas(uint256 left, uint256 required);
    error ProposalLengthMismatch(uint256 length, uint256 agents);
    error ProposalSumMismatch(int256 sum, uint256 totalCost);
    error ProposalBeyondDeposit(uint256 seat, int256 payment, uint256 deposit);

    // ────────────────────────────────────────────── actions ──────────────────────────────────────────────

    /// @notice Open a game.
    /// @dev A page holds as many seats as fit into 24,575 bytes: 96 bytes and, if all agents share one, the cost
    /// function are for the page; 36 bytes, 12 bytes for each task type and, if each agent has its own, the cost
    /// function are for a seat. A cost function takes 32 bytes and 16 for each breakpoint of the one that has most.
    /// @param salt of the id, which no other game of the caller has
    /// @param parameters the common knowledge, without its matrices if they take more than one page
    /// @return id of the game
    function create(bytes32 salt, Parameters calldata parameters) external returns (bytes32 id);

    /// @notice Store one page of a game that needs several: the creator does, from the last page to the first. With
    /// the first page the game is complete, and joining begins.
    /// @param id of the game
    /// @param digest of the parameters and the pages that are stored
    /// @param contracted rows of D of all seats of the page
    /// @param capacity rows of C of the same seats
    function store(bytes32 id, bytes32 digest, uint32[] calldata contracted, uint32[] calldata capacity) external;

    /// @notice Take a seat, paying exactly bond + f(contracted tasks).
    /// @param id of the game
    /// @param seat the caller's
    /// @param digest of the parameters and pages
    /// @param commitment keccak256(abi.encode(id, seat, secret)) for a random secret of 32 bytes
    function join(bytes32 id, uint256 seat, bytes32 digest, bytes32 commitment) external payable;

    /// @notice Announce a workload by task type; the seat is the one whose turn it is. All but the last ask the
    /// recognition function for the seat's fraction, with 150,000 gas. If the function fails, runs out of that gas,
    /// answers with less than two words or with what is no fraction of 32-bit numbers, or if its code is no longer
    /// the one agreed on, the fraction is 1 / (n − j + 1) with agents numbered from 1: an equal share of the
    /// probability that is left. That share needs nobody's answer, depends on nothing that was announced, and takes
    /// from no seat its chance to propose; a failing function costs the announcing seat nothing but gas. Sending too
    /// little gas does not bring it about: the call then reverts.
    /// @param id of the game
    /// @param digest of the game with all announcements so far
    /// @param announcement units by task type
    function announce(bytes32 id, bytes32 digest, uint256[] calldata announcement) external;

    /// @notice Reveal this round's secret and commit to the next round's.
    /// @param id of the game
    /// @param seat the caller's
    /// @param digest of the game with all commitments of this round
    /// @param secret that opens the seat's commitment
    /// @param nextCommitment as in `join`, for another secret
    function reveal(bytes32 id, uint256 seat, bytes32 digest, bytes32 secret, bytes32 nextCommitment) external;

    /// @notice Propose a cost share for every agent.
    /// @param id of the game
    /// @param digest the same that this round's reveals named
    /// @param shares in wei, by seat; they must sum to F(X)
    function propose(bytes32 id, bytes32 digest, int128[] calldata shares) external;

    /// @notice Answer the proposal, when it is one's turn. The first rejection ends the round.
    /// @param id of the game
    /// @param digest of the game with the proposal
    /// @param accept false to reject
    function respond(bytes32 id, bytes32 digest, bool accept) external;

    /// @notice Take a seat's money out of an ended game.
    /// @param id of the game
    /// @param seat the caller's
    /// @param to where the money goes
    /// @param digest the one that the accepted proposal answered to if the game settled, else the game's
    /// @param shares the accepted proposal if the game settled, else empty
    function withdraw(bytes32 id, uint256 seat, address payable to, bytes32 digest, int128[] calldata shares) external;

    // ─────────────────────────────────────────────── views ───────────────────────────────────────────────

    /// @notice Where a game stands; all zero if there is none.
    function state(bytes32 id) external view returns (State memory);

    /// @notice The secret a seat has revealed for the draw that is under way; zero if it has not.
    function secret(bytes32 id, uint256 seat) external view returns (bytes32);

    /// @notice Load announced by a seat and its frozen recognition fraction. The last seat needs none and shows 0 / 0.
    function announcementOf(bytes32 id, uint256 seat)
        external
        view
        returns (uint256 load, uint256 numerator, uint256 denominator);

    /// @notice Units of a task type contracted by the seats that have announced but left by them to later ones.
    function carried(bytes32 id, uint256 taskType) external view returns (uint256);

    /// @notice Responders in the order in which they answer.
    function order(bytes32 id) external view returns (uint256[2] memory);
}
