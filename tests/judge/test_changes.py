"""A change is told in parts that add up."""

from __future__ import annotations

import pytest

from journeylib.judge import changes


def test_the_parts_add_up_and_what_is_not_known_is_told_together():
    told = changes.parts(0.40, on_old_data=0.38, on_new_data=0.41, before=0.44, new=0.50, mix=0.02)
    assert told["restated"] == pytest.approx(0.03)
    assert told["redefined"] == pytest.approx((0.38 - 0.40) + (0.44 - 0.41))
    assert sum(told[name] for name in changes.PARTS) == pytest.approx(0.10, abs=1e-12)
    together = changes.parts(0.40, before=0.44, new=0.50)
    assert (together["restated"], together["redefined"], together["mix"], together["rate"]) == (None, None, None, None)
    assert together["revised"] + together["period"] == pytest.approx(0.10, abs=1e-12)


def test_a_shared_page_shows_parts_in_steps_that_do_not_tell_how_many_there_are():
    exact = {"old": 0.4, "new": 0.45, "total": 0.05, "revised": 0.0004, "restated": 0.0004, "redefined": 0.0,
             "period": 0.0496, "mix": 0.0104, "rate": 0.0392, "rate_low": 0.011, "rate_high": 0.067, "units": 731,
             "n": 300, "groups": 3}  # fmt: skip
    shown = changes.shown(exact, audience="shared", unit="share")
    assert shown["step"] == 0.02
    assert [shown[name] for name in ("restated", "redefined", "mix", "rate")] == [0.0, 0.0, 0.02, 0.04]
    assert shown["about_none"] == ["restated", "revised"]
    assert shown["rate_low"] == 0.0
    assert shown["rate_high"] == 0.08
    assert not {"units", "n", "groups", "total"} & set(shown)
    assert changes.shown(exact, audience="private", unit="share") == {**exact, "step": 0.0, "about_none": []}
    assert changes.shown({"units": 0, "period": 14.0}, audience="shared", unit="count")["period"] == 10.0
