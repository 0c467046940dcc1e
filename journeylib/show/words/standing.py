"""What may be said of a finding: why it cannot be said at all, and how far the edition claims it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from journeylib.estimates import ENOUGH
from journeylib.show.language import later, say
from journeylib.show.rows import Row, rows
from journeylib.show.words.judging import guarded
from journeylib.show.words.numbers import count

__all__ = ["claim", "claimed", "claims", "lacking", "shown", "spoken", "stance"]


def lacking(record: Mapping[str, Any], purpose: str = "") -> str:
    """Say why a record cannot be said, where none of its rows can be shown; empty where one can.

    `purpose` completes "needed to say …".
    """
    reason = record.get("not_applicable")
    if reason is not None:
        return say("Not applicable: {reason}.", reason=str(reason).rstrip("."))
    for guard in record.get("guards") or ():
        if guard["status"] == "refuse":
            return _not_enough(_lack(record, guard), purpose)
    found = rows(record)
    if not found:
        return "" if record["form"] == "incident" else _not_enough(say("nothing was observed"), purpose)
    if all(row.state == "hidden" for row in found):
        return say("Hidden, to protect groups of fewer than {number} customers.", number=_min_cell(record))
    if all(row.state != "shown" for row in found):
        most = max(row.n or 0 for row in found)
        told = {"have": count(most), "needed": count(ENOUGH)}
        return _not_enough(say("{have} of the {needed} customers needed", **told) if most < ENOUGH else "", purpose)
    return ""


def claim(record: Mapping[str, Any], row: Row) -> str:
    """Tell how the contrast of a row may be spoken of: "claimed", "close" or "none".

    "close": its interval leaves out no difference, but the edition does not claim it.
    """
    null = float(row.values.get("before") or 0.0)
    if math.isnan(row.low) or row.low <= null <= row.high:
        return "none"
    contrasts = record.get("contrasts")
    is_claimed = bool(record.get("claimed"))
    if contrasts is not None:
        is_claimed = any(one["row"] == row.place and one["claimed"] for one in contrasts)
    return "claimed" if is_claimed else "close"


def stance(record: Mapping[str, Any]) -> str | None:
    """Give the verdict as it is spoken: a supported finding that nobody asked about beforehand is "claimed"."""
    verdict: str | None = record.get("verdict")
    contrasts = record.get("contrasts")
    if verdict == "supported" and contrasts and not any(one["asked"] for one in contrasts):
        return "claimed"
    return verdict


def claims(record: Mapping[str, Any]) -> list[Row]:
    """Give the rows of a finding whose contrast may be spoken of as a difference."""
    return [row for row in shown(record) if claim(record, row) == "claimed"]


def claimed(record: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Give the finding that a chart illustrates, if the edition claims it; `about` holds the judged finding."""
    about = record.get("about")
    return about if about and not lacking(about) and claims(about) else None


def shown(record: Mapping[str, Any]) -> list[Row]:
    """Give the rows of a finding that have enough data and are not hidden."""
    return [row for row in rows(record) if row.state == "shown"]


def spoken(finding: str, *, is_claimed: bool) -> str:
    """End the sentence of a difference: as it is where the edition claims it, else with a word of warning.

    >>> spoken("Annual stays longer", is_claimed=True)
    'Annual stays longer.'
    """
    return say("{finding}.", finding=finding) if is_claimed else say(_NOT_CLAIMED, finding=finding)


_NOT_CLAIMED = later(
    "{finding}; this is not claimed: among all that this edition compares, chance alone can bring one like it."
)


def _lack(record: Mapping[str, Any], guard: Mapping[str, Any]) -> str:
    have, told = guard["have"], {"needed": count(guard["needed"]), "guard": guarded(guard)}
    if (record.get("min_cell", 10) if have is None else have) >= guard["needed"]:  # rounded up, or hidden
        return say("fewer than the {needed} {guard} needed", **told)
    if have is None:
        return say("fewer than {have} of the {needed} {guard} needed", have=_min_cell(record), **told)
    return say("{have} of the {needed} {guard} needed", have=count(have), **told)


def _not_enough(lack: str, purpose: str) -> str:
    if purpose and lack:
        return say("Not enough data: {lack} to say {purpose}.", lack=lack, purpose=purpose)
    if purpose:
        return say("Not enough data to say {purpose}.", purpose=purpose)
    return say("Not enough data: {lack}.", lack=lack) if lack else say("Not enough data.")


def _min_cell(record: Mapping[str, Any]) -> str:
    return count(record.get("min_cell", 10))
