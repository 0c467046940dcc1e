from __future__ import annotations

import datetime
import json
from types import SimpleNamespace

import IPython.display
import numpy as np
import pandas as pd
import pytest

from journeylib import engine, schema, show
from journeylib.errors import RefusedError
from journeylib.measures import outcomes
from journeylib.show import record
from journeylib.show.rows import rows


def one(**more):
    return schema.result(
        [{"n": 40, "estimate": 0.5, "low": 0.4, "high": 0.6, "is_enough": True, **more}], extra=list(more)
    )


@pytest.fixture
def bundles(monkeypatch):
    shown = []
    monkeypatch.setattr(IPython.display, "display", lambda bundle, **_: shown.append(bundle))
    return shown


def test_a_record_holds_json_only():
    frame = pd.DataFrame(
        {
            "whole": [np.int64(3)],
            "real": [np.float32(0.5)],
            "truth": [np.bool_(True)],
            "nothing": [np.nan],
            "endless": [np.inf],
            "missing": [pd.NA],
            "day": [datetime.date(2026, 6, 30)],
            "midnight": [pd.Timestamp("2026-06-30")],
            "instant": [pd.Timestamp("2026-06-30T12:00:00Z")],
            "never": [pd.NaT],
        }
    )
    made = record.make(
        "table", "any", frame, days={datetime.date(2026, 1, 1): np.int8(1)}, chain=("a", "b"), kept={"b", "a"}
    )
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert made["rows"] == [
        [3, 0.5, True, None, None, None, "2026-06-30", "2026-06-30", "2026-06-30T12:00:00+00:00", None]
    ]
    assert made["context"] == {"chain": ["a", "b"], "days": {"2026-01-01": 1}, "kept": ["a", "b"]}


def test_floats_keep_twelve_significant_digits():
    made = record.make("table", "any", pd.DataFrame({"x": [1 / 3, 12345.678901234567]}))
    assert made["rows"] == [[0.333333333333], [12345.6789012]]


def test_a_duration_is_refused_because_it_names_no_unit():
    with pytest.raises(RefusedError, match="a number with its unit in the name"):
        record.make("table", "any", pd.DataFrame({"wait": [datetime.timedelta(hours=1)]}))


def test_a_misspelt_form_is_refused_and_the_forms_are_named():
    with pytest.raises(RefusedError, match="there is no finding 'convertd'; a finding is one of converted, bounced"):
        record.make("finding", "convertd", one())


def test_a_missing_column_is_refused_in_the_notebook_not_on_the_page():
    with pytest.raises(RefusedError, match="the chart survival needs the columns day, at_risk; its frame has n, est"):
        record.make("chart", "survival", one())


def test_a_frame_that_names_a_column_twice_is_refused():
    with pytest.raises(RefusedError, match="names a column twice: n, n"):
        record.make("table", "any", pd.DataFrame([[1, 2]], columns=["n", "n"]))


def test_what_is_not_applicable_says_why_and_has_no_rows():
    made = record.make("chart", "survival", schema.not_applicable("no customer has a sign-up date"))
    assert made["not_applicable"] == "no customer has a sign-up date"
    assert made["rows"] == []


def test_the_context_may_say_kind_and_form():
    made = record.make("finding", "left", one(), kind="lapse", form="long", horizon_days=90)
    assert made["kind"] == "finding"
    assert made["context"] == {"form": "long", "horizon_days": 90, "kind": "lapse"}


def test_the_plain_frame_does_not_see_the_thirteenth_digit():
    frames = [pd.DataFrame({"x": [value]}) for value in (0.1234567890123, 0.1234567890124)]
    assert len({record.plain(record.make("table", "any", frame)) for frame in frames}) == 1


def test_the_plain_frame_stays_small():
    text = record.plain(record.make("table", "any", pd.DataFrame({"x": range(100)})))
    assert len(text.splitlines()) == 15
    assert text.endswith("… 88 more rows")


def test_a_hidden_row_is_hidden_whatever_else_it_is():
    made = {"columns": ["plan", "n", "is_enough"], "rows": [["a", None, False], ["b", 12, False], ["", 90, True]]}
    found = rows({**made, "hidden": [0]})
    assert [(row.label, row.state) for row in found] == [("a", "hidden"), ("b", "few"), ("unknown", "shown")]


def test_each_call_shows_one_output_with_its_record(bundles):
    show.finding("converted", one(), goal="purchase")
    show.table("quarantine", pd.DataFrame({"rule": ["no time"], "rows": [3]}))
    show.claims()
    show.made()
    assert [bundle[record.MIME]["id"] for bundle in bundles] == ["converted", "quarantine", "claims", "made"]
    assert all(set(bundle) == {record.MIME, "text/plain"} for bundle in bundles)


def test_the_queries_go_with_the_output_and_are_no_part_of_its_record(monkeypatch, tmp_path):
    shown = []
    monkeypatch.setattr(IPython.display, "display", lambda bundle, **more: shown.append((bundle, more["metadata"])))
    engine.write(
        engine.from_frame(pd.DataFrame({"customer_id": ["a", "b"]})), tmp_path / "journeys-0.parquet", order_by=[]
    )
    kept = outcomes.customers(engine.scan([tmp_path / "journeys-0.parquet"]))
    show.number("customers", kept, unit="count")
    show.finding("converted", one())
    (bundle, metadata), (other, nothing) = shown
    [text] = record.queries({"data": bundle, "metadata": metadata})
    assert text.endswith("FROM journeys\nGROUP BY ALL")
    assert text not in json.dumps(bundle)
    assert record.queries({"data": other, "metadata": nothing}) is None


def test_of_a_frame_whose_rows_are_in_no_store_no_query_is_shown(monkeypatch):
    shown = []
    monkeypatch.setattr(IPython.display, "display", lambda _, **more: shown.append(more["metadata"]))
    show.number("customers", outcomes.customers(engine.from_frame(pd.DataFrame({"customer_id": ["a"]}))), unit="count")
    assert shown == [{}]


def test_a_number_may_stand_beside_a_finding_of_its_form(bundles):
    show.number("nps", one(), unit="score")
    show.finding("nps", one())
    assert [bundle[record.MIME]["id"] for bundle in bundles] == ["nps_number", "nps"]


def test_a_chart_also_shows_a_live_drawing(bundles):
    show.chart("trend", one(period_on="2026-01-05"), id="weekly")
    assert bundles[0]["image/png"].startswith("iVBORw0KGgo")
    assert bundles[0][record.MIME]["id"] == "weekly"


def test_the_data_statement_counts_the_period_and_keeps_the_reconciliation(bundles):
    events = pd.DataFrame(
        {"customer_id": ["a", "a", "b", "c"], "occurred_us": [10, 20, 30, 99], "channel": ["web", "app", "web", "fax"]}
    )
    facts = {"records_in": 9, "accepted": 4, "quarantined": 3, "duplicates": 2, "reasons": {"no time": 1, "no id": 2}}
    more = {"sources": ["x", "y"], "complete_through": "1970-01-01", "fingerprint": "f"}
    store = SimpleNamespace(
        events=engine.from_frame(events), start_us=10, ends_us=99, begins_us=10, facts={**facts, **more}
    )
    show.data(store)
    made = bundles[0][record.MIME]
    assert made["rows"] == [["no id", 2], ["no time", 1]]
    said = made["context"]
    assert (said["events"], said["customers"], said["channels"], said["sources"]) == (3, 2, 2, 2)
    assert said["accepted"] + said["quarantined"] + said["duplicates"] == said["records_in"]
    assert said["from_on"] == said["to_on"] == "1970-01-01"
