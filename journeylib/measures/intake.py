"""What became of every record that was read? The store's own account of its load, as small frames.

Nothing is computed from events here: these are the counts that the load made and checked.
A store loaded by an older version lacks some of them; the frame then says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from journeylib.data import quality
from journeylib.trace import measured

__all__ = ["accepted", "modes", "read", "reasons", "records", "sources", "unmerged", "warned"]

_FATES = ["accepted", "quarantined", "duplicates"]
_MODES = ["none", "live", "replay", "graph"]
_AGAIN = "the store was loaded before this was counted; load it again"


@measured
def records(facts: Mapping[str, Any]) -> pd.DataFrame:
    """Give the records read and what became of them: one row, with whether the three add up.

    >>> records({"records_in": 10, "accepted": 7, "quarantined": 2, "duplicates": 1})["adds_up"][0]
    np.True_
    """
    row = {name: int(facts[name]) for name in ["records_in", *_FATES]}
    return pd.DataFrame([{**row, "adds_up": sum(row[name] for name in _FATES) == row["records_in"]}])


@measured
def read(facts: Mapping[str, Any]) -> pd.DataFrame:
    """Give the number of records read, as the estimate of one row."""
    return pd.DataFrame({"estimate": [int(facts["records_in"])]})


@measured
def accepted(facts: Mapping[str, Any]) -> pd.DataFrame:
    """Give the share of the records read that were accepted, as the estimate of one row; empty where none was read."""
    whole = int(facts["records_in"])
    return pd.DataFrame({"estimate": [int(facts["accepted"]) / whole] if whole else []})


@measured
def sources(facts: Mapping[str, Any]) -> pd.DataFrame:
    """Give each source with its records, what became of them, and its first and last day; most records first.

    What an older store did not count is empty.
    """
    names = ["source", "records", *_FATES, "first_on", "last_on"]
    rows = [{**each, "source": each["name"]} for each in facts.get("sources") or ()]
    frame = pd.DataFrame(rows, columns=names)
    for name in ["records", *_FATES]:
        frame[name] = frame[name].astype("Int64")
    return frame.sort_values(["records", "source"], ascending=[False, True], ignore_index=True)


@measured
def reasons(facts: Mapping[str, Any]) -> pd.DataFrame:
    """Give each rule that rejected rows: its sentence, its remedy, the rows and its id; most rows first."""
    rows = []
    for name, count in (facts.get("reasons") or {}).items():
        rows.append({**_explained(name), "rows": int(count), "rule": name})
    found = pd.DataFrame(rows, columns=["sentence", "remedy", "rows", "rule"])
    return found.sort_values(["rows", "rule"], ascending=[False, True], ignore_index=True)


@measured
def warned(facts: Mapping[str, Any]) -> pd.DataFrame:
    """Give what the load warned of: one row a warning, as the store keeps it, without ids."""
    return pd.DataFrame({"warning": list(facts.get("warnings") or ())}, columns=["warning"])


@measured
def modes(facts: Mapping[str, Any]) -> pd.DataFrame:
    """Give the customers that each mode of identity would have given; `is_used` marks the one that did."""
    identity = facts.get("identity") or {}
    names = ["mode", "customers", "is_used"]
    if not identity.get("customers"):
        empty = pd.DataFrame(columns=names)
        empty.attrs["not_applicable"] = _AGAIN
        return empty
    found = [(mode, int(identity["customers"][mode])) for mode in _MODES if mode in identity["customers"]]
    return pd.DataFrame([(mode, count, mode == identity.get("mode")) for mode, count in found], columns=names)


@measured
def unmerged(facts: Mapping[str, Any]) -> pd.DataFrame:
    """Give the groups of ids that were too large to merge: the customers and devices of each, most customers first."""
    told = (facts.get("identity") or {}).get("unmerged_components") or []
    rows = [{"customers": int(each["persons"]), "devices": int(each["devices"])} for each in told]
    found = pd.DataFrame(rows, columns=["customers", "devices"])
    return found.sort_values(["customers", "devices"], ascending=False, ignore_index=True)


def _explained(rule: str) -> dict[str, str | None]:
    """The sentence and the remedy of a rule; none where a newer version rejected by a rule of its own."""
    try:
        known = quality.rule_named(rule)
    except (StopIteration, KeyError):
        return {"sentence": None, "remedy": None}
    return {"sentence": known.sentence, "remedy": known.remedy}
