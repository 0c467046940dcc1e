"""What comes before leaving: days of exposure worked by hand, R's Cox model, a world whose truth is known."""

from __future__ import annotations

from pathlib import Path

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq

from journeylib import engine
from journeylib.errors import ParameterError
from journeylib.measures import churn
from journeylib.measures.churn import exposure

DAY = 86_400_000_000
BEGAN = 1_000 * DAY  # a customer's day 1 begins here
REFERENCE = Path(__file__).parent / "churn_reference"


def followed_of(rows, spark=None, **columns):
    """Customers given as (id, entry_day, day, has_left)."""
    frame = pd.DataFrame(rows, columns=["customer_id", "entry_day", "day", "has_left"])
    frame = frame.assign(zero_us=BEGAN + frame["entry_day"] * DAY, has_left=frame["has_left"].astype(bool), **columns)
    return engine.from_frame(frame, spark=spark)


def steps_frame_of(rows):
    """Steps given as (customer, its own day, touchpoint, previous touchpoint or None)."""
    frame = pd.DataFrame(rows, columns=["customer_id", "on_day", "touchpoint", "previous_touchpoint"])
    hour = frame.groupby(["customer_id", "on_day"]).cumcount() + 1
    frame["occurred_us"] = BEGAN + (frame.pop("on_day") - 1) * DAY + hour * DAY // 30
    first = frame["previous_touchpoint"].isna()
    return frame.assign(event_id=[f"e{at:05}" for at in range(len(frame))], step=np.where(first, 1, 2))


def steps_of(rows, spark=None):
    return engine.from_frame(steps_frame_of(rows), spark=spark)


def row_of(found, path):
    [row] = found[found["path"] == path].to_dict("records")
    return row


# Within 3 days of a call: a on days 4 and 5, b on 4 to 6, e on 5 (followed after day 4 only), 8 and 9.
SIX = [("a", 0, 5, 1), ("b", 0, 8, 1), ("c", 0, 8, 0), ("d", 0, 6, 1), ("e", 4, 9, 1), ("f", 0, 9, 0)]
TOUCHES = [
    ("a", 3, "call", None),
    ("b", 3, "call", None),
    ("b", 7, "chat", None),
    ("c", 5, "chat", None),
    ("d", 6, "call", None),  # on the day on which it leaves: too late to say anything
    ("e", 2, "call", None),
    ("e", 7, "call", None),
    ("e", 8, "call", None),
    ("e", 10, "call", None),
    ("f", 7, "chat", None),
    ("g", 3, "call", None),  # is not followed
]


def test_exposure_is_counted_on_the_days_after_a_touchpoint():
    row = row_of(churn.leading_paths(followed_of(SIX), steps_of(TOUCHES), within_days=3, fewest=1), "call")
    assert (row["n"], row["customer_days"], row["left"]) == (3, 8, 2)
    # There and exposed: 6 and 3 on day 5, 5 and 1 on day 6, 4 and 1 on day 8, 2 and 1 on day 9.
    assert row["expected"] == pytest.approx(3 / 6 + 1 / 5 + 1 / 4 + 1 / 2, abs=1e-9)
    ratio = brentq(lambda r: 2 - 3 * r / (3 * r + 3) - r / (r + 4) - r / (r + 3) - r / (r + 1), 0.1, 10, xtol=1e-13)
    assert row["estimate"] == pytest.approx(ratio, abs=1e-8)
    assert not row["is_enough"]


def test_among_the_active_only_those_with_another_touchpoint_are_compared():
    row = row_of(churn.leading_paths(followed_of(SIX), steps_of(TOUCHES), within_days=3, fewest=1), "call")
    # Day 8: b leaves, beside e exposed, c and f; day 9: e leaves, beside f. 1 = r/(r + 3) + r/(r + 1).
    assert row["active"] == pytest.approx(3**0.5, abs=1e-8)


def test_calls_on_one_day_and_on_days_that_follow_expose_once():
    once, often = ([("a", 2, "call", None), *TOUCHES[1:2]], [("a", 2, "call", None)] * 3 + TOUCHES[1:2] * 2)
    tables = [churn.leading_paths(followed_of(SIX), steps_of(rows), within_days=3, fewest=1) for rows in (once, often)]
    pd.testing.assert_frame_equal(*tables)


