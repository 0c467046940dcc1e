"""Groups are compared crude, standardised and in parts; each number worked by hand or in a second way."""

from __future__ import annotations

import math

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest

from journeylib import engine
from journeylib.errors import ParameterError
from journeylib.estimates import Periods, Z, change, period_sums, plain_sums, share
from journeylib.estimates.compare import difference
from journeylib.estimates.weighted import Cells, overlap
from journeylib.judge import compare, guards, ledger
from journeylib.measures import contrasts, mix

# Applicants and admitted in the six largest departments of Berkeley, autumn 1973: Bickel, Hammel and O'Connell,
# Science 187 (1975), 398; the table is in Freedman, Pisani and Purves, Statistics, chapter 2.
BERKELEY = {
    "A": {"men": (825, 512), "women": (108, 89)},
    "B": {"men": (560, 353), "women": (25, 17)},
    "C": {"men": (325, 120), "women": (593, 202)},
    "D": {"men": (417, 138), "women": (375, 131)},
    "E": {"men": (191, 53), "women": (393, 94)},
    "F": {"men": (373, 22), "women": (341, 24)},
}


def people(table):
    """One row a person: stratum → group → (how many, of whom so many count)."""
    rows = [
        (f"{stratum}{group}{at}", group, stratum, 1, int(at < hits))
        for stratum, groups in table.items()
        for group, (many, hits) in groups.items()
        for at in range(many)
    ]
    return pd.DataFrame(rows, columns=["customer_id", "group", "stratum", "m", "x"])


def cells(frame, strata=("stratum",)):
    return contrasts.cells(engine.from_frame(frame), list(strata))


def in_memory(frame):
    """The same sums without an engine, for what is repeated often."""
    codes = [pd.factorize(frame[name], sort=True) for name in ("customer_id", "group", "stratum")]
    (who, _), (group, groups), (stratum, strata) = codes
    cell = group * len(strata) + stratum
    values = (frame[name].to_numpy(float) for name in ("m", "x"))
    own = frame.groupby("customer_id")["group"].nunique()
    lone = frame[frame["customer_id"].map(own) == 1].groupby("group")["customer_id"].nunique()
    return contrasts.Groups(
        group=tuple(one for one in groups for _ in strata),
        stratum=tuple(strata) * len(groups),
        cells=Cells.of(who, cell, *values),
        customers=frame.groupby("group")["customer_id"].nunique().to_dict(),
        alone={one: int(lone.get(one, 0)) for one in groups},
        everyone=len(own),
        has_strata=True,
    )


def kinds(frame, group):
    return frame[frame["group"] == group].set_index("kind")


def world(seed, *, customers=300, groups=("a", "b"), several=False):
    """Customers with some journeys each, in strata of unequal rates; `several`: in several groups and strata."""
    draw = np.random.default_rng(seed)
    who = np.repeat(np.arange(customers), draw.integers(1, 6, customers))
    own = draw.beta(2, 2, customers)
    index = np.arange(len(who)) if several else who
    stratum = draw.integers(0, 3, len(who))[index if several else who]
    chance = draw.random(len(who))[index if several else who]
    group = np.where(chance < 0.3 + 0.15 * stratum, groups[0], groups[1])
    x = draw.binomial(1, 0.6 * own[who] + 0.1 * stratum)
    rows = {"customer_id": [f"c{one}" for one in who], "group": group, "stratum": stratum.astype(str)}
    return pd.DataFrame({**rows, "m": 1, "x": x})


def jackknife(frame, of):
    """Standard errors of numbers by leaving out one customer after the other."""
    who = list(dict.fromkeys(frame["customer_id"]))
    left = np.array([of(frame[frame["customer_id"] != one]) for one in who])
    return np.sqrt((len(who) - 1) / len(who) * ((left - left.mean(axis=0)) ** 2).sum(axis=0))


def test_a_difference_that_turns_round_inside_every_stratum_is_all_mix():
    simpson = {"hard": {"new": (80, 16), "old": (20, 2)}, "easy": {"new": (20, 18), "old": (80, 64)}}
    found = kinds(compare.differences(cells(people(simpson)), baseline="old"), "new")
    assert found.loc["crude", "estimate"] == pytest.approx(34 / 100 - 66 / 100)
    assert found.loc["standardised", "estimate"] == pytest.approx((0.2 + 0.9) / 2 - (0.1 + 0.8) / 2)
    assert found.loc["rate", "estimate"] == pytest.approx(0.1)
    assert found.loc["mix", "estimate"] == pytest.approx(-0.6 * (0.85 - 0.15))
    assert found.loc["rate", "estimate"] + found.loc["mix", "estimate"] == pytest.approx(-0.32, abs=1e-12)


