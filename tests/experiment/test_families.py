"""Random families of problems are what they are said to be, and the same whenever they are drawn."""

from fractions import Fraction

import pytest

from parley.mechanisms.coordination.costs import Piecewise, Power
from parley.mechanisms.coordination.experiment.families import CostFamily, Distribution, Family, draw


@pytest.mark.parametrize("number", range(25))
def test_the_special_domain_is_special_and_density_thins_it(number: int) -> None:
    dense = draw(Family(agents=4, task_types=5), 3, number)
    assert dense.in_special_domain
    assert ((dense.contracted > 0).sum(axis=0) == 1).all()
    none = draw(Family(agents=4, task_types=5, density=Fraction(0)), 3, number)
    assert (none.capacity == none.contracted).all()


def test_the_general_domain_has_several_contractors_of_a_type() -> None:
    problem = draw(Family(agents=4, task_types=5, domain="general"), 3, 0)
    assert not problem.in_special_domain
    assert (problem.contracted > 0).all()
    assert (problem.capacity > problem.contracted).all()


def test_a_draw_depends_on_its_seed_and_number_alone() -> None:
    family = Family(agents=4, task_types=5, costs=CostFamily(coefficient=Distribution(uniform=(1, 9))))
    one, same, other, another = (draw(family, *at) for at in ((1, 7), (1, 7), (1, 8), (2, 7)))
    assert one.to_mapping() == same.to_mapping()
    assert len({str(problem.to_mapping()) for problem in (one, other, another)}) == 3


def test_quantities_are_drawn_from_the_stated_distributions() -> None:
    contracted, capacity = Distribution(values=[Fraction(2), Fraction(6)]), Distribution(uniform=(1, 3))
    family = Family(agents=5, task_types=6, domain="general", contracted=contracted, capacity=capacity)
    problems = [draw(family, 1, number) for number in range(40)]
    D = [x for problem in problems for x in problem.contracted.ravel().tolist()]
    room = [x for p in problems for x in (p.capacity - p.contracted).ravel().tolist()]
    assert set(D) == {2, 6}
    assert set(room) == {1, 2, 3}
    # 1,200 draws: the number of sixes has standard deviation 17.3, that of ones 16.3.
    assert abs(D.count(6) - 600) < 4.5 * 17.4
    assert abs(room.count(1) - 400) < 4.5 * 16.4


def test_costs_are_of_the_stated_kind_and_shared_or_not() -> None:
    def costs(**keys: object) -> tuple[object, ...]:
        return draw(Family(agents=6, task_types=2, costs=CostFamily.model_validate(keys)), 1, 0).costs

    assert len(set(costs(coefficient={"uniform": [1, 1000]}))) == 1
    assert len(set(costs(coefficient={"uniform": [1, 1000]}, shared=False))) == 6
    power = costs(type="power", exponent=4, linear="1/2")[0]
    assert power == Power(Fraction(1), 4, Fraction(1, 2))
    piecewise = costs(type="piecewise", breakpoints=[3], slope=2, increment=5)[0]
    assert piecewise == Piecewise((Fraction(0), Fraction(3)), (Fraction(2), Fraction(7)))
