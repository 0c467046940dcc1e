"""What a page of segments shows, made up: who differs, by how much, and whether it is them or their mix."""

from __future__ import annotations

import datetime
import math
from typing import Any

import fakes
import nbformat
import pandas as pd

from journeylib import schema
from journeylib.show import record

HEBREW, CHINESE = "לקוחות קבועים", "微信小程序用户"
LONG = "customers who came by a partner of the north-eastern region"
CONTRAST = ["group", "baseline"]
MORE = ["p", "detectable", "left_out"]

GOAL = {"goal": "purchase", "within_days": 30}
CONVERTED = {"measure": "outcomes.converted", "by": "plan", "unit": "share", "inside": "region", **GOAL}

# Group: customers, value, crude difference, the part that is they themselves.
PLANS: dict[str, tuple[int, float, float, float]] = {
    "annual": (2310, 0.431, 0.061, 0.042),
    "trial": (1190, 0.322, -0.048, -0.044),
    HEBREW: (1530, 0.375, 0.005, 0.011),
    "weekly": (640, 0.33, -0.04, -0.003),
    CHINESE: (410, 0.381, 0.011, 0.006),
    LONG: (220, 0.352, -0.018, -0.01),
    "corporate": (14, 0.5, 0.13, 0.1),
    "board": (4, 0.5, 0.13, 0.1),
}
CLAIMED = ("annual", "trial")


def _half(n: int, scale: float = 1.0) -> float:
    return scale * 1.96 * math.sqrt(0.25 / n) * 0.6


def differs(plans: dict[str, tuple[int, float, float, float]] = PLANS, *, scale: float = 1.0) -> pd.DataFrame:
    """The contrast of each group with all others, made alike."""
    rows = []
    for group, (n, _, _, rate) in plans.items():
        half = _half(n, scale)
        row = {"group": group, "baseline": "rest", "n": n, "estimate": rate * scale}
        more = {"low": rate * scale - half, "high": rate * scale + half, "is_enough": n >= 30}
        told = {"p": 0.0004 if group in CLAIMED else 0.4, "detectable": 1.43 * half}
        rows.append({**row, **more, **told, "left_out": 0.13 if group == "weekly" else 0.01})
    return schema.result(rows, CONTRAST, MORE)


def kinds(plans: dict[str, tuple[int, float, float, float]] = PLANS, *, parts: bool = False) -> pd.DataFrame:
    """Two rows a group: crude and standardised, or rate and mix."""
    rows = []
    for group, (n, _, crude, rate) in plans.items():
        told = {"rate": rate, "mix": crude - rate} if parts else {"crude": crude, "standardised": rate}
        for kind, value in told.items():
            half = _half(n) * (0.5 if kind == "mix" else 0.8 if kind == "crude" else 1.0)
            row = {"group": group, "baseline": "rest", "kind": kind, "n": n, "estimate": value}
            rows.append({**row, "low": value - half, "high": value + half, "is_enough": n >= 30})
    return schema.result(rows, [*CONTRAST, "kind"])


MEASURES: dict[str, tuple[str, float, float]] = {
    "outcomes.converted": ("share", 0.37, 0.4),
    "channels.switched": ("share", 0.231, 0.3),
    "timing.to_goal": ("days", 12.4, 11.0),
    "satisfaction.nps": ("score", 31.0, 45.0),
    "satisfaction.ces": ("number", 3.42, 1.1),
    "value.revenue": ("money", 12_040.0, 9000.0),
    "value.cost": ("money", 640.0, 900.0),
}


def heat(groups: Any = PLANS, measures: Any = tuple(MEASURES)) -> pd.DataFrame:
    """Every measure of every group."""
    rows = []
    for at, measure in enumerate(measures):
        unit, middle, width = MEASURES.get(measure, ("share", 0.2, 0.3))
        for place, group in enumerate(groups):
            n = PLANS[group][0] if group in PLANS else 900 - 11 * place
            value = PLANS[group][1] if at == 0 and group in PLANS else middle * (1 + 0.31 * math.sin(3 * place + at))
            half = width / math.sqrt(n)
            row = {"measure": measure, "group": group, "n": n, "estimate": value, "low": value - half}
            rows.append({**row, "high": value + half, "is_enough": n >= 30, "unit": unit})
    return schema.result(rows, ["measure", "group"], ["unit"])