def test_berkeley_women_are_behind_crude_and_ahead_standardised_as_published():
    groups = cells(people(BERKELEY))
    found = kinds(compare.differences(groups, baseline="men"), "women")
    assert found.loc["crude", "estimate"] == pytest.approx(557 / 1835 - 1198 / 2691)
    assert found.loc["crude", "high"] < -0.1
    levels = compare.levels(groups, is_standardised=True).set_index("group")["estimate"]
    assert levels.round(2).to_dict() == {"men": 0.39, "women": 0.43}  # Freedman, Pisani and Purves
    women = sum(933 * (89 / 108) if at == "A" else sum(one[0] for one in groups_.values()) * groups_["women"][1]
                / groups_["women"][0] for at, groups_ in BERKELEY.items()) / 4526  # fmt: skip
    assert levels["women"] == pytest.approx(women)
    assert found.loc["standardised", "estimate"] == pytest.approx(levels["women"] - levels["men"])
    assert found.loc["standardised", "low"] > 0


def test_the_guard_against_a_reversal_reads_what_is_inside():
    groups = cells(people(BERKELEY))
    inside = compare.inside(groups, baseline="men")
    first = inside[0]
    newcombe = difference(share(plain_sums(89, 108)), share(plain_sums(512, 825)))
    assert (first["stratum"], first["n"]) == ("A", 108)
    assert (first["low"], first["high"]) == pytest.approx((newcombe.low, newcombe.high))
    crude = kinds(compare.differences(groups, baseline="men"), "women").loc["crude"]
    row = {"group": "women", "baseline": "men", "estimate": crude["estimate"]}
    guard = guards.reversal(row, inside)
    assert (guard["status"], guard["figures"]["turned"]) == ("caution", ["A"])


def test_with_one_stratum_the_standardised_difference_is_the_crude_one():
    frame = world(1).assign(all="everyone")
    for of in ("share", "rate", "mean"):
        found = kinds(compare.differences(cells(frame, ["all"]), of=of), "a")
        bare = kinds(compare.differences(cells(frame, []), of=of), "a")
        names = ["n", "estimate", "low", "high"]
        assert found.loc["standardised", names].tolist() == pytest.approx(found.loc["crude", names].tolist(), abs=1e-9)
        assert found.loc["standardised", "p"] == pytest.approx(bare.loc["crude", "p"], rel=1e-6)
        assert found.loc["mix", "estimate"] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("several", [False, True])
def test_rate_and_mix_add_up_to_the_crude_difference(several):
    for seed in range(5):
        groups = cells(world(seed, groups=("a", "b"), several=several))
        found = kinds(compare.differences(groups, baseline="b"), "a")
        whole = found.loc["rate", "estimate"] + found.loc["mix", "estimate"]
        assert whole == pytest.approx(found.loc["crude", "estimate"], abs=1e-12)


def test_rate_and_mix_are_those_of_the_change_between_two_periods():
    frame = world(3, customers=400, several=True)
    tables = [engine.from_frame(frame[frame["group"] == one].assign(group=frame["stratum"])) for one in ("b", "a")]
    expected = mix.split(*tables)
    found = kinds(compare.differences(cells(frame), baseline="b"), "a")
    for part in ("rate", "mix"):
        assert found.loc[part, "estimate"] == pytest.approx(expected[part], abs=1e-11)
        width = found.loc[part, "high"] - found.loc[part, "low"]
        assert width == pytest.approx(expected[f"{part}_high"] - expected[f"{part}_low"], rel=0.01)


@pytest.mark.parametrize("several", [False, True])
def test_the_intervals_are_those_of_leaving_out_each_customer_once(several):
    frame = world(4, customers=250, several=several)

    def told(rows):
        found = kinds(compare.differences(in_memory(rows), baseline="b", of="mean"), "a")
        return found["estimate"].to_numpy(float)

    found = kinds(compare.differences(cells(frame), baseline="b", of="mean"), "a")
    errors = ((found["high"] - found["low"]) / 2 / Z).to_numpy(float)
    assert list(found.index) == ["crude", "standardised", "rate", "mix"]
    assert told(frame) == pytest.approx(found["estimate"].to_numpy(float))
    assert errors == pytest.approx(jackknife(frame, told), rel=0.04)


def test_customers_of_both_periods_are_known_in_the_crude_difference():
    frame = world(5, several=True)
    table = engine.from_frame(frame)
    row = engine.collect(period_sums(table, is_later=nw.col("group") == "b", x=nw.col("x"))).to_dict("records")[0]
    expected = change(Periods.of(row))
    found = kinds(compare.differences(cells(frame, []), baseline="a"), "b").loc["crude"]
    assert found[["n", "estimate", "low", "high", "p"]].tolist() == pytest.approx(
        [expected.n, expected.estimate, expected.low, expected.high, expected.p]
    )


