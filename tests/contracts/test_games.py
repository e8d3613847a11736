"""What every game of seats promises (`contracts/game/`), held against each mechanism that is built on it."""

from typing import Any

import pytest
from eth_abi.abi import decode

from parley.core.randomness import commitment, game_id, keccak, word
from tests.contracts.seats import BONDED, MECHANISMS, PAYING, Seated
from tests.kit.rig.on_chain import PAYEES, receivers

NOTHING = bytes(32)
HUGE = 2**256 - 1
MIN_WINDOW, MAX_WINDOW = 60, 30 * 24 * 3600
ZERO = "0x" + "00" * 20

ACTS = [(kind, act) for kind, mechanism in MECHANISMS.items() for act in mechanism.acts]
OF_SEATS = [(kind, act) for kind, act in ACTS if act not in MECHANISMS[kind].others]
"""Actions that one seat may carry out."""
NAMING = [(kind, act) for kind, act in ACTS if act not in MECHANISMS[kind].bare]
PAID = [(kind, act) for kind, act in ACTS if kind in PAYING]
WITHDRAWALS = [(kind, "withdraw") for kind in PAYING]


def new(kind: str, act: str = "withdraw") -> Seated:
    """A game of the usual three seats, played to the phase of an action."""
    mechanism = MECHANISMS[kind]
    return Seated(kind, mechanism.acts[act][0] if act in mechanism.acts else mechanism.over)


