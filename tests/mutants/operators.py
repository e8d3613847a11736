"""Mutants of Solidity sources: one small change each, made from the compiler's syntax tree."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

from parley.chain import solc
from parley.chain.compiler import cache_directory, project_root, read_settings, source_closure

Node: TypeAlias = Mapping[str, Any]

RELATIONAL = {
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
    "==": ("!=",),
    "!=": ("==",),
}
ARITHMETIC = {"+": ("-",), "-": ("+",), "*": ("+",), "/": ("*",), "%": ("/",), "**": ("*",)}
BITWISE = {"&": ("|",), "|": ("&",), "^": ("|",), "<<": (">>",), ">>": ("<<",)}
BOOLEAN = {"&&": ("||",), "||": ("&&",)}
ASSIGNMENT = {"+=": "-=", "-=": "+=", "*=": "+=", "|=": "&=", "&=": "|=", "<<=": ">>=", ">>=": "<<="}
CHECKED = {"+", "-", "*", "+=", "-=", "*=", "++", "--"}


class Mutant(NamedTuple):
    """A source with one small change.

    Attributes
    ----------
    file : str
    function : str
        The function that is changed.
    operator : str
        The kind of change.
    old, new : str
    number : int
        Which place of that function with the same text, counted from 0, the same change is made in.
    start, end : int
        The place in the text.
    """

    file: str
    function: str
    operator: str
    old: str
    new: str
    number: int
    start: int
    end: int

    @property
    def name(self) -> str:
        """What survives a change elsewhere in the file."""
        count = f" #{self.number}" if self.number else ""
        old, new = (" ".join(text.split()) for text in (self.old, self.new or "(nothing)"))
        return f"{self.function}: {old} → {new}{count}"


def syntax_trees(files: Sequence[str]) -> dict[str, Node]:
    """The compiler's syntax trees of sources of the tree."""
    root = project_root()
    settings = read_settings(root)
    closure = source_closure(list(files), {}, root, settings.remappings)
    request = {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in closure.items()},
        "settings": {
            **settings.standard_json(),
            "outputSelection": {file: {"": ["ast"]} for file in files},
        },
    }
    output = solc.run(request, settings.version, root, cache_directory(root))
    return {file: output["sources"][file]["ast"] for file in files}


def mutants_of(file: str, text: str, tree: Node) -> list[Mutant]:
    """All mutants of a source, in the order of their places.

    Parameters
    ----------
    file, text : str
    tree : Node
        As `syntax_trees` gives it.
    """
    found: dict[tuple[int, int, str], Mutant] = {}
    seen: Counter[tuple[str, str, str]] = Counter()
    offsets = _offsets(text)
    constants = {
        node["id"]
        for node in _nodes(tree)
        if node["nodeType"] == "VariableDeclaration"
        and node.get("constant")
        and node["typeDescriptions"]["typeString"] == "uint256"
    }
    walker = _Walker(text, offsets, constants)
    for function in _nodes(tree):
        if function["nodeType"] != "FunctionDefinition" or not function.get("body"):
            continue
        for operator, (start, end), new in walker.changes(function["body"], {}):
            key = (start, end, new)
            old = text[start:end]
            if key in found or new == old:
                continue
            counted = (function["name"], old, new)
            found[key] = Mutant(file, function["name"], operator, old, new, seen[counted], start, end)
            seen[counted] += 1
    return sorted(found.values(), key=lambda mutant: (mutant.start, -mutant.end, mutant.new))


_CALLS = {"EmitStatement": "eventCall", "RevertStatement": "errorCall", "ExpressionStatement": "expression"}

Change: TypeAlias = tuple[str, tuple[int, int], str]
"""The kind of change, the place, and what stands there instead."""


