"""Worlds hold what their truth says, as plain pandas finds it in the files; it shares no code with the generator."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
from lifelines import CoxPHFitter

from journeylib.data import mapping, worlds
from journeylib.data.worlds.__main__ import main
from journeylib.errors import RefusedError

TIMES = {"web": "timestamp", "contact_centre": "started", "stores": "at", "email": "at", "surveys": "answered_at"}
FIRST, AFTER = pd.Timestamp("2025-01-01"), pd.Timestamp("2026-07-01")
INCIDENT = pd.Timestamp("2026-04-20"), pd.Timestamp("2026-05-10")
DAY, HOUR = pd.Timedelta(days=1), pd.Timedelta(hours=1)
ALL = worlds.PLANTS
HALF = pd.Timestamp("2025-10-01")
# What the files should show with every plant, and what changes where all are left out.
PLANTED = {
    "bounce_share": 0.15,
    "bounce_nps": -8.0,
    "bounce_ces": 0.6,
    "step_inside": 0.35,
    "step_outside": 0.85,
    "short_share": 0.2,
    "short_repeated": 0.25,
    "others_repeated": 0.05,
    "short_csat": -1.2,
    "annual_log_ratio": np.log(0.5),
    "null_log_ratio": 0.0,
    "club": 0.05,
    "follow_up_inside": 0.0,
    "phone_inside": 0.0,
    "devices_by_journey": 0.0,
    "opened_monthly": np.log(0.99),
    "opened_change": 0.0,
}
REMOVED = {
    "bounce_share": 0.0,
    "step_inside": 0.85,
    "short_share": 0.0,
    "annual_log_ratio": 0.0,
    "club": 0.0,
    "follow_up": 0.0,
    "phone": 0.0,
    "devices_by_customer": 0.0,
    "opened_monthly": 0.0,
}


def raw(folder: Path, source: str) -> pd.DataFrame:
    """A source file as it stands, with its time as `utc` and its customer as `person`."""
    [path] = folder.glob(f"{source}.*")
    frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype=str)
    said = frame[TIMES[source]]
    if source == "contact_centre":
        frame["utc"], frame["ended_utc"] = (
            pd.to_datetime(frame[name], format="%Y-%m-%dT%H:%M:%S%z", utc=True).dt.tz_localize(None)
            for name in ("started", "ended")
        )
    elif source == "stores":
        local = pd.to_datetime(said, format="%d/%m/%Y %H:%M:%S").dt.tz_localize("Europe/London")
        frame["utc"] = local.dt.tz_convert("UTC").dt.tz_localize(None)
    else:
        frame["utc"] = pd.to_datetime(said.astype("Int64"), unit="ms") if source == "email" else said
    return frame.rename(columns={"userId" if source == "web" else "customer": "person"})


def sound(folder: Path) -> dict[str, pd.DataFrame]:
    """The sources without duplicates, damaged rows, bots and strangers; a device stands for its commonest customer."""
    found = {}
    for source in TIMES:
        frame = raw(folder, source).drop_duplicates()
        frame = frame[frame["utc"] >= FIRST]
        if source == "web":
            owners = frame.groupby(["anonymousId", "person"]).size().sort_values(kind="stable").reset_index()
            owner = owners.drop_duplicates("anonymousId", keep="last").set_index("anonymousId")["person"]
            frame = frame[~frame["anonymousId"].isin(bots(frame))]
            device = frame["anonymousId"]
            frame = frame.assign(person=frame["person"].fillna(device.map(owner)).fillna(device))
        if source == "contact_centre":
            frame = frame[frame["ended_utc"] >= frame["utc"]]
        found[source] = frame.dropna(subset="person")
    return found


def bots(web: pd.DataFrame) -> pd.Index:
    """Devices that never show a customer and click more than a nameless visitor ever does."""
    devices = web.groupby("anonymousId")["person"].agg(["size", "count"])
    return devices.index[(devices["size"] > 100) & (devices["count"] == 0)]


def journeys(found: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """All events with the journey they belong to, and whether it goes from web to chat to phone."""
    events = pd.concat([frame[["person", "utc", "channel", "event"]] for frame in found.values()])
    events = events.sort_values(["person", "utc"], kind="stable", ignore_index=True)
    same = events["person"] == events["person"].shift()
    goes_on = same & (events["utc"].diff() <= 7 * DAY) & (events["event"].shift() != "account closed")
    events["journey"] = (~goes_on).cumsum()
    turns = events[~goes_on | (events["channel"] != events["channel"].shift())]
    here = (turns["channel"] == "phone") & (turns["channel"].shift() == "chat") & (turns["channel"].shift(2) == "web")
    here &= turns["journey"] == turns["journey"].shift(2)
    events["bounces"] = events["journey"].isin(turns.loc[here, "journey"])
    return events


def measure(folder: Path) -> dict[str, tuple[float, float]]:
    """Each planted size as the files show it, with its standard error."""
    found, people = sound(folder), pd.read_parquet(folder / "customers.parquet")
    events = journeys(found)
    calls = calls_of(found["contact_centre"])
    short, others = calls[calls["is_short"]], calls[~calls["is_short"]]
    nps, csat, ces = answers_of(found, events, short, people)
    inside, outside = steps_of(found["web"])
    return {
        "bounce_share": mean(events.drop_duplicates("journey")["bounces"]),
        "bounce_nps": difference(nps, "points", "bounces"),
        "bounce_ces": difference(ces, "score", "bounces"),
        "step_inside": mean(inside),
        "step_outside": mean(outside),
        "short_share": mean(calls.loc[calls["team"] == "east", "is_short"]),
        "short_repeated": mean(short["is_repeated"]),
        "others_repeated": mean(others["is_repeated"]),
        "short_csat": difference(csat, "score", "after_short"),
        **log_hazard_ratios(people),
        **noted(events, people),
        **by_phone(csat, found["contact_centre"], events),
        **opened(found["email"], events),
    }


def calls_of(contacts: pd.DataFrame) -> pd.DataFrame:
    """Calls: whether short, and whether the customer calls again within an hour."""
    calls = contacts[contacts["channel"] == "phone"].sort_values(["person", "utc"])
    again = (calls["person"].shift(-1) == calls["person"]) & (calls["utc"].shift(-1) - calls["ended_utc"] <= HOUR)
    return calls.assign(is_repeated=again, is_short=calls["ended_utc"] - calls["utc"] < pd.Timedelta(seconds=10))


def answers_of(
    found: dict[str, pd.DataFrame], events: pd.DataFrame, short: pd.DataFrame, people: pd.DataFrame
) -> list[pd.DataFrame]:
    """Answers to each question with what their journey held, those of the small segment apart."""
    keys = ["person", "utc"]
    answers = found["surveys"].merge(events.loc[events["event"] == "survey answered", [*keys, "journey", "bounces"]])
    answers["after_short"] = answers["journey"].isin(short.merge(events, on=keys)["journey"])
    answers["points"] = 100.0 * (answers["score"] >= 9) - 100.0 * (answers["score"] <= 6)
    small = people.loc[people["region"] == "Gibraltar", "customer_id"]
    answers = answers[~answers["person"].isin(small)]
    return [answers[answers["score_type"] == question] for question in ("nps", "csat", "ces")]


def steps_of(web: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Whether each checkout became an order within a day: those inside the incident, and the others."""
    steps = web[web["event"].isin(["checkout started", "order placed"])].sort_values(["person", "utc"])
    orders = steps["utc"].where(steps["event"] == "order placed").groupby(steps["person"]).bfill()
    checkouts = steps["event"] == "checkout started"
    goes_on, inside = (orders - steps["utc"] <= DAY)[checkouts], steps["utc"].between(*INCIDENT, "left")[checkouts]
    return goes_on[inside], goes_on[~inside]