def test_a_path_is_two_steps_in_a_row_with_the_same_touchpoint_again_too():
    rows = [("a", 2, "web", None), ("a", 3, "call", "web"), ("b", 3, "call", None), ("b", 4, "call", "call")]
    rows += [("c", 3, None, None), ("c", 4, "call", None), ("e", 4, "closed", "web"), ("f", 4, "web", "closed")]
    steps = steps_frame_of(rows)
    steps.loc[5, "step"] = 2  # c's second step, after one without a name
    found = churn.leading_paths(
        followed_of(SIX), engine.from_frame(steps), within_days=3, of="path", leave_out=["closed"], fewest=1
    )
    assert sorted(found["path"]) == ["call → call", "unknown → call", "web → call"]
    assert row_of(found, "web → call")["customer_days"] == 2  # days 4 and 5: with its second step it has happened


def test_what_most_customers_met_is_looked_at():
    rows = [(who, 2, "call", None) for who in "abc"] + [(who, 2, "chat", None) for who in "ab"]
    rows += [("a", 2, "page", None)] * 9 + [("a", 2, "alert", None)]
    named = {"within_days": 3, "of": "touchpoint"}
    by = [{"fewest": 1}, {"fewest": 2}, {"fewest": 1, "most": 3}]
    found = [churn.leading_paths(followed_of(SIX), steps_of(rows), **named, **one) for one in by]
    assert [sorted(one["path"]) for one in found] == [
        ["alert", "call", "chat", "page"],
        ["call", "chat"],
        ["alert", "call", "chat"],
    ]


def test_what_has_no_ratio_says_why():
    # All leave but f; day by day a, d, b, e.
    everybody = [(who, 1, "hello", None) for who in "abcdf"] + [("e", 4, "hello", None)]
    only = [("a", 4, "cancelled", None), ("d", 5, "cancelled", None), ("b", 7, "cancelled", None)]
    rows = [*everybody, *only, ("e", 8, "cancelled", None), ("f", 1, "paid", None), ("f", 5, "paid", None)]
    found = churn.leading_paths(followed_of(SIX), steps_of(rows), within_days=9, fewest=1)
    said = found.set_index("path")[["estimate", "note"]]
    assert said["note"].to_dict() == {"hello": "constant", "cancelled": "infinite", "paid": "nobody left"}
    assert said.loc["paid", "estimate"] == 0
    assert found["adjusted_p"].isna().all()


def test_a_touchpoint_after_which_half_of_the_exposed_leave_is_a_part_of_leaving():
    found = churn.leading_paths(followed_of(SIX), steps_of(TOUCHES), within_days=3, fewest=1)
    assert found.set_index("path")["note"].to_dict() == {"call": "part of leaving", "chat": ""}  # 2 of 3, and 1 of 3


@pytest.fixture(scope="module")
def witness():
    """The rows that R was given."""
    customers = pd.read_csv(REFERENCE / "leading_customers.csv")
    steps = pd.read_csv(REFERENCE / "leading_steps.csv")
    rows = steps.astype(object).where(steps.notna(), None).itertuples(index=False, name=None)
    names = ["customer_id", "entry_day", "day", "has_left"]
    return list(customers[names].itertuples(index=False, name=None)), customers["plan"].tolist(), list(rows)


REFERENCES = pd.read_csv(REFERENCE / "leading_reference.csv")


@pytest.mark.parametrize(("of", "within", "strata"), [("touchpoint", 5, "plain"), ("touchpoint", 5, "plan"),
    ("touchpoint", 12, "plain"), ("touchpoint", 12, "plan"), ("path", 12, "plain"), ("path", 12, "plan")])  # fmt: skip
def test_ratios_are_those_of_r(witness, of, within, strata):
    customers, plans, steps = witness
    asked = REFERENCES.query("of == @of and within_days == @within and strata == @strata")
    chosen = ["plan"] if strata == "plan" else []
    found = churn.leading_paths(
        followed_of(customers, plan=plans), steps_of(steps), within_days=within, of=of, strata=chosen, fewest=20
    )
    assert len(asked) == 3
    for told in asked.to_dict("records"):
        row = row_of(found, told["path"].replace(" > ", " → "))
        assert (row["n"], row["left"], row["customer_days"]) == (told["n"], told["left"], told["days"])
        assert row["expected"] == pytest.approx(told["expected"], rel=1e-9)
        for name, slope, error in (("estimate", "coef", "error"), ("active", "active", "active_error")):
            ends = [row[f"active_{end}"] if name == "active" else row[end] for end in ("low", "high")]
            assert np.log(row[name]) == pytest.approx(told[slope], abs=1e-6)
            assert np.log(ends) == pytest.approx(
                [told[slope] - 1.959963985 * told[error], told[slope] + 1.959963985 * told[error]], abs=1e-6
            )
        assert row["p"] == pytest.approx(told["p"], rel=1e-5)
        assert (row["p"] < 0.05) == (not row["low"] <= 1 <= row["high"])


