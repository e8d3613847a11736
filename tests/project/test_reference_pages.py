"""The reference of keys and of commands is what the program says of itself."""

from __future__ import annotations

import re

import pytest
import typer

from parley.cli import app
from parley.kit.experiment.run import experiment_keys
from parley.kit.files.kinds import EXPERIMENT, file_kinds, file_schema
from scripts import commands_page, key_reference

KEYS = key_reference.PAGE.read_text(encoding="utf-8")
COMMANDS = commands_page.PAGE.read_text(encoding="utf-8")


def test_the_page_of_keys_is_what_the_declarations_say() -> None:
    assert key_reference.page() == KEYS, "run `python scripts/key_reference.py`"


def test_the_page_of_commands_is_what_their_help_says() -> None:
    assert commands_page.page() == COMMANDS, "run `python scripts/commands_page.py`"


@pytest.mark.parametrize("kind", file_kinds())
def test_every_key_of_a_schema_is_on_the_page(kind: str) -> None:
    section = KEYS.partition(f"\n## {'Experiments' if kind == EXPERIMENT else kind}\n")[2].partition("\n## ")[
        0
    ]
    tables = [re.findall(r"^\| `([\w-]+)` \|", part, re.MULTILINE) for part in section.split("\n#")]
    for name, table in file_schema(kind)["$defs"].items():
        assert [key for key in table["properties"] if key != "$schema"] in tables, name


def test_the_page_of_experiments_has_every_key_of_each_kind_of_file() -> None:
    page = (key_reference.PAGE.parent / "experiments.md").read_text(encoding="utf-8")
    parts = [part for part in re.split("\n#{2,3} ", page) if "\n| key of " in part]
    tables = experiment_keys()
    assert len(parts) == len(tables)
    for part, table in zip(parts, tables.values(), strict=True):
        rows = re.split(r"\| key of [^\n]*\n", part)[1].partition("\n\n")[0].splitlines()
        keys = {key for row in rows for key in re.findall(r"`([^`]+)`", row.split("|")[1])}
        assert keys == table.model_fields.keys()


def test_every_command_and_option_is_on_the_page() -> None:
    program = typer.main.get_command(app)
    commands = dict(vars(program)["commands"])
    commands |= {f"import {name}": one for name, one in vars(commands.pop("import"))["commands"].items()}
    for name, command in commands.items():
        section = re.split(r"\n#+ ", COMMANDS.partition(f"# parley {name}\n")[2])[0]
        assert section, name
        for option in command.params:
            if option.param_type_name == "option" and "--help" not in option.opts:
                assert f"| `{option.opts[0]}" in section, (name, option.opts)
