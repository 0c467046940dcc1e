"""Why a number is not what the edition before said: restated data, definition or code, mix, rate.

    new − old = restated + redefined + mix + rate

*Restated*: the old period, measured on the data as they are now less as they were then: events
that arrived late, customers who were merged since. *Redefined*: the same period on the same
data, measured by the definition, the journey rules and the code of now less those of then.
*Mix* and *rate* compare the two periods on the same data by the same definition
(`measures.mix`). The four add up; noise is the interval on mix and on rate, not a fifth part.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from journeylib.judge.rounding import BASE, step

__all__ = ["PARTS", "is_beyond_noise", "parts", "shown"]

PARTS = ["restated", "redefined", "mix", "rate"]


def parts(
    old: float,
    *,
    on_old_data: float | None = None,
    on_new_data: float | None = None,
    before: float,
    new: float,
    mix: float | None = None,
) -> dict[str, float | None]:
    """Part the change from `old` to `new`; the old period was measured again, as `before`, by all that holds now.

    `on_old_data` and `on_new_data` are the old period by the definition of then and the code of
    now, on the data of then and of now. Without them restated and redefined are not told apart;
    without `mix` neither are mix and rate. `revised` is restated + redefined and `period` is
    mix + rate, always.

    >>> parts(0.40, on_old_data=0.40, on_new_data=0.41, before=0.41, new=0.45, mix=0.01)["rate"]
    0.03
    """
    revised, period = before - old, new - before
    restated = None if on_old_data is None or on_new_data is None else on_new_data - on_old_data
    told = {
        "total": new - old,
        "revised": revised,
        "restated": restated,
        "redefined": None if restated is None else revised - restated,
        "period": period,
        "mix": mix,
        "rate": None if mix is None else period - mix,
    }
    return {name: None if value is None else _plain(value) for name, value in told.items()}


def is_beyond_noise(change: Mapping[str, Any], part: str) -> bool:
    """Whether the interval of a part, mix or rate, leaves out no change."""
    low, high = change.get(f"{part}_low"), change.get(f"{part}_high")
    return low is not None and high is not None and (low > 0 or high < 0)


def shown(change: Mapping[str, Any], *, audience: str, unit: str) -> dict[str, Any]:
    """Give a change as a page may show it: exact in a private edition, else in steps, with `step`.

    A step is what ten units of the smaller period could change, or more (`rounding.step`), so that
    their number cannot be read back; counts are in tens. Interval ends go outward. The total is
    left to the two published numbers. Parts are rounded one by one, so they may miss it by a step;
    `about_none` lists those that are something and round to nothing.

    >>> shown({"mix": 0.0123, "mix_low": 0.0041, "mix_high": 0.02, "units": 4000}, audience="shared", unit="share")
    {'mix': 0.01, 'mix_low': 0.0, 'mix_high': 0.02, 'step': 0.005, 'about_none': []}
    """
    if audience != "shared":
        return {**change, "step": 0.0, "about_none": []}
    least = _step(change.get("units") or 0, unit)
    told: dict[str, Any] = {}
    for name, value in change.items():
        if name in ("units", "groups", "n", "total"):
            continue
        if (
            isinstance(value, float | int)
            and not isinstance(value, bool)
            and name.split("_")[0] in {*PARTS, "revised", "period"}
        ):
            steps = value / least
            near = math.floor(steps + 1e-9) if name.endswith("_low") else math.ceil(steps - 1e-9)
            told[name] = _plain((near if name.endswith(("_low", "_high")) else round(steps)) * least) + 0.0
        else:
            told[name] = value
    about_none = [name for name in [*PARTS, "revised", "period"] if change.get(name) and not told[name]]
    return {**told, "step": least, "about_none": about_none}


def _step(units: float, unit: str) -> float:
    if unit not in ("share", "score"):
        return float(2 * BASE)
    return (100 if unit == "score" else 1) * (step(2 * BASE / units) if units else 1.0)


def _plain(value: float) -> float:
    """To 12 significant digits, as records are."""
    return float(f"{value:.12g}")
