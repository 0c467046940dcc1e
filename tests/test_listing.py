"""The text of a query as a page shows it: it is what ran, and says nothing of machine, run or customer."""

from __future__ import annotations

import re

import duckdb
import narwhals.stable.v2 as nw
import pandas as pd
import pytest

from journeylib import engine
from journeylib.days import DAY_US

DAY = 20089 * DAY_US  # 2025-01-01
INSIDE = DAY + 1_038_117_314

ROWS = pd.DataFrame(
    {
        "customer_id": ["a", "a", "b", "c"],
        "event_id": ["1", "2", "3", "4"],
        "occurred_us": [INSIDE, INSIDE + 5, DAY + DAY_US, DAY + 2 * DAY_US],
        "touchpoint": ['it\'s (odd)  "x"', "order", "order", "visit"],
        "end": [1.5, None, 2.0, 3.0],
    }
)


def written(folder, rows=ROWS, name="events-0a.parquet"):
    folder.mkdir(exist_ok=True)
    engine.write(engine.from_frame(rows), folder / name, order_by=["event_id"])
    return folder / name


def asked(table):
    """A filter on a window, which narwhals gives a made-up name, a join, a group: as measures ask."""
    newest = table.filter(nw.col("occurred_us") == nw.col("occurred_us").max().over("customer_id"))
    late = newest.filter((nw.col("occurred_us") >= INSIDE) & (nw.col("touchpoint") != 'it\'s (odd)  "x"'))
    both = late.join(table.group_by("customer_id").agg(events=nw.len()), on="customer_id", how="left")
    return both.group_by("touchpoint").agg(events=nw.col("events").sum(), end=nw.col("end").max())


def run(text, path, **values):
    with duckdb.connect() as own:
        own.execute(f"CREATE VIEW events AS FROM read_parquet('{path}')")
        return own.execute(text, values or None).df().sort_values("touchpoint", ignore_index=True)


def test_what_is_asked_of_kept_rows_says_how_they_were_made(tmp_path):
    path = written(tmp_path / "store")
    kept = engine.kept(asked(engine.scan([path])))
    again = engine.kept(kept.join(kept.group_by("end").agg(n=nw.len()), on="end", how="left"))
    table = again.join(kept.select("touchpoint", more="events"), on="touchpoint").filter(nw.col("events") > 0)
    text = engine.query(table)
    assert len(re.findall(r"kept_\d AS \(", text)) == 2
    expected = engine.collect(table, order_by=["touchpoint"])
    assert len(expected) == 2
    pd.testing.assert_frame_equal(run(text, path, on_2025_01_01=INSIDE), expected, check_dtype=False)
    assert engine.query(kept.group_by("end").agg(n=nw.len())) == engine.query(
        engine.kept(asked(engine.scan([path]))).group_by("end").agg(n=nw.len())
    )


def test_a_listing_runs_on_the_tables_of_a_store_and_gives_the_same_rows(tmp_path):
    path = written(tmp_path / "store")
    table = asked(engine.scan([path]))
    text = engine.query(table)
    found = run(text, path, on_2025_01_01=INSIDE)
    expected = engine.collect(table, order_by=["touchpoint"])
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    assert expected["events"].tolist() == [3, 1]
    assert "FROM events" in text
    assert '"end"' in text  # a word that means something else keeps its quotes


def test_another_folder_and_another_run_give_the_same_listing(tmp_path):
    texts = {engine.query(asked(engine.scan([written(tmp_path / name)]))) for name in ("one", "it's another")}
    assert len(texts) == 1
    assert str(tmp_path) not in texts.pop()


def test_several_files_are_the_one_table_that_they_hold(tmp_path):
    paths = [written(tmp_path / "s", name=f"steps-{number}.parquet") for number in range(3)]
    assert engine.query(engine.scan(paths).select("end")) == 'SELECT "end"\nFROM steps'


def test_an_instant_that_is_no_midnight_is_named_by_its_day_only(tmp_path):
    occurred = nw.col("occurred_us")
    table = engine.scan([written(tmp_path / "s")]).filter(occurred > INSIDE, occurred > INSIDE + 1, occurred < DAY)
    text = engine.query(table.select("event_id"))
    assert re.findall(r"\$on_2025_01_01(?:_2)?\b", text) == ["$on_2025_01_01", "$on_2025_01_01_2"]
    assert str(DAY) in text
    assert str(INSIDE) not in text


def test_a_name_with_quotes_brackets_and_spaces_stays_as_it_is(tmp_path):
    table = engine.scan([written(tmp_path / "s")]).filter(nw.col("touchpoint") == 'it\'s (odd)  "x" FROM y')
    assert "'it''s (odd)  \"x\" FROM y'" in engine.query(table.select("event_id"))


def test_a_table_that_is_in_no_store_has_no_listing():
    assert engine.query(engine.from_frame(ROWS).select("event_id")) == ""


def test_lines_are_short_where_words_allow_it(tmp_path):
    wide = ROWS.assign(**{f"a_rather_long_name_of_a_column_{number}": 1 for number in range(20)})
    text = engine.query(asked(engine.scan([written(tmp_path / "s", wide)])))
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("text", ["SELECT a IS DISTINCT FROM b FROM c", "SELECT sum(x) FILTER (WHERE y) FROM c"])
def test_only_a_clause_begins_a_line(text):
    assert engine.listing(text) == f"{text.removesuffix(' FROM c')}\nFROM c"


def test_a_table_is_told_the_same_whether_rows_were_withdrawn_from_its_files_or_not(tmp_path):
    whole = engine.scan([written(tmp_path / "s")])
    numbered = engine.scan([written(tmp_path / "t", ROWS.assign(row=range(4)))])
    gone = tmp_path / "t" / "withdrawn-events-001.parquet"
    engine.write(engine.from_frame(pd.DataFrame({"row": [3]})), gone, order_by=["row"])
    left = numbered.join(engine.scan([gone]), on="row", how="anti").select(*ROWS.columns)
    assert engine.query(asked(left)) == engine.query(asked(whole.select(*ROWS.columns)))
    assert engine.collect(left)["event_id"].tolist() == ["1", "2", "3"]