def test_a_stratum_that_a_group_lacks_is_left_out_and_said():
    table = {**{name: BERKELEY[name] for name in "CD"}, "Z": {"men": (100, 90), "women": (4, 4)}}
    found = kinds(compare.differences(cells(people(table)), baseline="men"), "women")
    alone = kinds(compare.differences(cells(people({name: BERKELEY[name] for name in "CD"})), baseline="men"), "women")
    standard = found.loc["standardised"]
    assert standard["estimate"] == pytest.approx(alone.loc["standardised", "estimate"])
    assert standard["left_out"] == pytest.approx(104 / (918 + 792 + 104))
    assert standard["n"] == 742  # men of C and D; 968 women
    assert alone.loc["standardised", "left_out"] == 0


def test_groups_that_share_no_stratum_have_no_standardised_difference_and_no_p():
    table = {"north": {"a": (60, 30)}, "south": {"b": (60, 10)}}
    found = kinds(compare.differences(cells(people(table)), baseline="b"), "a")
    standard = found.loc["standardised"]
    assert math.isnan(standard["estimate"])
    assert math.isnan(standard["p"])
    assert (bool(standard["is_enough"]), standard["left_out"]) == (False, 1.0)
    assert found.loc["rate", "estimate"] == 0  # with nothing to compare within, all is mix
    assert found.loc["mix", "estimate"] == pytest.approx(30 / 60 - 10 / 60)


def test_strata_with_few_of_a_side_are_one_stratum_of_the_parts():
    few = {"x": {"a": (50, 25), "b": (2, 2)}, "y": {"a": (2, 0), "b": (50, 10)}}
    found = kinds(compare.differences(cells(people({**few, "z": {"a": (48, 24), "b": (48, 24)}})), baseline="b"), "a")
    other = 25 / 52 - 12 / 52  # 52 customers of each side in x and y together
    assert found.loc["rate", "estimate"] == pytest.approx(0.52 * other)
    assert found.loc["mix", "estimate"] == pytest.approx(0, abs=1e-12)
    assert found.loc["standardised", "left_out"] == pytest.approx(104 / 200)


def test_where_more_than_half_is_left_out_it_is_not_enough():
    table = {"north": {"a": (40, 20), "b": (40, 10)}, "south": {"a": (100, 50)}}
    standard = kinds(compare.differences(cells(people(table)), baseline="b"), "a").loc["standardised"]
    assert standard["left_out"] == pytest.approx(100 / 180)
    assert not standard["is_enough"]
    assert standard["estimate"] == pytest.approx(0.25)


def test_only_the_primary_contrast_carries_a_p_and_the_ledger_takes_just_these():
    frame = pd.concat(
        [world(6, groups=("a", "b")), world(7, groups=("c", "d")).assign(customer_id=lambda f: "z" + f["customer_id"])]
    )
    for strata, primary in (((), "crude"), (("stratum",), "standardised")):
        found = compare.differences(cells(frame, strata))
        assert sorted(found["group"].unique()) == ["a", "b", "c", "d"]
        assert set(found["baseline"]) == {"rest"}
        assert set(found.loc[found["p"].notna(), "kind"]) == {primary}
        kept = compare.primary(found)
        assert list(kept["kind"]) == [primary] * 4
        columns = list(kept.columns)
        record = {"kind": "finding", "form": "contrast", "id": "x", "context": {}, "columns": columns,
                  "rows": kept.to_numpy(object).tolist()}  # fmt: skip
        tested = ledger.contrasts([record])
        assert [one.p for one in tested] == kept["p"].tolist()
        for one, row in zip(tested, kept.to_dict("records"), strict=True):
            assert ledger.detectable(row, 0.05, one) == row["detectable"]


def test_of_two_groups_the_larger_is_the_baseline_and_one_contrast_is_made():
    found = compare.differences(cells(people({"all": {"few": (40, 10), "many": (90, 30)}}), ()))
    assert found[["group", "baseline", "n"]].to_numpy().tolist() == [["few", "many", 40]]


def test_one_group_cannot_be_compared_and_an_unknown_baseline_is_named():
    lone = cells(people({"all": {"a": (40, 10)}}))
    assert compare.differences(lone).attrs["not_applicable"] == "fewer than two groups have customers"
    assert compare.inside(lone) == []
    with pytest.raises(ParameterError, match='baseline = "gold" is no group; the groups are few, many'):
        compare.differences(cells(people({"all": {"few": (40, 10), "many": (90, 30)}})), baseline="gold")


