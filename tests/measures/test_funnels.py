from __future__ import annotations

import pandas as pd
import pytest

from journeylib.errors import ParameterError
from journeylib.estimates import Sums, plain_sums, share
from journeylib.measures.funnels import funnel

DAY = 86_400_000_000


@pytest.fixture
def ask(table):
    """Ask for a funnel of events given as (customer, day, touchpoint[, of, journey]); ids in the order of the rows."""

    def of(rows, steps, *, within_days=10, ends=100, **options):
        frame = pd.DataFrame([row[:3] for row in rows], columns=["customer_id", "day", "touchpoint"])
        frame["occurred_us"] = (frame["day"] * DAY).round().astype("int64")
        frame["event_id"] = [f"e{at:03}" for at in range(len(rows))]
        frame["of"] = [row[3] if len(row) > 3 else None for row in rows]
        frame["started_us"] = [row[4] * DAY if len(row) > 4 else 0 for row in rows]
        events = table(frame.astype({"of": "string", "touchpoint": "string"}))
        return funnel(events, steps, within_days=within_days, ends_us=ends * DAY, **options)

    return of


def flow(found):
    """entered, went on, lost, open, step by step."""
    return found[["entered", "went_on", "lost", "open"]].values.tolist()


FUNNEL = ["visit", "cart", "order"]


def test_every_step_says_how_many_entered_went_on_were_lost_or_are_open(ask):
    rows = [("ann", 0, "visit"), ("ann", 1, "cart"), ("ann", 3, "order")]
    rows += [("bob", 0, "visit"), ("bob", 4, "cart"), ("bob", 11, "order")]  # a day too late
    rows += [("cem", 0, "visit"), ("cem", 5, "order")]
    rows += [("dan", 95, "visit"), ("dan", 96, "cart"), ("eve", 95, "visit"), ("fay", 1, "cart")]
    found = ask(rows, FUNNEL)
    assert flow(found) == [[5, 3, 1, 1], [3, 1, 1, 1], [1, 1, 0, 0]]
    assert found["touchpoint"].tolist() == FUNNEL
    assert found["customers"].tolist() == [5, 3, 1]
    assert found["n"].tolist() == [5, 5, 5]
    assert set(found["unit"]) == {"customers"}
    assert found["wait_hours"].tolist()[1:] == [24.0, 48.0]  # of ann and bob, the lower of the middle two; of ann


def test_a_step_exactly_at_the_edge_of_a_window_counts(ask):
    rows = [("ann", 0, "visit"), ("ann", 10, "cart"), ("bob", 0, "visit"), ("bob", 10.00001, "cart")]
    assert flow(ask(rows, ["visit", "cart"])) == [[2, 1, 1, 0], [1, 1, 0, 0]]
    rows = [("ann", 0, "visit"), ("ann", 2, "cart"), ("bob", 0, "visit"), ("bob", 2.00001, "cart")]
    assert flow(ask(rows, ["visit", "cart"], step_within_days=2)) == [[2, 1, 1, 0], [1, 1, 0, 0]]


def test_an_entry_is_open_until_its_window_lies_before_the_data_end(ask):
    assert flow(ask([("ann", 0, "visit")], ["visit", "cart"], ends=10))[0] == [1, 0, 0, 1]  # its last instant is not in
    assert flow(ask([("ann", 0, "visit")], ["visit", "cart"], ends=11))[0] == [1, 0, 1, 0]
    found = ask([("ann", 0, "visit")], ["visit", "cart"], ends=5, step_within_days=4)
    assert flow(found)[0] == [1, 0, 1, 0]  # the step's own window has closed


def test_the_window_is_that_of_the_first_entry_not_of_the_last_step(ask):
    rows = [("ann", 0, "visit"), ("ann", 8, "cart"), ("ann", 16, "order")]
    assert flow(ask(rows, FUNNEL)) == [[1, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]]
    assert flow(ask(rows, FUNNEL, within_days=16, step_within_days=[None, 8])) == [[1, 1, 0, 0]] * 3
    assert flow(ask(rows, FUNNEL, within_days=16, step_within_days=[8, 7]))[1] == [1, 0, 1, 0]


