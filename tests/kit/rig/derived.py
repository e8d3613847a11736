"""Crooked variants that follow from a contract: from its source, its interface and its verification's rules.

They rely on how actions are written (see `contracts/game/Games.sol`): what `_open` and `_own` return, then
checks, then a blank line, then effects, then the event, then `_pay`.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from types import MappingProxyType
from typing import Any

from parley.chain.abi import Type, python_name, types
from parley.kit.reference import Revert
from parley.kit.verify.rules import SILENT, Rules
from tests.kit.rig.crooked import OWNER, Put, Variant
from tests.kit.rig.games import common
from tests.kit.rig.sources import Function, Match, Place, functions, imported, with_bases

Found = Iterator[tuple[str, Variant]]


class Derived:
    """The crooked variants of one contract file.

    Parameters
    ----------
    file : str
    abi : sequence of mapping
    rules : Rules
    silent : sequence of str
        Bots of which one loses its bond, if any can.
    presence : mapping of str to str
        Rules of events that are missing or told twice, if a draw's.
    draws : mapping of str to str
        Rules of draws, by the purposes of their seeds as the source has them.
    guards : mapping of str to str
        Stages in which a check must refuse, by its error.
    adjusted : mapping of str to mapping
        What else to say of the variants of that name: see `Variant`.
    but : mapping of str to str
        Patterns of names of variants that cannot be told from a sound contract, and why.
    more : collection of str
        Other files with checks.
    opening : str
        The action that opens a game.
    """

    def __init__(
        self,
        file: str,
        abi: Sequence[Mapping[str, Any]],
        rules: Rules,
        *,
        silent: Sequence[str],
        presence: Mapping[str, str] = MappingProxyType({}),
        draws: Mapping[str, str],
        guards: Mapping[str, str] = MappingProxyType({}),
        adjusted: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
        but: Mapping[str, str] = MappingProxyType({}),
        more: Collection[str] = (),
        opening: str = "create",
    ) -> None:
        self.rules, self.silent, self.draws, self.guards = rules, tuple(silent), draws, guards
        self.presence = presence
        self.events = {entry["name"]: types(entry["inputs"]) for entry in abi if entry["type"] == "event"}
        self.functions = functions(file)
        self.others = [function for other in more for function in functions(other)]
        self.actions = {one.name: one for one in self.functions if one.is_action}
        self.opening = opening
        others = (opening, *_AT_ANY_TIME)
        self.first, self.second, *_ = [name for name in self.actions if name not in others]
        self.bases, self.files = with_bases(file), imported(file)
        self._adjusted, self._but = adjusted, but

    def variants(self) -> dict[str, Variant]:
        """All of them, by name."""
        found: dict[str, Variant] = {}
        for part in (
            self._common,
            self._events,
            self._checks,
            self._refusals,
            self._money,
            self._times,
            self._draws,
            self._views,
        ):
            for name, variant in part():
                assert name not in found, name
                found[name] = replace(variant, **self._adjusted.get(name, {}))
        assert self._adjusted.keys() <= found.keys(), self._adjusted.keys() - found.keys()
        left_out = {pattern: [name for name in found if re.fullmatch(pattern, name)] for pattern in self._but}
        assert all(left_out.values()), left_out
        return {name: variant for name, variant in found.items() if name not in chain(*left_out.values())}

    def _common(self) -> Found:
        """Those of what all games of seats share."""
        seats = {
            name: (self.rules.of_refusal(name, Revert("NotTheSeat")), "")
            for name, action in self.actions.items()
            if action.seat
        }
        order = ""
        for function in self.functions:
            for match in function.body.found(r"\bDraws\.permutation\("):
                seed, *_ = match.arguments
                seeds = [*seed.found(r"\bDraws\.seed\("), *function.body.found(r"\bDraws\.seed\(")]
                order = self.draws[seeds[0].arguments[0].text]
        found = common(self.first, self.second, self.silent, order, seats)
        for name, variant in found.items():
            if {change.file for change in variant.changes} <= {*self.files}:
                yield name, variant

    # ── events ──

    def _events(self) -> Found:
        sites: dict[str, list[tuple[Function, Match]]] = {}
        for function in self.functions:
            for match in function.body.found(r"\b(?:emit |_emit)(\w+)\("):
                sites.setdefault(match.text(1), []).append((function, match))
        for event, places in sites.items():
            for function, match in places:
                where = f" in {function.name}" if len(places) > 1 else ""
                yield from self._event(event, where, match, function.head.text + function.body.text)

    def _event(self, event: str, where: str, match: Match, within: str) -> Found:
        fields, told = self.events[event], {field.name: place for field, place in self._told(event, match)}
        stated = self.presence.get(event, "")
        missing = stated or self.rules.presence(event, tuple(range(len(fields))))
        statement = match.statement
        yield f"{event} is not emitted{where}", _put(missing, statement, "")
        yield f"{event} is emitted twice{where}", _put(stated or "events", statement.before, statement.text)
        for field, rule in zip(fields[1:], self.rules.fields[event][1:], strict=True):
            place = told.get(field.name)
            for way, new in _altered(field, place.text, rule, within).items() if place else ():
                assert place is not None
                named = python_name(field.name).strip("_").replace("_", " ")
                yield f"{event} states {way} {named}{where}", _put(rule, place, new)

    def _told(self, event: str, match: Match) -> Iterator[tuple[Type, Place]]:
        """Fields of an event, and where the source states them; a function that emits it has them by name."""
        if match.text().startswith("emit"):
            yield from zip(self.events[event], match.arguments, strict=True)
        for place in match.arguments:
            yield from (
                (field, place) for field in self.events[event] if field.name == place.text.rstrip("_")
            )

    # ── checks ──

    def _checks(self) -> Found:
        for name, action in self.actions.items():
            for error, check, stage in (
                ("StaleDigest", "_requireDigest", "with another digest"),
                ("ZeroCommitment", "_requireCommitment", "with commitment 0"),
            ):
                rule, found = (
                    self.rules.of_refusal(name, Revert(error)),
                    [*action.body.found(rf"\b{check}\(")],
                )
                for number, match in enumerate(found, start=1):
                    which = f", check {number}" if len(found) > 1 else ""
                    yield (
                        f"{name} does not check for {error}{which}",
                        _put(rule, match.statement, "", stage=f"{name} {stage}"),
                    )
        for function in (*self.functions, *self.others):
            for match in function.body.found(r"if \(([^;{}]+)\)(?: \{)?\s+revert (?:\w+\.)?(\w+)\("):
                error = match.text(2)
                if error in self.guards:
                    stage = self.guards[error]
                    rule = self.rules.of_refusal(stage.split()[0], Revert(error))
                    yield f"{error} is not checked for", _put(rule, match.place(1), "false", stage=stage)

    # ── refusals ──

    def _refusals(self) -> Found:
        for name, action in self.actions.items():
            place, seat = action.checked, action.seat
            if place is None:
                continue
            refuse = "revert GameExists(id);"
            yield f"{name} is refused to one seat", _put("refusal", place, f"if ({seat} == 1) {refuse}")
            yield (
                f"{name} is refused in some games",
                _put("refusal", place, f"if (uint256(id) % 2 == 0) {refuse}"),
            )
            for secret in self._named(action, "secret"):
                suits = f"{seat} + 1 == {action.common_knowledge}.agents() && uint256({secret}) % 2 == 0"
                yield (
                    f"{name} is refused unless the draw suits",
                    _put("refusal", place, f"if ({suits}) {refuse}"),
                )
                for way, what in {
                    "does nothing": "return;",
                    "burns all gas": "assembly { invalid() }",
                    "uses up all gas": "while (gasleft() > 200) {}",
                }.items():
                    rule = "events" if what == "return;" else "refusal"
                    yield f"{name} {way} for one seat", _put(rule, place, f"if ({seat} == 1) {what}")
            for match in action.body.found(r"game\.commitments\[seat\] = ([^;]*[cC]ommitment_?);"):
                *_, stored = match.place(1).found(r"\w+")
                other = f"keccak256(abi.encode({stored.text()}))"
                yield f"{name} stores another commitment", _put("refusal", stored.place(), other)
                if self._named(action, "secret"):
                    yield f"{name} stores no new commitment", _put("refusal", match.place(), "")

    @staticmethod
    def _named(action: Function, what: str) -> list[str]:
        return [match.text(1) for match in action.head.found(rf"\b({what}_?)[,)]")]

    # ── money ──

    def _money(self) -> Found:
        if "Bonds" not in self.bases:
            return
        withdraw = self.actions["withdraw"]
        (pay,) = withdraw.body.found(r"\b_pay\(")
        statement, (_, payee, _, amount) = pay.statement, pay.arguments
        seat = payee.text
        told, of, head = (
            f"emit Withdrawn(id, {seat}, to, {amount.text});",
            amount.text,
            withdraw.common_knowledge,
        )
        yield (
            "a wei of every withdrawal goes to the owner",
            _put("payee", statement, f"{told} to.transfer({of} - 1); {OWNER}.transfer(1);"),
        )
        yield (
            "shortfalls pay for a rebate to the owner",
            _put(
                "payment",
                statement,
                f"{told} if ({seat} + 1 < {head}.agents()) {{ to.transfer({of} - 7); }} else {{ "
                f"to.transfer({of}); "
                f"if ({seat} + 1 == {head}.agents()) {OWNER}.transfer(7 * ({head}.agents() - 1)); }}",
            ),
        )
        yield "a withdrawal is a wei short", _put("withdrawal amount", amount, f"{of} - 1")
        yield "a withdrawal is a wei too much", _put("withdrawal amount", amount, f"{of} + 1")
        for claim in [*withdraw.body.found(r"(?m)^\s+(game\.[^\n]*;)")][-1:]:
            yield (
                "a seat can withdraw again",
                _put("one withdrawal per seat", claim.place(1), "", stage="withdraw twice", bots=self.silent),
            )
        first = next(self.actions[self.first].body.found(r"\bemit \w+\(")).place().before
        expire = self.actions["expire"]
        burns = [match.place(1) for match in expire.body.found(r"burnt \+= ([^;]+);")]
        if not burns:
            return
        yield (
            "a wei of every deposit goes to the owner",
            _put("balance", first, f"{OWNER}.transfer(1);", bots=self.silent),
        )
        yield "a bond is counted as burnt where nobody lost one", _put("burnt bonds", first, "burnt += 1;")
        (bonds,) = burns
        emitted = next(expire.body.found(r"\bemit \w+\(")).place().before
        owner = f"{OWNER}.transfer({expire.common_knowledge}.bond());"
        for name, rule, place, new in (
            ("lost bonds go to the owner", "balance", emitted, owner),
            ("a lost bond is not counted as burnt", "burnt bonds", bonds, "0"),
            ("a lost bond is counted twice", "burnt bonds", bonds, f"2 * {bonds.text}"),
        ):
            yield name, _put(rule, place, new, bots=self.silent)

    # ── time ──

    def _times(self) -> Found:
        for match in self.actions[self.opening].body.found(r"\b_opened\("):
            *_, window = match.arguments
            for way, rule, stage, change in (
                ("long", "deadline", "late", "+ 1"),
                ("short", "refusal", "punctually", "- 1"),
            ):
                put = _put(rule, window, f"{window.text} {change}", stage=f"{self.first} {stage}")
                yield f"the first window is a second too {way}", put

    # ── draws ──

    def _draws(self) -> Found:
        seeds = [match for function in self.functions for match in function.body.found(r"\bDraws\.seed\(")]
        purposes = [match.arguments[0] for match in seeds]
        for match, other in zip(seeds, [*purposes[1:], *purposes[:1]], strict=True):
            purpose, _, number, secrets = match.arguments
            rule, whole = self.draws[purpose.text], match.statement
            whole = whole._replace(end=secrets.end + 1)
            said = f"keccak256(abi.encodePacked(bytes32({purpose.text}), id, uint256({number.text}), "
            if other.text != purpose.text:
                yield f"the {rule}'s seed is that of another draw", _put(rule, purpose, other.text)
            if number.text != "1":
                yield f"the {rule}'s seed is the same in all rounds", _put(rule, number, "1")
            for way, what in {
                "leaves out all secrets but the first": f"({secrets.text})[0]",
                "adds up secrets without order": f"({secrets.text})[0] ^ ({secrets.text})[1]",
            }.items():
                yield f"the {rule}'s seed {way}", _put(rule, whole, f"{said}{what}))")

    # ── views ──

    def _views(self) -> Found:
        for view in self.functions:
            games = [match.place(1) for match in view.body.found(r"_games\[(id)\]")] if view.is_view else ()
            if games:
                puts = tuple(Put(place, "~id") for place in games)
                yield f"{view.name} answers for another game", Variant("state", puts)
            for match in view.body.found(r"\bstatus\.deadline\(\)") if view.is_view else ():
                later = _put("state", match.place(), "status.deadline() + 1")
                yield f"{view.name} states another deadline", later


_AT_ANY_TIME = ("store", "expire", "withdraw")


def _put(rule: str, place: Place, new: str, stage: str = "", bots: Sequence[str] = ()) -> Variant:
    return Variant(rule, (Put(place, new),), tuple(bots), stage)


def _altered(field: Type, text: str, rule: str, within: str) -> dict[str, str]:
    """What may be stated instead of a value that a function of this text has, and how it differs."""
    if rule == SILENT:
        return {"one more of": f"{text} | 1", "none of": "0"}
    if field.solidity and field.base == "uint":
        return {"another": f"{field.solidity}(uint8({text}) - 1)"}
    other = {
        "word": f"~{text}",
        "uint": f"{text} + 1",
        "bool": f"!{text}",
        "address": "address(0xbad)",
        "bytes": f"{text}[1:]",
    }.get(field.base, "")
    if field.base == "array":
        other = f"{text}[1:]" if field.length is None else f"[{text}[0] ^ 1, {text}[1]]"
        if f" memory {text}" in within and field.length is None:  # no part of it can be named
            other = f"new {field.text}(0)"
    return {"another": other} if other else {}