def test_p_is_corrected_by_holm_for_those_who_work_alone(witness):
    customers, _, steps = witness
    found = churn.leading_paths(followed_of(customers), steps_of(steps), within_days=12)
    assert found["path"].tolist() == ["complaint", "chat", "call"]
    # R's p.adjust(c(0.0163205378763, 0.268345287389, 0.281498678199), "holm"): times 3, times 2, and not below that.
    assert found["adjusted_p"].tolist() == pytest.approx([0.0489616136289, 0.536690574778, 0.536690574778], rel=1e-5)


def test_the_model_of_start_stop_rows_says_the_same(witness):
    customers, plans, steps = witness
    followed, events = followed_of(customers, plan=plans), steps_of(steps)
    complaints = churn.times(events.filter(nw.col("touchpoint") == "complaint"), within_days=12)
    rows = churn.start_stop(followed, times=complaints).with_columns(exposed=(nw.col("times") > 0).cast(nw.Int64))
    [told] = churn.model(rows, ["exposed"], strata=["plan"], robust=False).to_dict("records")
    row = row_of(churn.leading_paths(followed, events, within_days=12, strata="plan"), "complaint")
    assert [row[name] for name in ("estimate", "low", "high", "p")] == pytest.approx(
        [told[name] for name in ("estimate", "low", "high", "p")], rel=1e-6
    )


def test_rows_in_another_order_give_the_same_table(witness):
    customers, plans, steps = witness
    draw = np.random.default_rng(4)
    order = draw.permutation(len(customers))
    shuffled = steps_frame_of(steps).sample(frac=1, random_state=4)
    other = followed_of([customers[at] for at in order], plan=[plans[at] for at in order])
    tables = [
        churn.leading_paths(one, rows, of="path", strata="plan", fewest=5)
        for one, rows in ((followed_of(customers, plan=plans), steps_of(steps)), (other, engine.from_frame(shuffled)))
    ]
    assert len(tables[0]) == 9
    pd.testing.assert_frame_equal(*tables, check_exact=True)


def test_the_table_is_the_same_on_spark(witness, spark):
    customers, plans, steps = witness
    tables = [
        churn.leading_paths(followed_of(customers, on, plan=plans), steps_of(steps, on), of="path", strata="plan")
        for on in (None, spark)
    ]
    assert len(tables[0])
    pd.testing.assert_frame_equal(*tables, check_dtype=False, check_exact=True)


def test_histories_are_swapped_one_to_one_among_the_alike():
    rows = [("a", 0, 9, 1), ("b", 0, 5, 0), ("c", 0, 7, 1), ("x", 3, 8, 1), ("y", 6, 30, 1), ("z", 2, 9, 1)]
    people, group = exposure.compared(followed_of(rows), ())
    found = engine.collect(exposure.swapped(people, group), order_by=["_is_late", "customer_id"])
    columns = ["customer_id", "zero_us", "entry_day", "day", "has_left"]
    # Their md5 begin 0cc1, 92eb and 4a8a, and 9dd4, 4152 and fbad: c gets a's, b gets c's; x gets y's, z gets x's.
    assert list(found[columns].itertuples(index=False, name=None)) == [
        ("a", BEGAN, 0, 7, 1),
        ("c", BEGAN, 0, 5, 0),
        ("x", BEGAN + 3 * DAY, 2, 7, 0),  # z left on day 9; but x was followed for 5 days only
        ("y", BEGAN + 6 * DAY, 3, 8, 1),
    ]


