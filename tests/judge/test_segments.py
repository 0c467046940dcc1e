"""Groups are compared in every measure, as they stood when its units began to count."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import narwhals.stable.v2 as nw
import pandas as pd
import pytest

import journeylib
from journeylib.errors import ParameterError
from journeylib.judge import ledger, segments
from journeylib.measures import registry
from journeylib.show.record import make

GOAL = {"touchpoint": "order placed", "within_days": 10}
PLAN = {"plan": "customers.plan"}
LOUD = {"loud": "customers where contacts of call >= 2 within 5 days"}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Two hundred customers of two plans: 80 % of annual journeys convert, 40 % of monthly ones."""
    folder = tmp_path_factory.mktemp("store")
    (folder / "mapping.toml").write_text(
        """
        [[source]]
        path = "events.csv"
        [source.columns]
        event_id = "id"
        customer_id = "who"
        occurred_at = "at"
        touchpoint = "what"
        channel = "where"
        revenue = "amount"
        currency = "money"
        score = "score"
        score_type = "kind"
        [[source]]
        kind = "customers"
        path = "customers.csv"
        [source.columns]
        customer_id = "id"
        ended_on = "to"
        [source.attributes]
        plan = "plan"
        region = "region"
        """,
        encoding="utf-8",
    )
    number, events, people = count(), ["id,who,at,what,where,amount,money,score,kind"], ["id,to,plan,region"]

    def event(who, day, what, where="web", amount="", score=""):
        money, kind = ("EUR" if amount else ""), ("nps" if score else "")
        events.append(f"e{next(number)},{who},2026-{day}T10:00:00Z,{what},{where},{amount},{money},{score},{kind}")

    for at in range(200):
        who, plan = f"c{at:03}", "annual" if at % 2 else "monthly"
        people.append(f"{who},{'2026-02-20' if at % 4 == 0 else ''},{plan},{'north' if at % 10 < 5 else 'south'}")
        if at % 5 == 0:
            event(who, "01-02", "call", "phone")
            event(who, "01-04", "call", "phone")
        event(who, "02-01", "visit")
        if at % 10 in (1, 3, 5, 2, 4, 9 if at < 100 else 7):  # of ten: three or four annual ones, two monthly ones
            event(who, "02-03", "order placed", amount="10.00" if plan == "annual" else "5.00")
        event(who, "02-04", "survey", "email", score="9" if at % 2 else "5")
    event("nobody", "02-01", "visit")
    event("last", "03-20", "visit")
    (folder / "events.csv").write_text("\n".join(events) + "\n", encoding="utf-8")
    (folder / "customers.csv").write_text("\n".join(people) + "\n", encoding="utf-8")
    journeylib.load(mapping=folder / "mapping.toml", store=folder / "store")
    return journeylib.open_store(folder / "store", start="2026-02-01")


def test_the_difference_is_that_of_the_groups_counted_by_hand(store):
    found = segments.compared(store, "outcomes.converted", PLAN, "plan", goal=GOAL)
    [row] = segments.primary(found).to_dict("records")
    assert (row["group"], row["baseline"], row["n"]) == ("annual", "monthly", 100)
    assert row["estimate"] == pytest.approx(80 / 100 - 40 / 100)
    assert row["p"] < 0.001
    levels = found[found["kind"] == "level"].set_index("group")
    assert levels["estimate"].to_dict() == {"annual": 0.8, "monthly": 0.4, "unknown": 0.0}
    assert not levels["is_enough"]["unknown"]


def test_unknown_is_among_nobodys_rest(store):
    found = segments.compared(store, "outcomes.converted", {"region": "customers.region"}, "region", goal=GOAL)
    assert segments.primary(found)["group"].tolist() == ["north"]
    assert segments.primary(found)["baseline"].tolist() == ["south"]


def test_a_group_is_what_was_known_when_its_journey_began(store):
    found = segments.compared(store, "outcomes.converted", LOUD, "loud", goal=GOAL)
    levels = found[found["kind"] == "level"].set_index("group")
    assert levels["n"].to_dict() == {"loud": 40, "not loud": 161}  # all calls came before; "nobody" had none


