"""Money: whole minor units, written with their currency.

The unit of a sum is "money" and the currency's code, as in "money EUR"; "money" alone has none.
"""

from __future__ import annotations

from journeylib.show.language import later, say
from journeylib.show.words.digits import MINUS, fixed

__all__ = ["between", "is_money", "major", "places", "sign", "written"]

_DECIMALS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "BHD": 3, "JOD": 3, "KWD": 3, "OMR": 3, "TND": 3}
_LARGE = 100  # of the major unit, from which on its parts are left out
# Translators: where your language puts the sign of a currency.
_SIGNED = {"EUR": later("€{amount}"), "GBP": later("£{amount}"), "USD": later("${amount}")}
_SIGNS = {"EUR": "€", "GBP": "£", "USD": "$"}


def is_money(unit: str) -> bool:
    """Tell whether a unit is one of money.

    >>> is_money("money EUR"), is_money("days")
    (True, False)
    """
    return unit.partition(" ")[0] == "money"


def written(value: float, unit: str, decimals: int | None = None) -> str:
    """Write a sum of minor units.

    >>> written(1240, "money EUR"), written(-123456, "money CHF").replace(chr(160), " "), written(500, "money JPY")
    ('€12.40', '−CHF 1,235', 'JPY\\xa0500')
    """
    shown = _marked(fixed(abs(major(value, unit)), places(unit, value) if decimals is None else decimals), unit)
    return MINUS + shown if value < 0 and any(digit in "123456789" for digit in shown) else shown


def between(low: float, high: float, unit: str, decimals: int) -> str:
    """Write the two ends of an interval; the currency once where neither is negative.

    >>> between(1180, 1300, "money EUR", 2), between(-420, 130, "money EUR", 2)
    ('€11.80–13.00', '−€4.20 to €1.30')
    """
    if low < 0:
        return say("{low} to {high}", low=written(low, unit, decimals), high=written(high, unit, decimals))
    ends = [fixed(major(end, unit), decimals) for end in (low, high)]
    return _marked(say("{low}–{high}", low=ends[0], high=ends[1]), unit)


def major(value: float, unit: str) -> float:
    """Give a sum in its major unit.

    >>> major(1240, "money EUR"), major(1240, "money JPY")
    (12.4, 1240.0)
    """
    return value / 10.0 ** _parts(unit)


def places(unit: str, value: float) -> int:
    """Give the decimals of a sum: all of its currency, none from a hundred on.

    >>> places("money EUR", 1240), places("money EUR", 124000), places("money JPY", 1240)
    (2, 0, 0)
    """
    return 0 if abs(major(value, unit)) >= _LARGE else _parts(unit)


def sign(unit: str) -> str:
    """Give the sign or the code of a currency, for an axis; empty where there is none.

    >>> sign("money EUR"), sign("money CHF"), sign("money")
    ('€', 'CHF', '')
    """
    code = unit.partition(" ")[2]
    return _SIGNS.get(code, code)


def _parts(unit: str) -> int:
    return _DECIMALS.get(unit.partition(" ")[2], 2)


def _marked(amount: str, unit: str) -> str:
    code = unit.partition(" ")[2]
    if code in _SIGNED:
        return say(_SIGNED[code], amount=amount)
    return say("{currency}\u00a0{amount}", currency=code, amount=amount) if code else amount