@pytest.fixture(params=list(MECHANISMS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def game(kind: str) -> Seated:
    """In its first phase."""
    return new(kind, next(iter(MECHANISMS[kind].acts)))


@pytest.fixture(params=PAYING)
def paying_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=BONDED)
def bonded_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def bonded(bonded_kind: str) -> Seated:
    """In its first phase, with money at stake."""
    return new(bonded_kind, next(iter(MECHANISMS[bonded_kind].acts)))


def agents(count: int) -> list[str]:
    return ["0x" + f"{k + 1:040x}" for k in range(count)]


# ─────────────────────────────────────────────── creation ────────────────────────────────────────────────


def test_a_game_has_the_id_that_could_be_computed_before_and_nobody_else_can_take_it(kind: str) -> None:
    game = Seated(kind)
    salt = game.creation().args["salt"]
    assert game.ask("gameId", game.table.creator, salt) == game.id
    other = game.went(game.creation().but(sender=game.stranger)).output
    assert other == game_id(game.evm.chain_id, game.address, game.stranger, salt)
    assert game.phase == 0
    assert game.went(game.creation()).output == game.id
    assert game.phase == game.phases[game.first]


def test_a_game_is_created_once(game: Seated) -> None:
    for changes in ({}, {"action_window": 99}):
        assert game.send(game.creation(**changes)).error == ("GameExists", game.id)
    game.late(1)
    game.went(game.expiry())
    assert game.send(game.creation()).error == ("GameExists", game.id)
    game.again().went(game.creation())


REFUSED: dict[str, tuple[dict[str, Any], tuple[Any, ...]]] = {
    "65 agents": ({"agents": agents(65)}, ("AgentCountOutOfRange", 65)),
    "a zero address": ({"agents": [*agents(2), ZERO]}, ("ZeroAgent", 2)),
    "two zero addresses": ({"agents": [*agents(1), ZERO, ZERO]}, ("ZeroAgent", 1)),
    "one address in two seats": ({"agents": [*agents(2), agents(1)[0]]}, ("DuplicateAgent", 2, 0)),
    "one address in the last seats": ({"agents": [*agents(2), agents(2)[1]]}, ("DuplicateAgent", 2, 1)),
    **{
        f"{window} of {seconds} s": ({window: seconds}, ("WindowOutOfRange", seconds))
        for window in ("join_window", "action_window")
        for seconds in (0, MIN_WINDOW - 1, MAX_WINDOW + 1, 2**32 - 1)
    },
}


@pytest.mark.parametrize("what", REFUSED)
def test_creation_refuses(kind: str, what: str) -> None:
    changes, error = REFUSED[what]
    game = Seated(kind)
    assert game.send(game.creation(**changes)).error == error
    assert game.phase == 0


def test_agents_whose_addresses_end_alike_are_two(kind: str) -> None:
    """Twins are looked for among those with the same lowest byte: here the greatest."""
    alike = ["0x" + f"{k}ff".zfill(40) for k in range(3)]
    game = Seated(kind)
    refused = game.creation(agents=[*alike[:2], alike[1]])
    assert game.send(refused).error == ("DuplicateAgent", 2, 1)
    game.went(game.creation(agents=alike))


def test_creation_refuses_too_few_agents(kind: str) -> None:
    game = Seated(kind)
    for count in range(game.mechanism.fewest):
        assert game.send(game.creation(agents=agents(count))).error == ("AgentCountOutOfRange", count)


# ──────────────────────────────────────────── phases and seats ───────────────────────────────────────────


def test_an_action_belongs_to_its_phase(kind: str) -> None:
    """Also in a game that does not exist, or has ended; and nothing leaves before the end."""
    game = Seated(kind)
    calls = {act: game.play_to(phase).call(act) for act, phase in game.phases.items()}
    withdrawal = game.play_to(game.over).call("withdraw") if game.pays else None
    for phase in (0, *dict.fromkeys(game.phases.values()), game.over):
        game = Seated(kind, phase)
        for act, call in calls.items():
            if game.phases[act] != phase:
                assert game.send(call).error == ("WrongPhase", game.id, phase, game.phases[act])
        if phase == game.over:
            game.evm.warp(game.evm.timestamp + MAX_WINDOW)
        elif withdrawal is not None:
            assert game.send(withdrawal).error == ("WrongPhase", game.id, phase, game.over)
        if phase in (0, game.over):
            assert game.send(game.expiry()).error == ("WrongPhase", game.id, phase, 0)


def test_nothing_but_withdrawals_can_be_done_in_a_game_that_expired(game: Seated, kind: str) -> None:
    other = Seated(kind)
    calls = {act: other.play_to(phase).call(act) for act, phase in other.phases.items()}
    game.late(1)
    game.went(game.expiry())
    expired = game.expired(game.first)
    assert (game.phase, game.id) == (expired, other.id)
    for act, call in calls.items():
        assert game.send(call).error == ("WrongPhase", game.id, expired, game.phases[act])
    assert game.send(game.expiry()).error == ("WrongPhase", game.id, expired, 0)
    if game.pays:
        assert game.send(game.call("withdraw")).error == ("NothingToWithdraw", 0)


@pytest.mark.parametrize(("kind", "act"), [*OF_SEATS, *WITHDRAWALS])
def test_a_seat_belongs_to_its_own_address(kind: str, act: str) -> None:
    game = new(kind, act)
    call = game.call(act)
    seat = list(game.table.seats).index(call.sender)
    for other in (
        game.table.creator,
        game.stranger,
        *(agent for agent in game.table.seats if agent != call.sender),
    ):
        refused = game.send(call.but(sender=other))
        assert refused.error == ("NotTheSeat", seat, other.lower())
    if "seat" in call.args:
        many = len(game.payees) if act == "withdraw" else 3
        for number in (many, 64, HUGE):
            assert game.send(call.but(seat=number)).error == ("SeatOutOfRange", number, many)
    game.went(call)
    if "seat" in call.args:
        error = game.mechanism.taken.get(act, "NothingToWithdraw")
        assert game.send(call).error == (error, seat)


# ──────────────────────────────────────────────── deadlines ──────────────────────────────────────────────


@pytest.mark.parametrize(("kind", "act"), ACTS)
def test_an_action_is_valid_at_its_deadline_and_not_after_whether_or_not_anybody_called_expire(
    kind: str, act: str
) -> None:
    game = new(kind, act)
    call = game.call(act)
    game.late(0)
    before = game.evm.snapshot()
    game.went(call)
    game.evm.restore(before)
    deadline = game.late(1)
    assert game.send(call).error == ("DeadlinePassed", game.id, deadline)


@pytest.mark.parametrize(("kind", "act"), ACTS)
def test_anyone_may_end_a_phase_after_its_deadline_and_not_at_it(kind: str, act: str) -> None:
    game = new(kind, act)
    deadline = game.late(0)
    assert game.send(game.expiry()).error == ("DeadlineNotPassed", game.id, deadline)
    game.late(1)
    game.went(game.expiry())
    assert game.phase == game.expired(act)


def test_each_phase_has_a_window_from_the_action_before_it(kind: str) -> None:
    joining, acting = MECHANISMS[kind].windows
    game = Seated(kind)
    game.evm.warp(game.evm.timestamp + 12_345)
    first, *later = dict.fromkeys(game.phases.values())
    game.play_to(first)
    assert game.table.deadline == (end := game.evm.timestamp + joining)
    game.evm.warp(game.evm.timestamp + joining // 2)
    game.went(game.call(game.first))
    assert game.table.deadline == end  # shared by all
    for seat in (1, 2):
        game.went(game.call(game.first, seat))
    for phase in later:
        game.play_to(phase)
        assert game.table.deadline == game.evm.timestamp + acting
        game.late(-1)


def test_reveals_share_one_window(bonded_kind: str) -> None:
    opens = MECHANISMS[bonded_kind].opens
    game = new(bonded_kind, opens)
    end = game.table.deadline
    game.evm.warp(end - 1)
    game.went(game.call(opens, 2))
    assert game.table.deadline == end


# ───────────────────────────────────── commitments, secrets, digests ─────────────────────────────────────


def test_the_first_action_pays_exactly_and_commits(bonded: Seated) -> None:
    game = bonded
    act = game.first
    paid = game.balance
    for seat in range(3):
        call = game.call(act, seat)
        for value in (0, call.value - 1, call.value + 1, 2 * call.value):
            assert game.send(call.but(value=value)).error == ("WrongDeposit", value, call.value)
        assert game.send(call.but(commitment=NOTHING)).error == ("ZeroCommitment",)
        assert game.ask("commitment", game.id, seat) == NOTHING
        (event,) = game.went(call).events
        assert {name: event.args[name] for name in ("seat", "commitment")} == {
            name: call.args[name] for name in ("seat", "commitment")
        }
        assert game.ask("commitment", game.id, seat) == call.args["commitment"]
        paid += call.value
        assert game.balance == paid


@pytest.mark.parametrize(("kind", "act"), NAMING)
def test_an_action_names_what_it_answers_to(kind: str, act: str) -> None:
    game = new(kind, act)
    call, current = game.call(act), game.digest
    assert call.args["digest"] == current
    for given in (NOTHING, keccak(current), keccak(b"another game")):
        assert game.send(call.but(digest=given)).error == ("StaleDigest", given, current)
    game.went(call)


SECRETS = [(kind, act) for kind, act in ACTS if act in ("reveal", "open")]


@pytest.mark.parametrize(("kind", "act"), SECRETS)
def test_a_secret_opens_its_own_commitment(kind: str, act: str) -> None:
    game = new(kind, act)
    call, sealed = game.call(act), game.ask("commitment", game.id, 0)
    assert game.send(call.but(secret=NOTHING)).error == ("ZeroSecret",)
    for secret in (word(1), game.call(act, 1).args["secret"], sealed):
        assert game.send(call.but(secret=secret)).error == ("WrongSecret", 0, sealed)
    if "nextCommitment" in call.args:
        assert game.send(call.but(nextCommitment=NOTHING)).error == ("ZeroCommitment",)
    (event,) = game.went(call).events
    assert (event.args["seat"], event.args["secret"]) == (0, call.args["secret"])
    assert game.ask("commitment", game.id, 0) == call.args.get("nextCommitment", NOTHING)


def test_a_copied_commitment_opens_to_nothing(bonded: Seated) -> None:
    """What one seat has committed to, and what it reveals, is worthless to another seat."""
    game = bonded
    act = game.first
    copied = game.call(act).args["commitment"]
    game.went(game.call(act))
    game.went(game.call(act, 1).but(commitment=copied))
    game.went(game.call(act, 2))
    opens = game.mechanism.opens
    game.play_to(game.phases[opens])
    opened = game.call(opens)
    game.went(opened)
    stolen = game.call(opens, 1).but(
        **{name: value for name, value in opened.args.items() if name not in ("seat", "nextCommitment")}
    )
    assert game.send(stolen).error == ("WrongSecret", 1, copied)


def test_a_commitment_of_another_game_opens_to_nothing(bonded: Seated) -> None:
    game = bonded
    act, opens = game.first, game.mechanism.opens
    elsewhere = game.call(act).args["commitment"]
    game.play_to(game.phases[opens])
    revealed = game.call(opens)
    game.again().went(game.creation())
    game.went(game.call(act).but(commitment=elsewhere))
    for seat in (1, 2):
        game.went(game.call(act, seat))
    game.play_to(game.phases[opens])
    replayed = revealed.but(id=game.id, digest=game.digest)
    assert game.send(replayed).error == ("WrongSecret", 0, elsewhere)


# ────────────────────────────────────────────── reorganizations ──────────────────────────────────────────


@pytest.mark.parametrize(("kind", "act"), NAMING)
def test_another_creation_under_the_same_id_takes_nothing_that_was_signed_before(kind: str, act: str) -> None:
    game = Seated(kind)
    fork = game.evm.snapshot()
    signed = game.play_to(game.phases[act]).call(act)
    game.evm.restore(fork)
    game.went(game.creation(action_window=1234))
    game.play_to(game.phases[act])
    assert game.send(signed).error == ("StaleDigest", signed.args["digest"], game.digest)


def test_a_seat_that_has_seen_the_others_secrets_cannot_commit_anew(bonded: Seated) -> None:
    """Else it could choose the draw: all other secrets are public once they were revealed in any world."""
    game = bonded
    act, opens = game.first, game.mechanism.opens
    for seat in (0, 1):
        game.went(game.call(act, seat))
    fork = game.evm.snapshot()
    last = game.call(act, 2)
    game.went(last)
    signed = game.play_to(game.phases[opens]).call(opens)
    game.evm.restore(fork)
    game.went(last.but(commitment=commitment(game.id, 2, word(12345))))
    game.play_to(game.phases[opens])
    assert game.send(signed).error == ("StaleDigest", signed.args["digest"], game.digest)
    game.went(game.call(opens))  # signed anew, knowing of the other commitment


def test_an_expiry_does_what_anybody_may_do_then(game: Seated) -> None:
    """It names nothing: where no deadline has passed it fails, and where one has, anybody could send it."""
    fork = game.evm.snapshot()
    deadline = game.late(1)
    game.went(game.expiry())
    game.evm.restore(fork)
    assert game.send(game.expiry()).error == ("DeadlineNotPassed", game.id, deadline)


def test_unchanged_worlds_take_what_was_signed(kind: str) -> None:
    """What is replayed after the very same history goes through: nothing else than the history is named."""
    game = new(kind, next(iter(MECHANISMS[kind].acts)))
    fork = game.evm.snapshot()
    signed = game.recorded()
    game.play_to(game.over)
    if game.pays:
        for payee in game.paid:
            game.act("withdraw", payee)
    assert game.balance == 0
    game.evm.restore(fork)
    assert all(game.send_data(*one[:3]).ok for one in signed)
    assert game.phase == game.over
    assert game.balance == 0


# ───────────────────────────────────────────────── money ─────────────────────────────────────────────────


def test_the_contract_takes_money_for_seats_only(kind: str) -> None:
    """Ether that is sent, or comes with any call but those that pay, is refused."""
    game = Seated(kind)
    paying = {*game.mechanism.pays, *([game.first] if kind in BONDED else [])}
    payable = {one["name"] for one in game.abi if one.get("stateMutability") == "payable"}
    assert payable == paying
    for data in (b"", bytes(4)):
        assert not game.send_data(game.table.creator, data, 1).ok
    refused = [game.creation()] if "create" not in paying else []
    for act, phase in game.phases.items():
        game.play_to(phase)
        refused += [game.call(act), game.expiry()] if act not in paying else []
        for call in refused:
            assert game.send(call.but(value=1)).error == (), call.function
        refused = []
    game.play_to(game.over)
    if game.pays:
        assert game.send(game.call("withdraw").but(value=1)).error == ()


def test_all_money_goes_out_once_to_addresses_of_the_seats_choice(paying_kind: str) -> None:
    game = new(paying_kind)
    left = game.balance
    for seat in (1, 2, 0, *game.paid[3:]):
        to = PAYEES[seat % 2]
        had = game.evm.balance(to)
        withdrawal = game.call("withdraw", seat).but(to=to)
        (event,) = game.went(withdrawal).events
        amount = event.args["amount"]
        assert (event.name, event.args) == (
            "Withdrawn",
            {"id": game.id, "seat": seat, "to": to, "amount": amount},
        )
        left -= amount
        assert (game.evm.balance(to), game.balance) == (had + amount, left)
        assert game.send(withdrawal).error == ("NothingToWithdraw", seat)
    assert left == game.ask("burnt") == 0


@pytest.mark.parametrize(("kind", "act"), [*PAID, *WITHDRAWALS])
def test_all_that_is_paid_in_is_held_until_it_is_paid_out_or_stays_as_burnt(kind: str, act: str) -> None:
    """After every transaction of a game that is played to its end, or expires in any phase."""
    game = Seated(kind)
    sent = game.recorded()
    game.play_to(game.phases.get(act, game.over))
    held = 0
    for _, _, value, balance in sent:
        held += value
        assert balance == held
    if act != "withdraw":
        game.late(1)
        game.went(game.expiry())
        if game.phase < game.over:
            game.play_to(game.over)
    for seat in game.payees:
        answer = game.send(game.call("withdraw", seat))
        if answer.ok:
            held -= answer.events[0].args["amount"]
        else:
            # The last payee may never have come.
            assert answer.error in {("NothingToWithdraw", seat), ("SeatOutOfRange", game.payees[-1], seat)}
        assert game.balance == held
    assert held == game.ask("burnt")


def test_a_receiver_that_refuses_keeps_nobody_else_from_its_money(paying_kind: str) -> None:
    game = new(paying_kind)
    silent, talking = (
        game.evm.deploy(receivers()[name].bytecode) for name in ("Refusing", "RefusingWithReason")
    )
    held = game.balance
    call = game.call("withdraw", 1)
    assert game.send(call.but(to=silent)).error == ("FailedCall",)
    name, amount = game.send(call.but(to=talking)).error
    assert name == "Refused"
    assert game.balance == held
    game.went(game.call("withdraw"))
    (event,) = game.went(call).events
    assert event.args["amount"] == amount


@pytest.mark.parametrize("ended", ["played to its end", "expired"])
@pytest.mark.parametrize("again", ["withdraws", "withdraws for another", "pays"])
@pytest.mark.parametrize("paid", [1, 2])
def test_a_receiver_that_calls_back_gets_nothing_more(
    paying_kind: str, ended: str, again: str, paid: int
) -> None:
    """A contract holds seat 2; it is paid by its own withdrawal, or by seat 1's."""
    game = Seated(paying_kind)
    contract = game.hold_last_seat_by("Reentrant")
    act, phase = game.first, game.phases[game.first]
    opening = game.play_to(phase).call(act, 2)
    if ended == "expired":
        game.play_to(game.mechanism.blameless).late(1)
        game.went(game.expiry())
    else:
        game.play_to(game.over)
    own = game.call("withdraw", 2)
    call, error = {
        "withdraws": (own, ("NothingToWithdraw", 2)),
        "withdraws for another": (own.but(seat=0), ("NotTheSeat", 0, contract.lower())),
        "pays": (opening, ("WrongPhase", game.id, game.phase, phase)),
    }[again]
    if paid == 1:
        game.went(own)
    had = game.evm.balance(contract)
    armed = game.interface.encode("onPayment", game.address, game.data(call))
    assert game.evm.transact(game.stranger, contract, armed).ok
    held = game.balance
    game.went(game.call("withdraw", paid).but(to=contract))
    gained = game.evm.balance(contract) - had
    assert gained == held - game.balance > 0

    def read(name: str, type_: str) -> Any:  # noqa: ANN401 - of that type
        return decode([type_], game.evm.call(game.stranger, contract, game.interface.encode(name)).output)[0]

    assert (read("attempted", "bool"), read("succeeded", "bool")) == (True, False)
    found = game.interface.decode_error(read("answer", "bytes"))
    assert (found.name, *found.args) == error
    for seat in {*game.payees} - {2, paid}:
        game.send(game.call("withdraw", seat))
    assert game.balance == game.ask("burnt")


def test_ether_forced_in_changes_nothing(paying_kind: str) -> None:
    game = new(paying_kind)
    held = game.balance
    # A contract whose code is PUSH20 game, SELFDESTRUCT: its money goes there unasked.
    runtime = b"\x73" + bytes.fromhex(game.address[2:]) + b"\xff"
    bomb = game.evm.deploy(b"\x75" + runtime + bytes.fromhex("5f526016600af3"))
    assert game.evm.transact(game.stranger, bomb, b"", 1_000).ok
    assert game.balance == held + 1_000
    for seat in game.paid:
        game.went(game.call("withdraw", seat))
    assert (game.balance, game.ask("burnt")) == (1_000, 0)


def test_one_games_money_does_not_pay_for_another(paying_kind: str) -> None:
    """A second game of the same agents, fully paid in, is untouched by the first one's end."""
    game = new(paying_kind)
    act = game.first
    first = game.balance
    withdrawals = [game.call("withdraw", seat) for seat in game.paid]
    sent = game.again().recorded()
    game.play_to(game.phases[act])
    for seat in range(3):
        game.act(act, seat)
    second = sum(value for _, _, value, _ in sent)
    assert game.balance == first + second
    for call in withdrawals:
        game.went(call)
        assert game.send(call).error == ("NothingToWithdraw", call.args["seat"])
    assert game.balance == second > 0
    game.play_to(game.over)
    for seat in game.paid:
        game.went(game.call("withdraw", seat))
    assert game.balance == 0
