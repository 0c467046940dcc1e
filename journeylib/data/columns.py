"""Tell which of a source's columns is which, by the names that exports commonly use and by what the texts look like.

The two must agree: a time can be read, a number is one, an event id is hardly ever repeated.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from journeylib.data import patterns
from journeylib.data.patterns import Numbers, Times

__all__ = [
    "DISTINCT", "FEW", "NUMBERS", "TIMES", "Column", "are_customers", "customers", "describe", "events",
    "has_no_header", "key",
]  # fmt: skip

# Names that common exports use for each canonical column, most telling first; without case and marks.
_USUAL = {
    "event_id": ["eventid", "messageid", "uuid", "contactid", "conversationid", "interactionid", "responseid",
                 "recordid", "identityid", "receiptid", "receipt", "transactionid", "orderid", "rowid", "id"],
    "customer_id": ["customerid", "userid", "personid", "memberid", "clientid", "householdid", "requesterid",
                    "externalreference", "casecustomer", "caseconceptname", "caseid", "customer", "user", "member",
                    "client", "person", "accountid", "email"],
    "device_id": ["anonymousid", "userpseudoid", "domainuserid", "distinctid", "deviceid", "visitorid", "cookieid",
                  "device"],
    "occurred_at": ["occurredat", "timestamp", "eventtimestamp", "eventtime", "derivedtstamp", "timetimestamp",
                    "datetime", "createdat", "startedat", "started", "starttime", "initiationtimestamp",
                    "recordeddate", "at", "time", "date", "when", "day"],
    "touchpoint": ["touchpoint", "event", "eventname", "conceptname", "activity", "eventtype", "action", "type",
                   "name", "step", "what"],
    "channel": ["channel", "platform", "mediatype", "viachannel", "distributionchannel", "origin", "medium", "source",
                "where"],
    "ended_at": ["endedat", "ended", "endtime", "disconnecttimestamp", "conversationend", "closedat", "finishedat"],
    "stage": ["stage"],
    "score": ["score", "rating", "nps", "csat", "ces", "npsscore", "csatscore", "satisfaction"],
    "score_type": ["scoretype"],
    "revenue": ["revenue", "amount", "value", "total", "price", "ordervalue"],
    "currency": ["currency", "currencycode"],
    "cost": ["cost"],
    "reason": ["reason", "intent", "subject"],
    "resource": ["resource", "agent", "team", "orgresource", "queue"],
    "text": ["comment", "comments", "text", "description", "feedback"],
    "updated_at": ["updatedat", "lastupdatetimestamp", "modifiedat"],
}  # fmt: skip
_CUSTOMERS = {
    "customer_id": [*_USUAL["customer_id"], "id"],
    "signed_up_on": ["signedupon", "signupdate", "signedupat", "registeredon", "registrationdate", "registeredat",
                     "customersince", "joinedon", "joined", "createdon", "createdat", "from", "startdate"],
    "ended_on": ["endedon", "endedat", "churnedon", "churndate", "cancelledon", "closedon", "to", "enddate"],
    "end_cause": ["endcause", "churnreason", "cause"],
    "valid_from": ["validfrom"],
}  # fmt: skip
TIMES = {"occurred_at", "ended_at", "updated_at", "signed_up_on", "ended_on", "valid_from"}
NUMBERS = {"score", "revenue", "cost"}
DISTINCT = 0.9  # of its filled texts, for an event id; copies of at-least-once delivery lower it
FEW = 50  # values, for a channel or an attribute
_DISTINCT_UPDATED = 0.3  # where rows are delivered again as they change
_VAGUE = {"action", "type", "name", "step", "what"}  # names of a touchpoint's column, but of others too
_SOME = 200  # values, for a touchpoint by such a name
_VAGUE_SIGN_UPS = {"createdon", "createdat", "from", "startdate"}


@dataclass(frozen=True)
class Column:
    """One column as its rows show it: how many texts it holds, how many differ, and what they look like."""

    name: str
    rows: int
    filled: int
    distinct: int
    times: Times | None = None
    numbers: Numbers | None = None
    type: str = "text"

    @property
    def looks(self) -> str:
        """What its texts look like, in a few words."""
        return patterns.looks(self.times, self.numbers) if self.filled else "empty"


def describe(frame: pd.DataFrame, kinds: Mapping[str, str] | None = None) -> list[Column]:
    """Describe each column of a frame of texts; `kinds` gives the types of those that are no text at the source."""
    described = []
    for place, name in enumerate(map(str, frame.columns)):
        counts = frame.iloc[:, place].dropna().value_counts(sort=False)
        texts = {text: rows for text, rows in zip(counts.index.tolist(), counts.tolist(), strict=True) if text.strip()}
        kind = (kinds or {}).get(name, "text")
        if kind.startswith(("Datetime", "Date")):
            is_local = "time_zone=None" in kind or kind == "Date"
            times: Times | None = Times(("timestamp",), 1.0, is_local)
            numbers = None
        else:
            stripped = {text.strip(): rows for text, rows in texts.items()}
            times, numbers = patterns.times(stripped), patterns.numbers(stripped)
        described.append(Column(name, len(frame), sum(texts.values()), len(texts), times, numbers, kind))
    return described


def has_no_header(columns: Sequence[Column]) -> bool:
    """Whether the names in a file's first line look like values: a time among them, or mostly numbers."""
    numbers = [column for column in columns if patterns.numbers([column.name])]
    return any(patterns.times([column.name]) for column in columns) or 2 * len(numbers) > len(columns)


