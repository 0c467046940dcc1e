from __future__ import annotations

import pytest

from journeylib.show.style import DARK, GROUPS, LIGHT, css, fit, measure


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_text_and_marks_stand_out_from_the_ground(theme):
    for name in ("ink", "soft", "accent", *GROUPS):
        assert contrast(theme[name], theme["ground"]) >= 4.5, name
    assert contrast(theme["grey"], theme["ground"]) >= 3
    assert contrast(theme["ink"], theme["pale"]) >= 4.5


def test_both_themes_name_the_same_colours_and_each_only_once():
    assert set(LIGHT) == set(DARK)
    assert len(set(LIGHT.values())) == len(LIGHT)


def test_paper_is_white_and_light_whatever_the_screen_prefers():
    assert "@media screen and (prefers-color-scheme:dark)" in css()
    assert "@media print{:root{color-scheme:light;--ground:#fff}}" in css()


def test_a_name_fits_its_room_in_any_script():
    for name in ("a" * 300, "微信小程序" * 20, "שלום " * 50, "web"):
        assert measure(fit(name, 10, 80), 10) <= 80
    assert fit("web", 10, 80) == "web"