def test_what_is_known_only_later_is_not_applicable_without_a_landmark(store):
    late = {"surveyed": 'journeys where touched "survey"'}
    found = segments.compared(store, "outcomes.converted", late, "surveyed", goal=GOAL)
    assert "known only in the course of a journey" in found.attrs["not_applicable"]
    landed = segments.compared(store, "outcomes.converted", late, "surveyed", goal=GOAL, landmark_days=4)
    levels = landed[landed["kind"] == "level"].set_index("group")
    assert levels["n"].to_dict() == {"not surveyed": 1, "surveyed": 80}  # those 120 who had converted are out
    assert (levels["estimate"] == 0).all()
    slow = segments.compared(store, "timing.to_goal", late, "surveyed", goal=GOAL, landmark_days=4)
    assert "timing.to_goal counts from its start" in slow.attrs["not_applicable"]  # it knows no landmark


def test_parts_add_up_and_strata_stand_beside_the_contrast(store):
    segs = PLAN | {"region": "customers.region"}
    found = segments.compared(store, "outcomes.converted", segs, "plan", alike="region", goal=GOAL)
    crude = found[found["kind"] == "crude"]["estimate"].iloc[0]
    parts = segments.parts(found).set_index("kind")["estimate"]
    assert parts["rate"] + parts["mix"] == pytest.approx(crude) == pytest.approx(parts["crude"])
    assert segments.forest(found)["kind"].tolist() == ["crude", "standardised"]
    assert {one["stratum"] for one in segments.inside(found)} == {"north", "south"}
    assert found["p"].notna().sum() == 1  # one primary contrast
    north = [one["estimate"] for one in segments.inside(found) if one["stratum"] == "north"]
    assert north == [pytest.approx(40 / 40 - 40 / 60)]


def test_values_come_in_the_unit_of_the_measure(store):
    found = segments.compared(store, "timing.to_goal", PLAN, "plan", goal=GOAL)
    levels = found[found["kind"] == "level"].set_index("group")["estimate"]
    assert levels["annual"] == pytest.approx(0.8 * 2 + 0.2 * 10)  # days
    scores = segments.compared(store, "satisfaction.nps", PLAN, "plan")
    assert segments.primary(scores)["estimate"].tolist() == [200]


def test_what_adds_up_over_time_says_how_long_each_group_was_there(store):
    found = segments.compared(store, "value.revenue", PLAN, "plan")
    days = (store.ends_us - store.start_us) / 86_400_000_000
    assert found.attrs["exposure_days"] == pytest.approx({"annual": days, "monthly": (days + 19) / 2})
    levels = found[found["kind"] == "level"].set_index("group")["estimate"]
    assert levels["annual"] == pytest.approx(800)  # cents
    record = make("finding", "stay", segments.primary(found), exposure_days=found.attrs["exposure_days"])
    assert record["context"]["exposure_days"]["annual"] == pytest.approx(days)


def test_a_measure_that_the_data_lack_is_not_applicable_and_an_unknown_one_refused(store):
    assert "chain" in segments.compared(store, "channels.bounced", PLAN, "plan").attrs["not_applicable"]
    assert segments.compared(store, "satisfaction.csat", PLAN, "plan").attrs["not_applicable"]
    with pytest.raises(ParameterError, match=r'there is no segment "plam"; there are plan'):
        segments.compared(store, "satisfaction.nps", PLAN, "plam")
    with pytest.raises(ParameterError, match=r'no measure "outcomes.convert"; there are outcomes.converted,'):
        segments.compared(store, "outcomes.convert", PLAN, "plan")


def test_the_heat_map_and_the_ranks_are_of_the_groups_own_values(store):
    frames = [
        segments.compared(store, key, PLAN, "plan", goal=GOAL) for key in ("outcomes.converted", "satisfaction.nps")
    ]
    heat = segments.heat(*frames, segments.compared(store, "satisfaction.csat", PLAN, "plan"))
    assert heat["measure"].unique().tolist() == ["outcomes.converted", "satisfaction.nps"]
    assert heat["unit"].tolist() == ["share"] * 3 + ["score"] * 2
    ranks = segments.ranked(frames[0])
    assert ranks["group"].tolist() == ["annual", "monthly"]  # "unknown" has no place
    assert ranks.attrs["top"] == 1  # among two, to be of the best three says nothing
    slow = segments.ranked(segments.compared(store, "timing.to_goal", PLAN, "plan", goal=GOAL))
    assert slow["group"].tolist()[0] == "annual"  # sooner is better


