"""The gate: what two editions of a series would tell together is hidden in the second."""

from __future__ import annotations

import pytest

from journeylib.judge import gate
from journeylib.judge.disclosure import disclose
from journeylib.judge.verdicts import judge


@pytest.fixture
def shares(record):
    """An edition of one record: plans with their customers, and of these the part who came back."""

    def make(plans, **context):
        rows = [
            {"plan": plan, "n": n, "estimate": part / n, "low": 0.0, "high": 1.0, "is_enough": True, "customers": part}
            for plan, (n, part) in plans.items()
        ]
        return [{**record("table", "transitions", *rows, **context), "notebook": "churn"}]

    return make


def shown(exact, *past, as_of=None):
    """What an edition publishes after those before it, newest first."""
    found = gate.compare(exact, past)["churn/transitions"]
    return {"records": [disclose(exact[0], past=found)], "period": {"as_of": as_of}}


def plans(judged):
    """The plans that an edition shows anew."""
    [record] = judged["records"]
    past = {*record["hidden"], *(one["row"] for one in record["kept"])}
    return [row[0] for at, row in enumerate(record["rows"]) if at not in past]


def test_a_base_that_changed_by_1_to_9_customers_is_hidden(shares):
    first = shares(dict.fromkeys("abcdef", (100, 50)))
    second = shares({"a": (100, 50), "b": (101, 51), "c": (109, 50), "d": (110, 60), "e": (91, 50), "f": (100, 55)})
    assert plans(shown(second, (first, shown(first)))) == ["a", "d"]


def test_what_the_gate_hides_is_shown_as_it_was_with_its_day_until_ten_have_changed(shares):
    editions, seen = [], []
    for day, n in enumerate((100, 104, 108, 111), start=1):
        exact = shares({"a": (n, 50 + n - 100)})
        editions.insert(0, (exact, shown(exact, *editions, as_of=f"2026-06-{day:02d}")))
        [record] = editions[0][1]["records"]
        seen.append((record["rows"][0][1], [one["as_of"] for one in record["kept"]], record["hidden"]))
    assert seen == [(100, [], []), (100, ["2026-06-01"], []), (100, ["2026-06-01"], []), (110, [], [])]


def test_a_curve_that_is_kept_is_kept_whole(record):
    def curve(n):
        rows = [{"plan": "a", "day": day, "n": n, "estimate": 1 - day / 100, "low": 0.0, "high": 1.0, "is_enough": True,
                 "at_risk": n - day, "left": day} for day in range(0, 40, n % 7 + 1)]  # fmt: skip
        return [{**record("chart", "survival", *rows), "notebook": "churn", "id": "transitions"}]

    was = shown(curve(200), as_of="2026-06-01")
    now = shown(curve(204), (curve(200), was), as_of="2026-06-08")
    assert now["records"][0]["rows"] == was["records"][0]["rows"]
    assert len(now["records"][0]["kept"]) == len(now["records"][0]["rows"])


def test_what_was_not_shown_before_is_hidden_as_ever(shares):
    first, second = shares({"a": (7, 0), "b": (60, 30)}), shares({"a": (12, 0), "b": (60, 30)})
    [record] = shown(second, (first, shown(first, as_of="2026-06-01")), as_of="2026-06-08")["records"]
    assert (record["hidden"], record["kept"]) == ([0], [])


def test_nothing_is_hidden_where_nothing_changed_or_nothing_came_before(shares):
    first = shares({"a": (100, 50), "b": (40, 20)})
    assert plans(shown(first)) == ["a", "b"]
    assert plans(shown(first, (first, shown(first)))) == ["a", "b"]


def test_a_page_can_give_the_rule_whether_or_not_it_hid_anything(shares):
    first = shares({"a": (100, 50)})
    assert "compared" not in shown(first)["records"][0]
    assert shown(first, (first, shown(first)))["records"][0]["compared"]


def test_a_plan_that_is_new_is_shown(shares):
    first, second = shares({"a": (100, 50)}), shares({"a": (100, 50), "b": (40, 20)})
    assert plans(shown(second, (first, shown(first)))) == ["a", "b"]


def test_a_plan_that_grows_slowly_is_shown_again_once_it_has_grown_by_ten(shares):
    editions = []
    seen = []
    for n in (100, 104, 108, 111, 115):
        exact = shares({"a": (n, 50 + n - 100)})
        editions.insert(0, (exact, shown(exact, *editions)))
        seen.append(bool(plans(editions[0][1])))
    assert seen == [True, False, False, True, False]


def test_a_plan_that_was_too_small_is_compared_with_what_it_was(shares):
    first, second, third = (shares({"a": (n, 0)}) for n in (7, 12, 17))
    was = shown(first)
    then = shown(second, (first, was))
    assert plans(then) == []
    assert plans(shown(third, (second, then), (first, was))) == ["a"]


def test_on_the_same_customers_a_share_that_few_changed_is_hidden(record):
    def nps(score):
        row = {"region": "a", "n": 40, "estimate": score, "low": score - 20, "high": score + 20, "is_enough": True}
        return [{**record("chart", "shares", row, unit="score"), "notebook": "churn", "id": "transitions"}]

    assert plans(shown(nps(22.5), (nps(20.0), shown(nps(20.0))))) == []  # one of the 40 answered better
    assert plans(shown(nps(45.0), (nps(20.0), shown(nps(20.0))))) == ["a"]


