"""A made-up edition with everything a page must bear: every form, small groups, hidden rows, hostile names."""

from __future__ import annotations

import datetime
import math
from typing import Any

import nbformat
import pandas as pd

from journeylib import schema
from journeylib.show import record

HOSTILE = "<script>alert(1)</script>"
FRACTION = "$\\frac{$ 5$"
UNDERSCORE = "_x"
OVERRIDE = "abc\u202egnp.exe"
LONG = "a very long name that goes on " * 10
HEBREW, ARABIC, CHINESE = "טלפון ללקוחות", "الهاتف المحمول", "微信小程序"


def contrast(
    estimate: float, low: float, high: float, n: int = 4120, p: float = 0.001, group: str = "annual"
) -> pd.DataFrame:
    """One contrast of a group with monthly contracts."""
    row = {"group": group, "baseline": "monthly", "n": n, "estimate": estimate, "low": low, "high": high}
    return schema.result([{**row, "is_enough": n >= 30, "p": p}], ["group", "baseline"], ["p"])


def one(n: int, estimate: float, low: float, high: float, **more: Any) -> pd.DataFrame:
    """A result frame of one row."""
    row = {"n": n, "estimate": estimate, "low": low, "high": high, "is_enough": n >= 30, **more}
    return schema.result([row], extra=list(more))


def spread(by: str, values: dict[str, tuple[int, float]], *, score: bool = False) -> pd.DataFrame:
    """A result frame of one row a group, with plausible intervals."""
    rows = []
    for group, (n, estimate) in values.items():
        half = 140 / math.sqrt(n) if score else 1.96 * math.sqrt(max(estimate * (1 - estimate), 0.001) / n) * 1.4
        low, high = (
            (estimate - half, estimate + half) if score else (max(estimate - half, 0.0), min(estimate + half, 1.0))
        )
        rows.append({by: group, "n": n, "estimate": estimate, "low": low, "high": high, "is_enough": n >= 30})
    return schema.result(rows, [by])


CHANNELS = {
    "web": (5210, 0.402),
    "app": (3890, 0.231),
    "phone": (3120, 0.172),
    "email": (1980, 0.094),
    "chat": (1460, 0.061),
    "store": (610, 0.031),
    HEBREW: (320, 0.0093),
    "fax": (14, 0.0004),
    "postcard": (4, 0.0001),
}
HOSTILES = {
    HOSTILE: (900, 0.31),
    FRACTION: (800, 0.22),
    UNDERSCORE: (700, 0.12),
    OVERRIDE: (650, 0.11),
    LONG: (600, 0.08),
    HEBREW: (500, 0.06),
    ARABIC: (450, 0.05),
    CHINESE: (400, 0.03),
    "": (90, 0.02),
}


def curve(groups: dict[str, tuple[int, float]], days: int = 420) -> pd.DataFrame:
    """Survival curves that fall at a steady rate, with a few entering late."""
    rows = []
    for group, (n, rate) in groups.items():
        left = float(n)
        for day in range(1, days + 1, 3):
            share = math.exp(-rate * day) * (0.97 if day % 30 < 3 else 1.0) if day > 3 else 1.0
            share = math.exp(-rate * (day - day % 30) - rate * 0.6 * (day % 30))
            half = 1.96 * math.sqrt(share * (1 - share) / n) * 1.2 * (1 + day / 300)
            left = n * share * (1 - day / (days * 1.05))
            values = {"estimate": share, "low": max(share - half, 0.0), "high": min(share + half, 1.0)}
            rows.append({"plan": group, "day": day, "n": n, **values, "is_enough": n >= 30, "at_risk": int(left)})
    return schema.result(rows, ["plan", "day"], ["at_risk"])


