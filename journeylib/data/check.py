"""Look at a source before loading it: what is in it, a suggested mapping, what would be rejected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw

from journeylib import engine
from journeylib.data import mapping, quality, reading
from journeylib.errors import SourceError

__all__ = ["check", "suggest"]

# Names that common exports use for each canonical column, most telling first.
_USUAL = {
    "event_id": ["event_id", "messageid", "uuid", "contactid", "conversationid", "message_id", "id", "row_id"],
    "customer_id": ["customer_id", "userid", "user_id", "person_id", "customer", "household_id", "client_id"],
    "_device": ["anonymousid", "anonymous_id", "user_pseudo_id", "domain_userid", "distinct_id", "device_id"],
    "occurred_at": ["occurred_at", "timestamp", "event_timestamp", "derived_tstamp", "time:timestamp", "created_at",
                    "started", "initiationtimestamp", "recordeddate", "at", "time", "date"],
    "touchpoint": ["touchpoint", "event", "event_name", "concept:name", "activity", "eventtype", "type", "name"],
    "channel": ["channel", "platform", "mediatype", "via_channel", "origin", "source"],
    "ended_at": ["ended_at", "ended", "disconnecttimestamp", "conversationend", "closed_at"],
    "score": ["score", "rating", "nps", "csat"],
    "score_type": ["score_type"],
    "revenue": ["revenue", "amount", "value", "total", "price"],
    "currency": ["currency", "currencycode"],
    "cost": ["cost"],
    "reason": ["reason", "intent", "subject"],
    "resource": ["resource", "agent", "team", "org:resource", "queue"],
    "text": ["comment", "text", "description"],
    "updated_at": ["updated_at", "lastupdatetimestamp"],
}  # fmt: skip


def check(path: Path | str) -> dict[str, Any]:
    """Describe a source file: rows, columns with their types, a suggested mapping and the rows it would reject.

    The answer has file, rows, columns (name, type), mapping (TOML text), lacks (what could
    not be suggested) and would_reject (rule → rows; empty while something is lacking).
    Nothing is written.
    """
    path = Path(path)
    if not path.is_file():
        raise SourceError(f"there is no file {path}. Name one .parquet or .csv file.")
    there = reading.columns(path)
    columns, lacks = suggest(list(there))
    text = _toml(path, columns, lacks, there)
    answer: dict[str, Any] = {
        "file": path.name,
        "rows": reading.count_records(path),
        "columns": [{"name": name, "type": str(kind)} for name, kind in there.items()],
        "mapping": text,
        "lacks": lacks,
        "would_reject": {},
    }
    if not [name for name in lacks if name != "channel"]:
        source = mapping.Source(
            name=path.stem,
            kind="events",
            path=path.name,
            files=(path,),
            columns=columns,
            constants={"channel": "web"} if "channel" in lacks else {},
            time_format=_format(there[columns["occurred_at"][0]]),
            zone="UTC",
        )
        rules = reading.stage(source, path).group_by("rule").agg(rows=nw.len())
        found = engine.collect(rules, order_by=["rule"]).dropna()
        answer["would_reject"] = {
            name: {"rows": rows, "why": quality.rule_named(name).sentence}
            for name, rows in zip(found["rule"].tolist(), found["rows"].tolist(), strict=True)
        }
    return answer


def suggest(there: list[str]) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """Suggest which of a source's columns are the canonical ones; also name the needed ones without a guess.

    >>> suggest(["messageId", "userId", "anonymousId", "timestamp", "event"])[0]["customer_id"]
    ('userId', 'anonymousId')
    """
    plain = {name.lower().replace(" ", "_"): name for name in there}
    found: dict[str, tuple[str, ...]] = {}
    taken: set[str] = set()
    for canonical, usual in _USUAL.items():
        match = next((plain[name] for name in usual if name in plain and plain[name] not in taken), None)
        if match is None:
            continue
        taken.add(match)
        into = "customer_id" if canonical == "_device" else canonical
        found[into] = (*found.get(into, ()), match)
    needed = ["customer_id", "occurred_at", "touchpoint", "channel"]
    return found, [name for name in needed if name not in found]


def _format(kind: nw.dtypes.DType) -> str:
    return "timestamp" if isinstance(kind, nw.Datetime | nw.Date) else "iso" if kind == nw.String else "epoch_us"


def _toml(path: Path, columns: dict[str, tuple[str, ...]], lacks: list[str], there: dict[str, Any]) -> str:
    lines = ["[[source]]", 'kind = "events"', f"path = {json.dumps(path.name)}", "[source.columns]"]
    for name, theirs in columns.items():
        lines.append(f"{name} = {json.dumps(theirs[0] if len(theirs) == 1 else list(theirs), ensure_ascii=False)}")
    lines += [f'# {name} = "…"   # not recognised: name your column' for name in lacks if name != "channel"]
    if "channel" in lacks:
        lines += ["[source.constants]", 'channel = "web"   # not recognised: say which channel these events are']
    form = _format(there[columns["occurred_at"][0]]) if "occurred_at" in columns else "iso"
    lines += ["[source.time]", f'format = "{form}"', 'zone = "UTC"   # the zone of times without an offset']
    return "\n".join(lines) + "\n"
