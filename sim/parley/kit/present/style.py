"""Style and reproducible files of pictures."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.figure import Figure

from parley.core.folders import whole_file

__all__ = [
    "CONFIDENCE",
    "INK",
    "OTHER",
    "PALE",
    "PLAYED",
    "SERIES",
    "SHADE",
    "THEORY",
    "save",
    "save_all",
    "style",
]

INK = "#1b2a41"
THEORY = "#d1495b"
PLAYED = "#2e6f95"
SHADE = "#c9d6df"
PALE = "#f4f7f9"
OTHER = "#c2541a"
SERIES = ("#1d6a99", "#c2541a", "#26804f", "#8148b5", "#9a6f00", "#b5327a", "#4f6b7a", "#7a5230")
"""Of lines that are compared, as on the page."""

CJK = ("Noto Sans CJK SC", "Noto Sans CJK JP", "Hiragino Sans", "Microsoft YaHei", "WenQuanYi Zen Hei")
"""Fonts to look for letters in that Matplotlib's own font lacks."""
LACKING = "Some letters are not in the fonts of the machine that drew this."

CONFIDENCE = 1.96
"""Half-width of the bars in standard errors: 95% for means of many games."""


@contextmanager
def style(**settings: object) -> Iterator[None]:
    """Draw and save figures in one style.

    Names are plain text: a dollar sign starts no formula, and letters missing in the font are boxes.

    Parameters
    ----------
    **settings
        Further settings of Matplotlib, with underscores instead of dots.
    """
    common: dict[Any, Any] = {
        "font.family": ["DejaVu Sans", *_further_fonts()],
        "font.size": 9,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "text.parse_math": False,
        "svg.hashsalt": "parley",
    }
    further = {name.replace("_", "."): value for name, value in settings.items()}
    # Ignore the user's own settings: style sheet, usetex, savefig.bbox.
    default = {name: value for name, value in mpl.rcParamsDefault.items() if not name.startswith("backend")}
    with warnings.catch_warnings(), mpl.rc_context(default | common | further):
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        yield


@cache
def _further_fonts() -> list[str]:
    """Return the installed fonts with Chinese, Japanese and Korean letters."""
    installed = set(font_manager.get_font_names())
    return [name for name in CJK if name in installed]


def save(figure: Figure, path: Path, *, whole: bool = True, **settings: object) -> None:
    """Write a figure in the format of the path's suffix, with reproducible bytes.

    Parameters
    ----------
    whole : bool
        Replace an existing file in one step; not needed in a folder that is not yet in its place.
    **settings
        Settings of `style` that the figure was drawn with; some parts are drawn only here.
    """
    ending = path.suffix[1:]
    metadata = {"Date": None} if ending == "svg" else None
    with style(**settings), whole_file(path) if whole else nullcontext(path) as work:
        with warnings.catch_warnings(record=True) as told:
            warnings.filterwarnings("always", message="Glyph .* missing")
            figure.savefig(work, dpi=160, metadata=metadata, format=ending)
        if told and all(text.get_text() != LACKING for text in figure.texts):
            figure.text(0.005, 0.005, LACKING, fontsize=6, color=INK)
            figure.savefig(work, dpi=160, metadata=metadata, format=ending)


def save_all(folder: Path, pictures: Mapping[str, Figure]) -> list[str]:
    """Write pictures as PNG and SVG into a folder that is not yet in its place, and return the file names."""
    files = [(f"{name}.{ending}", picture) for name, picture in pictures.items() for ending in ("png", "svg")]
    for file, picture in files:
        save(picture, folder / file, whole=False)
    return [file for file, _ in files]