def panels(
    groups: Any = ("annual", "monthly", "trial", HEBREW, CHINESE, LONG, "board"), weeks: int = 40
) -> pd.DataFrame:
    """A share of each group week by week; one has a week without enough data, one never has."""
    start, rows = datetime.date(2025, 9, 1), []
    for place, group in enumerate(groups):
        for week in range(weeks):
            value = (
                0.45
                - 0.035 * (place % 7)
                + 0.04 * math.sin(week / 4 + place)
                + (0.08 if group == "annual" and week > 24 else 0)
            )
            n = 4 if group == "board" else 18 if (place, week) == (2, 12) else max(60, 420 - 40 * place)
            half = _half(n)
            on = (start + datetime.timedelta(weeks=week)).isoformat()
            row = {
                "group": group,
                "period_on": on,
                "n": n,
                "estimate": value,
                "low": value - half,
                "high": value + half,
            }
            rows.append({**row, "is_enough": n >= 30})
    return schema.result(rows, ["group", "period_on"])


def spread(*, is_wide: bool = True) -> pd.DataFrame:
    """How revenue spreads in each group; some spend a hundred times what others do."""
    rows = []
    for group, (n, value, _, _) in PLANS.items():
        middle = value * 20_000
        reach = 9.0 if is_wide else 2.0
        row = {"group": group, "n": n, "estimate": middle, "low": middle * (1 - 3 / math.sqrt(n))}
        told = {"high": middle * (1 + 3 / math.sqrt(n)), "is_enough": n >= 30, "q10": middle / reach}
        rows.append({**row, **told, "q25": middle / 2, "q75": middle * 1.8, "q90": middle * reach})
    return schema.result(rows, ["group"], ["q10", "q25", "q75", "q90"])


STEPS = [
    ("web", "chat", "annual", 0.051, 0.018, 2310),
    ("chat", "phone", "annual", -0.034, 0.014, 2310),
    ("web", "app", "annual", 0.012, 0.02, 2310),
    ("app", "web", "annual", -0.006, 0.02, 2310),
    ("phone", "store", "annual", 0.003, 0.011, 2310),
    ("email", "web", "annual", -0.001, 0.01, 2310),
    ("web", HEBREW, "annual", 0.021, 0.026, 2310),
    (CHINESE, LONG, "annual", -0.017, 0.03, 2310),
    ("fax", "phone", "annual", 0.2, 0.2, 12),
]


def edges(*, p: bool = True, more: int = 0) -> pd.DataFrame:
    """Steps that one group takes more often than all others."""
    steps = [*STEPS, *((f"s{at}", f"t{at}", "annual", 0.002 * (-1) ** at, 0.02, 300) for at in range(more))]
    rows = []
    for source, target, group, value, half, n in steps:
        row = {"source": source, "target": target, "group": group, "baseline": "rest", "n": n, "estimate": value}
        told = {"low": value - half, "high": value + half, "is_enough": n >= 30}
        rows.append({**row, **told, **({"p": 0.001 if half < abs(value) else 0.5} if p else {})})
    return schema.result(rows, ["source", "target", *CONTRAST], ["p"] if p else [])


def ranks() -> pd.DataFrame:
    """Groups by their rank."""
    told = [
        ("annual", 0.431, 0.999, []),
        (HEBREW, 0.375, 0.84, ["weekly", LONG]),
        ("weekly", 0.33, 0.16, [HEBREW, LONG]),
    ]
    rows = []
    for place, (group, value, chance, ties) in enumerate(told, start=1):
        n = PLANS[group][0]
        row = {"group": group, "n": n, "estimate": value, "low": value - _half(n), "high": value + _half(n)}
        rows.append({**row, "is_enough": True, "rank": place, "top_chance": chance, "ties": ties})
    rows.append({"group": "corporate", "n": 14, "estimate": 0.5, "low": 0.2, "high": 0.8, "is_enough": False})
    return schema.result(rows, ["group"], ["rank", "top_chance", "ties"])


def best(part: str = "channel", values: Any = ("web", "phone")) -> pd.DataFrame:
    """How well each first channel, hour or weekday does for a group."""
    rows = []
    for group in ("annual", "trial"):
        for place, value in enumerate(values, start=1):
            share = 0.4 - 0.05 * place
            row = {"group": group, part: value, "n": 900, "estimate": share, "low": share - 0.02, "high": share + 0.02}
            rows.append({**row, "is_enough": True, "rank": place, "top_chance": 0.97 if place == 1 else 0.03})
    return schema.result(rows, ["group", part], ["rank", "top_chance"])


def follows(by: str | None = "plan") -> pd.DataFrame:
    """The share of journeys that follow a path."""
    told = {"annual": (2310, 0.142), "trial": (1190, 0.094)} if by else {"": (6300, 0.121)}
    rows = []
    for group, (n, value) in told.items():
        row = {**({by: group} if by else {}), "n": n, "estimate": value, "low": value - 0.02, "high": value + 0.02}
        rows.append({**row, "is_enough": True, "journeys": 2 * n})
    return schema.result(rows, [by] if by else [], ["journeys"])