def test_of_two_events_at_one_instant_the_lesser_id_is_first(ask):
    rows = [("ann", 0, "visit"), ("ann", 0, "cart"), ("bob", 0, "cart"), ("bob", 0, "visit")]
    assert flow(ask(rows, ["visit", "cart"])) == [[2, 1, 1, 0], [1, 1, 0, 0]]
    assert flow(ask(rows, ["visit", "cart"], order="any")) == [[2, 2, 0, 0], [2, 2, 0, 0]]


def test_strict_lets_nothing_lie_between_not_even_the_step_before_again(ask):
    rows = [("ann", 0, "visit"), ("ann", 1, "cart"), ("bob", 0, "visit"), ("bob", 1, None), ("bob", 2, "cart")]
    rows += [("cem", 0, "visit"), ("cem", 1, "visit"), ("cem", 2, "cart"), ("dan", 99, "visit"), ("eve", 98, "visit")]
    rows += [("eve", 99, "help")]  # she is lost already, dan is not
    found = ask(rows, ["visit", "cart"], order="strict")
    assert flow(found) == [[5, 1, 3, 1], [1, 1, 0, 0]]
    assert flow(ask(rows, ["visit", "cart"], order="strict", reentry="furthest"))[0] == [5, 2, 2, 1]  # cem's second


def test_steps_beside_each_other_may_come_in_any_order(ask):
    rows = [("ann", 0, "visit"), ("ann", 1, "order"), ("ann", 2, "cart")]
    rows += [("bob", 0, "visit"), ("bob", 1, "order"), ("cem", 1, "cart"), ("cem", 2, "visit")]
    found = ask(rows, FUNNEL, order=["ordered", "any", "any"])
    assert flow(found) == [[3, 2, 1, 0], [2, 1, 1, 0], [1, 1, 0, 0]]
    assert found["touchpoint"].tolist() == ["visit", "cart / order", "cart / order"]
    assert flow(ask(rows, FUNNEL, order="any")) == [[3, 3, 0, 0], [3, 1, 2, 0], [1, 1, 0, 0]]


def test_a_touchpoint_named_twice_must_occur_twice(ask):
    rows = [("ann", 0, "call"), ("ann", 3, "call"), ("ann", 5, "call"), ("bob", 0, "call")]
    found = ask(rows, ["call", "call"])
    assert flow(found) == [[2, 1, 1, 0], [1, 1, 0, 0]]
    assert found["wait_hours"][1] == 72
    assert flow(ask(rows, ["call", "call", "call"], order="any"))[2] == [1, 1, 0, 0]
    assert flow(ask(rows, ["call", "call"], unit="entries")) == [[4, 2, 2, 0], [2, 2, 0, 0]]


def test_furthest_takes_the_entry_that_gets_furthest_the_earliest_of_several(ask):
    rows = [("ann", 0, "visit"), ("ann", 20, "visit"), ("ann", 21, "cart"), ("ann", 22, "visit"), ("ann", 23, "cart")]
    assert flow(ask(rows, ["visit", "cart"])) == [[1, 0, 1, 0], [0, 0, 0, 0]]
    found = ask(rows, ["visit", "cart"], reentry="furthest")
    assert flow(found) == [[1, 1, 0, 0], [1, 1, 0, 0]]
    assert found["wait_hours"][1] == 24


def test_an_excluded_touchpoint_leaves_the_person_out_or_ends_what_counts(ask):
    rows = [("ann", 0, "visit"), ("ann", 1, "cancel"), ("ann", 2, "cart"), ("ann", 3, "order")]
    rows += [("bob", 0, "visit"), ("bob", 1, "cart"), ("bob", 2, "order"), ("bob", 3, "cancel")]  # after the last step
    rows += [("cem", 0, "visit"), ("cem", 10, "cancel"), ("dan", 0, "visit"), ("dan", 10.00001, "cancel")]  # the edge
    rows += [
        ("eve", 0, "cancel"),
        ("eve", 1, "visit"),
        ("fay", 98, "visit"),
        ("fay", 98, "cart"),
        ("fay", 99, "cancel"),
    ]
    dropped = ask(rows, FUNNEL, exclude=["cancel"])
    assert flow(dropped) == [[3, 1, 2, 0], [1, 1, 0, 0], [1, 1, 0, 0]]  # bob, dan and eve
    assert dropped["dropped"].tolist() == [3, 0, 0]
    until = ask(rows, FUNNEL, exclude=["cancel"], excluded="until")
    assert flow(until) == [[6, 2, 4, 0], [2, 1, 1, 0], [1, 1, 0, 0]]  # fay cannot go on any more
    assert until["dropped"].tolist() == [0, 0, 0]


