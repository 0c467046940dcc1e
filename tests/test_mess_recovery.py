"""The mess that a world hides is seen by the data review, and is not seen where there is none."""

from __future__ import annotations

import pytest

import journeylib
from journeylib import engine
from journeylib.data import worlds
from journeylib.measures import acquaintance, bots, clocks, coverage

SEEDS = [1, 2, 3]
_NAMED, _FIRST_BOT = "device:anon-", 2**31
_BACK = pow(2_654_435_761, -1, 2**32)  # undoes how worlds number their devices


def _stores(folder, *, mess):
    made = []
    for seed in SEEDS:
        truth = worlds.make(folder / str(seed), customers=2000, seed=seed, mess=mess)
        journeylib.load(mapping=folder / str(seed) / "mapping.toml", store=folder / f"store-{seed}")
        made.append((journeylib.open_store(folder / f"store-{seed}"), truth))
    return made


@pytest.fixture(scope="module")
def messy(tmp_path_factory):
    return _stores(tmp_path_factory.mktemp("messy"), mess=True)


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return _stores(tmp_path_factory.mktemp("clean"), mess=False)


def _gaps(store):
    times = {"start_us": store.start_us, "ends_us": store.ends_us}
    return coverage.gaps(coverage.daily(store.events, **times)).to_dict("records")


def _is_bot(customer):
    return customer.startswith(_NAMED) and int(customer.removeprefix(_NAMED)) * _BACK % 2**32 >= _FIRST_BOT


def _flagged(store):
    """The bots of a world, and the customers who are suspected."""
    found = engine.collect(bots.flags(store.events))
    real = {customer for customer in found["customer_id"] if _is_bot(customer)}
    return real, set(found["customer_id"][(found["many"] > 0) | (found["fast"] > 0)])


def test_the_lost_day_is_found_and_no_other(messy):
    for store, truth in messy:
        found = _gaps(store)
        assert {(gap["from_on"], gap["until_on"], gap["events"]) for gap in found} == {
            (lost["on"], lost["on"], 0) for lost in truth["gaps"]
        }
        assert "web" in {gap["channel"] for gap in found}


def test_no_gap_is_found_in_clean_sources(clean):
    assert [_gaps(store) for store, _ in clean] == [[]] * len(SEEDS)


def test_bots_are_suspected_with_precision_and_recall(messy):
    hits = suspects = planted = 0
    for store, truth in messy:
        real, suspected = _flagged(store)
        hits, suspects, planted = hits + len(real & suspected), suspects + len(suspected), planted + len(real)
        assert bots.suspected(bots.signs(bots.flags(store.events)))["events"][0] <= truth["mess"]["bots"]
    print(
        f"bots: precision {hits / suspects:.3f}, recall {hits / planted:.3f} ({planted} planted in {len(SEEDS)} worlds)"
    )
    assert hits / suspects >= 0.95
    assert hits / planted >= 0.95


def test_nobody_is_suspected_in_clean_sources(clean):
    assert [len(_flagged(store)[1]) for store, _ in clean] == [0] * len(SEEDS)


def test_planted_ties_are_counted(messy, clean):
    for store, truth in messy:
        # Each planted tie has the time of the event before it; three at one instant are two ties, and some were lost.
        assert 0.9 <= clocks.ties(store.events)["events"][0] / 2 / truth["mess"]["equal_timestamps"] <= 1.02
    assert max(clocks.ties(store.events)["estimate"][0] for store, _ in clean) < 0.01


def test_bots_and_visitors_who_never_log_in_stay_anonymous(messy):
    for store, truth in messy:
        found = acquaintance.anonymous(store.events)
        assert found["events"][0] >= truth["mess"]["bots"]
        assert found["events"][0] == acquaintance.known(store.events).set_index("known_by")["events"]["device"]
