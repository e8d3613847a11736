"""What is legal in a problem of this kind, and probably not meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parley.mechanisms.screening.problem import Problem

__all__ = ["warnings"]


def warnings(problem: Problem) -> list[str]:
    """Return what is probably not meant, each with its key.

    Examples
    --------
    >>> from parley.mechanisms.screening.problem import worked_example
    >>> from dataclasses import replace
    >>> from parley.mechanisms.screening.market import STAY_ONLY, Menu
    >>> problem = worked_example()
    >>> warnings(problem), warnings(replace(problem, menus=(STAY_ONLY,) * 3))
    ([], ['menus: all are empty, so nothing changes'])
    >>> dear = Menu(tuple(tuple(x * (1 if x > 0 else 1 / 9) for x in ray) for ray in problem.menus[0].rays))
    >>> for line in warnings(replace(problem, menus=(dear, *problem.menus[1:]))):
    ...     print(line)
    menus[0]: no type of agent 1 would choose any of its rays
    """
    menus = problem.menus
    if menus is None:
        return []
    if not any(menu.rays or menu.remedial for menu in menus):
        return ["menus: all are empty, so nothing changes"]
    return [
        f"menus[{j}]: no type of {problem.agent_names[j]} would choose any of its rays"
        for j, menu in enumerate(menus)
        if menu.rays and not any(map(problem.preferences[j].likes, menu.rays))
    ]
