"""The exact twin's machine code: Keccak, the draws made with it, and the rounds of a game.

Bytes are kept as Keccak takes them, in little-endian *lanes* of 64 bits: a word of 32 bytes is four lanes.

Numba's cache on disk checks only the file of a function, so all compiled code is in this file. After a change
of the numbered codes in `tables`, touch this file. Importing it imports numba, which takes a second.
"""

import numpy as np
from numpy.typing import NDArray

from parley.core.machine import compiled
from parley.mechanisms.coordination.twins.tables import (
    ACCEPTS,
    BROKEN_DOWN,
    DIVIDED,
    EXPIRED,
    OPEN,
    REFUSED,
    REJECTS,
    SETTLED,
    SILENT,
    UNACCEPTABLE,
    UNKNOWN,
    UNPROPOSED,
    Results,
    Tables,
)

__all__ = ["keccak_lanes", "play_games", "residue", "shake_lanes"]

Lanes = NDArray[np.uint64]

RATE = 17
"""Lanes that Keccak-256 and SHAKE256 take in or give out between two permutations: 136 bytes."""
ROUNDS = 24


def _round_constants() -> Lanes:
    """Bits of the linear feedback shift register x^8 + x^6 + x^5 + x^4 + 1 (FIPS 202, algorithms 5 and 6)."""
    register, constants = 1, []
    for _ in range(ROUNDS):
        constant = 0
        for j in range(7):
            constant |= (register & 1) << ((1 << j) - 1)
            register = (register << 1) ^ (0x171 if register >> 7 else 0)
        constants.append(constant)
    return np.array(constants, dtype=np.uint64)


IOTA = _round_constants()


# ── Keccak ────────────────────────────────────────────────────────────────────────────────────────────────


@compiled
def _rol(x: np.uint64, n: int) -> np.uint64:
    return (x << np.uint64(n)) | (x >> np.uint64(64 - n))


@compiled
def permute(s: Lanes) -> None:
    """Apply keccak-f[1600] to 25 lanes in place; lane x + 5 y is FIPS 202's A[x, y]."""
    a0, a1, a2, a3, a4 = s[0], s[1], s[2], s[3], s[4]
    a5, a6, a7, a8, a9 = s[5], s[6], s[7], s[8], s[9]
    a10, a11, a12, a13, a14 = s[10], s[11], s[12], s[13], s[14]
    a15, a16, a17, a18, a19 = s[15], s[16], s[17], s[18], s[19]
    a20, a21, a22, a23, a24 = s[20], s[21], s[22], s[23], s[24]
    for constant in IOTA:
        # θ: each column takes in the parities of its neighbours.
        c0, c1 = a0 ^ a5 ^ a10 ^ a15 ^ a20, a1 ^ a6 ^ a11 ^ a16 ^ a21
        c2, c3 = a2 ^ a7 ^ a12 ^ a17 ^ a22, a3 ^ a8 ^ a13 ^ a18 ^ a23
        c4 = a4 ^ a9 ^ a14 ^ a19 ^ a24
        d0, d1, d2 = c4 ^ _rol(c1, 1), c0 ^ _rol(c2, 1), c1 ^ _rol(c3, 1)
        d3, d4 = c2 ^ _rol(c4, 1), c3 ^ _rol(c0, 1)
        # ρ and π: every lane is rotated and moves.
        b0, b1, b2 = a0 ^ d0, _rol(a6 ^ d1, 44), _rol(a12 ^ d2, 43)
        b3, b4 = _rol(a18 ^ d3, 21), _rol(a24 ^ d4, 14)
        b5, b6, b7 = _rol(a3 ^ d3, 28), _rol(a9 ^ d4, 20), _rol(a10 ^ d0, 3)
        b8, b9 = _rol(a16 ^ d1, 45), _rol(a22 ^ d2, 61)
        b10, b11, b12 = _rol(a1 ^ d1, 1), _rol(a7 ^ d2, 6), _rol(a13 ^ d3, 25)
        b13, b14 = _rol(a19 ^ d4, 8), _rol(a20 ^ d0, 18)
        b15, b16, b17 = _rol(a4 ^ d4, 27), _rol(a5 ^ d0, 36), _rol(a11 ^ d1, 10)
        b18, b19 = _rol(a17 ^ d2, 15), _rol(a23 ^ d3, 56)
        b20, b21, b22 = _rol(a2 ^ d2, 62), _rol(a8 ^ d3, 55), _rol(a14 ^ d4, 39)
        b23, b24 = _rol(a15 ^ d0, 41), _rol(a21 ^ d1, 2)
        # χ and ι: what is not linear, and the round's own constant.
        a0, a1, a2 = b0 ^ (~b1 & b2) ^ constant, b1 ^ (~b2 & b3), b2 ^ (~b3 & b4)
        a3, a4 = b3 ^ (~b4 & b0), b4 ^ (~b0 & b1)
        a5, a6, a7 = b5 ^ (~b6 & b7), b6 ^ (~b7 & b8), b7 ^ (~b8 & b9)
        a8, a9 = b8 ^ (~b9 & b5), b9 ^ (~b5 & b6)
        a10, a11, a12 = b10 ^ (~b11 & b12), b11 ^ (~b12 & b13), b12 ^ (~b13 & b14)
        a13, a14 = b13 ^ (~b14 & b10), b14 ^ (~b10 & b11)
        a15, a16, a17 = b15 ^ (~b16 & b17), b16 ^ (~b17 & b18), b17 ^ (~b18 & b19)
        a18, a19 = b18 ^ (~b19 & b15), b19 ^ (~b15 & b16)
        a20, a21, a22 = b20 ^ (~b21 & b22), b21 ^ (~b22 & b23), b22 ^ (~b23 & b24)
        a23, a24 = b23 ^ (~b24 & b20), b24 ^ (~b20 & b21)
    s[0], s[1], s[2], s[3], s[4] = a0, a1, a2, a3, a4
    s[5], s[6], s[7], s[8], s[9] = a5, a6, a7, a8, a9
    s[10], s[11], s[12], s[13], s[14] = a10, a11, a12, a13, a14
    s[15], s[16], s[17], s[18], s[19] = a15, a16, a17, a18, a19
    s[20], s[21], s[22], s[23], s[24] = a20, a21, a22, a23, a24


