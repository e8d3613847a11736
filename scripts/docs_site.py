"""A hook of mkdocs: pages may link to any file of the tree, and the site then has a page with that file.

The site also has a page that shows which lines and branches the tests reach, made of `tests/coverage.json`.

mkdocs reads `docs` only. A link from there to a contract, a test or a problem leads to a page of the site
that shows the file. `make docs` builds the site; mkdocs calls the functions whose names begin with `on_`.
"""

from __future__ import annotations

import json
import logging
import posixpath
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File, Files, InclusionLevel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
SHOWN = "files"
"""The folder of the site for files from outside `docs`."""
LANGUAGES = {
    ".ipynb": "json",
    ".py": "python",
    ".sol": "solidity",
    ".toml": "toml",
    ".json": "json",
    ".md": "",
}
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")
LIST = re.compile(r"^(?![ \t]*(?:[-*|>]|\d+\.)|\s|#).*\S.*\n(?:[-*]|1\.) ", flags=re.MULTILINE)
"""A list that Markdown takes for a part of the paragraph before it."""
FENCE = re.compile(r"^( *)```.*?^\1```$", flags=re.MULTILINE | re.DOTALL)

COVERAGE = """# What the tests reach

The lines and branches of the package and of the contracts that all tests reach, as `make test-deep`
measured them last. [A test](../../tests/test_coverage.py) holds the floors.
"""

log = logging.getLogger("mkdocs.hooks.docs_site")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for every file outside `docs` that a page links to, and for those that these link to."""
    files.append(File.generated(config, "reference/coverage.md", content=coverage()))
    pending = [file for file in files if file.is_documentation_page()]
    while pending:
        file = pending.pop()
        place, text = _place(file.src_uri), file.content_string
        for target in LINK.findall(FENCE.sub("", text)):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(place), target))
            uri = _uri(path)
            if not uri.startswith(SHOWN) or files.get_file_from_path(uri) or not (ROOT / path).exists():
                continue
            added = File.generated(
                config, uri, content=_shown(ROOT / path), inclusion=InclusionLevel.NOT_IN_NAV
            )
            files.append(added)
            pending.append(added)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links lead to pages of the site, and warn of lists that have no empty line before them."""
    del config, files
    here = page.file.src_uri
    place = _place(here)
    for found in LIST.finditer(FENCE.sub("", markdown)):
        log.warning("%s: no empty line before the list after '%s'", place, found[0].splitlines()[0])

    def there(link: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(place), link[1]))
        return posixpath.relpath(_uri(path), posixpath.dirname(here) or ".")

    return LINK.sub(there, markdown)


def coverage() -> str:
    """Make the page about the lines and branches that the tests reach, room by room."""
    lines = [COVERAGE]
    for what, found in json.loads((ROOT / "tests" / "coverage.json").read_text(encoding="utf-8")).items():
        rooms: dict[str, Counter[str]] = defaultdict(Counter)
        for name, reached in found.items():
            parts = name.split("/")
            depth = 4 if parts[:3] == ["sim", "parley", "mechanisms"] else 3 if what == "sim" else 2
            for room in {"all", "/".join(parts[:-1][:depth])}:
                for unit in ("lines", "branches"):
                    rooms[room].update({unit: reached[unit][0], f"all {unit}": reached[unit][1]})
        lines += ["", f"## {what}\n", "| room | lines | | branches | |", "|---|---:|---:|---:|---:|"]
        for room, count in sorted(rooms.items(), key=lambda one: (one[0] != "all", one[0])):
            cells = [
                f"{count[unit]:,} of {count[f'all {unit}']:,} | {_share(count[unit], count[f'all {unit}'])}"
                for unit in ("lines", "branches")
            ]
            lines.append(f"| {room} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _share(reached: int, counted: int) -> str:
    return f"{reached / counted:.1%}" if counted else "–"


def _uri(path: str) -> str:
    """Where the site has a file of the tree."""
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    if path == "README.md":
        return "index.md"
    return f"{SHOWN}/{path}" if path.endswith(".md") else f"{SHOWN}/{path}.md"


def _place(uri: str) -> str:
    """Which file of the tree a page of the site shows."""
    if not uri.startswith(f"{SHOWN}/"):
        return f"docs/{uri}"
    path = uri.removeprefix(f"{SHOWN}/")
    return path if (ROOT / path).exists() else path.removesuffix(".md")


def _shown(path: Path) -> str:
    """Make the page of a file: Markdown unchanged, other text as code, a folder as the list of its files."""
    name = path.relative_to(ROOT).as_posix()
    if path.is_dir():
        rows = [f"- [{one.name}]({path.name}/{one.name})" for one in sorted(path.iterdir()) if one.is_file()]
        return "\n".join([f"# {name}", "", *rows, ""])
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return text
    if path.suffix == ".ipynb":
        return "\n\n".join(part for cell in json.loads(text)["cells"] for part in _cell(cell)) + "\n"
    return f"# {name}\n\n```{LANGUAGES.get(path.suffix, '')}\n{text.rstrip()}\n```\n"


def _cell(cell: dict[str, Any]) -> Iterator[str]:
    """Write a cell of a notebook with its outputs."""
    source = "".join(cell["source"])
    yield source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```"
    for output in cell.get("outputs", ()):
        data = output.get("data", {})
        if "image/png" in data:
            yield f'<img alt="the figure of this cell" src="data:image/png;base64,{data["image/png"]}">'
        elif "text/html" in data:
            yield f"<div style='overflow-x: auto'>{''.join(data['text/html'])}</div>"
        else:
            yield f"```\n{''.join(output.get('text', data.get('text/plain', [])))}\n```"
