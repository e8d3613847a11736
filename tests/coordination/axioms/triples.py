"""Random problems (X, D, C), and their distributions from the definition."""

from collections.abc import Iterator
from itertools import product
from random import Random

from parley.mechanisms.coordination.axioms.reduction import Distribution
from parley.mechanisms.coordination.axioms.triple import Row, Rows, Triple, rows_of
from tests.coordination.problems import make, random_announcements, random_matrices


def random_triple(
    dice: Random, *, special: bool, n: int | None = None, m: int | None = None, spread: bool = False
) -> Triple:
    """A small problem at random announcements; `spread` leaves many ways to hand agent 1's excess on."""
    n, m = n or dice.randint(2, 5), m or dice.randint(1, 4)
    if spread:
        D, C = top_heavy(dice, special=special, n=n, m=m)
        return Triple.of(announced(dice, D, C, tries=2), D, C)
    matrices = random_matrices(dice, special=special, n=n, m=m)
    problem = make(*matrices)
    return Triple.at(problem, random_announcements(dice, problem, n))


def top_heavy(dice: Random, *, special: bool, n: int, m: int) -> tuple[Rows, Rows]:
    """Contracts that are mostly agent 1's, and capacities."""
    D, C = [[0] * m for _ in range(n)], [[0] * m for _ in range(n)]
    for t in range(m):
        owner = 0 if dice.random() < 0.8 else dice.randrange(n)
        for i in range(owner if special else 0, n):
            if i == owner:
                D[i][t] = dice.randint(0, 5)
            elif not special:
                D[i][t] = dice.choice([0, 0, 0, 1, 2])
            C[i][t] = D[i][t] + dice.choice([0, 1, 1, 2, 3])
    if not any(map(any, D)):
        return top_heavy(dice, special=special, n=n, m=m)
    return rows_of(D), rows_of(C)


def announced(dice: Random, D: Rows, C: Rows, *, tries: int, given: Rows = ()) -> Rows:
    """Legal announcements that continue those given, each amount the least of so many draws."""
    n, m = len(D), len(D[0])
    left = [sum(d[t] for d in D[: len(given)]) - sum(x[t] for x in given) for t in range(m)]
    rows: list[Row] = list(given)
    for j in range(len(given), n):
        pool = [left[t] + D[j][t] for t in range(m)]
        spare = [sum(C[k][t] - D[k][t] for k in range(j + 1, n)) for t in range(m)]
        row = tuple(
            min(dice.randint(max(0, pool[t] - spare[t]), min(pool[t], C[j][t])) for _ in range(tries))
            for t in range(m)
        )
        left = [pool[t] - row[t] for t in range(m)]
        rows.append(row)
    return tuple(rows)


def is_problem(X: Distribution, D: Distribution, C: Distribution) -> bool:
    """Whether (X, D, C) is a problem, from the definition, in whole or rational units."""
    n, m = len(X), len(X[0])
    for t in range(m):
        x, d, c = ([row[t] for row in rows] for rows in (X, D, C))
        if not all(0 <= d[j] <= c[j] and 0 <= x[j] <= c[j] for j in range(n)):
            return False
        if any(sum(x[: j + 1]) > sum(d[: j + 1]) for j in range(n)) or sum(x) != sum(d):
            return False
    return True


def is_distribution(triple: Triple, Z: Distribution) -> bool:
    """Whether Z is in 𝒵, by its definition in Section 3.3."""
    held = tuple(
        tuple(d + z for d, z in zip(d_j, z_j, strict=True))
        for d_j, z_j in zip(triple.contracted[1:], Z[1:], strict=True)
    )
    return (
        not any(Z[0])
        and all(z >= 0 for row in Z for z in row)
        and is_problem(triple.allocation[1:], held, triple.capacity[1:])
    )


def all_distributions(triple: Triple) -> Iterator[Rows]:
    """Every whole-unit member of 𝒵, by going through all matrices within the excess."""
    n, m = triple.agents, triple.task_types
    columns = []
    for t in range(m):
        e = triple.excess[t]
        columns.append([z for z in product(range(e + 1), repeat=n - 1) if sum(z) == e])
    for chosen in product(*columns):
        Z = ((0,) * m, *zip(*chosen, strict=True))
        if is_distribution(triple, Z):
            yield Z
