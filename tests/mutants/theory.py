"""Mutants of the theory: each is a module with one small fault in it, made from its syntax tree."""

from __future__ import annotations

import ast
import re
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
OPERATIONS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.FloorDiv,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.LShift: (ast.RShift,),
    ast.RShift: (ast.LShift,),
}
SYMMETRIC = {"gcd", "lcm", "max", "min", "np.maximum", "np.minimum"}
"""Functions that do not see the order of their arguments."""
UNTYPED = {"annotation", "returns", "decorator_list", "type_params", "bases", "keywords"}
"""Fields of definitions and assignments in which no mutant is made: they say types and register things."""


@dataclass(frozen=True, eq=False)
class Mutant:
    """One change of one module, and where it is."""

    module: str
    line: int
    function: str
    before: str
    after: str
    source: Callable[[], str]

    @property
    def name(self) -> str:
        """How it is called in the list of survivors, whatever the line."""
        return f"{self.module}:{self.function}: {self.before} → {self.after}"


def changed(node: ast.AST, **fields: object) -> ast.AST:
    """Copy a node, with other fields."""
    new = deepcopy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """Make the changes of one node: each is a new node in its place."""
    yield from operators(node)
    yield from values(node)
    yield from statements(node)


def operators(node: ast.AST) -> Iterator[ast.AST]:
    """Take another comparison, operation or junction."""
    match node:
        case ast.Compare(ops=ops):
            for k, op in enumerate(ops):
                for comparison in COMPARISONS[type(op)]:
                    yield changed(node, ops=[*ops[:k], comparison(), *ops[k + 1 :]])
        case ast.BinOp(op=op) | ast.AugAssign(op=op):
            for operation in OPERATIONS.get(type(op), ()):
                yield changed(node, op=operation())
        case ast.BoolOp(op=op):
            yield changed(node, op=ast.Or() if isinstance(op, ast.And) else ast.And())
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            yield changed(node, test=ast.UnaryOp(ast.Not(), test))


def values(node: ast.AST) -> Iterator[ast.AST]:
    """Take another constant, or arguments in another order."""
    match node:
        case ast.Constant(value=bool() as value):
            yield changed(node, value=not value)
        case ast.Constant(value=int() as value):
            yield changed(node, value=value + 1)
            yield changed(node, value=value - 1)
        case ast.Call(func=func, args=[first, second, *rest]):
            if ast.unparse(func) not in SYMMETRIC and not {type(first), type(second)} & {ast.Starred}:
                yield changed(node, args=[second, first, *rest])
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield changed(node, value=ast.Constant(None))


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Leave a statement out."""
    match node:
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Raise() | ast.Continue() | ast.Break():
            yield ast.Pass()
        case ast.Assign(targets=[ast.Subscript() | ast.Attribute()]):
            yield ast.Pass()


def mutants_of(module: str, source: str) -> Iterator[Mutant]:
    """Make all mutants of a module."""
    tree = ast.parse(source)

    def visit(node: ast.AST, function: str) -> Iterator[Mutant]:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            function = f"{function}.{node.name}".strip(".")
        for field, value in ast.iter_fields(node):
            if field in UNTYPED and not isinstance(node, ast.Call):
                continue
            for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if not isinstance(child, ast.AST) or is_no_theory(child):
                    continue
                for new in changes(child):
                    before, after = (ast.unparse(part).partition("\n")[0] for part in (child, new))
                    text = partial(mutated, tree, node, field, index, new)
                    yield Mutant(module, getattr(child, "lineno", 0), function, before, after, text)
                yield from visit(child, function)

    yield from visit(tree, "")


ROOMS = re.compile(r"parley/(core|mechanisms)/")


def drawn(mutants: Sequence[Mutant], seed: int) -> dict[str, Mutant]:
    """Order mutants at random: by a hash, so that an edit changes the place of no mutant elsewhere.

    Nor does a move of their file to another room.
    """
    twins: Counter[str] = Counter()
    keyed = {}
    for mutant in mutants:
        twins[mutant.name] += 1
        told = f"{seed} {ROOMS.sub('', mutant.name)} {twins[mutant.name]}"
        keyed[sha256(told.encode()).hexdigest()] = mutant
    return dict(sorted(keyed.items()))


def is_no_theory(node: ast.AST) -> bool:
    """Tell what is for the type checker only, or is the check that ``zip`` makes of its own arguments."""
    if isinstance(node, ast.keyword):
        return node.arg == "strict"
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def mutated(tree: ast.AST, owner: ast.AST, field: str, index: int | None, new: ast.AST) -> str:
    """Write a module with one node in the place of another."""
    if index is None:
        old, fields = getattr(owner, field), None
        setattr(owner, field, new)
    else:
        fields = getattr(owner, field)
        old, fields[index] = fields[index], new
    text = ast.unparse(ast.fix_missing_locations(tree))
    if fields is None:
        setattr(owner, field, old)
    else:
        fields[index] = old
    return text