def test_every_measure_is_registered_with_what_it_is(store):
    assert set(registry.MEASURES) == {
        "outcomes.converted",
        "timing.to_goal",
        "paths.followed",
        "channels.switched",
        "channels.bounced",
        "friction.repeated",
        "satisfaction.nps",
        "satisfaction.csat",
        "satisfaction.ces",
        "satisfaction.response",
        "value.revenue",
        "value.cost",
    }
    assert {one.unit for one in registry.MEASURES.values()} == {"share", "days", "score", "number", "money"}
    survey = {"asked": ["visit"], "answered": ["survey"], "within_days": 5}
    asked = {"goal": GOAL, "chain": ["web", "email"], "pattern": "visit -> * -> survey", "survey": survey}
    for key in registry.MEASURES:
        found = segments.compared(store, key, PLAN, "plan", **asked)
        assert isinstance(found, pd.DataFrame)
        lacks = {"satisfaction.csat", "satisfaction.ces", "value.cost"}
        assert ("not_applicable" in found.attrs) == (key in lacks), key


def test_only_the_primary_contrast_reaches_the_ledger(store):
    segs = PLAN | {"region": "customers.region"}
    found = segments.compared(store, "outcomes.converted", segs, "plan", alike="region", goal=GOAL)
    record = {**make("finding", "stay", segments.primary(found)), "notebook": "segments"}
    assert len(ledger.contrasts([record])) == 1


def test_the_best_of_each_group_is_one_row_with_what_ties():
    def row(plan, channel, n, estimate, half):
        return (plan, channel, n, estimate, estimate - half, estimate + half, n >= 30)

    columns = ["plan", "channel", "n", "estimate", "low", "high", "is_enough"]
    rows = [
        row("annual", "web", 90, 0.5, 0.05),
        row("annual", "chat", 90, 0.48, 0.05),
        row("annual", "phone", 90, 0.1, 0.05),
        row("annual", "store", 9, 0.9, 0.3),
        row("monthly", "web", 90, 0.2, 0.05),
        row("tiny", "web", 12, 0.2, 0.05),
        row("unknown", "web", 90, 0.9, 0.05),
    ]
    found = segments.best(pd.DataFrame(rows, columns=columns), "channel")
    assert found["group"].tolist() == ["annual", "monthly"]
    assert found["channel"].tolist() == ["web", "web"]  # the store's nine customers prove nothing
    assert found["ties"].tolist() == [["chat"], []]
    assert 0.5 < found["top_chance"][0] < 0.9


def test_what_is_at_stake_is_the_units_times_the_part_that_is_not_the_mix(store):
    found = segments.compared(store, "outcomes.converted", PLAN, "plan", goal=GOAL, baseline="annual")
    [row] = segments.stakes(found).to_dict("records")
    assert (row["group"], row["baseline"]) == ("monthly", "annual")
    assert row["estimate"] == pytest.approx(100 * 0.4)  # a hundred journeys, 40 points behind
    assert 0 < row["low"] < row["estimate"] < row["high"] <= 100
    better = segments.compared(store, "outcomes.converted", PLAN, "plan", goal=GOAL)
    assert segments.stakes(better).empty  # annual is better than monthly: nothing is at stake there
    assert (
        "can be better or worse"
        in segments.stakes(segments.compared(store, "satisfaction.nps", PLAN, "plan")).attrs["not_applicable"]
    )


def test_transitions_are_compared_alike_one_contrast_each(store):
    both = PLAN | {"region": "customers.region"}
    found = segments.edges(store, both, "plan", most=2)
    assert found[["source", "target", "group", "baseline"]].to_numpy().tolist() == [
        ["order placed", "survey", "annual", "monthly"],
        ["visit", "order placed", "annual", "monthly"],
    ]
    assert found["estimate"].tolist() == pytest.approx([0.4, 0.4])
    within = segments.edges(store, both, "plan", alike="region", most=1)
    assert len(within) == 1
    assert within["estimate"].tolist() == pytest.approx([(40 / 40 - 40 / 60) / 2 + (40 / 60 - 0) / 2])
    annual = replace(store, customers=store.customers.filter(nw.col("plan") == "annual"))
    nobody = segments.edges(annual, both, "plan")
    assert nobody.attrs["not_applicable"] == "fewer than two groups have customers"