def test_overlap_weights_of_strata_are_the_mantel_haenszel_risk_difference():
    frame = people(BERKELEY)
    rows = contrasts.rows(engine.from_frame(frame), [], ["stratum"])
    found = kinds(compare.balanced(rows, [], ["stratum"], baseline="men"), "women")
    tops, weights = 0.0, 0.0
    for one in BERKELEY.values():
        (men, in_men), (women, in_women) = one["men"], one["women"]
        weight = men * women / (men + women)
        tops, weights = tops + weight * (in_women / women - in_men / men), weights + weight
    assert found.loc["standardised", "estimate"] == pytest.approx(tops / weights, abs=1e-9)
    crude = kinds(compare.differences(cells(frame), baseline="men"), "women").loc["crude"]
    names = ["n", "estimate", "low", "high"]
    assert found.loc["crude", names].tolist() == pytest.approx(crude[names].tolist())


def with_ages(seed, customers=300):
    draw = np.random.default_rng(seed)
    age = draw.normal(40, 10, customers)
    group = np.where(draw.random(customers) < 1 / (1 + np.exp((40 - age) / 10)), "a", "b")
    m = draw.integers(1, 5, customers)
    rows = {"customer_id": np.arange(customers).astype(str), "group": group, "age": age, "m": m}
    return pd.DataFrame({**rows, "x": draw.binomial(m, np.clip(age / 100, 0, 1))})


def test_overlap_weights_balance_the_confounder_exactly():
    rows = with_ages(1)
    for power in (1, 2):
        aged = rows.assign(x=rows["m"] * rows["age"] ** power)
        standard = kinds(compare.balanced(aged, ["age"], baseline="b", of="mean"), "a").loc["standardised"]
        assert standard["estimate"] == pytest.approx(0, abs=1e-6)


def test_the_interval_of_overlap_weights_is_that_of_leaving_out_each_customer_once():
    rows = with_ages(2)

    def told(left):
        made = overlap((left["group"] == "a").to_numpy(), left[["age"]].to_numpy() / 10, *(
            left[name].to_numpy(float) for name in ("m", "x")), np.arange(len(left)))  # fmt: skip
        return made.sums[0].ratio - made.sums[1].ratio, made

    gap = jackknife(rows, lambda left: told(left)[0])
    spread = [one.variance for one in told(rows)[1].sums]
    likeness = told(rows)[1].correlation[0, 1]
    error = math.sqrt(spread[0] + spread[1] - 2 * likeness * math.sqrt(spread[0] * spread[1]))
    assert error == pytest.approx(gap, rel=0.04)


def test_a_confounder_that_tells_the_groups_apart_leaves_nothing_to_compare():
    rows = with_ages(3)
    apart = rows.assign(age=np.where(rows["group"] == "a", 60.0, 20.0) + np.arange(len(rows)) / 100)
    standard = kinds(compare.balanced(apart, ["age"], baseline="b"), "a").loc["standardised"]
    assert not standard["is_enough"]


def test_a_missing_confounder_is_a_level_of_its_own():
    rows = with_ages(4)
    rows.loc[::5, "age"] = np.nan
    standard = kinds(compare.balanced(rows, ["age"], baseline="b"), "a").loc["standardised"]
    assert standard["is_enough"]
    missing = rows.assign(x=rows["m"] * rows["age"].isna())
    share_missing = kinds(compare.balanced(missing, ["age"], baseline="b", of="mean"), "a").loc["standardised"]
    assert share_missing["estimate"] == pytest.approx(0, abs=1e-6)


def test_levels_are_of_each_group_with_its_own_customers():
    found = compare.levels(cells(people(BERKELEY)))
    assert found[["group", "n"]].to_numpy().tolist() == [["men", 2691], ["women", 1835]]
    plain = share(plain_sums(557, 1835))
    assert found.loc[1, ["estimate", "low", "high"]].tolist() == pytest.approx([plain.estimate, plain.low, plain.high])


def test_that_the_composition_of_all_is_estimated_too_is_in_the_interval_of_a_level():
    frame = world(8, customers=120)
    frame["x"] = frame["x"] + 4 * frame["stratum"].astype(int)  # most of the spread is between strata

    def told(rows):
        return compare.levels(in_memory(rows), of="mean", is_standardised=True)["estimate"].to_numpy(float)

    found = compare.levels(cells(frame), of="mean", is_standardised=True)
    sizes = ((found["high"] - found["low"]) / 2 / Z).to_numpy(float)
    assert sizes == pytest.approx(jackknife(frame, told), rel=0.05)


def test_where_few_customers_have_most_of_the_weight_it_is_not_enough():
    heavy = [
        (f"{group}{at}", group, "all", 100 if at < 6 else 1, 50 if at < 6 else 0) for group in "ab" for at in range(36)
    ]
    frame = pd.DataFrame(heavy, columns=["customer_id", "group", "stratum", "m", "x"])
    found = kinds(compare.differences(cells(frame), baseline="b"), "a")
    assert found.loc["standardised", "n"] == 36
    assert not found.loc["standardised", "is_enough"]  # each side weighs as much as 630²/60030 = 6.6 equal customers
    assert math.isnan(found.loc["rate", "low"])