@compiled
def keccak_lanes(message: Lanes, count: int, s: Lanes) -> None:
    """Write the Keccak-256 hash of the first `count` lanes of a message to the first four lanes of `s`."""
    s[:] = np.uint64(0)
    at = 0
    for i in range(count):
        s[at] ^= message[i]
        at += 1
        if at == RATE:
            permute(s)
            at = 0
    s[at] ^= np.uint64(1)
    s[RATE - 1] ^= np.uint64(1 << 63)
    permute(s)


@compiled
def _absorb_byte(byte: int, at: int, s: Lanes) -> int:
    s[at >> 3] ^= np.uint64(byte) << np.uint64((at & 7) << 3)
    if at + 1 < 8 * RATE:
        return at + 1
    permute(s)
    return 0


@compiled
def _absorb_number(number: int, at: int, s: Lanes) -> int:
    """Absorb the decimal digits of a number that is not negative."""
    scale = 1
    while number // scale >= 10:
        scale *= 10
    while scale > 0:
        at = _absorb_byte(48 + number // scale % 10, at, s)
        scale //= 10
    return at


@compiled
def shake_lanes(prefix: NDArray[np.uint8], game: int, round_number: int, s: Lanes, out: Lanes) -> None:
    """Fill `out` with SHAKE256 of the prefix, the game's number, a colon and the round's number."""
    s[:] = np.uint64(0)
    at = 0
    for byte in prefix:
        at = _absorb_byte(byte, at, s)
    at = _absorb_number(game, at, s)
    at = _absorb_byte(58, at, s)
    at = _absorb_number(round_number, at, s)
    s[at >> 3] ^= np.uint64(0x1F) << np.uint64((at & 7) << 3)
    s[RATE - 1] ^= np.uint64(1 << 63)
    for i in range(len(out)):
        if i % RATE == 0:
            permute(s)
        out[i] = s[i % RATE]


# ── draws ─────────────────────────────────────────────────────────────────────────────────────────────────


@compiled
def _swapped(x: np.uint64) -> np.uint64:
    """Return the eight bytes in reverse order."""
    low, high = np.uint64(0x00FF00FF00FF00FF), np.uint64(0x0000FFFF0000FFFF)
    x = ((x >> np.uint64(8)) & low) | ((x & low) << np.uint64(8))
    x = ((x >> np.uint64(16)) & high) | ((x & high) << np.uint64(16))
    return (x >> np.uint64(32)) | (x << np.uint64(32))


@compiled
def residue(w: Lanes, bound: np.uint64) -> tuple[bool, np.uint64]:
    """Return whether a word is accepted for a draw, and the word modulo a 32-bit bound."""
    half, mask = np.uint64(32), np.uint64(0xFFFFFFFF)
    rest = np.uint64(0)
    full = np.uint64(0)
    for i in range(4):
        limb = _swapped(w[i])
        for part in (limb >> half, limb & mask):
            rest = ((rest << half) | part) % bound
            full = ((full << half) | mask) % bound
    # 2^256 mod bound words at the top are left out; it is below 2^32, so they all share their first 224 bits.
    left_out = (full + np.uint64(1)) % bound
    ones = ~np.uint64(0)
    top = w[0] == ones and w[1] == ones and w[2] == ones
    return not (top and ones - _swapped(w[3]) < left_out), rest


@compiled
def _uniform(drawn: Lanes, index: int, bound: np.uint64, s: Lanes) -> np.uint64:
    """Return an integer below the bound from the seed in the first four lanes of `drawn`, by rejection."""
    drawn[7] = np.uint64(index) << np.uint64(56)
    attempt = np.uint64(0)
    while True:
        drawn[11] = _swapped(attempt)
        keccak_lanes(drawn, 12, s)
        accepted, rest = residue(s, bound)
        if accepted:
            return rest
        attempt += np.uint64(1)


@compiled
def _seed(purpose: Lanes, message: Lanes, count: int, drawn: Lanes, s: Lanes) -> None:
    """Write the seed for a purpose to `drawn`, for `_uniform`; `message` has the words after the purpose."""
    message[:4] = purpose
    keccak_lanes(message, count, s)
    drawn[:4] = s[:4]


@compiled
def _draw_proposer(
    numerators: NDArray[np.uint64], denominators: NDArray[np.uint64], drawn: Lanes, s: Lanes
) -> int:
    """Walk down the stick. A certain outcome needs no hash: draws of different indices are independent."""
    last = len(numerators) - 1
    for j in range(last):
        numerator, denominator = numerators[j], denominators[j]
        if numerator == 0 or denominator == 0:
            continue
        if numerator == denominator or _uniform(drawn, j, denominator, s) < numerator:
            return j
    return last


@compiled
def _draw_order(order: NDArray[np.int64], proposer: int, drawn: Lanes, s: Lanes) -> None:
    """Shuffle all seats but the proposer's (Fisher and Yates)."""
    count = len(order)
    for k in range(count):
        order[k] = k if k < proposer else k + 1
    for k in range(count - 1, 0, -1):
        r = np.int64(_uniform(drawn, k, np.uint64(k + 1), s))
        order[k], order[r] = order[r], order[k]


# ── transcripts ───────────────────────────────────────────────────────────────────────────────────────────


@compiled
def _note(w: Lanes, transcript: Lanes) -> None:
    """Absorb one word in a transcript: 25 lanes of state, and how many have been written to."""
    at = int(np.int64(transcript[25]))
    for i in range(4):
        transcript[at] ^= w[i]
        at += 1
        if at == RATE:
            permute(transcript[:25])
            at = 0
    transcript[25] = np.uint64(at)


@compiled
def _note_number(number: int, transcript: Lanes, scratch: Lanes) -> None:
    scratch[:4] = np.uint64(0)
    scratch[3] = _swapped(np.uint64(number))
    _note(scratch[:4], transcript)


@compiled
def _note_commitment(game: Lanes, seat: int, secret: Lanes, transcript: Lanes, m: Lanes, s: Lanes) -> None:
    """Absorb the commitment of a seat to a secret; `m` is scratch of 12 lanes."""
    m[:4] = game
    m[4:8] = np.uint64(0)
    m[7] = np.uint64(seat) << np.uint64(56)
    m[8:12] = secret
    keccak_lanes(m, 12, s)
    _note(s[:4], transcript)


@compiled
def _note_order(order: NDArray[np.int64], transcript: Lanes, scratch: Lanes) -> None:
    """Absorb an order as the contract packs it: two words, the first seat in the lowest byte of the first."""
    for half in range(2):
        scratch[:4] = np.uint64(0)
        for k in range(32 * half, min(len(order), 32 * half + 32)):
            place = 31 - (k & 31)
            scratch[place >> 3] |= np.uint64(order[k]) << np.uint64((place & 7) << 3)
        _note(scratch[:4], transcript)


# ── games ─────────────────────────────────────────────────────────────────────────────────────────────────


@compiled
def play_games(  # noqa: C901, PLR0912, PLR0915 - one game from beginning to end, as Player plays it
    t: Tables,
    purposes: Lanes,
    creation: Lanes,
    prefix: NDArray[np.uint8],
    first: int,
    lineups: NDArray[np.int32],
    results: Results,
) -> None:
    """Play games in sequence, each by the tables of its line-up.

    Parameters
    ----------
    purposes : ndarray of uint64, shape (3, 4)
        Purpose words of the continuation, the proposer and the order.
    creation : ndarray of uint64, shape (16,)
        The words that a game's id hashes; the salt in the last four lanes is filled in here.
    prefix : ndarray of uint8
        The text before a game's number, from which its secrets are derived.
    first : int
        Number of the first game.
    lineups : ndarray of int32, shape (games,)
        Row of the tables for each game.
    """
    n = t.numerators.shape[1]
    noting = len(results.transcripts) > 0
    s = np.zeros(25, np.uint64)
    drawn = np.zeros(12, np.uint64)
    m = np.zeros(12, np.uint64)
    transcript = np.zeros(26, np.uint64)
    fresh = np.zeros(4 * n + 4, np.uint64)
    # What a seed is the hash of: purpose, game, round, and the secrets (behind the last one, the salt).
    message = np.zeros(12 + 4 * n + 4, np.uint64)
    game, secrets = message[4:8], message[12:]
    order = np.zeros(n - 1, np.int64)

    for g in range(len(lineups)):
        p, k = lineups[g], first + g
        if t.ending[p] == UNKNOWN:
            continue
        ending, outcome, transactions = int(t.ending[p]), int(t.outcome[p]), int(t.transactions[p])
        round_number, rounds, proposer = 1, 0, -1
        shake_lanes(prefix, k, 1, s, secrets)
        creation[12:] = secrets[4 * n :]
        keccak_lanes(creation, 16, s)
        game[:] = s[:4]
        if noting:
            transcript[:] = np.uint64(0)
            _note(game, transcript)
            for seat in range(n):
                if t.joins[p, seat]:
                    _note_commitment(game, seat, secrets[4 * seat : 4 * seat + 4], transcript, m, s)
            _note(t.digest[p], transcript)

        while ending == OPEN:
            # Everybody reveals, but for who sleeps, and who sees in time that it gains nothing by it.
            message[11] = _swapped(np.uint64(round_number))
            drawn_now, withheld = -1, False
            if not t.all_reveal[p]:
                ending, outcome = EXPIRED, int(t.outcome_unrevealed[p])
            else:
                continued = True
                if round_number > 1:
                    _seed(purposes[0], message, 12 + 4 * n, drawn, s)
                    continued = _uniform(drawn, 0, t.delta[1], s) < t.delta[0]
                if continued:
                    _seed(purposes[1], message, 12 + 4 * n, drawn, s)
                    drawn_now = _draw_proposer(t.numerators[p], t.denominators[p], drawn, s)
                if t.decider[p] >= 0 and drawn_now != t.decider[p]:
                    withheld = True
                    ending, outcome = EXPIRED, 2 * n + 1 + t.decider[p]
                elif not continued:
                    ending, outcome = BROKEN_DOWN, 2 * n
            if noting:
                shake_lanes(prefix, k, round_number + 1, s, fresh)
            for place in range(n):
                seat = int(t.reveal_order[p, place])
                if t.reveals[p, seat] and not (withheld and seat == t.decider[p]):
                    transactions += 1
                    if noting:
                        _note_commitment(game, seat, fresh[4 * seat : 4 * seat + 4], transcript, m, s)
            if ending != OPEN:
                transactions += ending == EXPIRED
                break

            # One proposal, and the answers to it.
            rounds += 1
            if round_number == 1:
                proposer = drawn_now
            last = 1 if round_number == t.max_rounds else 0
            verdict = t.verdict[p, last, drawn_now]
            if noting or verdict == DIVIDED:
                _seed(purposes[2], message, 12 + 4 * n, drawn, s)
                _draw_order(order, drawn_now, drawn, s)
            if noting:
                _note_number(drawn_now, transcript, m)
                _note_order(order, transcript, m)
            if verdict == UNPROPOSED:
                ending, outcome = EXPIRED, 2 * n + 1 + drawn_now
                transactions += 1
                break
            outcome = last * n + drawn_now
            if verdict == UNACCEPTABLE:
                ending = REFUSED
                break
            answer, answered, seat = ACCEPTS, n - 1, -1
            if verdict == DIVIDED:
                for place in range(n - 1):
                    seat = int(order[place])
                    answer = int(t.answers[p, last, drawn_now, seat])
                    if answer != ACCEPTS:
                        answered = place + (answer == REJECTS)
                        break
            transactions += 1 + answered
            if noting:
                _note(t.offers[p, last, drawn_now], transcript)
                _note_number(2 * answered + (answer != REJECTS), transcript, m)
            if answer == ACCEPTS:
                ending = SETTLED
            elif answer == SILENT:
                ending, outcome = EXPIRED, 2 * n + 1 + seat
                transactions += 1
            elif last:
                ending, outcome = BROKEN_DOWN, 2 * n
            else:
                round_number += 1
                if not noting:
                    shake_lanes(prefix, k, round_number, s, fresh)
                secrets[:] = fresh

        results.ending[g], results.outcome[g] = ending, outcome
        results.rounds[g], results.proposer[g] = rounds, proposer
        results.transactions[g] = transactions
        if noting:
            at = int(np.int64(transcript[25]))
            transcript[at] ^= np.uint64(1)
            transcript[RATE - 1] ^= np.uint64(1 << 63)
            permute(transcript[:25])
            results.transcripts[g] = transcript[:4]
