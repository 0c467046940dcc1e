"""Customers' names in four scripts, with their spelling variants, and what customers write in surveys."""

from __future__ import annotations

import numpy as np

from journeylib.data.worlds.dice import Dice, Flags, Ints, Texts

__all__ = ["comments", "names"]

_LATIN = (
    ["Anna", "José", "Zoë", "Liam", "Mohammed", "Muhammad", "Søren", "Ewa", "Oliver", "Amelia", "Priya", "Björn"],
    ["Smith", "O'Brien", "García", "Müller", "Kowalska", "Nguyễn", "d'Arcy", "Patel", "Jones", "Łukasz", "Evans"],
)
_HEBREW = (
    ["דנה", "יוסי", "נועה", "אבי", "מיכל", "איתן", "שירה", "עומר", "תמר", "גיא"],
    ["כהן", "לוי", "מזרחי", "פרץ", "ביטון", "אברהם", "פרידמן", "בן דוד", "שפירא"],
)
_ARABIC = (
    ["محمد", "فاطمة", "أحمد", "ليلى", "عمر", "نور", "خالد", "سارة", "يوسف", "هدى"],
    ["الخطيب", "حداد", "المصري", "عبد الله", "ناصر", "الزعبي", "خوري", "عيسى"],
)
_CHINESE = (
    ["美玲", "偉", "芳", "俊傑", "淑芬", "志明", "小紅", "建國", "雅婷", "宇"],
    ["王", "李", "陳", "林", "張", "黃", "歐陽", "吳"],
)
_SCRIPTS = [_LATIN, _HEBREW, _ARABIC, _CHINESE]
# By region: the chances of the four scripts.
_BY_REGION = np.array(
    [
        [0.85, 0.05, 0.06, 0.04],
        [0.90, 0.02, 0.05, 0.03],
        [0.15, 0.70, 0.15, 0.00],
        [0.10, 0.00, 0.90, 0.00],
        [0.12, 0.00, 0.00, 0.88],
        [0.94, 0.02, 0.02, 0.02],
        [1.00, 0.00, 0.00, 0.00],
    ]
)
_VARIANT_SHARE = 0.03

_COMMENTS = [
    "Quick and friendly, thank you.",
    "I had to explain everything three times.",
    "Nobody called me back.",
    "Fine.",
    "Très déçu… mais l’agente était gentille",
    "השירות היה מצוין",
    "חיכיתי 40 דקות ואז השיחה התנתקה",
    "الخدمة ممتازة، شكراً",
    "انتظرت طويلاً ولم يرد أحد",
    "客服很有耐心",
    "等太久了，网站一直出错",
    "👍🏽",
]
_NASTY = [
    "<script>alert('hello')</script>",
    "<img src=x onerror=alert(1)> & <b>bold</b>",
    '=HYPERLINK("http://example.invalid","win")',
    "+1+1",
    "@SUM(A1:A9)",
    "$\\frac{1}{0}$",
    "it cost $5 and then $math$",
    "\u202egnp.exe\u202c read me",
    "\u2067mixed עברית and English\u2069",
    "zero\u200bwidth\ufeff and e\u0301",
    'a "quoted", comma;\nsecond line\ttab',
    "{{ 7 * 7 }} %s {0}",
    "[click](javascript:alert(1))",
    "| a | b |\n|---|---|",
    "_starts with an underscore",
    "    ",
]


def names(dice: Dice, region: Ints, *, with_variants: bool) -> tuple[Texts, Flags]:
    """Draw names that fit their region, and say which are written in a variant spelling, if any may be.

    A variant has a space at its end, a doubled space, the family name first with a
    comma, or capitals only; no other name has any of these.
    """
    size = len(region)
    script = (dice.random("name.script", size)[:, None] > np.cumsum(_BY_REGION[region], axis=1)[:, :-1]).sum(axis=1)
    given, family = dice.random("name.given", size), dice.random("name.family", size)
    is_variant = with_variants & (dice.random("name.variant", size) < _VARIANT_SHARE)
    way = dice.choose("name.way", [1.0, 1.0, 1.0, 1.0], size)
    written = [
        _written(*row)
        for row in zip(
            script.tolist(), given.tolist(), family.tolist(), np.where(is_variant, way, -1).tolist(), strict=True
        )
    ]
    return np.array(written, dtype=object), is_variant


def comments(dice: Dice, size: int) -> Texts:
    """Draw what respondents wrote: mostly nothing, mostly harmless, in four scripts."""
    pool = np.array([None, *_COMMENTS, *_NASTY], dtype=object)
    weights = [7.0] + [2.5 / len(_COMMENTS)] * len(_COMMENTS) + [0.5 / len(_NASTY)] * len(_NASTY)
    drawn: Texts = pool[dice.choose("comment", weights, size)]
    return drawn


def _written(script: int, given: float, family: float, variant: int) -> str:
    first, last = (pool[int(draw * len(pool))] for pool, draw in zip(_SCRIPTS[script], (given, family), strict=True))
    if script == 3:
        first, last = last, first
    usual = first + last if script == 3 else f"{first} {last}"
    if variant < 0:
        return usual
    capitals = usual.upper() if script == 0 else f"{usual} "
    return [f"{usual} ", f"{first}  {last}", f"{last}, {first}", capitals][variant]