def weekly(first: str = "2025-07-07", weeks: int = 51, *, gap: int = 20) -> pd.DataFrame:
    """A weekly share of .83 that drops to .41 for three weeks, and one week without enough data."""
    start = datetime.date.fromisoformat(first)
    rows = []
    for week in range(weeks):
        level = 0.41 if 29 <= week <= 31 else 0.83 + 0.02 * math.sin(week)
        n = 12 if week == gap else 260 + 40 * (week % 5)
        half = 1.96 * math.sqrt(level * (1 - level) / n)
        on = (start + datetime.timedelta(weeks=week)).isoformat()
        values = {"n": n, "estimate": level, "low": level - half, "high": level + half, "is_enough": n >= 30}
        rows.append({"period_on": on, **values, "entries": n + 20})
    return schema.result(rows, ["period_on"], ["entries"])


def flow() -> pd.DataFrame:
    """Four columns of channels that add up."""
    links = {
        (1, "web", "chat"): 0.11,
        (1, "web", "app"): 0.07,
        (1, "web", "phone"): 0.05,
        (1, "web", "converted"): 0.09,
        (1, "web", "drop-off"): 0.06,
        (1, "web", "open"): 0.02,
        (1, "app", "web"): 0.06,
        (1, "app", "phone"): 0.03,
        (1, "app", "converted"): 0.06,
        (1, "app", "drop-off"): 0.06,
        (1, "app", "open"): 0.02,
        (1, "phone", "web"): 0.05,
        (1, "phone", "store"): 0.03,
        (1, "phone", "converted"): 0.03,
        (1, "phone", "drop-off"): 0.06,
        (1, "email", "web"): 0.05,
        (1, "email", "drop-off"): 0.04,
        (1, "email", "open"): 0.01,
        (1, "chat", "phone"): 0.03,
        (1, "chat", "converted"): 0.01,
        (1, "chat", "drop-off"): 0.02,
        (1, "store", "converted"): 0.02,
        (1, HEBREW, "drop-off"): 0.02,
        (2, "chat", "phone"): 0.08,
        (2, "chat", "drop-off"): 0.02,
        (2, "chat", "converted"): 0.01,
        (2, "app", "converted"): 0.04,
        (2, "app", "drop-off"): 0.03,
        (2, "phone", "converted"): 0.05,
        (2, "phone", "drop-off"): 0.04,
        (2, "phone", "open"): 0.02,
        (2, "web", "converted"): 0.08,
        (2, "web", "app"): 0.03,
        (2, "web", "drop-off"): 0.04,
        (2, "web", "open"): 0.01,
        (2, "store", "converted"): 0.02,
        (2, "store", "drop-off"): 0.01,
        (3, "phone", "converted"): 0.05,
        (3, "phone", "drop-off"): 0.02,
        (3, "phone", "open"): 0.01,
        (3, "app", "web"): 0.01,
        (3, "app", "converted"): 0.01,
        (3, "app", "drop-off"): 0.01,
    }
    rows = []
    for (step, source, target), share in links.items():
        values = {"n": 9412, "estimate": share, "low": share * 0.93, "high": share * 1.07, "is_enough": True}
        rows.append({"step": step, "source": source, "target": target, **values, "journeys": round(share * 21000)})
    return schema.result(rows, ["step", "source", "target"], ["journeys"])


def ends(by: str | None = None) -> pd.DataFrame:
    """How journeys end, of all or by region."""
    groups = (
        {"north": (4210, 0.41), "south": (2980, 0.37), "east": (1650, 0.33), "islands": (12, 0.3)}
        if by
        else {"": (9412, 0.38)}
    )
    rows = []
    for group, (n, converted) in groups.items():
        for outcome, share in [("converted", converted), ("lost", 0.88 - converted), ("open", 0.12)]:
            half = 1.96 * math.sqrt(share * (1 - share) / n) * 1.3
            values = {
                "n": n,
                "estimate": share,
                "low": max(share - half, 0),
                "high": share + half,
                "is_enough": n >= 30,
            }
            rows.append({**({by: group} if by else {}), "outcome": outcome, **values, "journeys": round(n * 2 * share)})
    return schema.result(rows, [by, "outcome"] if by else ["outcome"], ["journeys"])


