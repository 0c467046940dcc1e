"""Who leaves a world does so as its truth says: days counted and ratios found in the plain files, by numpy alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from journeylib.data import worlds

DAYS, SEEDS = 546, [1, 2, 3, 4, 5]
BEGIN = pd.Timestamp("2025-01-01")
REASONS = ("churn", "complaint", "contacts", "activated", "fading", "cut_off")
STATES = ["complaint", "contacts", "activated", "fading", "cut_off"]
RATIOS = {"annual": 0.5, "complaint": 1.6, "contacts": 1.35, "activated": 0.7, "fading": 2.0, "cut_off": 1.5}
NOTHING = {"fading later": 1.0, "newsletter": 1.0}

World = dict[str, Any]


def read(folder: Path, told: Mapping[str, Any]) -> World:
    """A world's customers by number, and its letters, calls and chats with `who` (that number) and `on` (the day)."""
    people = pd.read_parquet(folder / "customers.parquet")
    letters, contacts = pd.read_parquet(folder / "email.parquet"), pd.read_csv(folder / "contact_centre.csv", dtype=str)
    letters["utc"] = pd.to_datetime(letters["at"], unit="ms")
    for name, column in [("utc", "started"), ("ended_utc", "ended")]:
        contacts[name] = pd.to_datetime(contacts[column], utc=True).dt.tz_localize(None)
    number = pd.Series(people.index, people["customer_id"])
    for frame in (letters, contacts):
        frame["who"], frame["on"] = frame["customer"].map(number), (frame["utc"] - BEGIN).dt.days
    signed, ended = ((pd.to_datetime(people[name]) - BEGIN).dt.days for name in ("signed_up_on", "ended_on"))
    world = {"people": people, "letters": letters, "contacts": contacts, "told": told["plants"]}
    return {**world, "signed": signed.to_numpy(), "ended": ended.fillna(DAYS).astype(int).to_numpy()}


def states(world: World) -> dict[str, np.ndarray]:
    """What is so of each customer when each day of the period begins."""
    people, letters, contacts = (world[name] for name in ("people", "letters", "contacts"))
    grids = {name: np.zeros((len(people), DAYS), dtype=bool) for name in STATES}
    days = np.arange(DAYS)
    for who, on in letters.loc[letters["event"] == "activated", ["who", "on"]].to_numpy():
        grids["activated"][who, on + 1 :] = True
    is_short = contacts["ended_utc"] - contacts["utc"] < pd.Timedelta(seconds=10)
    for who, on in contacts.loc[is_short & (contacts["event"] == "call"), ["who", "on"]].to_numpy():
        grids["cut_off"][who, on + 1 :] = True
    ours = letters[letters["event"].str.startswith("complaint")].sort_values("utc")
    for who, on, event in ours[["who", "on", "event"]].to_numpy():
        grids["complaint"][who, on + 1 :] = event == "complaint"
    recent = np.zeros((len(people), DAYS), dtype=int)
    for who, on in contacts[["who", "on"]].to_numpy():
        recent[who, on + 1 : on + 31] += 1
    grids["contacts"] = recent >= 3
    day = days - world["signed"][:, None] + 1
    by_campaign = (people["came_by"] == "campaign").to_numpy()[:, None]
    grids["fading"], grids["fading later"] = by_campaign & (day <= 90), by_campaign & (day > 90)
    for name, value in [("plan", "annual"), ("newsletter", "yes")]:
        grids["annual" if name == "plan" else name] = np.repeat((people[name] == value).to_numpy()[:, None], DAYS, 1)
    return grids


def there(world: World) -> np.ndarray:
    """Who is a customer on which day, from the sign-up to the leaving, both included."""
    days = np.arange(DAYS)
    return (days >= world["signed"][:, None]) & (days <= world["ended"][:, None])


