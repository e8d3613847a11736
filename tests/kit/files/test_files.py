"""What files may say: templates, JSON Schemas and the loader agree, key by key."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from parley.cli import app
from parley.core import problemfile
from parley.core.errors import ParleyError, ProblemError
from parley.core.keys import Keys, read_keys
from parley.kit.experiment.run import read_experiment
from parley.kit.experiment.sweep import SweepKeys
from parley.kit.files.kinds import EXPERIMENT, example, examples, file_kinds, file_schema, file_template
from parley.kit.files.template import tables_in
from parley.kit.files.texts import texts_of
from parley.kit.registry import kinds, load, mechanisms
from parley.mechanisms.team.schema import GREATEST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typer.testing import Result

ROOTS: list[type[Keys]] = [
    *(one.keys() for one in mechanisms()),
    SweepKeys,
    *(laboratory.keys for one in mechanisms() if (laboratory := one.laboratory()) is not None),
]
"""The tables that files begin with."""

NEEDS_MORE = {
    ("assignment", "weights"): "only for the rule welfare",
    ("assignment", "budgets"): "only for the rule pseudo-market",
    ("screening", "design"): "must not be beside menus",
    ("guarantees", "draw"): "",
}
"""Optional keys of a template that need another change; what is said without it."""


def parley(*call: object) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, list(map(str, call)))


def own(kind: type[Keys] = Keys) -> Iterator[type[Keys]]:
    """All tables that Parley reads."""
    for one in kind.__subclasses__():
        if one.__module__.startswith("parley."):
            yield one
        yield from own(one)


def validator(kind: str) -> Draft202012Validator:
    schema = file_schema(kind)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def as_json(path: Path) -> dict[str, Any]:
    """A file as an editor sees it: numbers as JSON has them."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", file_kinds())
def test_every_ready_file_validates_against_its_schema(kind: str) -> None:
    valid = validator(kind)
    for name, path in examples(kind).items():
        assert [error.message for error in valid.iter_errors(as_json(path))] == [], name
    assert examples(kind)


@pytest.mark.parametrize("kind", kinds())
def test_a_problem_validates_as_parley_writes_it(kind: str) -> None:
    valid = validator(kind)
    for path in examples(kind).values():
        if path.parent.name != "large":
            written = json.loads(json.dumps(load(path).to_mapping()))
            assert [error.message for error in valid.iter_errors(written)] == []


@pytest.mark.parametrize("kind", file_kinds())
def test_a_schema_refuses_what_no_file_may_say(kind: str) -> None:
    valid = validator(kind)
    for path in examples(kind).values():
        assert not valid.is_valid(as_json(path) | {"capasity": 1})


def test_every_key_that_any_file_may_have_is_in_a_schema() -> None:
    listed = {
        (table["description"], *(name for name in table["properties"] if name != "$schema"))
        for kind in file_kinds()
        for table in file_schema(kind)["$defs"].values()
    }
    keys = {key for _, *keys in listed for key in keys}
    # The keys of a guarantee are read through a table of one key that no file has.
    missing = {
        f"{table.__module__}.{table.__name__}"
        for table in own()
        if not table.model_fields.keys() <= keys and table.__name__ != "GuaranteeKeys"
    }
    assert not missing
    sets = {frozenset(keys) for _, *keys in listed}
    alone = [
        table
        for table in own()
        if table.__name__ != "GuaranteeKeys" and frozenset(table.model_fields) not in sets
    ]
    assert not alone


@pytest.mark.parametrize("table", ROOTS, ids=lambda table: f"{table.__module__}.{table.__name__}")
def test_the_loader_knows_every_key_of_the_schema_and_no_other(table: type[Keys]) -> None:
    for name in table.model_fields:
        with pytest.raises(ProblemError) as refused:  # noqa: PT012 - a file of this key alone lacks others
            read_keys(table, {name: object()})
            raise ProblemError("", "", "nothing is required")
        assert "unknown key" not in str(refused.value)
    with pytest.raises(ProblemError, match="unknown key"):
        read_keys(table, {"capasity": 1})


def test_every_key_says_what_it_means_with_an_example() -> None:
    silent = []
    for kind in file_kinds():
        for table_name, table in file_schema(kind)["$defs"].items():
            for name, key in table["properties"].items():
                if "const" in key or name == "$schema" or "$ref" in key or name == "problem":
                    continue
                if not key.get("description") or "examples" not in key:
                    silent.append(f"{kind}.{table_name}.{name}")
    assert not silent


@pytest.mark.parametrize("kind", file_kinds())
def test_examples_fit_their_own_keys(kind: str) -> None:
    schema = file_schema(kind)
    for name, table in schema["$defs"].items():
        for key, form in table["properties"].items():
            valid = Draft202012Validator({**form, "$defs": schema["$defs"]})
            for value in form.get("examples", []):
                assert [error.message for error in valid.iter_errors(value)] == [], (name, key)