def coverage() -> pd.DataFrame:
    """Events on channels month by month: one with a gap, one that began late, one of few customers."""
    rows = []
    for channel, (start, usual) in {
        "web": (0, 41_700),
        "phone": (0, 930),
        HEBREW: (9, 12_400),
        HOSTILE: (0, 12),
    }.items():
        for month in range(18):
            count = usual + 7 * month if month >= start else 0
            on = datetime.date(2025 + month // 12, month % 12 + 1, 1).isoformat()
            values = {"n": count // 4, "estimate": count, "low": count, "high": count, "is_enough": True}
            more = {"days": 30, "days_missing": 2 if (channel, month) == ("phone", 7) else 0}
            rows.append({"channel": channel, "period_on": on, **values, **more})
    return schema.result(rows, ["channel", "period_on"], ["days", "days_missing"])


def transitions() -> pd.DataFrame:
    """Steps between touchpoints with their waits."""
    pairs = [
        ("product viewed", "basket filled", 0.42, 0.8),
        ("basket filled", "checkout started", 0.31, 0.2),
        ("checkout started", "order placed", 0.26, 0.1),
        ("chat opened", "call answered", 0.09, 26.4),
        (HOSTILE, CHINESE, 0.04, 3.1),
        (LONG, ARABIC, 0.02, 120.0),
    ]
    rows = []
    for source, target, share, wait in pairs:
        values = {"n": 9412, "estimate": share, "low": share * 0.95, "high": share * 1.05, "is_enough": True}
        waits = {"wait_hours": wait, "wait_low": wait * 0.9, "wait_high": wait * 1.15}
        rows.append({"source": source, "target": target, **values, "journeys": round(share * 21000), **waits})
    return schema.result(rows, ["source", "target"], ["journeys", "wait_hours", "wait_low", "wait_high"])


STATEMENT: dict[str, Any] = {
    "from_on": "2025-07-01",
    "to_on": "2026-06-30",
    "begins_on": "2025-01-01",
    "sources": 6,
    "events": 412_906,
    "customers": 9412,
    "channels": 6,
    "records_in": 640_120,
    "accepted": 621_480,
    "quarantined": 10_310,
    "duplicates": 8330,
    "complete_through": "2026-06-30",
    "fingerprint": "9f2c5a1be07744d2",
}
GOAL = {"goal": "purchase", "touchpoint": "order placed", "within_days": 30}
CHAIN = {"chain": ["web", "chat", "phone"]}
STEP = {"source": "checkout started", "target": "order placed", "within_days": 1}
STAY = {"measure": "churn.survival", "by": "plan", "kind": "contract", "horizon_days": 365}
INCIDENT = pd.DataFrame(
    [["2026-01-26", "2026-02-14", 812, 0.412, 0.371, 0.455, True, 0.001, 0.836]],
    columns=["from_on", "until_on", *schema.RESULT, "p", "before"],
)


def records() -> dict[str, list[Any]]:
    """What three notebooks show, with the markdown between: headings are text, the rest are records."""
    made = record.make
    reasons = pd.DataFrame({"rule": ["no time", "clock at zero", "ends before it starts"], "rows": [6120, 2911, 1279]})
    data = made("data", "data", reasons, **STATEMENT)
    plans = {"annual": (2210, 0.00105), "monthly": (4120, 0.0031)}
    seven = {
        plan: (900 - 100 * i, 0.0008 + 0.0006 * i)
        for i, plan in enumerate(["annual", "monthly", "trial", HEBREW, "a", "b", "c"])
    }
    return {
        "summary": [
            "# What does this edition claim?\n\nFor everyone: the questions asked beforehand and their answers, "
            "then what was found by looking.",
            data,
            made("claims", "claims", None),
            "## How this was made",
            made("made", "made", None),
        ],
        "overview": [
            "# How do customers move through our channels, and how do their journeys end?\n\n"
            "For whoever runs the channels: it helps to decide which hand-overs to mend first.",
            data,
            made("finding", "converted", one(9105, 0.3812, 0.3641, 0.3987), **GOAL),
            made("finding", "bounced", one(9412, 0.1483, 0.1391, 0.1579), **CHAIN),
            made("number", "customers", one(9412, 9412, 9412, 9412), unit="count"),
            made("number", "converted_share", one(9105, 0.3812, 0.3641, 0.3987), unit="share", **GOAL),
            made("number", "bounced_share", one(9412, 0.1483, 0.1391, 0.1579), unit="share", **CHAIN),
            made("number", "nps", one(1240, 31.2, 27.1, 35.3), id="nps_number", unit="score"),
            "## Who comes, and through which channels?",
            made("finding", "first_channel", spread("channel", CHANNELS)),
            made(
                "chart",
                "shares",
                spread("channel", CHANNELS),
                id="first_channels",
                of="journeys",
                unit="share",
                measure="first_channel",
            ),
            made(
                "chart",
                "shares",
                spread("channel", HOSTILES),
                id="channel_use",
                of="customers",
                unit="share",
                measure="channel_use",
            ),
            made("chart", "coverage", coverage(), unit="count", period="month"),
            "## How do journeys flow?",
            made("chart", "flow", flow(), of="channel", goal="purchase"),
            "## How do journeys end, and for whom is it different?\n\nA journey is *lost* when its window closed "
            "without the goal, [explained here](churn.html), and [not there](javascript:alert(1)). "
            "<b>Raw</b> HTML stays text.",
            made("chart", "outcomes", ends("region"), by="region", **GOAL),
            made("chart", "outcomes", ends(), id="outcomes_all", **GOAL),
            "## Where do customers wait?",
            made("table", "transitions", transitions()),
            "## When did a step break down?",
            made("finding", "incident", INCIDENT, **STEP),
            made(
                "chart",
                "trend",
                weekly(),
                id="step_by_week",
                finding="incident",
                unit="share",
                measure="step",
                every_days=7,
                notes={
                    "2025-10-03": "new checkout",
                    "2026-01-26": "payment provider changed",
                    "2026-06-01": f"{HEBREW} & <i>",
                },
                **STEP,
            ),
            "## How satisfied are the customers who answered?",
            made("finding", "nps", one(1240, 31.2, 27.1, 35.3)),
            made(
                "chart",
                "shares",
                spread(
                    "region",
                    {"north": (610, 36.0), "south": (410, 30.0), "east": (210, -4.0), "islands": (9, 10.0)},
                    score=True,
                ),
                id="nps_by",
                of="customers who answered",
                unit="score",
                measure="nps",
                by="region",
            ),
            "## What would change this",
            made("finding", "nps", schema.not_applicable("no event carries a score"), id="nps_missing"),
            made("chart", "trend", schema.not_applicable("no event carries a cost", ["period_on"]), id="cost"),
            made("finding", "converted", one(14, 0.5, 0.2, 0.8), id="few", **GOAL),
            made(
                "table",
                "converted_by",
                spread(
                    "region", {"north": (4210, 0.41), "south": (2980, 0.37), "islands": (12, 0.3), "abroad": (6, 0.4)}
                ),
                id="groups",
                by="region",
                **GOAL,
            ),
            "## How this was made\n\n"
            "Conversion is the share of mature journeys that reach the goal: `converted / mature`.",
            made("made", "made", None),
        ],
        "churn": [
            "# How long do customers stay, and for whom is it different?\n\n"
            "For whoever looks after existing customers: it helps to decide whom to keep, and when to act.",
            data,
            made("finding", "stay", contrast(34.2, 28.1, 40.3), **STAY),
            made(
                "finding",
                "left",
                spread("plan", {"annual": (2210, 0.681), "monthly": (4120, 0.322)}),
                by="plan",
                kind="contract",
                horizon_days=365,
            ),
            made(
                "number", "still_share", one(6330, 0.447, 0.431, 0.463), unit="share", kind="contract", horizon_days=365
            ),
            made(
                "number", "left_customers", one(2214, 2214, 2214, 2214), unit="count", kind="contract", horizon_days=365
            ),
            "## How long do customers stay?",
            made("chart", "survival", curve(plans), finding="stay", **STAY),
            made(
                "finding",
                "median_stay",
                schema.result(
                    [
                        {"plan": "annual", "n": 2210, "estimate": None, "low": None, "high": None, "is_enough": True},
                        {
                            "plan": "monthly",
                            "n": 4120,
                            "estimate": 224.0,
                            "low": 213.0,
                            "high": 236.0,
                            "is_enough": True,
                        },
                    ],
                    ["plan"],
                ),
                by="plan",
                kind="contract",
                horizon_days=365,
            ),
            "## And region by region?",
            made(
                "finding",
                "stay",
                contrast(3.4, -8.0, 14.6, p=0.55, group="north"),
                id="stay_region",
                **{**STAY, "by": "region"},
            ),
            made(
                "chart",
                "survival",
                curve(
                    {"north": (900, 0.0021), "south": (700, 0.0022), "east": (400, 0.0023), "west": (20, 0.002)}, 300
                ),
                id="by_region",
                finding="stay_region",
                **{**STAY, "by": "region"},
            ),
            made(
                "finding",
                "stay",
                contrast(12.0, 2.1, 21.9, p=0.03, group=HOSTILE),
                id="stay_close",
                **{**STAY, "by": OVERRIDE},
            ),
            made("chart", "survival", curve(seven), id="by_many", **STAY),
            "## What ended the contracts?",
            made(
                "chart",
                "shares",
                spread(
                    "cause", {"voluntary": (1420, 0.64), "payment failed": (520, 0.235), "moved away": (270, 0.122)}
                ),
                id="causes",
                of="customers whose contract ended",
                unit="share",
                measure="causes",
            ),
            "## How this was made",
            made("made", "made", None),
        ],
    }


def judged(audience: str = "shared") -> dict[str, Any]:
    """The judged record of it all: the plans and the incident are claimed, small cells hidden."""
    verdicts = {
        "stay": "supported",
        "nps_missing": "not applicable",
        "cost": "not applicable",
        "few": "not enough data",
        "stay_region": "not enough data",
    }
    every = []
    for notebook, shown in records().items():
        for one_record in shown:
            if isinstance(one_record, str):
                continue
            verdict = verdicts.get(one_record["id"])
            claimed = one_record["id"] in ("stay", "incident")
            guards = (
                [{"guard": "events per group", "status": "caution", "have": 14, "needed": 20}]
                if one_record["id"] == "stay_region"
                else []
            )
            rows, hidden = veil(one_record) if audience == "shared" else (one_record["rows"], [])
            more = {
                "notebook": notebook,
                "verdict": verdict,
                "claimed": claimed,
                "adjusted_p": 0.004 if claimed else None,
            }
            every.append({**one_record, "rows": rows, **more, "guards": guards, "hidden": hidden})
    asked = {"measure": "churn.survival", "by": "plan", "expect": "annual > monthly", "dated": "2026-06-01"}
    questions = [
        {
            **asked,
            "text": "Do customers on annual contracts stay longer?",
            "verdict": "supported",
            "record": "churn/stay",
            "why": "as_expected",
        },
        {
            **asked,
            "by": "region",
            "text": "Do customers in the north stay longer?",
            "verdict": "not enough data",
            "record": "churn/stay_region",
            "why": "none_found",
        },
        {
            **asked,
            "text": f"Does {HOSTILE} matter?",
            "verdict": "not applicable",
            "record": None,
            "why": "unmeasured",
        },
    ]
    ledger = {"comparisons": 5, "claimed": 2, "alpha": 0.05, "method": "Benjamini–Hochberg"}
    return {"audience": audience, "min_cell": 10, "records": every, "questions": questions, "ledger": ledger}


def veil(one_record: dict[str, Any]) -> tuple[list[list[Any]], list[int]]:
    """The rows of a record as a shared page has them, and which of them are hidden."""
    columns = one_record["columns"]
    if "n" not in columns or one_record["kind"] == "number":
        return one_record["rows"], []
    rows, hidden = [], []
    for i, row in enumerate(one_record["rows"]):
        small = row[columns.index("n")] < 10
        if small:
            hidden.append(i)
        veiled = {*schema.RESULT, *schema.COUNTS} - {"is_enough"}
        rows.append([None if small and column in veiled else value for column, value in zip(columns, row, strict=True)])
    return rows, hidden


def notebooks() -> dict[str, nbformat.NotebookNode]:
    """Executed notebooks that show the records, and what must never reach a page."""
    books = {}
    for name, shown in records().items():
        book = nbformat.v4.new_notebook()
        for cell in shown:
            if isinstance(cell, str):
                book.cells.append(nbformat.v4.new_markdown_cell(cell))
                continue
            data = {record.MIME: cell, "text/plain": record.plain(cell)}
            output = nbformat.v4.new_output("display_data", data=data)
            book.cells.append(nbformat.v4.new_code_cell(f"show.{cell['kind']}(…)", outputs=[output]))
        if name == "overview":
            outputs = [
                nbformat.v4.new_output("stream", name="stdout", text=f"printed {HOSTILE}\n"),
                nbformat.v4.new_output("stream", name="stderr", text="/home/someone/secret: warning\n"),
                nbformat.v4.new_output(
                    "display_data", data={"text/html": HOSTILE, "application/javascript": "alert(2)"}
                ),
                nbformat.v4.new_output(
                    "display_data", data={"image/png": "iVBORw0KGgo=", "text/plain": "<Figure size 1>"}
                ),
                nbformat.v4.new_output("execute_result", data={"text/plain": f"frame {HOSTILE}"}, execution_count=1),
            ]
            book.cells.insert(-2, nbformat.v4.new_code_cell("import secret_source", outputs=outputs))
        books[name] = book
    return books


EDITION: dict[str, Any] = {
    "name": "demo",
    "title": "Demo company: journeys and churn",
    "notebooks": ["summary", "overview", "churn"],
    "audience": "shared",
    "language": "en",
    "start": "2025-07-01",
    "as_of": "2026-06-30",
    "complete_through": "2026-06-28",
    "status": "draft",
    "id": "5f1c2ab09944d1e87a",
    "look": 4,
    "identity": {
        "data": "9f2c5a1be07744d2aa",
        "code": "11aa22bb33cc44dd",
        "parameters": "77",
        "previous": "4e0b",
        "look": 4,
    },
    "previous": {"id": "4e0b9a", "as_of": "2026-06-23", "path": "../2026-06-23-4e0b9a11/index.html"},
    "goals": {"purchase": {"touchpoint": "order placed", "within_days": 30}},
    "segments": {"plan": "customers.plan"},
    "parameters": {
        "overview": {"goal": "purchase", "by": "region", "chain": ["web", "chat", "phone"]},
        "churn": {"by": HOSTILE},
    },
    "versions": {"python": "3.11.2", "journeylib": "0.1.0", "duckdb": "2.0.0"},
}


CATALOGUE: list[dict[str, Any]] = [
    {
        "name": "demo",
        "title": "Demo company: journeys and churn",
        "as_of": "2026-06-30",
        "status": "published",
        "answer": "38\u202f% of journeys reach “\u2068purchase\u2069” within 30 days (36–40\u202f%, n\u202f=\u202f9).",
        "path": "demo/2026-06-30-5f1c2ab0/index.html",
        "failed": None,
        "older": [
            {"as_of": "2026-06-23", "path": "demo/2026-06-23-4e0b9a11/index.html"},
            {"as_of": "2026-06-16", "path": "demo/2026-06-16-1/index.html"},
        ],
    },
    {
        "name": "grocery",
        "title": "Grocery households: campaigns, baskets and lapse",
        "as_of": "2017-12-31",
        "status": "stale since 2018-01-08",
        "answer": "6.2\u202f% of journeys reach “\u2068redemption\u2069” within 30 days (5–7\u202f%, n\u202f=\u202f9).",
        "path": "grocery/2017-12-31-9/index.html",
        "failed": None,
        "older": [],
    },
    {
        "name": "calls",
        "title": f"Calls {HOSTILE}",
        "as_of": None,
        "status": "failed",
        "answer": None,
        "path": None,
        "older": [],
        "failed": "churn, cell 4: TimeoutError (as of 2026-06-30)",
    },
]