class _Walker:
    """Goes through a function and says what could be changed."""

    def __init__(self, text: str, offsets: list[int], constants: set[int]) -> None:
        self.text, self.offsets, self.constants = text, offsets, constants
        self.kinds: Mapping[str, Callable[[Node], Iterator[Change]]] = {
            "BinaryOperation": self.binary,
            "UnaryOperation": self.unary,
            "Assignment": self.assignment,
            "Literal": self.literal,
            "Identifier": self.constant,
            "MemberAccess": self.constant,
            "FunctionCall": self.call,
            "IfStatement": self.condition,
            "ExpressionStatement": self.statement,
            "EmitStatement": self.statement,
            "Return": self.returned,
        }

    def changes(  # noqa: C901 - one case after the other
        self,
        node: Any,  # noqa: ANN401 - a part of a tree
        parent: Node,
        *,
        checked: bool = True,
    ) -> Iterator[Change]:
        if isinstance(node, list):
            for part in node:
                yield from self.changes(part, parent, checked=checked)
            return
        if not isinstance(node, dict) or "nodeType" not in node:
            return
        kind = node["nodeType"]
        if kind == "InlineAssembly":
            return
        header = parent.get("nodeType") == "ForStatement" and node in (
            parent.get("loopExpression"),
            parent.get("initializationExpression"),
        )
        if kind in self.kinds and not (header and kind == "ExpressionStatement"):
            yield from self.kinds[kind](node)
        if checked and kind == "ExpressionStatement" and not header:
            yield from self.unchecked(node)
        call = node.get(_CALLS.get(kind, ""))
        if (
            call is not None
            and call["nodeType"] == "FunctionCall"
            and (kind != "ExpressionStatement" or call["typeDescriptions"]["typeString"] == "tuple()")
        ):
            # Such a call has no value: it is changed with its statement.
            (start, end), (first, last) = self.whole(node), self.place(call)
            for operator, _, new in self.call(call):
                yield operator, (start, end), self.text[start:first] + new + self.text[last:end]
            yield from self.changes(call["arguments"], call, checked=checked)
            return
        inside = checked and kind != "UncheckedBlock"
        for name, part in node.items():
            if name not in ("typeName", "typeDescriptions", "declarations"):
                yield from self.changes(part, node, checked=inside)

    # ── expressions ──────────────────────────────────────────────────────────────────────────────────────

    def binary(self, node: Node) -> Iterator[Change]:
        left, right = self.of(node["leftExpression"]), self.of(node["rightExpression"])
        for kind, table in (
            ("relational", RELATIONAL),
            ("arithmetic", ARITHMETIC),
            ("bitwise", BITWISE),
            ("boolean", BOOLEAN),
        ):
            for operator in table.get(node["operator"], ()):
                yield kind, self.place(node), f"({left}) {operator} ({right})"
        if node["operator"] in ("<<", ">>") and node["rightExpression"]["nodeType"] != "Literal":
            yield "shift", self.place(node["rightExpression"]), f"({right}) + 1"

    def unary(self, node: Node) -> Iterator[Change]:
        operand = self.of(node["subExpression"])
        swapped = {"++": "--", "--": "++"}.get(node["operator"])
        if swapped:
            new = f"{swapped}{operand}" if node["prefix"] else f"{operand}{swapped}"
            yield "arithmetic", self.place(node), new
        elif node["operator"] in ("!", "~", "-"):
            yield "boolean" if node["operator"] == "!" else "bitwise", self.place(node), operand

    def assignment(self, node: Node) -> Iterator[Change]:
        swapped = ASSIGNMENT.get(node["operator"])
        if swapped:
            left, right = self.of(node["leftHandSide"]), self.of(node["rightHandSide"])
            yield "arithmetic", self.place(node), f"{left} {swapped} {right}"

    def literal(self, node: Node) -> Iterator[Change]:
        if node.get("kind") != "number":
            return
        # A unit such as `seconds` is part of the place.
        value = self.of(node)
        yield "constant", self.place(node), f"uint256({value} + 1)"
        if value not in ("0", "0x0"):
            yield "constant", self.place(node), f"uint256({value} - 1)"

    def constant(self, node: Node) -> Iterator[Change]:
        if node.get("referencedDeclaration") in self.constants:
            name = self.of(node)
            yield "constant", self.place(node), f"{name} + 1"
            yield "constant", self.place(node), f"{name} - 1"

    def call(self, node: Node) -> Iterator[Change]:
        arguments = node["arguments"]
        if node["kind"] == "typeConversion" and len(arguments) == 1:
            to = node["typeDescriptions"]["typeString"]
            if to.startswith("uint") and to != "uint256":
                yield "mask", self.place(node), f"uint256({self.of(arguments[0])})"
            return
        if node["kind"] != "functionCall" or node.get("names"):
            return
        for one, other in pairwise(arguments):
            types = {part["typeDescriptions"]["typeString"] for part in (one, other)}
            if len(types) == 1 or all(kind.startswith(("uint", "int_const")) for kind in types):
                (start, _), (_, end) = self.place(one), self.place(other)
                between = self.text[self.place(one)[1] : self.place(other)[0]]
                yield (
                    "swap",
                    self.place(node),
                    self.with_part(node, (start, end), f"{self.of(other)}{between}{self.of(one)}"),
                )

    # ── statements ───────────────────────────────────────────────────────────────────────────────────────

    def condition(self, node: Node) -> Iterator[Change]:
        body = node["trueBody"]
        while body["nodeType"] == "Block" and len(body["statements"]) == 1:
            body = body["statements"][0]
        refuses = body["nodeType"] == "RevertStatement" or (
            body["nodeType"] == "ExpressionStatement" and self.of(body).startswith("_revert")
        )
        if refuses and not node.get("falseBody"):
            yield "deleted", self.whole(node), ""
        elif node["condition"]["nodeType"] not in ("BinaryOperation", "UnaryOperation"):
            yield "boolean", self.place(node["condition"]), f"!({self.of(node['condition'])})"

    def statement(self, node: Node) -> Iterator[Change]:
        left = node.get("expression", {}).get("leftHandSide", {})
        assigned = [part for part in left.get("components", [left]) if part]
        # A storage pointer that nothing is assigned to is refused wherever it is used, in other mutants too.
        if not any(part["typeDescriptions"]["typeString"].endswith("storage pointer") for part in assigned):
            yield "deleted", self.whole(node), ""

    def returned(self, node: Node) -> Iterator[Change]:
        if node.get("expression"):
            yield "deleted", self.whole(node), ""

    def unchecked(self, node: Node) -> Iterator[Change]:
        if any(part.get("operator") in CHECKED for part in _nodes(node)):
            statement = self.text[slice(*self.whole(node))]
            yield "unchecked", self.whole(node), f"unchecked {{ {statement} }}"

    # ── places ───────────────────────────────────────────────────────────────────────────────────────────

    def place(self, node: Node) -> tuple[int, int]:
        start, length, _ = map(int, node["src"].split(":"))
        return self.offsets[start], self.offsets[start + length]

    def whole(self, node: Node) -> tuple[int, int]:
        """The place of a statement with its semicolon."""
        start, end = self.place(node)
        return (start, end + 1) if self.text[end : end + 1] == ";" else (start, end)

    def of(self, node: Node) -> str:
        return self.text[slice(*self.place(node))]

    def with_part(self, node: Node, place: tuple[int, int], new: str) -> str:
        start, end = self.place(node)
        return self.text[start : place[0]] + new + self.text[place[1] : end]


def _offsets(text: str) -> list[int]:
    """Offsets in the text by offsets in its bytes, which the compiler counts."""
    offsets = []
    for at, character in enumerate(text):
        offsets += [at] * len(character.encode())
    return [*offsets, len(text)]


def _nodes(node: Any) -> Iterator[Node]:  # noqa: ANN401 - a tree of dicts and lists
    """All nodes of a tree."""
    if isinstance(node, dict):
        if "nodeType" in node:
            yield node
        for part in node.values():
            yield from _nodes(part)
    elif isinstance(node, list):
        for part in node:
            yield from _nodes(part)