def test_furthest_leaves_a_person_out_only_where_every_entry_meets_the_excluded(ask):
    rows = [("ann", 0, "visit"), ("ann", 1, "cancel"), ("ann", 2, "cart"), ("ann", 20, "visit")]
    assert ask(rows, ["visit", "cart"], exclude=["cancel"])["dropped"].tolist() == [1, 0]
    found = ask(rows, ["visit", "cart"], exclude=["cancel"], reentry="furthest")
    assert (flow(found)[0], found["dropped"].tolist()) == ([1, 0, 1, 0], [0, 0])


def test_a_column_held_constant_keeps_orders_apart(ask):
    rows = [("ann", 0, "cart", "17"), ("ann", 1, "cart", "18"), ("ann", 2, "order", "18"), ("bob", 0, "cart", None)]
    assert flow(ask(rows, ["cart", "order"])) == [[2, 1, 1, 0], [1, 1, 0, 0]]
    assert flow(ask(rows, ["cart", "order"], same="of")) == [[1, 0, 1, 0], [0, 0, 0, 0]]  # 17 was never ordered
    assert flow(ask(rows, ["cart", "order"], same="of", reentry="furthest"))[0] == [1, 1, 0, 0]
    assert flow(ask(rows, ["cart", "order"], same="of", unit="entries"))[0] == [2, 1, 1, 0]
    strict = [("ann", 0, "cart", "17"), ("ann", 1, "help", "18"), ("ann", 2, "order", "17")]
    assert flow(ask(strict, ["cart", "order"], same="of", order="strict"))[0] == [1, 1, 0, 0]  # 18 is not seen


def test_an_excluded_touchpoint_without_the_constant_value_stops_every_value(ask):
    rows = [("ann", 0, "cart", "17"), ("ann", 1, "cancel", "18"), ("ann", 2, "order", "17")]
    rows += [("bob", 0, "cart", "19"), ("bob", 1, "cancel", None), ("bob", 2, "order", "19")]
    found = ask(rows, ["cart", "order"], same="of", exclude=["cancel"])
    assert (flow(found)[0], found["dropped"][0]) == ([1, 1, 0, 0], 1)
    assert flow(ask(rows, ["cart", "order"], same="of", exclude=["cancel"], excluded="until"))[0] == [2, 1, 1, 0]


def test_customers_journeys_and_entries_are_counted_by_themselves(ask):
    rows = [("ann", 0, "visit", None, 0), ("ann", 1, "visit", None, 0), ("ann", 2, "cart", None, 0)]
    rows += [("ann", 50, "visit", None, 50), ("ann", 95, "visit", None, 95), ("ann", 96, "cart", None, 96)]
    steps = ["visit", "cart"]
    assert flow(ask(rows, steps)) == [[1, 1, 0, 0], [1, 1, 0, 0]]
    assert flow(ask(rows, steps, unit="entries")) == [[4, 3, 1, 0], [3, 3, 0, 0]]
    found = ask(rows, steps, unit="journeys")  # the cart on day 96 is in another journey, so the one of 95 is over
    assert flow(found) == [[3, 1, 2, 0], [1, 1, 0, 0]]
    assert found["n"].tolist() == [1, 1]


def test_only_entries_of_the_period_count_and_nothing_after_the_data_end(ask):
    rows = [("ann", 0, "visit"), ("ann", 30, "visit"), ("ann", 31, "cart"), ("bob", 0, "visit"), ("cem", 100, "visit")]
    found = ask(rows, ["visit", "cart"], start_us=30 * DAY)
    assert flow(found) == [[1, 1, 0, 0], [1, 1, 0, 0]]


