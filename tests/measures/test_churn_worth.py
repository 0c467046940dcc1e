"""What staying is worth: worked by hand, its interval against resampled customers, currencies never mixed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from journeylib import engine
from journeylib.errors import ParameterError
from journeylib.measures import churn

DAY = 86_400_000_000
FOLLOWED = ["customer_id", "entry_day", "day", "has_left", "zero_us"]
EVENT = ["customer_id", "at", "revenue_minor", "currency"]


def followed(rows, **columns):
    return engine.from_frame(pd.DataFrame(rows, columns=FOLLOWED).assign(**columns))


def events(rows):
    frame = pd.DataFrame(rows, columns=EVENT)
    frame = frame.assign(
        occurred_us=(frame["at"] * DAY).round().astype("int64"),
        revenue_minor=frame["revenue_minor"].astype("Int64"),
        cost_minor=pd.Series(pd.NA, index=frame.index, dtype="Int64"),
        currency=frame["currency"].astype("string"),
    )
    return engine.from_frame(frame.drop(columns="at"))


# Forty customers follow a course of 10 days: ten leave on day 4, ten on day 8, twenty stay.
ROWS = [(f"{at}", 0, 4 if at < 10 else 8 if at < 20 else 10, at < 20, 100 * DAY) for at in range(40)]


def test_the_days_stayed_times_the_revenue_of_a_day_by_hand():
    paid = [("0", 100.0, 700, "EUR"), ("30", 109.5, 300, "EUR")]
    outside = [("30", 99.9, 5000, "EUR"), ("30", 110.0, 5000, "EUR"), ("0", 104.0, 5000, "EUR"), ("x", 101, 9, "EUR")]
    [row] = churn.worth(followed(ROWS), events([*paid, *outside]), horizon_days=10).to_dict("records")
    assert row["stay_days"] == pytest.approx((10 * 4 + 10 * 8 + 20 * 10) / 40)
    assert row["per_day"] == pytest.approx(1000 / 320)
    assert row["estimate"] == pytest.approx(8 * 1000 / 320)  # nobody is censored: the mean of what they paid
    assert (row["n"], row["left"], row["currency"], row["customers"]) == (40, 20, "EUR", 2)
    assert not row["is_enough"]  # two who paid tell nothing of the others


def test_a_shorter_horizon_and_a_late_entry_leave_days_and_amounts_out():
    late = [("late", 3, 10, False, 103 * DAY), ("never", 6, 10, False, 106 * DAY)]
    paid = [
        ("late", 103.0, 500, "EUR"),
        ("late", 105.0, 900, "EUR"),
        ("late", 102.9, 900, "EUR"),
        ("never", 107, 900, "EUR"),
    ]
    [row] = churn.worth(followed([*ROWS, *late]), events(paid), horizon_days=5).to_dict("records")
    assert row["per_day"] == pytest.approx(500 / (10 * 4 + 30 * 5 + 2))
    [stay] = churn.rmst(followed([*ROWS, *late]), horizon_days=5).to_dict("records")
    assert row["stay_days"] == pytest.approx(stay["estimate"])


def test_without_censoring_the_interval_is_that_of_the_mean_amount():
    rng = np.random.default_rng(2)
    amounts = rng.integers(0, 900, 40)
    paid = [(f"{at}", 100.5, int(amount), "EUR") for at, amount in enumerate(amounts)]
    [row] = churn.worth(followed(ROWS), events(paid), horizon_days=10).to_dict("records")
    assert row["estimate"] == pytest.approx(amounts.mean())
    error = amounts.std() / np.sqrt(40) / amounts.mean()  # of the logarithm
    assert np.log(row["high"] / row["estimate"]) == pytest.approx(1.959964 * error, rel=1e-6)
    assert np.log(row["estimate"] / row["low"]) == pytest.approx(1.959964 * error, rel=1e-6)


def product_of(entry, day, left, days, spent, horizon):
    """Restricted mean times revenue of a day, worked in another way: S(t) day by day."""
    share, area = 1.0, 0.0
    for at in range(1, horizon + 1):
        area += share
        at_risk = ((entry < at) & (day >= at)).sum()
        share *= 1 - (left & (day == at)).sum() / at_risk
    return area * spent.sum() / days.sum()


def test_the_error_is_that_of_the_jackknife_where_who_leaves_early_spends_more():
    rng = np.random.default_rng(3)
    n, horizon = 500, 60
    pace = rng.gamma(2, 0.5, n)
    leaves, until = np.ceil(rng.exponential(60 / pace)).astype(int), rng.integers(20, 120, n)
    entry = np.where(rng.random(n) < 0.3, rng.integers(1, 19, n), 0)
    kept = entry < np.minimum(leaves, until)
    entry, day, left, pace = entry[kept], np.minimum(leaves, until)[kept], (leaves <= until)[kept], pace[kept]
    rows = [
        (f"{at}", *map(int, one), bool(gone))
        for at, (one, gone) in enumerate(zip(np.c_[entry, day], left, strict=True))
    ]
    rows = [(name, first, last, gone, first * DAY) for name, first, last, gone in rows]
    paid = [
        (name, on + 0.5, int(rng.integers(100, 900)), "EUR")
        for name, first, last, *_ in rows
        for on in range(first, min(last, horizon))
        if rng.random() < 0.05 + 0.1 * pace[int(name)]
    ]
    [row] = churn.worth(followed(rows), events(paid), horizon_days=horizon).to_dict("records")
    spent = pd.DataFrame(paid, columns=EVENT).groupby("customer_id")["revenue_minor"].sum()
    spent = spent.reindex([name for name, *_ in rows], fill_value=0).to_numpy()
    arrays = (entry, day, left, np.minimum(day, horizon) - np.minimum(entry, horizon), spent)
    assert row["estimate"] == pytest.approx(product_of(*arrays, horizon), rel=1e-9)
    logs = [np.log(product_of(*(np.delete(one, at) for one in arrays), horizon)) for at in range(len(rows))]
    jackknife = np.sqrt((len(rows) - 1) * np.var(logs))
    error = np.log(row["high"] / row["low"]) / (2 * 1.959964)
    assert error == pytest.approx(jackknife, rel=0.01)


def test_groups_each_have_their_own_days_and_revenue():
    plans = ["annual" if at % 2 else "monthly" for at in range(40)]
    paid = [(f"{at}", 101.0, 100 if at % 2 else 300, "EUR") for at in range(40)]
    found = churn.worth(followed(ROWS, plan=plans), events(paid), ["plan"], horizon_days=10).set_index("plan")
    assert found.loc["monthly", "estimate"] == pytest.approx(300)
    assert found.loc["annual", "estimate"] == pytest.approx(100)
    assert not found["is_enough"].any()  # twenty customers each


def test_currencies_are_never_added_up():
    both = [("0", 100.5, 500, "EUR"), ("1", 100.5, 900, "USD"), ("2", 100.5, 100, None)]
    with pytest.raises(ParameterError, match=r"revenue is in EUR, USD, unknown; .* Choose one, as in currency = .EUR"):
        churn.worth(followed(ROWS), events(both), horizon_days=10)
    with pytest.raises(ParameterError, match=r'no revenue is in currency = "GBP"; there is EUR'):
        churn.worth(followed(ROWS), events(both), horizon_days=10, currency="GBP")
    [row] = churn.worth(followed(ROWS), events(both), horizon_days=10, currency="USD").to_dict("records")
    assert (row["estimate"], row["currency"]) == (pytest.approx(900 / 40), "USD")
    [only] = churn.worth(followed(ROWS), events([both[0], both[2]]), horizon_days=10).to_dict("records")
    assert (only["estimate"], only["currency"]) == (pytest.approx(600 / 40), "EUR")  # the only one there is


def test_what_cannot_be_told_is_said():
    none = events([("0", 100.5, None, "EUR")])
    assert churn.worth(followed(ROWS), none, horizon_days=10).attrs["not_applicable"] == "no event carries revenue"
    refunds = churn.worth(followed(ROWS), events([("0", 100.5, -500, "EUR")]), horizon_days=10)
    assert refunds["estimate"].tolist() == [-12.5]
    assert refunds["low"].isna().all()
    assert not refunds["is_enough"].any()
    beyond = churn.worth(followed(ROWS), events([("0", 100.5, 500, "EUR")]), horizon_days=30)
    assert beyond["estimate"].isna().all()
    assert not beyond["is_enough"].any()
    several = followed([("0", 0, 4, False, 0), ("0", 4, 9, True, 4 * DAY)], is_first=[True, False])
    with pytest.raises(ParameterError, match="some customers have several rows"):
        churn.worth(several, none, horizon_days=10)
