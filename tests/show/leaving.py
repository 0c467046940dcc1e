"""What a page of churn shows, made up: who leaves sooner, what comes before it, who is likely to be next."""

from __future__ import annotations

import math
from typing import Any

import fakes
import groups
import nbformat
import pandas as pd

from journeylib import schema
from journeylib.show import record

ABOUT = {"kind": "contract", "horizon_days": 365}
CONTRAST = ["covariate", "group", "baseline"]

# Segment, level, baseline: customers, ratio, half of its interval as a logarithm, why there is none.
RATIOS: list[tuple[str, str, str, int, float, float, str]] = [
    ("plan", "annual", "monthly", 1945, 0.49, 0.12, ""),
    ("region", "Leeds", "London", 840, 1.02, 0.15, ""),
    ("region", groups.HEBREW, "London", 420, 0.77, 0.2, ""),
    ("region", "Ely", "London", 14, 1.4, 0.9, ""),
    ("region", "Sark", "London", 4, 1.4, 0.9, ""),
    ("first_talk", "decided", "unsure", 2175, 1.04, 0.1, ""),
    ("age", "not said", "old", 210, math.nan, math.nan, "collinear"),
    ("team", "gold", "blue", 60, math.nan, math.nan, "nobody left"),
]


def ratios(*, p: bool = True) -> pd.DataFrame:
    """Ratios as logarithms, as `judge.hazards` gives them."""
    rows = []
    for covariate, group, baseline, n, ratio, half, note in RATIOS:
        value = math.log(ratio)
        place = {"covariate": covariate, "group": group, "baseline": baseline, "n": n, "estimate": value}
        ends = {"low": value - half, "high": value + half, "is_enough": n >= 30 and not note}
        told = {"p": 0.0004 if group == "annual" else 0.4} if p else {}
        more = {"left": n // 4, "is_proportional": covariate != "plan", "note": note}
        rows.append({**place, **ends, **told, **more})
    return schema.result(rows, CONTRAST, ["p", "left", "is_proportional", "note"] if p else ["left", "note"])


def bands() -> pd.DataFrame:
    """The ratio of a plan before and after a day."""
    rows = []
    for first, last, ratio in ((1, 90, 0.37), (91, None, 0.5)):
        value = math.log(ratio)
        place = {"covariate": "plan", "group": "annual", "baseline": "monthly", "from_day": first, "until_day": last}
        rows.append({**place, "n": 920, "estimate": value, "low": value - 0.3, "high": value + 0.3, "is_enough": True})
    return schema.result(rows, [*CONTRAST, "from_day", "until_day"])


def days() -> pd.DataFrame:
    """Differences in days, of several segments."""
    rows = []
    for at, (covariate, group, baseline, n, *_) in enumerate(RATIOS[:6]):
        place = {"covariate": covariate, "group": group, "baseline": baseline, "n": n, "estimate": 47.0 - 15 * at}
        rows.append({**place, "low": 38.0 - 15 * at, "high": 56.0 - 15 * at, "is_enough": n >= 30})
    return schema.result(rows, CONTRAST)


# Path: customers, ratio, half of its interval, left, expected.
LEADS: dict[str, tuple[int, float, float, int, float]] = {
    "complaint": (610, 1.72, 0.2, 118, 71.4),
    "call → call": (480, 1.5, 0.3, 60, 41.0),
    groups.CHINESE: (900, 1.1, 0.2, 90, 84.2),
    "order placed": (3900, 0.96, 0.1, 510, 522.0),
    "store visit": (22, 1.9, 0.8, 12, 6.5),
}


def leads(*, p: bool = True) -> pd.DataFrame:
    """What comes before leaving."""
    rows = []
    for path, (n, ratio, half, left, expected) in LEADS.items():
        value = math.log(ratio)
        row = {"group": path, "baseline": "rest", "n": n, "estimate": value, "low": value - half, "high": value + half}
        told = {"p": 0.0004 if path == "complaint" else 0.02 if path == "call → call" else 0.4} if p else {}
        more = {"left": left, "expected": expected, "placebo": 0.02, "placebo_low": -0.2, "placebo_high": 0.24}
        rows.append({**row, "is_enough": n >= 30, **told, **more})
    more = ["left", "expected", "placebo", "placebo_low", "placebo_high"]
    return schema.result(rows, ["group", "baseline"], ["p", *more] if p else more)


def leaving() -> pd.DataFrame:
    """The share that leaves, band by band."""
    rows = []
    for at, share in enumerate((0.065, 0.055, 0.045, 0.047, 0.05, 0.024)):
        row = {"from_day": 1 + 30 * at, "n": 1500 - 90 * at, "estimate": share, "low": share - 0.01}
        rows.append({**row, "high": share + 0.012, "is_enough": True, "at_risk": 1400 - 90 * at, "left": 70})
    return schema.result(rows, ["from_day"], ["at_risk", "left"])


def incidence() -> pd.DataFrame:
    """Shares that have left for each cause."""
    rows = []
    for cause, most in {"price": 0.24, "moved": 0.05, groups.HEBREW: 0.03}.items():
        for day in range(0, 366, 30):
            share = most * day / 365
            row = {"cause": cause, "day": day, "n": 5000, "estimate": share, "low": share * 0.9, "high": share * 1.1}
            rows.append({**row, "is_enough": True, "at_risk": 1900 - day, "left": int(5000 * share)})
    return schema.result(rows, ["cause", "day"], ["at_risk", "left"])


def calibration() -> pd.DataFrame:
    """Expected and observed shares of fifths."""
    rows = []
    for band, (predicted, share) in enumerate(((0.02, 0.025), (0.05, 0.04), (0.07, 0.08), (0.1, 0.11), (0.2, 0.17)), 1):
        row = {"band": band, "n": 650, "estimate": share, "low": share - 0.02, "high": share + 0.02, "is_enough": True}
        rows.append({**row, "predicted": predicted, "left": int(650 * share)})
    return schema.result(rows, ["band"], ["predicted", "left"])


def foretold(model: float = 0.68, rule: float = 0.57) -> pd.DataFrame:
    """How good the forecast is, beside a rule of thumb."""
    rows = []
    for measure, half, shift in (("concordance", 0.04, 0.0), ("brier", 0.01, 0.6)):
        gain = ("model less rule", model - rule + shift)
        for way, value in (("model", model), ("rule of thumb", rule), gain):
            value = value - shift
            row = {"way": way, "measure": measure, "n": 3200, "estimate": value, "low": value - half}
            rows.append({**row, "high": value + half, "is_enough": True, "left": 240})
    return schema.result(rows, ["way", "measure"], ["left"])


def at_risk(by: str = "plan") -> pd.DataFrame:
    """The share expected to leave, by group; all in one row where `by` is empty."""
    groups_of = {"monthly": (1776, 0.094), "annual": (1486, 0.044)} if by else {"": (3262, 0.071)}
    rows = []
    for group, (n, share) in groups_of.items():
        place = {by: group} if by else {}
        rows.append({**place, "n": n, "estimate": share, "low": share - 0.01, "high": share + 0.01, "is_enough": True})
    return schema.result(rows, [by] if by else [])


def reasons() -> pd.DataFrame:
    """What those most at risk have in common."""
    rows = [
        {
            "reason": "plan",
            "level": "monthly",
            "n": 210,
            "estimate": 0.64,
            "low": 0.59,
            "high": 0.69,
            "is_enough": True,
        },
        {
            "reason": "contacts",
            "level": "3 or more",
            "n": 90,
            "estimate": 0.28,
            "low": 0.23,
            "high": 0.33,
            "is_enough": True,
        },
    ]
    return schema.result([{**row, "predicted": 0.2} for row in rows], ["reason", "level"], ["predicted"])


def worth() -> pd.DataFrame:
    """What a customer is expected to bring, in cents."""
    rows = []
    for plan, (n, amount) in {"annual": (1945, 412_40.0), "monthly": (3055, 301_10.0)}.items():
        row = {"plan": plan, "n": n, "estimate": amount, "low": amount * 0.9, "high": amount * 1.1, "is_enough": True}
        rows.append({**row, "stay_days": 301.5, "per_day": amount / 301.5})
    return schema.result(rows, ["plan"], ["stay_days", "per_day"])


def records() -> list[Any]:
    """The page: headings and records."""
    made, ratio = record.make, {"unit": "ratio", **ABOUT}
    months = {"days": 90, "kind": "contract"}
    money = {"by": "plan", "unit": "money", "currency": "EUR", **ABOUT}
    before = {"within_days": 30, "measure": "leads", **ratio}
    return [
        "# How long do customers stay?\n\nMade up.",
        made("finding", "hazards", ratios(), id="ratios", measure="hazard", **ABOUT),
        made("chart", "contrasts", ratios(p=False), id="ratios_chart", finding="ratios", measure="hazard", **ratio),
        made("chart", "contrasts", days(), id="days_chart", measure="stay", unit="days", **ABOUT),
        made("chart", "contrasts", bands(), id="turned", measure="bands", **ratio),
        "## When and why?",
        made("chart", "hazard", leaving(), band_days=30, **ABOUT),
        made("chart", "incidence", incidence(), **ABOUT),
        "## What comes before?",
        made("finding", "leads", leads(), within_days=30, **ABOUT),
        made("chart", "contrasts", leads(p=False), id="leads_chart", finding="leads", **before),
        "## Who is next?",
        made("number", "expected", at_risk(""), unit="share", **months),
        made("finding", "expected", at_risk(""), **months),
        made("table", "at_risk", at_risk(), **months),
        made("table", "risk_reasons", reasons(), **months),
        made("finding", "foretold", foretold(), **months),
        made("table", "foretold", foretold(), id="scores", unit="number", **months),
        made("chart", "calibration", calibration(), **months),
        made("finding", "worth", worth(), **money),
        made("table", "worth", worth(), id="worths", **money),
    ]


NEXT_TO = ("ratios", "leads")


def judged() -> list[dict[str, Any]]:
    """The records as a shared page has them: the contrasts with a small p are claimed, small groups hidden."""
    found = []
    for one in records():
        if isinstance(one, str):
            continue
        rows, hidden = fakes.veil(one)
        contrasts = groups.contrasts(one) if one["id"] in NEXT_TO else []
        claimed = any(contrast["claimed"] for contrast in contrasts)
        told = {"notebook": "churn_page", "verdict": "supported" if claimed else None, "claimed": claimed}
        told |= {"adjusted_p": 0.004 if claimed else None, "guards": [], "hidden": hidden, "min_cell": 10}
        found.append({**one, "rows": rows, "contrasts": contrasts, **told})
    places = {one["id"]: one for one in found}
    for one in found:
        if one["kind"] == "chart":
            one["about"] = places.get(one["context"].get("finding"))
    return found


def notebook() -> nbformat.NotebookNode:
    """An executed notebook that shows the records."""
    return groups.executed(records())