def records() -> list[Any]:
    """What the notebook shows, with the markdown between."""
    made = record.make
    told = {key: CONVERTED[key] for key in ("by", "inside")}
    score = {"measure": "satisfaction.nps", "unit": "score", **told}
    path = {"pattern": "web -> [^phone]* -> order placed", "within_days": 7}
    return [
        "# Who differs, by how much, and is it them or their mix?",
        made("finding", "differs", differs(), **CONVERTED),
        made("finding", "differs", differs(scale=100), id="nps_differs", **score),
        "## Which measures differ?",
        made(
            "chart",
            "heat",
            heat(),
            by="plan",
            baseline="rest",
            currency="EUR",
            findings={"outcomes.converted": "differs", "satisfaction.nps": "nps_differs"},
        ),
        "## By how much?",
        made("chart", "forest", kinds(), finding="differs", **CONVERTED),
        made("chart", "parts", kinds(parts=True), finding="differs", **CONVERTED),
        made("table", "ranks", ranks(), top=3, **{**CONVERTED, "inside": ""}),
        "## Since when?",
        made(
            "chart",
            "panels",
            panels(),
            every_days=7,
            notes={"2025-12-03": "new checkout"},
            **{**CONVERTED, "inside": ""},
        ),
        "## Is the mean misleading?",
        made("chart", "spread", spread(), measure="value.revenue", by="plan", unit="money", currency="EUR"),
        "## Where do they go?",
        made("finding", "edges", edges(), by="plan", unit="share", inside="region"),
        made(
            "chart",
            "edges",
            edges(p=False),
            id="edges_chart",
            finding="edges",
            by="plan",
            unit="share",
            inside="region",
        ),
        made("finding", "follows", follows(), by="plan", **path),
        "## What serves each group best?",
        made("table", "best", best(), id="best_channel", by="plan", unit="share", top=1),
        made("table", "best", best("hour", [9, 17]), id="best_hour", by="plan", unit="share", top=1),
        made("table", "best", best("weekday", [1, 7]), id="best_weekday", by="plan", unit="share", top=1),
        "## Why do the totals differ?",
        made(
            "table",
            "reconciliation",
            pd.DataFrame(
                [["target_events", "events", 4120, 4120], ["begun_before", "events", -310, 3810]],
                columns=["label", "unit", "change", "left"],
            ),
        ),
    ]


NEXT_TO = ("differs", "nps_differs", "edges")  # findings whose rows are contrasts


def judged(audience: str = "shared") -> list[dict[str, Any]]:
    """The records as they are judged: the contrasts with a small p are claimed, small groups hidden."""
    found = []
    for one in records():
        if isinstance(one, str):
            continue
        rows, hidden = fakes.veil(one) if audience == "shared" else (one["rows"], [])
        compared = contrasts(one) if one["id"] in NEXT_TO else []
        claimed = any(contrast["claimed"] for contrast in compared)
        told = {"notebook": "segments", "verdict": "supported" if claimed else None, "claimed": claimed}
        told |= {"adjusted_p": 0.004 if claimed else None, "guards": [], "hidden": hidden, "min_cell": 10}
        found.append({**one, "rows": rows, "contrasts": compared, **told})
    places = {one["id"]: one for one in found}
    for one in found:
        if one["kind"] == "chart":
            named = one["context"].get("findings") or {}
            one["about"] = places.get(one["context"].get("finding"))
            one["abouts"] = {measure: places[name] for measure, name in named.items()}
    return found


def contrasts(one: dict[str, Any]) -> list[dict[str, Any]]:
    """The contrasts of a finding, claimed where p is small."""
    rows = [dict(zip(one["columns"], row, strict=True)) for row in one["rows"]]
    return [
        {"row": at, "p": row["p"], "adjusted_p": row["p"], "claimed": row["p"] < 0.01, "asked": False, "level": 0.05}
        for at, row in enumerate(rows)
        if row["is_enough"]
    ]


def notebook() -> nbformat.NotebookNode:
    """An executed notebook that shows the records."""
    return executed(records())


def executed(page: list[Any]) -> nbformat.NotebookNode:
    """An executed notebook of headings and records."""
    book = nbformat.v4.new_notebook()
    for one in page:
        if isinstance(one, str):
            book.cells.append(nbformat.v4.new_markdown_cell(one))
            continue
        output = nbformat.v4.new_output("display_data", data={record.MIME: one, "text/plain": record.plain(one)})
        book.cells.append(nbformat.v4.new_code_cell(f"show.{one['kind']}(…)", outputs=[output]))
    return book
