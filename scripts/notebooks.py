"""Run the notebooks of examples/notebooks, and write what their cells print and show into them.

python -m scripts.notebooks        # a test compares what cells print

Cells run in order in one namespace and in the notebook's folder, as Jupyter runs them. What a cell prints,
the value of its last expression and its pyplot figures are its outputs.
"""

from __future__ import annotations

import ast
import base64
import json
import warnings
from contextlib import chdir, redirect_stdout
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

FOLDER = Path(__file__).parents[1] / "examples" / "notebooks"

Cell = dict[str, Any]


def notebooks() -> list[Path]:
    """Return the notebooks."""
    return sorted(FOLDER.glob("*.ipynb"))


def executed(path: Path) -> dict[str, Any]:
    """Run a notebook, and return it with its outputs."""
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    names: dict[str, Any] = {"__name__": "__main__"}
    mpl.use("agg")
    with chdir(path.parent), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "FigureCanvasAgg is non-interactive")
        for count, cell in enumerate(
            (one for one in notebook["cells"] if one["cell_type"] == "code"), start=1
        ):
            cell["execution_count"] = count
            cell["outputs"] = _outputs("".join(cell["source"]), names, count)
    return notebook


def printed(notebook: dict[str, Any]) -> list[str]:
    """Return what each cell prints, and the value of its last expression as text."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [
        "".join(
            "".join(one.get("text", one.get("data", {}).get("text/plain", []))) for one in cell["outputs"]
        )
        for cell in cells
    ]


def _outputs(source: str, names: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """Run a cell, and return its outputs."""
    tree, out, value = ast.parse(source), StringIO(), None
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    with redirect_stdout(out):
        exec(compile(tree, "<cell>", "exec"), names)  # noqa: S102 - our own examples
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)  # noqa: S307 - likewise
    outputs: list[dict[str, Any]] = []
    if out.getvalue():
        outputs.append({"output_type": "stream", "name": "stdout", "text": _lines(out.getvalue())})
    if value is not None:
        data = {"text/plain": _lines(repr(value))}
        if html := getattr(value, "_repr_html_", None):
            data = {"text/html": _lines(html()), "text/plain": [f"<{type(value).__name__}>"]}
        outputs.append(
            {"output_type": "execute_result", "execution_count": count, "metadata": {}, "data": data}
        )
    for number in plt.get_fignums():
        image = BytesIO()
        plt.figure(number).savefig(image, format="png", dpi=80, metadata={"Software": None})
        plt.close(number)
        shown = {"image/png": base64.b64encode(image.getvalue()).decode(), "text/plain": ["<Figure>"]}
        outputs.append({"output_type": "display_data", "metadata": {}, "data": shown})
    return outputs


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


if __name__ == "__main__":
    for name in notebooks():
        name.write_text(json.dumps(executed(name), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"written: {name}")
