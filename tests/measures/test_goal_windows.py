from __future__ import annotations

import journeylib
from journeylib.measures import outcomes


def test_the_converted_share_is_measured_under_half_the_same_and_twice_the_window(company, tmp_path):
    journeys = {"a": "2026-01-04", "b": "2026-01-02", "c": "2026-01-08"}
    rows = [
        row
        for who, ordered in journeys.items()
        for row in (f"{who}1,{who},,2026-01-01T00:00:00Z,,view,web", f"{who}2,{who},,{ordered}T00:00:00Z,,order,web")
    ]
    journeylib.load(mapping=company(*rows, "z,z,,2026-02-28T00:00:00Z,,view,web"), store=tmp_path / "store")
    found = outcomes.windows(journeylib.open_store(tmp_path / "store"), touchpoint="order", within_days=4)
    assert found["within_days"].tolist() == [2.0, 4.0, 8.0]
    assert found["estimate"].tolist() == [1 / 3, 2 / 3, 1.0]


def test_before_any_window_has_closed_nothing_is_measured(company, tmp_path):
    journeylib.load(mapping=company("1,a,,2026-01-01T00:00:00Z,,view,web"), store=tmp_path / "store")
    found = outcomes.windows(journeylib.open_store(tmp_path / "store"), touchpoint="order", within_days=4)
    assert "whole window" in found.attrs["not_applicable"]