def log_hazard_ratios(people: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Cox regression of tenure in days on the plan and a null attribute, with delayed entry."""
    signed, ended = pd.to_datetime(people["signed_up_on"]), pd.to_datetime(people["ended_on"])
    spells = pd.DataFrame(
        {
            "entry": (FIRST - signed).dt.days.clip(lower=0),
            "days": (ended.fillna(AFTER) - signed).dt.days,
            "has_left": ended.notna(),
            "annual_log_ratio": (people["plan"] == "annual").astype(int),
            "null_log_ratio": (people["newsletter"] == "yes").astype(int),
        }
    )
    fitted = CoxPHFitter().fit(spells, "days", "has_left", entry_col="entry", fit_options={"precision": 1e-7})
    return {name: (float(fitted.params_[name]), float(error)) for name, error in fitted.standard_errors_.items()}


def noted(events: pd.DataFrame, people: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """How much oftener journeys end in an order by what is written down of customers; the incident's days apart."""
    each = events.assign(ordered=(events["event"] == "order placed").astype(int)).groupby("journey")
    each = each.agg(person=("person", "first"), begins=("utc", "min"), ordered=("ordered", "max"))
    each = each[~each["begins"].between(*INCIDENT, "left")]
    own = each.groupby("person")["ordered"].agg(m="size", x="sum")
    own = people.set_index("customer_id").join(own).fillna({"m": 0, "x": 0})
    unsure, called = own["first_talk"] == "unsure", own["follow_up"] == "called"
    inside = [(gap(own[side], called[side]), own.loc[side, "m"].sum()) for side in (unsure, ~unsure)]
    weights = np.array([m for _, m in inside]) / own["m"].sum()
    several = own["devices"] == "several"
    return {
        "club": gap(own, own["club"] == "member"),
        "follow_up": gap(own, called),
        "follow_up_inside": (
            float(weights @ [one[0] for one, _ in inside]),
            float(np.sqrt(weights**2 @ [one[1] ** 2 for one, _ in inside])),
        ),
        "devices_by_journey": gap(own, several),
        "devices_by_customer": difference(own.assign(several=several), "x", "several"),
    }


def gap(own: pd.DataFrame, group: pd.Series) -> tuple[float, float]:
    """Share of journeys with an order, of the group less of the others; customers are clusters."""
    (one, one_error), (other, other_error) = (
        (
            rate := side["x"].sum() / side["m"].sum(),
            np.sqrt(((side["x"] - rate * side["m"]) ** 2).sum()) / side["m"].sum(),
        )
        for side in (own[group], own[~group])
    )
    return float(one - other), float(np.hypot(one_error, other_error))


def by_phone(csat: pd.DataFrame, contacts: pd.DataFrame, events: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Satisfaction where the journey begins on the phone less where it does not: in all, and inside each reason."""
    told = contacts.merge(events, on=["person", "utc"]).drop_duplicates("journey").set_index("journey")["intent"]
    first = events.drop_duplicates("journey").set_index("journey")["channel"]
    answers = csat.assign(intent=csat["journey"].map(told), is_phone=csat["journey"].map(first) == "phone")
    inside = [(difference(own, "score", "is_phone"), len(own)) for _, own in answers.groupby("intent")]
    weights = np.array([1 / one[1] ** 2 for one, _ in inside])
    weights /= weights.sum()
    return {
        "phone": difference(answers, "score", "is_phone"),
        "phone_inside": (
            float(weights @ [one[0] for one, _ in inside]),
            float(np.sqrt(weights**2 @ [one[1] ** 2 for one, _ in inside])),
        ),
    }


def opened(email: pd.DataFrame, events: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """The monthly change of the opened share in logarithms, inside each template, and its change in all, by halves."""
    of = email.merge(events[["person", "utc", "journey"]].drop_duplicates(["person", "utc"]), on=["person", "utc"])
    sent = of[of["event"] == "email sent"].drop_duplicates("journey")
    sent = sent.assign(
        later=sent["utc"] >= HALF, is_open=sent["journey"].isin(of.loc[of["event"] == "email opened", "journey"])
    )
    slopes = []
    for _, own in sent.groupby("template"):
        shares = own.groupby("later").agg(rate=("is_open", "mean"), n=("is_open", "size"), at=("utc", "mean"))
        months = shares["at"].diff().iloc[1] / pd.Timedelta(days=365.25 / 12)
        error = np.sqrt(((1 - shares["rate"]) / shares["rate"] / shares["n"]).sum())
        slopes.append((np.log(shares["rate"]).diff().iloc[1] / months, error / months))
    values, errors = np.array(slopes).T
    return {
        "opened_monthly": (float(values.mean()), float(np.sqrt((errors**2).sum()) / len(errors))),
        "opened_change": difference(sent, "is_open", "later"),
    }


def mean(values: pd.Series) -> tuple[float, float]:
    return float(values.mean()), float(values.astype(float).sem())


def difference(answers: pd.DataFrame, value: str, group: str) -> tuple[float, float]:
    """Mean of the group less mean of the others."""
    (one, one_error), (other, other_error) = (
        mean(answers.loc[answers[group] == side, value]) for side in (True, False)
    )
    return one - other, float(np.hypot(one_error, other_error))


def pooled(measures: list[dict[str, tuple[float, float]]], name: str) -> tuple[float, float]:
    estimates, errors = (np.array([measured[name][part] for measured in measures]) for part in (0, 1))
    return float(estimates.mean()), float(np.sqrt((errors**2).sum()) / len(errors))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("demo")
    return folder, worlds.make(folder)


@pytest.fixture(scope="module")
def planted(demo: tuple[Path, Any], tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, tuple[float, float]]]:
    folders = [demo[0]] + [tmp_path_factory.mktemp(f"seed{seed}") for seed in range(2, 6)]
    for seed, folder in enumerate(folders[1:], start=2):
        worlds.make(folder, seed=seed)
    return [measure(folder) for folder in folders]


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_size_is_recovered_over_five_seeds(planted: list[Any], name: str) -> None:
    estimate, error = pooled(planted, name)
    assert abs(estimate - PLANTED[name]) <= 3 * error


@pytest.mark.parametrize(
    "name",
    [
        *["bounce_nps", "bounce_ces", "short_csat", "annual_log_ratio"],
        *["club", "follow_up", "phone", "devices_by_customer", "opened_monthly"],
    ],
)
def test_a_planted_difference_stands_out_over_five_seeds(planted: list[Any], name: str) -> None:
    estimate, error = pooled(planted, name)
    assert abs(estimate) > 3 * error


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("bare")
    return folder, worlds.make(folder, without=ALL)


def test_a_world_without_its_plants_has_none_of_their_effects(bare: tuple[Path, dict[str, Any]]) -> None:
    folder, told = bare
    found = measure(folder)
    for name, size in REMOVED.items():
        estimate, error = found[name]
        assert abs(estimate - size) <= 3 * error, name
    assert told["plants"]["bounce"]["realised"]["with_chain"] == 0
    assert not any(told["plants"][name]["is_planted"] for name in ALL)
    assert "Gibraltar" not in set(pd.read_parquet(folder / "customers.parquet")["region"])


def test_support_contacts_multiply_in_the_incident_only_where_it_is_planted(
    demo: tuple[Path, dict[str, Any]], bare: tuple[Path, dict[str, Any]]
) -> None:
    times = []
    for folder, _ in (demo, bare):
        contacts, people = sound(folder)["contact_centre"], pd.read_parquet(folder / "customers.parquet")
        inside = contacts["utc"].between(*INCIDENT, "left")
        rates = []
        for (begin, end), rows in [(INCIDENT, inside.sum()), ((FIRST, AFTER), len(contacts))]:
            from_day = pd.to_datetime(people["signed_up_on"]).clip(lower=begin)
            to_day = pd.to_datetime(people["ended_on"]).fillna(AFTER).clip(upper=end)
            rates.append((rows, (to_day - from_day).dt.days.clip(lower=0).sum()))
        (rows, days), (all_rows, all_days) = rates
        times.append((rows / days) / ((all_rows - rows) / (all_days - days)))
    assert times[0] == pytest.approx(3.5, abs=0.4)
    assert times[1] == pytest.approx(1.0, abs=0.15)


def test_every_nps_answer_of_the_small_segment_is_a_ten(demo: tuple[Path, dict[str, Any]]) -> None:
    folder, told = demo
    people = pd.read_parquet(folder / "customers.parquet")
    small = people.loc[people["region"] == "Gibraltar", "customer_id"]
    answers = pd.read_parquet(folder / "surveys.parquet").query("score_type == 'nps'")
    scores = answers.loc[answers["customer"].isin(small), "score"]
    assert len(small) == told["plants"]["small_segment"]["customers"] == 12
    assert len(scores) > 5
    assert set(scores) == {10.0}


def test_removing_a_plant_leaves_the_rest_as_it_was(tmp_path: Path) -> None:
    alike = ["contacts", "cut_off"]  # leaving follows the calls, which are others without short ones and the incident
    whole = worlds.make(tmp_path / "whole", customers=600, mess=False, without=alike)
    less = worlds.make(tmp_path / "less", customers=600, mess=False, without=[*alike, "short_calls", "incident"])
    one, other = (pd.read_parquet(tmp_path / name / "customers.parquet") for name in ("whole", "less"))
    pd.testing.assert_frame_equal(one, other)
    assert less["plants"]["churn"] == whole["plants"]["churn"]
    stores = [raw(tmp_path / name, "stores")[["person", "utc"]] for name in ("whole", "less")]
    pd.testing.assert_frame_equal(*stores)


def test_the_truth_counts_each_kind_of_mess_as_the_files_hold_it(demo: tuple[Path, dict[str, Any]]) -> None:
    folder, told = demo
    files = {source: raw(folder, source) for source in TIMES}
    once = files["web"].drop_duplicates()
    timed = once[once["utc"] >= FIRST]
    contacts, people = files["contact_centre"], pd.read_parquet(folder / "customers.parquet")
    names = people["name"]
    capitals = (names == names.str.upper()) & names.str.contains("[A-Z]")
    is_variant = names.str.contains(r"  |, | $") | capitals
    retries = told["mess"].pop("retries")  # the test below counts them, beside the clean world
    assert told["mess"] == {
        "bots": int(files["web"]["anonymousId"].isin(bots(files["web"])).sum()),
        "end_before_start": int((contacts["ended_utc"] < contacts["utc"]).sum()),
        "epoch_1970": sum(int((frame["utc"] == pd.Timestamp(0)).sum()) for frame in files.values()),
        "equal_timestamps": int(timed.duplicated(["anonymousId", "utc"]).sum()),
        "exact_duplicates": sum(int(frame.duplicated().sum()) for frame in files.values()),
        "no_customer_id_calls": int(contacts["person"].isna().sum()),
        "no_customer_id_web": int(files["web"]["person"].isna().sum()),
        "no_timestamp": sum(int(frame["utc"].isna().sum()) for frame in files.values()),
        "spelling_variants": int(is_variant.sum()),
    }
    told["mess"]["retries"] = retries
    assert not files["web"]["utc"].between("2025-09-17", "2025-09-18", "left").any()
    assert told["rows"] == {
        **{next(folder.glob(f"{source}.*")).name: len(frame) for source, frame in files.items()},
        "customers.parquet": len(people),
    }


def test_the_mess_adds_rows_and_damages_none(tmp_path: Path) -> None:
    retries = worlds.make(tmp_path / "messy", customers=400)["mess"]["retries"]
    told = worlds.make(tmp_path / "clean", customers=400, mess=False)
    assert told["mess"] == {}
    assert not told["gaps"]
    messy, clean = sound(tmp_path / "messy"), sound(tmp_path / "clean")
    for source in ("contact_centre", "stores", "email", "surveys"):
        shown = ["person", "utc", *clean[source].columns.intersection(["event", "total", "cost", "score", "team"])]
        ours, theirs = (world[source][shown].sort_values(shown, ignore_index=True) for world in (messy, clean))
        pd.testing.assert_frame_equal(ours, theirs)
    assert clean["web"]["person"].notna().all()
    lost = clean["web"]["utc"].between("2025-09-17", "2025-09-18", "left")
    assert len(messy["web"]) == len(clean["web"]) - lost.sum() + retries
    assert retries > 0


def test_the_truth_counts_the_journeys_that_pandas_finds(tmp_path: Path) -> None:
    told = worlds.make(tmp_path, customers=1_500, mess=False)
    each = journeys(sound(tmp_path)).drop_duplicates("journey")
    realised = told["plants"]["bounce"]["realised"]
    assert (realised["journeys"], realised["with_chain"]) == (len(each), int(each["bounces"].sum()))


def test_a_demo_has_about_150_thousand_events_in_six_channels_and_two_zones(demo: tuple[Path, dict[str, Any]]) -> None:
    folder, told = demo
    assert 130_000 <= told["events"] <= 170_000
    found = sound(folder)
    assert {name for frame in found.values() for name in frame["channel"]} == {
        "web", "app", "chat", "phone", "store", "email",
    }  # fmt: skip
    assert set(found["contact_centre"]["started"].str[-6:]) == {"+02:00", "+03:00"}
    hours = pd.to_datetime(found["stores"]["at"], format="%d/%m/%Y %H:%M:%S").dt.hour
    assert hours.between(9, 19).all()
    for frame in found.values():
        assert frame["utc"].between(FIRST, AFTER, "left").all()


def test_nothing_happens_after_a_customer_has_left_or_before_the_sign_up(demo: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = demo
    people = pd.read_parquet(folder / "customers.parquet").set_index("customer_id")
    users = raw(folder, "web").groupby("anonymousId")["person"].nunique()
    for frame in sound(folder).values():
        if "anonymousId" in frame:  # on a shared device a click before the log-in may be the other's
            frame = frame[frame["anonymousId"].map(users) == 1]
        left = pd.to_datetime(frame["person"].map(people["ended_on"])).fillna(AFTER) + DAY
        assert len(frame) > 1_000
        assert (frame["utc"] < left).all()
        assert (frame["utc"] >= pd.to_datetime(frame["person"].map(people["signed_up_on"]))).all()


def test_ten_attributes_mean_nothing_and_are_told(demo: tuple[Path, dict[str, Any]]) -> None:
    folder, told = demo
    people = pd.read_parquet(folder / "customers.parquet")
    nulls = told["plants"]["nulls"]["attributes"]
    assert len(nulls) == 10
    assert people[nulls].notna().all(axis=None)
    assert people[nulls].nunique().between(2, 4).all()


def test_the_new_plants_move_reasons_and_stars_only(tmp_path: Path) -> None:
    without = ["channel", "devices", "follow_up", "mix_shift", "announced", "club"]
    worlds.make(tmp_path / "whole", customers=600)
    worlds.make(tmp_path / "less", customers=600, without=without)
    moved = {}
    for source in TIMES:
        one, other = (raw(tmp_path / name, source) for name in ("whole", "less"))
        moved[source] = {name for name in one if not one[name].equals(other[name])}
    assert moved == {
        "web": {"reason"},
        "contact_centre": {"intent"},
        "stores": set(),
        "email": {"template"},
        "surveys": {"score"},
    }
    one, other = (raw(tmp_path / name, "surveys").query("score_type != 'csat'") for name in ("whole", "less"))
    pd.testing.assert_frame_equal(one, other)


def test_the_truth_counts_groups_and_announces_a_day_on_which_nothing_happens(tmp_path: Path) -> None:
    told = worlds.make(tmp_path, customers=1_500, mess=False)["plants"]
    found, people = sound(tmp_path), pd.read_parquet(tmp_path / "customers.parquet")
    events = journeys(found)
    ordered = events["journey"].isin(events.loc[events["event"] == "order placed", "journey"])
    each = (
        events.assign(ordered=ordered)
        .drop_duplicates("journey")
        .merge(people, left_on="person", right_on="customer_id")
    )
    for plant, column, groups in [("club", "club", ["member", "none"]), ("devices", "devices", ["several", "one"])]:
        for group in groups:
            own, counted = each[each[column] == group], told[plant]["realised"]
            assert counted[f"{group}_customers"] == (people[column] == group).sum()
            assert (counted[f"{group}_journeys"], counted[f"{group}_orders"]) == (len(own), own["ordered"].sum())
    assert told["club"]["difference"] == 0.05
    assert told["mix_shift"]["rate"] == pytest.approx(-0.048, abs=0.005)
    assert told["mix_shift"]["mix"] == pytest.approx(0.048, abs=0.005)
    assert told["announced"]["on"] == "2025-11-10"


def test_ids_that_differ_only_by_leading_zeros_are_different_customers(demo: tuple[Path, dict[str, Any]]) -> None:
    ids = pd.read_parquet(demo[0] / "customers.parquet")["customer_id"]
    assert {"123", "00123", "123.0"} <= set(ids)
    assert ids.is_unique
    assert not ids.str.lstrip("0").is_unique


def test_names_and_regions_come_in_four_scripts(demo: tuple[Path, dict[str, Any]]) -> None:
    people = pd.read_parquet(demo[0] / "customers.parquet")
    for column in ("name", "region"):
        for letters in ("[A-Za-z]", "[\u05d0-\u05ea]", "[\u0621-\u064a]", "[\u4e00-\u9fff]"):
            assert people[column].str.contains(letters).mean() > 0.05


def test_every_column_of_the_mapping_is_in_its_file(demo: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = demo
    assert len(mapping.read(folder / "mapping.toml").sources) == 6
    for source in tomllib.loads((folder / "mapping.toml").read_text())["source"]:
        path = folder / source["path"]
        there = (
            pyarrow.parquet.read_schema(path).names if path.suffix == ".parquet" else list(pd.read_csv(path, nrows=0))
        )
        named = [*source["columns"].values(), *source.get("attributes", {}).values()]
        flat = [name for theirs in named for name in ([theirs] if isinstance(theirs, str) else theirs)]
        assert set(flat) <= set(there), path.name


def test_equal_arguments_give_equal_bytes_and_another_seed_another_world(tmp_path: Path) -> None:
    for name, seed in [("one", 7), ("again", 7), ("other", 8)]:
        worlds.make(tmp_path / name, customers=300, seed=seed)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert len(files) == 8
    one, again, other = (
        [(tmp_path / name / file).read_bytes() for file in files] for name in ("one", "again", "other")
    )
    assert one == again
    assert one != other


def test_a_world_with_identities_says_who_is_behind_each_event(tmp_path: Path) -> None:
    told = worlds.make(tmp_path, customers=1_000, identities=True)
    truth = pd.read_parquet(tmp_path / "identities.parquet").set_index(["source", "event_id"])["customer"]
    assert truth.index.is_unique
    assert told["rows"]["web.parquet"] == len(raw(tmp_path, "web"))
    for source, id_column in [("web", "messageId"), ("contact_centre", "contact_id"), ("stores", "receipt")]:
        frame = raw(tmp_path, source)
        behind = truth[source].reindex(frame[id_column]).to_numpy()
        assert set(frame[id_column]) == set(truth[source].index)
        named = frame["person"].notna().to_numpy()
        assert (frame["person"].str.removeprefix("m-").to_numpy() == behind)[named].all()
        if source == "web":
            is_bot = frame["anonymousId"].isin(bots(frame)).to_numpy()
            assert pd.isna(behind[is_bot]).all()
            assert pd.notna(behind[~is_bot]).all()


def test_one_customer_in_a_hundred_has_two_ids_and_one_click_carries_both(tmp_path: Path) -> None:
    worlds.make(tmp_path / "known", customers=1_000, identities=True)
    worlds.make(tmp_path / "plain", customers=1_000)
    known, plain = ({source: raw(tmp_path / name, source) for source in TIMES} for name in ("known", "plain"))
    second = {name for frame in known.values() for name in frame["person"].dropna() if name.startswith("m-")}
    assert 3 <= len(second) <= 10
    for source in TIMES:
        same = (
            known[source]
            .drop(columns="previousId", errors="ignore")
            .replace({"person": {name: name.removeprefix("m-") for name in second}})
        )
        pd.testing.assert_frame_equal(same, plain[source])
    both = known["web"].dropna(subset="previousId")
    assert (both["person"] == "m-" + both["previousId"]).all()
    assert both.drop_duplicates()["person"].is_unique
    customers = [(tmp_path / name / "customers.parquet").read_bytes() for name in ("known", "plain")]
    assert customers[0] == customers[1]
    web = mapping.read(tmp_path / "known" / "mapping.toml").sources[0]
    assert web.columns["customer_id"] == ("userId", "previousId", "anonymousId")


def test_a_world_of_several_batches_has_every_customer_and_event_once(tmp_path: Path) -> None:
    told = worlds.make(tmp_path, customers=5_400, mess=False)
    people = pd.read_parquet(tmp_path / "customers.parquet")
    web = pd.read_parquet(tmp_path / "web.parquet", columns=["messageId"])["messageId"]
    assert len(people) == 5_400
    assert people["customer_id"].is_unique
    assert web.is_unique
    assert len(web) == told["rows"]["web.parquet"]


def test_a_world_can_be_as_small_as_one_customer(tmp_path: Path) -> None:
    assert worlds.make(tmp_path, customers=1)["rows"]["customers.parquet"] == 1
    assert json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))["customers"] == 1


def test_an_unknown_plant_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match=r"no plant is called weather\. Leave out any of: churn, bounce"):
        worlds.make(tmp_path, without=["weather"])


def test_the_command_writes_a_world_and_refuses_none_of_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--to", str(tmp_path), "--customers", "50", "--without", "churn", "--clean"]) == 0
    assert "50 customers" in capsys.readouterr().out
    assert json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))["without"] == ["churn"]
    assert main(["--to", str(tmp_path), "--customers", "0"]) == 2
    assert "at least 1 customer" in capsys.readouterr().err