@pytest.mark.parametrize("kind", kinds())
def test_a_template_is_a_problem_as_it_is_and_with_any_optional_key(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    text = file_template(kind)
    file.write_text(text, encoding="utf-8")
    problem = load(file)
    problem.problem.check_playable()
    assert problem.kind == kind
    (root,) = [table for name, table in file_schema(kind)["$defs"].items() if name == "Problem"]
    assert {line.partition(" = ")[0].strip("#[]") for line in text.split("\n")} >= root[
        "properties"
    ].keys() - {"$schema"}
    top = text.partition("\n#[")[0]
    optional = [name for name in root["properties"] if f"\n#{name} = " in top or f"\n#[{name}]" in text]
    assert optional
    for name in optional:
        mapping = tomllib.loads(with_key(text, name))
        assert name in mapping
        try:
            load(mapping)
        except ProblemError as error:
            assert NEEDS_MORE[kind, name] in str(error)  # noqa: PT017 - most keys raise nothing


def with_key(text: str, name: str) -> str:
    """A template with one more key, or one more table and its keys."""
    lines, in_table, top = [], False, True
    for line in text.split("\n"):
        in_table = line == f"#[{name}]" or (in_table and bool(line))
        top = top and not line.startswith("#[")
        chosen = (top and line.startswith(f"#{name} = ")) or (in_table and not line.startswith("# "))
        lines.append(line.removeprefix("#") if chosen else line)
    return "\n".join(lines)


def test_the_template_of_a_team_says_what_another_member_adds() -> None:
    text = " ".join(file_template("team").replace("\n#", " ").split())
    types = re.findall(r'type = "([\w-]+)": (.*?\.)', text)
    assert {name for name, _ in types} == {*GREATEST, "at-least-one"}
    assert [name for name, about in types if not re.search("(another|a heavier) member.* adds?", about)] == []
    assert "one number for each agent" in text
    assert "In the example, agent 1 alone succeeds with probability 3/5" in text


def test_an_experiment_template_is_an_experiment_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(file_template(EXPERIMENT), encoding="utf-8")
    assert read_experiment(file).steps == 4


def test_the_command_writes_templates_and_ready_files(tmp_path: Path) -> None:
    first = parley("init", "team")
    assert (first.exit_code, first.stdout, first.stderr) == (0, file_template("team"), "")
    out = tmp_path / "mine.toml"
    assert parley("init", "coordination", "--example", "power", "--out", out).exit_code == 0
    assert out.read_text(encoding="utf-8") == examples("coordination")["power"].read_text(encoding="utf-8")
    again = parley("init", "coordination", "--out", out)
    assert (again.exit_code, again.stderr) == (2, f"--out: {out} exists; use --force to overwrite it\n")
    assert parley("init", "coordination", "--out", out, "--force").exit_code == 0
    assert load(out).agents == 3
    assert "screening-worked-example" in parley("init", "screening", "--list").stdout.split()


def test_unknown_kinds_and_examples_name_the_nearest() -> None:
    wrong = parley("init", "coordinatoin")
    assert (wrong.exit_code, wrong.stderr) == (
        2,
        "unknown kind 'coordinatoin' (did you mean coordination?)\n",
    )
    assert "known: coordination, assignment" in parley("schema", "xyz").stderr
    assert "known: team-coverage" in parley("init", "team", "--example", "x").stderr
    assert parley("init", "xyz", "--list").exit_code == 2


def test_the_schema_command_prints_one_object() -> None:
    printed = parley("schema", "guarantees")
    assert json.loads(printed.stdout) == file_schema("guarantees")


def test_a_file_may_name_its_schema(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    keys = problemfile.read(examples("team")["team-worked-example"])
    path.write_text(json.dumps({"$schema": "team.schema.json", **keys}), encoding="utf-8")
    assert load(path).to_mapping() == load(keys).to_mapping()
    assert load({"$schema": "x", **keys}).agents == 2
    with pytest.raises(ProblemError, match="unknown key"):
        load({"schema": "x", **keys})


def test_a_ready_experiment_names_its_problems_by_whole_paths(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(example(EXPERIMENT, "patience"), encoding="utf-8")
    assert read_experiment(file).games == 60_000
    with pytest.raises(ParleyError, match="unknown kind"):
        example("xyz", "patience")


def test_a_table_that_refers_to_itself_is_listed_once() -> None:
    schema = file_schema("guarantees")
    key = schema["$defs"]["Problem"]["properties"]["guarantee"]
    tables = [table for _, table in tables_in("guarantee", key, schema["$defs"])]
    assert [table["properties"]["type"]["const"] for table in tables] == [
        "income",
        "max-min",
        "alpha",
        "any",
        "all",
    ]
    assert texts_of(ROOTS[0])["window"].unit == "seconds"
