from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from matplotlib.figure import Figure as Picture
from matplotlib.image import imread
from matplotlib.patches import Polygon

from parley.core.errors import ParleyError
from parley.kit.present.drawing import picture
from parley.kit.present.style import save
from parley.mechanisms.coordination.axioms.reduction import Slice, slice_of
from parley.mechanisms.coordination.axioms.triple import Triple
from parley.mechanisms.coordination.present.regions import region_figure
from parley.mechanisms.coordination.problem import example_1
from tests.coordination.problems import X, Y


def drawn(triple: Triple, cut: Slice | None = None, *, unit: int = 1) -> Picture:
    return picture([("triangle", region_figure(triple, cut, unit=unit))])


EXAMPLE_2 = Triple.at(example_1(), X)


def regions(figure: Picture) -> dict[str, set[tuple[float, float]]]:
    """Corners of each region drawn, by its label's first sign."""
    patches = [patch for patch in figure.axes[0].patches if isinstance(patch, Polygon)]
    return {
        str(patch.get_label()).split(":")[0]: {
            (round(float(x), 9), round(float(y), 9)) for x, y in patch.get_xy()
        }
        for patch in patches
    }


def written(figure: Picture) -> set[str]:
    return {text.get_text() for text in figure.axes[0].texts}


def test_the_default_picture_of_example_2_is_figure_2() -> None:
    figure = drawn(EXAMPLE_2)
    corners = {f"all to agent {k}" for k in (3, 4, 5)}
    assert written(figure) == {"1, 0, 1", "1, 1, 0", "0, 1, 1"} | corners
    assert figure.axes[0].get_title() == (
        "Ways to divide agent 1's excess of type 1\n2 among agents 3, 4, 5 where agent 2 gets 2"
    )
    # The triangle has sides of one; 2, 0, 0 is at the bottom, 0, 0, 2 above on the left.
    high = 3**0.5 / 2
    left, right = (0.25, round(high / 2, 9)), (0.75, round(high / 2, 9))
    bottom, top = (0.5, 0.0), (0.5, round(high, 9))
    found = regions(figure)
    assert found["Z"] == {bottom, left, right, top}
    assert found["Z*"] == {bottom, left, right}
    (place,) = [text.xy for text in figure.axes[0].texts if text.get_text() == "all to agent 5"]  # type: ignore[attr-defined]
    assert np.allclose(place, (0, high))
    (mark,) = [line for line in figure.axes[0].lines if line.get_marker() == "*"]
    assert np.array_equal(mark.get_xydata(), [[0.5, 0]])


def test_another_slice_is_drawn_in_tasks() -> None:
    fine = EXAMPLE_2.times(2)
    cut = slice_of(fine, 0, (1, 2, 3), (3, 2, 2, 1))
    figure = drawn(fine, cut, unit=2)
    assert figure.axes[0].get_title().endswith("7/2 among agents 2, 3, 4 where agent 5 gets 1/2")
    assert "1.5, 2, 0" in written(figure)
    assert all(line.get_marker() == "o" for line in figure.axes[0].lines)  # direct transfer is elsewhere


def test_a_slice_without_area_is_refused() -> None:
    with pytest.raises(ParleyError, match="no area to draw"):
        region_figure(EXAMPLE_2, slice_of(EXAMPLE_2, 1, (1, 2, 3)))
    with pytest.raises(ParleyError, match="no three agents can share"):
        region_figure(Triple.at(example_1(), Y))


def test_the_picture_can_be_written(tmp_path: Path) -> None:
    save(drawn(EXAMPLE_2), tmp_path / "regions.svg")
    tree = ET.fromstring((tmp_path / "regions.svg").read_bytes())  # noqa: S314 - our own
    assert tree.tag.endswith("svg")
    for name in ("one.png", "other.png"):
        save(drawn(EXAMPLE_2), tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "other.png").read_bytes()
    dark = (0x2E, 0x6F, 0x95)
    pixels = (imread(tmp_path / "one.png")[:, :, :3] * 255).round().astype(int)
    assert (pixels == dark).all(axis=2).mean() > 0.03


@pytest.mark.parametrize(("room", "corners"), [((2, 1), 2), ((3, 3), 1)])
def test_a_dark_region_without_area_is_still_drawn(
    tmp_path: Path, room: tuple[int, int], corners: int
) -> None:
    # Agent 2 has to get all that it can hold, or everything.
    triple = Triple.of([[0], [0], [0], [3]], [[3], [0], [0], [0]], [[3], *([c] for c in room), [3]])
    figure = drawn(triple)
    assert len(regions(figure)["Z*"]) == corners
    save(figure, tmp_path / "regions.png")