def log_ratios(world: World, names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Cox regression on days: Newton on the sums of customers by day since the sign-up and pattern of states."""
    grids = states(world)
    here = there(world)
    pattern = sum(grids[name].astype(int) << place for place, name in enumerate(names))
    day = np.arange(DAYS) - world["signed"][:, None]
    days = int(day.max()) + 1
    leaves = np.arange(DAYS) == world["ended"][:, None]
    at_risk, left = (
        np.bincount((day * 2 ** len(names) + pattern)[which], minlength=days * 2 ** len(names)).reshape(days, -1)
        for which in (here, leaves & here)
    )
    x = (np.arange(2 ** len(names))[:, None] >> np.arange(len(names))) & 1
    beta, many = np.zeros(len(names)), left.sum(axis=1)
    for _ in range(12):
        weight = at_risk * np.exp(x @ beta)
        total = np.maximum(weight.sum(axis=1), 1e-300)
        mean = weight @ x / total[:, None]
        score = left.sum(axis=0) @ x - many @ mean
        squares = np.einsum("d,dp,pi,pj->ij", many / total, weight, x, x, optimize=True)
        information = squares - (mean * many[:, None]).T @ mean
        beta = beta + np.linalg.solve(information, score)
    return beta, np.sqrt(np.diag(np.linalg.inv(information)))


def pooled(found: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    betas, errors = (np.array([one[part] for one in found]) for part in (0, 1))
    weights = 1 / errors**2
    return (betas * weights).sum(axis=0) / weights.sum(axis=0), 1 / np.sqrt(weights.sum(axis=0))


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> list[World]:
    made = []
    for seed in SEEDS:
        folder = tmp_path_factory.mktemp(f"seed{seed}")
        made.append(read(folder, worlds.make(folder, seed=seed, mess=False)))
    return made


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> list[World]:
    made = []
    for seed in SEEDS[:2]:
        folder = tmp_path_factory.mktemp(f"bare{seed}")
        made.append(read(folder, worlds.make(folder, seed=seed, mess=False, without=REASONS)))
    return made


def test_each_ratio_is_found_as_planted_and_nothing_where_nothing_is(planted: list[World]) -> None:
    names = [*RATIOS, *NOTHING]
    beta, errors = pooled([log_ratios(world, names) for world in planted])
    off = (beta - np.log([*RATIOS.values(), *NOTHING.values()])) / errors
    assert dict(zip(names, np.abs(off) <= 3, strict=True)) == dict.fromkeys(names, True)
    assert (np.abs(beta / errors)[: len(RATIOS)] > 3).all()


def test_a_plant_that_is_left_out_has_a_ratio_of_one(bare: list[World]) -> None:
    names = [*RATIOS, *NOTHING]
    beta, errors = pooled([log_ratios(world, names) for world in bare])
    assert (np.abs(beta) <= 3 * errors).all()
    for world in bare:
        assert {world["told"][name]["hazard_ratio"] for name in REASONS} == {1.0}
        assert world["told"]["churn"]["monthly_left_in_365_days"] == pytest.approx(0.378, abs=0.001)


def test_the_truth_counts_the_days_and_leavers_that_the_files_show(planted: list[World]) -> None:
    for world in planted:
        grids, here = states(world), there(world)
        leaver = np.flatnonzero(world["ended"] < DAYS)
        for name in STATES:
            realised = world["told"][name]["realised"]
            inside = grids[name] & here
            assert realised["customers"] == inside.any(axis=1).sum()
            assert realised["customer_days"] == inside.sum()
            assert realised["left"] == grids[name][leaver, world["ended"][leaver]].sum() > 50


def test_monthly_customers_leave_and_annual_ones_stay_as_told(planted: list[World]) -> None:
    found = []
    for world in planted:
        told, here = world["told"]["churn"], there(world)
        is_annual = (world["people"]["plan"] == "annual").to_numpy()
        day = np.arange(DAYS) - world["signed"][:, None] + 1
        curves = []
        for side in (is_annual, ~is_annual):
            risk = np.bincount(day[side][here[side]], minlength=366)[1:366]
            gone = (np.arange(DAYS) == world["ended"][side][:, None]) & here[side]
            left = np.bincount(day[side][gone], minlength=366)[1:366]
            curve = np.cumprod(1 - left / np.maximum(risk, 1))
            area = np.concatenate([curve[:-1][::-1].cumsum()[::-1], [0.0]])  # from each day to the horizon
            sums = left / np.maximum(risk, 1) / np.maximum(risk - left, 1)
            curves.append((curve, area, sums))
        (annual, area, sums), (monthly, base_area, base_sums) = curves
        gap = annual[:-1].sum() - monthly[:-1].sum() - told["stays_longer_days"]
        share = 1 - monthly[-1] - told["monthly_left_in_365_days"]
        gap_error = np.sqrt((area**2 * sums).sum() + (base_area**2 * base_sums).sum())
        found.append((gap / gap_error, share / (monthly[-1] * np.sqrt(base_sums.sum()))))
        assert told["monthly_left_in_365_days"] == pytest.approx(0.4, abs=0.01)
        assert told["stays_longer_days"] == pytest.approx(38, abs=5)
    off = np.array(found)
    assert (np.abs(off) < 3).all()
    assert (np.abs(off.mean(axis=0)) * np.sqrt(len(SEEDS)) < 3).all()


def test_most_complaints_are_resolved_within_forty_days_and_some_never(planted: list[World]) -> None:
    for world in planted:
        ours = world["letters"][world["letters"]["event"].str.startswith("complaint")].sort_values(["who", "utc"])
        is_answer = ours["event"] == "complaint resolved"
        previous = ours.groupby("who")["utc"].shift()
        days = ((ours["utc"] - previous) / pd.Timedelta(days=1))[is_answer]
        assert days.notna().all()
        assert (days > 2.9).all()
        assert days.between(3, 6).mean() > 0.6
        assert (days <= 40).mean() > 0.9  # a second complaint stands before the others
        assert 0.55 < is_answer.sum() / (~is_answer).sum() < 0.75


def test_activation_comes_within_seven_days_of_a_sign_up_in_the_period(planted: list[World]) -> None:
    for world in planted:
        activated = world["letters"][world["letters"]["event"] == "activated"]
        since = activated["on"].to_numpy() - world["signed"][activated["who"]]
        assert set(since) <= set(range(8))
        assert activated["who"].is_unique
        assert (world["signed"][activated["who"]] >= 0).all()
        new = (world["signed"] >= 0).sum()
        assert 0.4 < len(activated) / new < 0.5


def test_contacts_on_the_day_of_leaving_are_not_among_its_reasons(planted: list[World]) -> None:
    """Many who leave call on that day; the days before are as those of anybody with their hazard."""
    world = planted[0]
    on = world["contacts"].groupby(world["ended"][world["contacts"]["who"]] - world["contacts"]["on"]).size()
    assert on[0] > 10 * on[1:31].mean()
    assert on[1:8].mean() == pytest.approx(on[8:31].mean(), rel=0.5)


def test_leaving_out_reasons_changes_nothing_before_somebody_leaves(tmp_path: Path) -> None:
    whole, less = (
        read(tmp_path / name, worlds.make(tmp_path / name, customers=1_500, mess=False, without=without))
        for name, without in [("whole", ()), ("less", REASONS)]
    )
    first = np.minimum(whole["ended"], less["ended"])
    assert (whole["ended"] != less["ended"]).mean() > 0.1
    for name, column in [("letters", "message"), ("contacts", "contact_id")]:
        one, other = (
            world[name][world[name]["on"] < first[world[name]["who"]]].drop(columns=column).reset_index(drop=True)
            for world in (whole, less)
        )
        assert len(one) > 1_000
        pd.testing.assert_frame_equal(one, other)
    kept = ["customer_id", "plan", "came_by", "signed_up_on", "newsletter", "region"]
    pd.testing.assert_frame_equal(whole["people"][kept], less["people"][kept])
