"""Write docs/reference/python.md: the public names of the package, from their docstrings.

python scripts/python_page.py        # a test holds the page
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import parley
from parley.kit import loaded, results
from parley.kit.registry import mechanisms

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "python.md"

HEAD = """# Parley from Python

`python scripts/python_page.py` makes this page from the docstrings of what is public. All else may change.

```python
import parley

problem = parley.load("problems/paper-example-1.toml")  # or parley.load({...})
problem.solve().to_json()["savings"]  # '38'
run = problem.simulate(games=2000, seed=1, bots="equilibrium", workers=2)
run.holds, run.identical  # play agrees with theory; the replay was the same
run.to_arrow()  # the table of games.parquet
problem.audit().to_json()["axioms"]
parley.verify("http://127.0.0.1:8545", "deployments/31337.json")
parley.experiment("problems/experiments/greed.toml")
```

A result has the attributes of the mechanism's own result, `to_json()` as the command prints it with `--json`,
and shows its tables in a notebook.
"""

CLASSES = (loaded.LoadedProblem, results.Result, results.AuditReport, results.RunReport)
"""What the public functions give."""


def page() -> str:
    """Make the page."""
    parts = [HEAD, "## Functions\n"]
    functions = ("load", "verify", "experiment", "kinds")
    parts += [_described(f"parley.{name}", getattr(parley, name), "###") for name in functions]
    parts.append("## What they give\n")
    for one in CLASSES:
        parts.append(f"### {one.__name__}\n\n{_prose(one)}\n")
        parts += [
            _described(f"{one.__name__}.{name}", member, "####")
            for name, member in vars(one).items()
            if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property))
        ]
    parts.append("## Options by kind\n")
    for kind in mechanisms():
        for verb in ("solve", "audit"):
            rows = [f"| `{o.name}` | {o.help} |" for o in kind.options if o.verb == verb]
            if rows:
                parts.append(
                    "\n".join([f"`{verb}` of kind *{kind.kind}*:\n", "| | |", "|---|---|", *rows, ""])
                )
    parts.append("## Adding a kind\n")
    parts.append(
        "Derive from `parley.Mechanism`, and name an object of the class by an entry point of the group "
        "`parley.mechanisms`:\n\n"
        '```toml\n[project.entry-points."parley.mechanisms"]\nmine = "my_package.mechanism:MECHANISM"\n```\n'
    )
    parts.append(_prose(parley.Mechanism) + "\n")
    return "\n".join(parts)


def _described(name: str, thing: object, level: str) -> str:
    """Write about one function or property."""
    call = f"{name}{inspect.signature(thing)}" if inspect.isfunction(thing) else name
    call = call.replace("(self, ", "(").replace("(self)", "()").replace("'", "")
    call = re.sub(r"<function (?:[^<>]|<[^>]*>)*>", "...", call)
    return f"{level} `{name.rpartition('.')[2]}`\n\n```python\n{call}\n```\n\n{_prose(thing)}\n"


def _prose(thing: object) -> str:
    """Write a docstring as Markdown: its sections as bold words, its lists as they are."""
    lines: list[str] = []
    text = inspect.getdoc(thing) or ""
    rows = text.split("\n")
    skip = False
    for line, following in zip(rows, [*rows[1:], ""], strict=True):
        if skip:
            skip = False
        elif following and set(following) == {"-"}:
            lines.append(f"**{line}**\n")
            skip = True
        elif line.startswith(">>>") or (line and not line.startswith(" ") and _is_code(lines)):
            lines.append(f"    {line}")
        elif line and not line.startswith(" ") and following.startswith("    "):
            lines.append(f"- `{line}`:")
        else:
            lines.append(line.replace("    ", "  ") if line.startswith("    ") else line)
    return "\n".join(lines).rstrip() + "\n"


def _is_code(lines: list[str]) -> bool:
    """Whether the line before is one of an example."""
    return bool(lines) and lines[-1].startswith("    ")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
