"""Draw one chart a question: seconds by contestant and size, on a scale of powers of ten."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from bench.page import NAMES, Found
from bench.questions import QUESTIONS
from journeylib.show.style import LIGHT

__all__ = ["draw"]

_MARKS = ("o", "s", "D")  # by size; ink as well as shape tells them apart
_INKS = (LIGHT["g1"], LIGHT["g2"], LIGHT["g3"])


def draw(found: Found, page: Path) -> dict[str, Path]:
    """Draw the charts beside the page; the answer is their files, by question."""
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "bench", "font.family": "DejaVu Sans"}):
        return {
            question: _question(found, question, page.with_name(f"{page.stem}-{question}.svg"))
            for question in QUESTIONS
            if any(question in size["contest"] for size in found.sizes)
        }


def _question(found: Found, question: str, into: Path) -> Path:
    seen = [size["contest"][question] for size in found.sizes]
    names = [name for name in NAMES if any(name in one for one in seen)]
    figure = Figure(figsize=(7.5, 0.9 + 0.36 * len(names)), facecolor="white", layout="constrained")
    axes = figure.subplots()
    for size, one, mark, ink in zip(found.sizes, seen, _MARKS, _INKS, strict=False):
        told = [(names.index(name), runs.time) for name, runs in one.items() if not runs.failed]
        label = f"{size['events'] / 1_000_000:g} million events"
        axes.plot([time for _, time in told], [row for row, _ in told], mark, color=ink, markersize=7, label=label)
    for row, name in enumerate(names):
        axes.axhline(row, color=LIGHT["hair"], linewidth=0.8, zorder=0)
        if failed := [one[name].failed for one in seen if name in one and one[name].failed]:
            axes.annotate(failed[-1], (1, row), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=8)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g} s")
    axes.set_yticks(range(len(names)), [NAMES[name] for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, frameon=False, fontsize=8)
    figure.savefig(into, format="svg", metadata={"Date": None})
    return into