def test_groups_are_those_of_the_entry_and_a_missing_one_is_unknown(ask):
    rows = [("ann", 0, "visit", "web"), ("ann", 1, "cart", "app"), ("bob", 0, "visit", None)]
    found = ask(rows, ["visit", "cart"], by=["of"])
    assert found[["of", "step", "entered"]].values.tolist() == [
        ["unknown", 1, 1],
        ["unknown", 2, 0],
        ["web", 1, 1],
        ["web", 2, 1],
    ]


def test_the_share_is_kaplan_meier_with_only_those_inside_their_window_censored(ask):
    # After 1 day one of five, after 4 days one of the three still followed: 1 − 4/5 · 2/3 = 7/15.
    rows = [("ann", 0, "visit"), ("ann", 1, "cart"), ("bob", 0, "visit"), ("bob", 4, "cart"), ("cem", 0, "visit")]
    rows += [("dan", 97.5, "visit"), ("eve", 89, "visit")]  # dan is followed for 2½ days, eve for all ten
    found = ask(rows, ["visit", "cart"])
    assert found["estimate"].tolist() == pytest.approx([1, 7 / 15])
    assert flow(found)[0] == [5, 2, 2, 1]
    known = ask(rows, ["visit", "cart"], reentry="furthest")  # known when windows have closed: two of four
    assert known["estimate"][1] == 0.5
    assert flow(known)[0] == [5, 2, 2, 1]


def test_an_entry_lost_inside_its_window_is_followed_as_long_as_it_was_seen(ask):
    # cem can no longer go on, but nothing is known of what others like him did after five days.
    rows = [("ann", 0, "visit"), ("ann", 6, "cart"), ("bob", 0, "visit"), ("cem", 95, "visit"), ("cem", 96, "help")]
    found = ask(rows, ["visit", "cart"], order="strict")
    assert flow(found)[0] == [3, 1, 2, 0]
    assert found["estimate"][1] == 0.5


def test_follow_up_is_counted_in_whole_thousandths_of_the_window(ask):
    # One hundredth of a day each: ann is followed for one and a half, and what she did in the second waits for its end.
    rows = [("ann", 99.985, "visit"), ("ann", 99.9995, "cart"), ("bob", 0, "visit")]
    found = ask(rows, ["visit", "cart"])
    assert flow(found)[0] == [2, 1, 1, 0]
    assert found["estimate"][1] == 0
    assert ask(rows, ["visit", "cart"], ends=101)["estimate"][1] == 0.5


def test_without_an_entry_that_had_its_window_there_are_counts_but_no_share(ask):
    found = ask([("ann", 95, "visit"), ("ann", 96, "cart")], ["visit", "cart"])
    assert flow(found) == [[1, 1, 0, 0], [1, 1, 0, 0]]
    assert found["estimate"].isna().all()
    assert not found["is_enough"].any()


def test_with_every_window_closed_the_intervals_are_those_of_a_clustered_share(ask):
    rows = [(f"c{at:02}", 0, "visit") for at in range(40)] + [(f"c{at:02}", 1, "cart") for at in range(10)]
    rows += [(f"c{at:02}", 1, "order") for at in range(5)]
    found = ask(rows, FUNNEL)
    quarter, half = share(plain_sums(10, 40)), share(plain_sums(5, 10))
    assert found[["estimate", "low", "high"]].values.tolist()[1] == pytest.approx([0.25, quarter.low, quarter.high])
    assert found["estimate"][2] == 0.125
    assert found[["conversion", "conversion_low", "conversion_high"]].values.tolist()[2] == pytest.approx(
        [0.5, half.low, half.high]
    )
    assert found["is_enough"].all()

    twice = rows + [(f"c{at:02}", 20, "visit") for at in range(40)] + [(f"c{at:02}", 21, "cart") for at in range(10)]
    alike = share(Sums(40, 80, 20, 160, 40, 40))  # the same ten, twice each: no more is known
    found = ask(twice, ["visit", "cart"], unit="entries")
    assert found[["estimate", "low", "high"]].values.tolist()[1] == pytest.approx([0.25, alike.low, alike.high])


