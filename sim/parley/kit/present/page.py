"""The report: a self-contained HTML page made from the folder of a run.

The page loads and sends nothing. Its security policy forbids both, and allows only the three scripts inside
it. Text from users' files (titles, names) is escaped by the template, or is JSON that the script writes as
text.

Charts use Observable Plot and D3 (490 kB): plain SVG with hover, readable axes and facets. SVG can be styled
for dark mode and print, counted by a test, and read by screen readers.
"""

from __future__ import annotations

import json
import shlex
from base64 import b64encode
from hashlib import sha256
from os.path import samestat
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from parley.core.errors import ParleyError, shorten
from parley.core.folders import whole_file
from parley.core.resources import library
from parley.kit.comparison import Comparison
from parley.kit.options import only_given
from parley.kit.present.page_model import titled
from parley.kit.present.page_parts import written_by
from parley.kit.present.page_read import kind_of_folder, read_json, read_run, runs_in
from parley.kit.present.tables import written
from parley.kit.registry import kinds, mechanism

if TYPE_CHECKING:
    from parley.kit.present.page_model import Sheet

__all__ = ["render", "write_page"]

PAGE = "report.html"
PROBLEM = "problem.json"

_ASSETS = Path(__file__).with_name("assets")
_LIBRARIES = ("d3/dist/d3.min.js", "@observablehq/plot/dist/plot.umd.min.js")
"""In the order of their dependencies."""
_SCRIPTS = ("tables.js", "charts.js", "chartslines.js", "chartsgames.js", "chartsshares.js", "page.js")


def write_page(folder: Path) -> Path:
    """Write ``report.html`` into the folder of a run, or of several runs in folders of their own.

    Parameters
    ----------
    folder : Path
        A folder written by `parley experiment`, or by `simulate`, `audit` or `compare` with ``--out``, or one
        that contains such folders: its page has all of them, in the order of their names.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    ParleyError
        If the folder contains no results, one of its files is invalid, a library of the page is not
        installed, the page cannot be written, or another run is writing there.
    """
    runs = runs_in(folder)
    with whole_file(folder / PAGE) as work:  # from the beginning: no second report reads and writes meanwhile
        before = folder.stat()
        sheets = [_sheet(run, kind_of_folder(run)) for run in runs]
        work.write_text(render(*sheets, title=f"Results in {folder.resolve().name}"), encoding="utf-8")
        if not samestat(before, folder.stat()):
            raise ParleyError(f"{folder}: was replaced by another run meanwhile; run the report again")
    return folder / PAGE


def _sheet(folder: Path, what: str) -> Sheet:
    """Return the page of a folder, by its mechanism."""
    if what == "experiment":
        from parley.kit.experiment.page import experiment_sheet  # noqa: PLC0415 - it needs this room

        return experiment_sheet(folder)
    path = folder / f"{what}.json"
    kind = read_json(path).get("kind")
    if kind not in kinds():
        known = ", ".join(kinds())
        raise ParleyError(f"{path}: unknown kind {shorten(kind)}; known: {known}")
    if what == "comparison":
        sheet = _comparison(path)
    else:
        sheet = mechanism(kind).sheet(folder, "audit" if what == "audit" else "simulate")
    sheet.method = [*_made(folder), *sheet.method]
    return sheet


def _comparison(path: Path) -> Sheet:
    """Return the page of a comparison."""
    made = read_run(path.parent)
    with written_by("a comparison", path):
        found = Comparison.read(path)
        sheet = found.sheet()
        sheet.title = titled(
            f"{made.get('name')}: {found.across} compared", found.kind, made.get("agents", ())
        )
        names = dict.fromkeys(str(row["name"]) for row in found.rows)
        sheet.findings = [("", f"Compared: {', '.join(names)}.")]
    return sheet


def _made(folder: Path) -> list[tuple[str, list[tuple[str, str]]]]:
    """Say how a folder was made: the command and the problem."""
    one = (folder / PROBLEM).is_file()  # a comparison may be of several problems
    problem = [
        (key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for key, value in (read_json(folder / PROBLEM).items() if one else ())
    ]
    made = read_run(folder)
    if not made:
        return [("The problem", problem)]
    options = only_given(made["options"])
    file = PROBLEM if one else "FILE…"
    command = [f"parley {made['command']} {file}", *(_option(*option) for option in options.items())]
    run = [
        ("command", " ".join(command)),
        *([("seed", str(options["seed"]))] if "seed" in options else []),
        ("version of Parley", str(made["version"])),
        ("problem, SHA-256", str(made["problem"])),
    ]
    return [("The run", run), *([("The problem", problem)] if one else [])]


def _option(name: str, value: object) -> str:
    flag = f"--{name.replace('_', '-')}"
    return flag if value is True else f"{flag} {shlex.quote(str(value))}"


def render(*sheets: Sheet, title: str = "") -> str:
    """Render the page of one result, or of several, one after the other.

    Parameters
    ----------
    title : str
        Of a page of several results.

    Returns
    -------
    str
        HTML.

    Raises
    ------
    ParleyError
        If a library is not installed.
    """
    scripts = [_script(library(name)) for name in _LIBRARIES]
    scripts.append(_script("\n".join(_asset(name) for name in _SCRIPTS)))
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    several = len(sheets) > 1
    data = [sheet.to_json() for sheet in sheets]
    return environment.from_string(_asset("page.html")).render(
        sheets=[
            {"sheet": sheet, "prefix": f"run-{k}-" if several else ""} for k, sheet in enumerate(sheets, 1)
        ],
        title=title if several else sheets[0].title,
        kind="report" if several else sheets[0].kind,
        written=written,
        style=Markup(_asset("page.css")),  # noqa: S704 - our own file
        scripts=[Markup(text) for text, _ in scripts],  # noqa: S704 - our own, and the libraries
        hashes=[digest for _, digest in scripts],
        data=Markup(_json({"sheets": data} if several else data[0])),  # noqa: S704 - no "<" is left in it
    )


def _json(value: object) -> str:
    """Return JSON that is safe inside a page: it cannot start or end a tag."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e")


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _script(text: str) -> tuple[str, str]:
    """Return a script that is safe inside a page, and its hash for the security policy."""
    inline = text.replace("\r", "").replace("</script", r"<\/script").replace("<!--", r"<\!--")
    digest = b64encode(sha256(inline.encode()).digest()).decode()
    return inline, f"sha256-{digest}"