def world(seed, size=2500, days=200, rising=1.0):
    """Customers of whom a complaint doubles the hazard for 30 days; half are heavy users of pages that do nothing.

    Half had signed up before, half sign up on the way. From the first day to the last the hazard grows by `rising`.
    """
    draw = np.random.default_rng(seed)
    entry = np.where(draw.random(size) < 0.5, draw.integers(1, 300, size), 0)
    span = np.where(entry > 0, days, draw.integers(1, days + 1, size))
    is_heavy = draw.random(size) < 0.5
    complains = draw.random((size, days)) < 0.006
    reads = draw.random((size, days)) < np.where(is_heavy, 0.12, 0.01)[:, None]
    so_far = np.cumsum(np.pad(complains, ((0, 0), (31, 0))), axis=1)  # complaints up to the day 31 before each
    was_met = so_far[:, 30 : 30 + days] > so_far[:, :days]
    calendar = days - span[:, None] + np.arange(days)
    hazard = np.where(was_met, 0.006, 0.003) * rising ** (calendar / days - 0.5)
    leaves = draw.random((size, days)) < hazard
    leaves &= np.arange(days) < span[:, None]
    has_left = leaves.any(axis=1)
    last = np.where(has_left, leaves.argmax(axis=1) + 1, span)
    names = np.array([f"c{at}" for at in range(size)])
    followed = list(zip(names, entry, entry + last, has_left, strict=True))
    there = np.arange(1, days + 1) <= last[:, None]
    steps = []
    for touchpoint, happens in (("complaint", complains & there), ("page", reads & there)):
        who, at = np.nonzero(happens)
        steps += [(names[one], entry[one] + day + 1, touchpoint, None) for one, day in zip(who, at, strict=True)]
    return followed_of(followed), steps_of(steps)


def test_what_doubles_leaving_is_found_and_what_the_heavy_users_meet_is_not():
    found = churn.leading_paths(*world(1))
    assert found["path"].tolist() == ["complaint", "page"]
    complaint, page = found.to_dict("records")
    assert complaint["low"] < 2 < complaint["high"]
    assert complaint["adjusted_p"] < 0.001
    assert complaint["left"] > 1.3 * complaint["expected"]
    assert page["low"] < 1 < page["high"]
    assert all(row["placebo_low"] < 1 < row["placebo_high"] for row in (complaint, page))


def test_with_swapped_histories_nothing_matters_though_all_leave_more_from_month_to_month():
    found = pd.concat([churn.leading_paths(*world(seed, 800, rising=9.0)) for seed in range(6)])
    by_path = np.log(found.set_index("path")[["estimate", "placebo"]]).groupby("path").mean()
    assert by_path.loc["complaint", "estimate"] > 0.5
    assert by_path["placebo"].abs().max() < 0.2
    assert ((found["placebo_low"] < 1) & (found["placebo_high"] > 1)).sum() >= 9  # of 12: fewer in 1 of 400 such tests


def test_what_cannot_be_asked_is_said():
    everybody, steps = followed_of(SIX), steps_of(TOUCHES)
    stayed = followed_of([(who, entry, day, 0) for who, entry, day, _ in SIX])
    said = {
        "nobody left in the time observed": churn.leading_paths(stayed, steps),
        "no touchpoint was met by 30 customers or more while followed": churn.leading_paths(everybody, steps),
        "no customer could be followed": churn.leading_paths(everybody.filter(nw.col("day") > 99), steps),
        "no customer has an end date in the data": churn.leading_paths(
            stayed.with_columns(end_cause=nw.lit(None, nw.String)), steps
        ),
    }
    assert {why: table.attrs["not_applicable"] for why, table in said.items()} == {why: why for why in said}
    with pytest.raises(ParameterError, match='of = "channel" is not understood'):
        churn.leading_paths(everybody, steps, of="channel")
    with pytest.raises(ParameterError, match="within_days = 0 holds no day"):
        churn.leading_paths(everybody, steps, within_days=0)
    twice = churn.from_frame(pd.DataFrame({"who": ["a", "a"], "day": [2, 4], "left": [0, 1]}), duration="day",
                             event="left", cluster="who")  # fmt: skip
    with pytest.raises(ParameterError, match="customers have several rows"):
        churn.leading_paths(twice, steps)


def test_of_silences_nothing_is_said_for_each_begins_on_a_day_of_activity():
    table = followed_of(SIX, has_returned=False)
    found = churn.leading_paths(table, steps_of(TOUCHES), within_days=3, fewest=1)
    assert found.empty
    assert "a silence begins on a day of activity" in found.attrs["not_applicable"]