def test_where_exact_counts_are_gone_whatever_may_have_changed_by_few_is_hidden(shares):
    first = shares({"a": (100, 50), "b": (100, 50)})
    second = shares({"a": (100, 50), "b": (140, 80)})
    assert plans(shown(second, (None, shown(first)))) == ["b"]


def test_the_customers_of_a_group_are_compared_once_for_all_its_rows(record):
    def outcomes(n, won):
        rows = [{"plan": plan, "outcome": outcome, "n": size, "estimate": part / size, "low": 0.0, "high": 1.0,
                 "is_enough": True, "customers": part}
                for plan, size, parts in [("a", n, (won, n - won)), ("b", 400, (200, 200))]
                for outcome, part in zip(("won", "lost"), parts, strict=True)]  # fmt: skip
        return [{**record("chart", "outcomes", *rows), "notebook": "churn", "id": "transitions"}]

    first, second = outcomes(100, 50), outcomes(105, 40)  # more than ten changed side; five came
    hidden = shown(second, (first, shown(first)))["records"][0]["hidden"]
    assert {0, 1} <= set(hidden)


def test_a_claim_of_rows_that_are_kept_keeps_its_verdict_and_is_not_compared_anew(record, stay):
    question = {"text": "Longer?", "measure": "churn.survival", "by": "plan", "expect": "annual > monthly",
                "dated": "2026-01-01"}  # fmt: skip

    def edition(n, days, past=()):
        rows = [stay("annual", days, 10, n=n), stay("trial", 35, 10, n=n + (300 if past else 0))]
        exact = [record("finding", "stay", *rows, measure="churn.survival", by="plan", horizon_days=365)]
        judged = judge(
            exact, questions=[question], period={"start": "2026-01-01", "as_of": f"2026-06-{n % 100:02d}"},
            pasts=gate.compare(exact, past),
        )  # fmt: skip
        return exact, judged

    first = edition(401, 50)
    _, judged = edition(405, -10, [first])
    [shown] = judged["records"]
    assert shown["rows"][0] == first[1]["records"][0]["rows"][0]
    assert shown["kept"] == [{"row": 0, "as_of": "2026-06-01"}]
    assert [(one["row"], one["claimed"], one.get("as_of")) for one in shown["contrasts"]] == [
        (1, True, None),
        (0, True, "2026-06-01"),
    ]
    [answer] = judged["questions"]
    assert (answer["verdict"], answer["as_of"]) == ("supported", "2026-06-01")
    assert (judged["ledger"]["comparisons"], judged["ledger"]["kept"]) == (1, 1)


def test_no_guard_tells_how_many_there_are_now_in_a_row_that_is_kept(record):
    def edition(n, past=()):
        rows = [{"plan": plan, "n": size, "estimate": 0.4, "low": 0.3, "high": 0.5, "is_enough": size >= 30}
                for plan, size in (("a", n), ("b", 400 + 20 * (n - 18)), ("c", 500))]  # fmt: skip
        exact = [record("chart", "shares", *rows, unit="share")]
        return exact, judge(
            exact, period={"start": "2026-01-01", "as_of": "2026-06-01"}, pasts=gate.compare(exact, past)
        )

    first = edition(18)
    assert [guard["have"] for guard in first[1]["records"][0]["guards"]] == [20]
    _, judged = edition(23, [first])
    [shown] = judged["records"]
    assert shown["kept"][0]["row"] == 0
    assert [guard["have"] for guard in shown["guards"]] == [500]


def test_a_row_of_another_definition_or_of_a_later_day_is_not_shown_again(shares):
    first = shares({"a": (100, 50)}, horizon_days=90)
    was = shown(first, as_of="2026-06-30")
    for context, day in (({"horizon_days": 365}, "2026-07-07"), ({"horizon_days": 90}, "2026-03-31")):
        exact = shares({"a": (103, 20)}, **context)
        found = gate.compare(exact, [(first, was)], as_of=day)["churn/transitions"]
        told = disclose(exact[0], past=found)
        assert (told["hidden"], told["kept"]) == ([0], [])


def test_a_data_statement_says_the_same_count_until_ten_more_are_sure(record):
    def statement(customers, past=()):
        exact = [{**record("data", "data", customers=customers, events=9 * customers), "columns": ["rule", "rows"]}]
        found = gate.compare(exact, past)["churn/data"]
        return exact, {"records": [disclose(exact[0], past=found)], "period": {"as_of": "2026-06-01"}}

    editions, seen = [], []
    for customers in (400, 404, 409, 411, 413):
        editions.insert(0, statement(customers, editions))
        seen.append(editions[0][1]["records"][0]["context"]["customers"])
    assert seen == [400, 400, 400, 400, 415]


def test_what_there_was_before_a_window_is_rounded_and_hidden_with_its_row(record):
    def window(n):
        row = {"from_on": "2026-01-01", "until_on": "2026-01-20", "before": 0.412371134021, "n": n, "estimate": 0.6,
               "low": 0.5, "high": 0.7, "is_enough": True, "p": 0.001}  # fmt: skip
        return disclose(record("finding", "incident", row))

    assert (window(403)["rows"][0][2], window(7)["rows"][0][2]) == (0.42, None)