def events(columns: Sequence[Column], *, but: Collection[str] = ()) -> dict[str, Column]:
    """The columns of events by their canonical names, and `device_id`; none for the names in `but`.

    >>> sorted(events(describe(pd.DataFrame({"userId": ["7"], "when": ["2026-01-05"], "a": ["b"]}))))
    ['customer_id', 'occurred_at']
    """
    return _match(columns, {name: usual for name, usual in _USUAL.items() if name not in but})


def customers(columns: Sequence[Column]) -> dict[str, Column]:
    """The columns of customers by their canonical names."""
    return _match(columns, _CUSTOMERS)


def are_customers(columns: Sequence[Column], found: Mapping[str, Column], other: Mapping[str, Column]) -> bool:
    """Whether the rows are customers: one row each, and nothing that happened, at best a sign-up.

    `found` is what the columns are if they are events, `other` if customers.
    """
    if "customer_id" not in other or ("touchpoint" in found and key(found["touchpoint"].name) not in _VAGUE):
        return False
    is_one_each = other["customer_id"].distinct >= DISTINCT * other["customer_id"].filled
    if "signed_up_on" in other and key(other["signed_up_on"].name) not in _VAGUE_SIGN_UPS:
        return is_one_each or "touchpoint" not in found
    is_named = key(other["customer_id"].name) != "id"
    return is_one_each and ("signed_up_on" in other or (is_named and not any(column.times for column in columns)))


def key(name: str) -> str:
    """A column's name without case and marks.

    >>> key("User ID") == key("user_id") == key("userId")
    True
    """
    return re.sub(r"[\W_]", "", name.lower())


def _match(columns: Sequence[Column], usual: Mapping[str, Sequence[str]]) -> dict[str, Column]:
    """The column for each canonical one: the first usual name whose texts look right."""
    by_key: dict[str, Column] = {}
    for column in columns:
        by_key.setdefault(key(column.name), column)
    for column in columns:  # a field within another, such as properties.revenue
        by_key.setdefault(key(column.name.rsplit(".", 1)[-1]), column)
    is_updated = any(key in by_key for key in _USUAL["updated_at"])
    found: dict[str, Column] = {}
    for canonical, names in usual.items():
        taken = {column.name for column in found.values()}
        for name in names:
            match = by_key.get(name)
            if match and match.name not in taken and _fits(canonical, match, is_updated=is_updated):
                found[canonical] = match
                break
    if "occurred_at" in usual and "occurred_at" not in found:
        taken = {column.name for column in found.values()}
        written = (each for each in columns if each.times and not each.times.formats[0].startswith("epoch"))
        first = next((each for each in written if each.name not in taken), None)
        if first:
            found["occurred_at"] = first
    return {canonical: found[canonical] for canonical in usual if canonical in found}


def _fits(canonical: str, column: Column, *, is_updated: bool) -> bool:
    if not column.filled:
        return canonical not in {"occurred_at", "signed_up_on"} or not column.rows
    if canonical in TIMES:
        return column.times is not None
    if canonical in NUMBERS:
        return column.numbers is not None
    if canonical == "event_id":
        return column.distinct >= (_DISTINCT_UPDATED if is_updated else DISTINCT) * column.filled
    if canonical == "touchpoint":
        return column.times is None and (column.distinct <= _SOME or key(column.name) not in _VAGUE)
    return canonical != "channel" or (column.distinct <= FEW and column.times is None)
