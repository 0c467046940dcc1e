"""The one style of charts and pages: colours for light and dark, type, and a sheet to draw on.

A chart is drawn once, in the light colours; `charts.inline` then replaces each by the CSS
variable of the same name, so that the page decides. Places on a sheet are points (1/72 inch)
from its upper left corner.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.font_manager import get_font
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from matplotlib.transforms import Affine2D

from journeylib.show.words import visible

__all__ = ["DARK", "GROUPS", "LIGHT", "RC", "Sheet", "css", "fit", "measure"]

# Text stands on `ground` with at least 4.5 : 1, marks with 3 : 1. `accent` is what a page
# claims; g1 to g5 are seaborn's colour-blind-safe set, re-ordered and darkened (or
# lightened) until each passes as text.
LIGHT: Mapping[str, str] = {
    "ground": "#fcfbf8",
    "ink": "#1c1b19",
    "soft": "#5f5b54",
    "grey": "#8b867d",
    "mist": "#c9c4ba",
    "pale": "#ece9e2",
    "hair": "#dad6cd",
    "accent": "#0a66a6",
    "g1": "#0b67a7",
    "g2": "#b84a00",
    "g3": "#00684c",
    "g4": "#97408a",
    "g5": "#6d4c28",
}
DARK: Mapping[str, str] = {
    "ground": "#171614",
    "ink": "#edeae4",
    "soft": "#aaa59b",
    "grey": "#857f75",
    "mist": "#57534c",
    "pale": "#2a2825",
    "hair": "#3a3833",
    "accent": "#64b5ee",
    "g1": "#65b6ef",
    "g2": "#f29a58",
    "g3": "#4fc9a0",
    "g4": "#e19ad6",
    "g5": "#d3ae84",
}
GROUPS = ("g1", "g2", "g3", "g4", "g5")

RC: Mapping[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "journeylib",
    "font.family": ["DejaVu Sans"],  # comes with matplotlib, so that places are the same everywhere
    "path.simplify": False,
    "hatch.linewidth": 0.8,
}

_DASHES: Mapping[str, Any] = {"solid": "solid", "dash": (0, (5, 2)), "dot": (0, (1.2, 1.8)), "mix": (0, (6, 2, 1.2, 2))}
_FONT = Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


def css() -> str:
    """Give the colours as CSS variables: light, dark, and light on white paper."""
    light, dark = (";".join(f"--{name}:{value}" for name, value in theme.items()) for theme in (LIGHT, DARK))
    return (
        f":root{{color-scheme:light dark;{light}}}"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"
        "@media print{:root{color-scheme:light;--ground:#fff}}"
    )


def measure(text: str, size: float) -> float:
    """Estimate the width of a text in points; a little generous, for pages use narrower fonts.

    >>> measure("web", 10) < measure("website", 10) < 60
    True
    """
    return sum(map(_advance, text)) * size


def fit(text: Any, size: float, room: float) -> str:
    """Make a name fit into `room` points: unseen characters shown, the end cut off with an ellipsis.

    >>> fit("a very long name of a channel", 10, 60)
    'a very lon…'
    """
    seen = visible(text)
    if measure(seen, size) <= room:
        return seen
    while seen and measure(seen + "…", size) > room:
        seen = seen[:-1]
    return seen.rstrip() + "…"


class Sheet:
    """A sheet of `width` × `height` points, its origin at the upper left."""

    def __init__(self, width: float, height: float, *, size: float) -> None:
        self.width, self.height, self.size = width, height, size
        self.figure = Figure(figsize=(width / 72, height / 72), facecolor="none")
        places = Affine2D().scale(1 / 72, -1 / 72).translate(0, height / 72)
        self._places = places + self.figure.dpi_scale_trans

    def text(
        self,
        x: float,
        y: float,
        said: str,
        *,
        colour: str = "ink",
        anchor: str = "left",
        bold: bool = False,
        small: bool = False,
        halo: bool = False,
    ) -> None:
        """Write a text with its baseline at y; `halo` keeps it readable on top of marks."""
        self.figure.text(
            x,
            y,
            said,
            color=LIGHT[colour],
            ha=anchor,
            va="baseline",
            fontsize=self.size * (0.88 if small else 1),
            fontweight=700 if bold else 400,
            transform=self._places,
            gid="halo" if halo else None,
            family=RC["font.family"],
            parse_math=False,  # a name may hold a dollar sign
        )

    def line(
        self, xs: Sequence[float], ys: Sequence[float], colour: str = "ink", *, width: float = 1.0, dash: str = "solid"
    ) -> None:
        """Draw a line through points; nothing where there are fewer than two."""
        if len(xs) < 2:
            return
        outline = Outline(list(zip(xs, ys, strict=True)))
        self._add(outline, facecolor="none", edgecolor=LIGHT[colour], linewidth=width, linestyle=_DASHES[dash])

    def area(self, corners: Sequence[tuple[float, float]], colour: str, *, alpha: float = 1.0) -> None:
        """Fill a polygon."""
        self._add(Outline([*corners, corners[0]], closed=True), facecolor=LIGHT[colour], linewidth=0, alpha=alpha)

    def areas(self, boxes: Sequence[tuple[float, float, float, float]], colour: str, *, alpha: float = 1.0) -> None:
        """Fill many rectangles (x, y, width, height) alike, as one mark; nothing where there are none."""
        corners = [[(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)] for x, y, w, h in boxes]
        if corners:
            outline = Outline.make_compound_path(*(Outline(one, closed=True) for one in corners))
            self._add(outline, facecolor=LIGHT[colour], linewidth=0, alpha=alpha)

    def box(self, x: float, y: float, width: float, height: float, colour: str, *, look: str = "full") -> None:
        """Draw a rectangle: "full", "hatched" (what is open) or "hollow" (what ended)."""
        corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]
        outline = Outline(corners, closed=True)
        if look == "full":
            self._add(outline, facecolor=LIGHT[colour], linewidth=0)
        else:
            fill = "none" if look == "hollow" else LIGHT["ground"]
            hatch = None if look == "hollow" else "/////"
            self._add(outline, facecolor=fill, edgecolor=LIGHT[colour], linewidth=0.8, hatch=hatch)

    def dot(self, x: float, y: float, colour: str, *, radius: float = 3.0, hollow: bool = False) -> None:
        """Draw a dot."""
        circle = Outline.circle((x, y), radius)
        self._add(circle, facecolor=LIGHT["ground" if hollow else colour], edgecolor=LIGHT[colour], linewidth=1)

    def ribbon(self, x0: float, top0: float, x1: float, top1: float, height: float, colour: str, alpha: float) -> None:
        """Fill a stream of constant height from the left edge (x0, top0) to the right edge (x1, top1)."""
        bend = (x0 + x1) / 2
        points = [(x0, top0), (bend, top0), (bend, top1), (x1, top1), (x1, top1 + height)]
        points += [(bend, top1 + height), (bend, top0 + height), (x0, top0 + height), (x0, top0)]
        curve = Outline.CURVE4
        codes = [Outline.MOVETO, curve, curve, curve, Outline.LINETO, curve, curve, curve, Outline.CLOSEPOLY]
        self._add(Outline(points, codes), facecolor=LIGHT[colour], linewidth=0, alpha=alpha)

    def _add(self, outline: Outline, **looks: Any) -> None:
        patch = PathPatch(outline, capstyle="butt", joinstyle="round", **looks)
        patch.set_transform(self._places)
        self.figure.add_artist(patch)


@functools.cache
def _advance(character: str) -> float:
    font = get_font(str(_FONT))
    if not font.get_char_index(ord(character)):
        return 1.0 if unicodedata.east_asian_width(character) in "WF" else 0.65
    font.set_size(100, 72)
    font.load_char(ord(character))
    return float(font.load_char(ord(character)).linearHoriAdvance) / 65536 / 100
