// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title The two-stage mechanism for decentralized task coordination
/// @notice Agents announce workloads in order, then bargain over the cost savings with a random proposer
/// (Gudmundsson, Hougaard and Platz). One contract holds many games.
///
/// A game runs joining → announcing → revealing → proposing → responding, then settles, breaks down, or returns to
/// revealing for another round. A game whose matrices are too long for one transaction is first stored page by page;
/// until all pages are there nobody can join, and no money is at stake. An action is valid if and only if its block's timestamp is at or before the deadline;
/// after that anyone may call `expire`. Agents ("seats") are numbered from 0, rounds from 1. Quantities are integer
/// units, money is wei.
///
/// Every action of a seat names what it answers to by its hash, the game's `digest`. It begins as
/// keccak256(abi.encode(parameters)) and then becomes
///   keccak256(abi.encode(digest, rows of D, rows of C)) with each page that is stored,
///   keccak256(digest ‖ announcement) with each announcement,
///   keccak256(digest ‖ all commitments in seat order) when revealing begins, in every round,
///   keccak256(digest ‖ shares) with each proposal,
/// every number and commitment being a word. A reorganized chain can therefore make an action fail, but cannot turn
/// it into consent to something else; nor can a seat that has seen the others' secrets choose its own anew and have
/// theirs replayed. `expire` names nothing: it does what anybody may do then. A secret stays public after a
/// reorganization, so clients wait until what they answer to is final (docs/contract.md says how long).
interface ITwoStageMechanism {
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
    event Withdrawn(bytes32 indexed id, uint256 seat, address to, uint256 amount);

    // ─────────────────────────────────────────────── errors ──────────────────────────────────────────────

    // Creation
    error GameExists(bytes32 id);
    error AgentCountOutOfRange(uint256 agents);
    error TaskTypeCountOutOfRange(uint256 taskTypes);
    /// @param expected entries in each matrix; 0 if the rows have to follow by `store`
    error MatrixSizeMismatch(uint256 contracted, uint256 capacity, uint256 expected);
    error CapacityBelowContract(uint256 seat, uint256 taskType, uint256 capacity, uint256 contracted);
    error NothingContracted();
    error TooManyTasks(uint256 contracted, uint256 capacity);
    error ContinuationOutOfRange(uint256 numerator, uint256 denominator);
    error ZeroBond();
    error WindowOutOfRange(uint256 window);
    error ZeroRounds();
    error ZeroAgent(uint256 seat);
    error DuplicateAgent(uint256 seat, uint256 other);
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
    error WrongPhase(bytes32 id, Phase phase, Phase required);
    error DeadlinePassed(bytes32 id, uint256 deadline);
    error DeadlineNotPassed(bytes32 id, uint256 deadline);
    error NotTheSeat(uint256 seat, address caller);
    error SeatOutOfRange(uint256 seat, uint256 agents);
    error AlreadyJoined(uint256 seat);
    error StaleDigest(bytes32 given, bytes32 current);
    error WrongDeposit(uint256 sent, uint256 required);
    error ZeroCommitment();
    error AnnouncementLengthMismatch(uint256 length, uint256 taskTypes);
    error AnnouncementTooHigh(uint256 taskType, uint256 amount, uint256 maximum);
    error AnnouncementTooLow(uint256 taskType, uint256 amount, uint256 minimum);
    /// @notice Too little gas is left to give the recognition function all that it may use: send more.
    error NotEnoughGas(uint256 left, uint256 required);
    error AlreadyRevealed(uint256 seat);
    error ZeroSecret();
    error WrongSecret(uint256 seat, bytes32 commitment);
    error ProposalLengthMismatch(uint256 length, uint256 agents);
    error ProposalSumMismatch(int256 sum, uint256 totalCost);
    error ProposalBeyondDeposit(uint256 seat, int256 payment, uint256 deposit);
    error NothingToWithdraw(uint256 seat);

    // ────────────────────────────────────────────── actions ──────────────────────────────────────────────

    /// @notice Open a game. Its id is keccak256(abi.encode(chain id, this contract, creator, salt)).
    /// @dev A page holds as many seats as fit into 24,575 bytes: 96 bytes and, if all agents share one, the cost
    /// function are for the page; 36 bytes, 12 bytes for each task type and, if each agent has its own, the cost
    /// function are for a seat. A cost function takes 32 bytes and 16 for each breakpoint of the one that has most.
    function create(bytes32 salt, Parameters calldata parameters) external returns (bytes32 id);

    /// @notice Store one page of a game that needs several: the creator does, from the last page to the first. With
    /// the first page the game is complete, and joining begins.
    /// @param contracted rows of D of all seats of the page
    /// @param capacity rows of C of the same seats
    function store(bytes32 id, bytes32 digest, uint32[] calldata contracted, uint32[] calldata capacity) external;

    /// @notice Take a seat, paying exactly bond + f(contracted tasks).
    /// @param commitment keccak256(abi.encode(id, seat, secret)) for a random secret of 32 bytes
    function join(bytes32 id, uint256 seat, bytes32 digest, bytes32 commitment) external payable;

    /// @notice Announce a workload by task type; the seat is the one whose turn it is. All but the last ask the
    /// recognition function for the seat's fraction, with 150,000 gas. If the function fails, runs out of that gas,
    /// answers with less than two words or with what is no fraction of 32-bit numbers, or if its code is no longer
    /// the one agreed on, the fraction is 1 / (n − j + 1) with agents numbered from 1: an equal share of the
    /// probability that is left. That share needs nobody's answer, depends on nothing that was announced, and takes
    /// from no seat its chance to propose; a failing function costs the announcing seat nothing but gas. Sending too
    /// little gas does not bring it about: the call then reverts.
    function announce(bytes32 id, bytes32 digest, uint256[] calldata announcement) external;

    /// @notice Reveal this round's secret and commit to the next round's.
    function reveal(bytes32 id, uint256 seat, bytes32 digest, bytes32 secret, bytes32 nextCommitment) external;

    /// @notice Propose a cost share for every agent; they must sum to F(X).
    function propose(bytes32 id, bytes32 digest, int128[] calldata shares) external;

    /// @notice Answer the proposal, when it is one's turn. The first rejection ends the round.
    function respond(bytes32 id, bytes32 digest, bool accept) external;

    /// @notice End a game whose deadline has passed. Whoever was due loses its bond, except while joining.
    function expire(bytes32 id) external;

    /// @notice Take a seat's money out of an ended game.
    /// @param digest the one that the accepted proposal answered to if the game settled, else the game's
    /// @param shares the accepted proposal if the game settled, else empty
    function withdraw(bytes32 id, uint256 seat, address payable to, bytes32 digest, int128[] calldata shares) external;

    // ─────────────────────────────────────────────── views ───────────────────────────────────────────────

    function gameId(address creator, bytes32 salt) external view returns (bytes32);

    function state(bytes32 id) external view returns (State memory);

    /// @notice The hash that a seat's secret must have; zero before joining and after withdrawing.
    function commitment(bytes32 id, uint256 seat) external view returns (bytes32);

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

    /// @notice Bonds burnt in this contract so far, in wei.
    function burnt() external view returns (uint256);
}
