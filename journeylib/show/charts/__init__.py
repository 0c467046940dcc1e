"""Charts of judged records, each drawn for the page (inline SVG, wide and narrow) or live (PNG)."""

from __future__ import annotations

import functools
import io
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import matplotlib as mpl
from matplotlib import font_manager

from journeylib.show import words
from journeylib.show.charts.calibration import calibration
from journeylib.show.charts.contrasts import contrasts
from journeylib.show.charts.coverage import coverage
from journeylib.show.charts.edges import edges
from journeylib.show.charts.flow import flow
from journeylib.show.charts.forest import forest
from journeylib.show.charts.hazard import hazard
from journeylib.show.charts.heat import heat
from journeylib.show.charts.incidence import incidence
from journeylib.show.charts.inline import inline
from journeylib.show.charts.lettering import unmarked
from journeylib.show.charts.outcomes import outcomes
from journeylib.show.charts.panels import panels
from journeylib.show.charts.parts import parts
from journeylib.show.charts.shares import shares
from journeylib.show.charts.spread import spread
from journeylib.show.charts.survival import survival
from journeylib.show.charts.trend import trend
from journeylib.show.style import LIGHT, RC, Sheet

__all__ = ["DRAWINGS", "png", "svg"]

DRAWINGS: Mapping[str, Callable[..., Sheet]] = {
    "shares": shares,
    "outcomes": outcomes,
    "flow": flow,
    "trend": trend,
    "survival": survival,
    "coverage": coverage,
    "heat": heat,
    "forest": forest,
    "parts": parts,
    "panels": panels,
    "spread": spread,
    "edges": edges,
    "contrasts": contrasts,
    "incidence": incidence,
    "hazard": hazard,
    "calibration": calibration,
}


_MORE_FONTS = [
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "PingFang SC",
    "Hiragino Sans",
    "Microsoft YaHei",
    "Arial Unicode MS",
]


def svg(record: Mapping[str, Any], *, width: Literal["wide", "narrow"] = "wide") -> str:
    """Draw a record as inline SVG for a page; the empty text where it has nothing to draw.

    The wide drawing is 612 points (8.5 inches), the narrow one 302, with larger type.
    """
    if words.lacking(record):
        return ""
    with _style():
        sheet = DRAWINGS[record["form"]](record, narrow=width == "narrow")
        place = f"{record.get('notebook', '')}/{record['id']}"
        return inline(sheet.figure, alt=unmarked(words.alt(record)), record=place, width=width)


def png(record: Mapping[str, Any]) -> bytes:
    """Draw a record live, for whoever runs the notebook by hand, marked as not yet judged."""
    with _style():
        said = words.lacking(record)
        sheet = Sheet(612, 24, size=10.0) if said else DRAWINGS[record["form"]](record, narrow=False)
        sheet.text(0, -34, unmarked(words.title(record)), bold=True)
        sheet.text(0, -20, f"{words.CHROME['unjudged']}. {unmarked(said or words.subtitle(record))}", colour="soft")
        for text in sheet.figure.texts:
            text.set_fontfamily(_families())
        buffer = io.BytesIO()
        sheet.figure.savefig(
            buffer, format="png", dpi=110, facecolor=LIGHT["ground"], bbox_inches="tight", pad_inches=0.15
        )
        return buffer.getvalue()


@contextmanager
def _style() -> Iterator[None]:
    """Draw in the one style; a script that the measuring font lacks is set by the page's own fonts."""
    with mpl.rc_context(dict(RC)), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        yield


@functools.cache
def _families() -> list[str]:
    """Give the fonts of a live drawing: the measuring font, then what the machine has for other scripts."""
    there = set(font_manager.get_font_names())
    return [*RC["font.family"], *(name for name in _MORE_FONTS if name in there)]
