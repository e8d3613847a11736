"""A recognition function of one's own: halfway between p* and the announcements themselves.

    parley audit problems/paper-example-1.toml --recognition examples/half_and_half.py:fraction \
        --contract examples/HalfAndHalf.sol
"""

from fractions import Fraction

from parley.mechanisms.coordination.recognition import Turn


def fraction(turn: Turn) -> tuple[int, int]:
    """g(j) = (Σ_t x̄_jt + Σ_t x_jt) / 2R_j, as numerator and denominator. `HalfAndHalf.sol` is the same."""
    return sum(turn.maximal) + sum(turn.announced), 2 * turn.remaining


def probabilities(
    announced: tuple[tuple[int, ...], ...],
    contracted: tuple[tuple[int, ...], ...],
    capacity: tuple[tuple[int, ...], ...],
) -> list[Fraction]:
    """Recognize everybody in proportion to what it could do: a function of whole problems, with no contract.

    The paper's general form. It may look at anything, also at what is announced later.
    """
    total = sum(map(sum, capacity))
    if not total:
        return [Fraction(1, len(announced))] * len(announced)
    return [Fraction(sum(row), total) for row in capacity]