def test_entries_seen_too_short_to_tell_anything_make_no_interval_narrower(ask):
    rows = [(f"c{at:02}", 0, "visit") for at in range(30)] + [(f"c{at:02}", 1, "cart") for at in range(10)]
    rows += [(f"c{at:02}", 2, "order") for at in range(5)] + [(f"c{at:02}", 99.5, "visit") for at in range(30, 60)]
    found = ask(rows, FUNNEL)
    third, half = share(plain_sums(10, 30)), share(plain_sums(5, 10))
    assert flow(found)[0] == [60, 10, 20, 30]
    assert found[["estimate", "low", "high"]].values.tolist()[1] == pytest.approx([1 / 3, third.low, third.high])
    assert found[["conversion", "conversion_low", "conversion_high"]].values.tolist()[2] == pytest.approx(
        [0.5, half.low, half.high]
    )
    never = ask([row for row in rows if row[2] == "visit"], FUNNEL)
    assert never[["estimate", "high"]].values.tolist()[1] == pytest.approx([0, share(plain_sums(0, 30)).high])


def test_a_later_step_is_never_reached_by_more_than_the_one_before(ask):
    # bob is seen for two days only: of the order, made after three, his curve alone would say that all make it.
    rows = [("ann", 0, "visit"), ("ann", 1, "cart"), ("ann", 3, "order"), ("bob", 98, "visit")]
    found = ask(rows, FUNNEL)
    assert found["estimate"].tolist() == [1, 0.5, 0.5]
    assert found["conversion"].tolist()[1:] == [0.5, 1]


def test_the_wait_has_an_interval_from_six_customers_on(ask):
    rows = [(f"c{at}", 0, "visit") for at in range(6)] + [(f"c{at}", at + 1, "cart") for at in range(6)]
    found = ask(rows, ["visit", "cart"])
    assert found[["wait_hours", "wait_low", "wait_high"]].values.tolist()[1] == [72, 24, 144]
    assert ask(rows[:5] + rows[6:11], ["visit", "cart"])["wait_low"].isna().all()


def test_a_funnel_that_nobody_entered_says_so(ask):
    found = ask([("ann", 0, "help")], ["visit", "cart"])
    assert found.attrs["not_applicable"] == 'no "visit" occurred in the period'
    assert len(found) == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"steps": ["visit"]}, "Name two touchpoints or more"),
        ({"steps": "visit"}, "not a list of names"),
        ({"within_days": 0}, "within_days = 0 is no window. Give a number of days above 0"),
        ({"within_days": float("nan")}, "within_days = nan is no window"),
        ({"step_within_days": [1, 2, 3]}, "step_within_days has 3 entries for 3 steps"),
        ({"step_within_days": -1}, "step_within_days = -1 is no window"),
        ({"order": "random"}, 'order = "random" is not understood. Write "ordered", "any" or "strict"'),
        ({"order": ["ordered", "strict"]}, "order has 2 entries for 3 steps"),
        ({"order": ["strict", "strict", "strict"]}, "no step is before it"),
        ({"order": ["ordered", "any", "ordered"]}, "no neighbour to change places with"),
        ({"reentry": "last"}, 'reentry = "last" is not understood. Write "first" or "furthest"'),
        ({"reentry": "furthest", "unit": "entries"}, "picks one entry"),
        ({"excluded": "never"}, 'Write "drop" or "until"'),
        ({"exclude": ["cart"]}, "exclude names cart, which is a step too"),
        ({"unit": "visitors"}, 'Write "customers", "journeys" or "entries"'),
        ({"same": "order_id"}, "the table lacks order_id; it has customer_id"),
        ({"by": ["plan"]}, "the table lacks plan"),
        ({"by": ["touchpoint"]}, "by = touchpoint is a name that the answer needs itself"),
    ],
)
def test_what_cannot_be_followed_is_refused_with_a_remedy(options, said, ask):
    asked = {"steps": FUNNEL, **options}
    with pytest.raises(ParameterError, match=r"\.$") as refused:
        ask([("ann", 0, "visit")], **asked)
    assert said in str(refused.value)


def test_journeys_need_the_steps_of_journeys(table):
    events = table(
        pd.DataFrame({"customer_id": ["ann"], "event_id": ["1"], "occurred_us": [0], "touchpoint": ["visit"]})
    )
    with pytest.raises(ParameterError, match=r"lacks started_us; .* Pass the steps of journeys \(Store.steps\)"):
        funnel(events, FUNNEL, within_days=1, ends_us=DAY, unit="journeys")
