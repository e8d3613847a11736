"""The report: one HTML page that holds all it needs, made from the folder that a run left.

The page is a file like any other: it loads nothing, sends nothing, and its own security policy forbids both,
and every script but the three that stand in it. Text that comes from files of others (titles, names) reaches
it through a template that escapes it, or as JSON that the script writes as text, never as markup.

Charts are Observable Plot's, on D3: the only well-kept library of marks in plain SVG that brings hover, axes
that read well, and facets, and that can be put into a page whole. Both together are 490 kB, a third of what
the general charting bundles weigh; SVG can be styled (dark, print), counted by a test, and read aloud.
"""

from __future__ import annotations

import json
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
from parley.kit.present.page_read import kind_of_folder, read_json
from parley.kit.registry import kinds, mechanism

if TYPE_CHECKING:
    from parley.kit.present.page_model import Sheet

__all__ = ["render", "write_page"]

PAGE = "report.html"

_ASSETS = Path(__file__).with_name("assets")
_LIBRARIES = ("d3/dist/d3.min.js", "@observablehq/plot/dist/plot.umd.min.js")
"""In the order in which they need each other."""
_SCRIPTS = ("tables.js", "charts.js", "chartslines.js", "chartsgames.js", "chartsshares.js", "page.js")


def write_page(folder: Path) -> Path:
    """Write ``report.html`` into the folder of a run.

    Parameters
    ----------
    folder : Path
        What `parley experiment`, `parley simulate --out` or `parley audit --out` left.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    ParleyError
        In one line: the folder holds nothing to report on, one of its files is not what it should be, a
        library of the page is not installed, the page cannot be written, or another run is writing there.
    """
    kind = kind_of_folder(folder)
    with whole_file(folder / PAGE) as work:  # from the beginning: no second report reads and writes meanwhile
        before = folder.stat()
        work.write_text(render(_sheet(folder, kind)), encoding="utf-8")
        if not samestat(before, folder.stat()):
            raise ParleyError(f"{folder}: another run was put there meanwhile: report on that")
    return folder / PAGE


def _sheet(folder: Path, what: str) -> Sheet:
    """Let the mechanism that a folder is of lay out its page."""
    if what == "experiment":
        from parley.kit.experiment.page import experiment_sheet  # noqa: PLC0415 - it needs this room

        return experiment_sheet(folder)
    path = folder / f"{what}.json"
    kind = read_json(path).get("kind")
    if kind not in kinds():
        known = ", ".join(kinds())
        raise ParleyError(f"{path}: not what a mechanism writes: kind {shorten(kind)} is none of {known}")
    return mechanism(kind).sheet(folder, "audit" if what == "audit" else "simulate")


def render(sheet: Sheet) -> str:
    """Make the page.

    Parameters
    ----------
    sheet : Sheet

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
    return environment.from_string(_asset("page.html")).render(
        sheet=sheet,
        style=Markup(_asset("page.css")),  # noqa: S704 - our own file
        scripts=[Markup(text) for text, _ in scripts],  # noqa: S704 - our own, and the libraries
        hashes=[digest for _, digest in scripts],
        data=Markup(_json(sheet.to_json())),  # noqa: S704 - no "<" is left in it
    )


def _json(value: object) -> str:
    """JSON that may stand in a page: nothing in it can end or begin a tag."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e")


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _script(text: str) -> tuple[str, str]:
    """A script as it may stand in a page, and the hash by which the page's policy knows it."""
    inline = text.replace("\r", "").replace("</script", r"<\/script").replace("<!--", r"<\!--")
    digest = b64encode(sha256(inline.encode()).digest()).decode()
    return inline, f"sha256-{digest}"
