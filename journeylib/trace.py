"""Which queries stand behind a result frame: a measure keeps those that it ran with the frame it gives.

    @measured
    def converted(labelled): …        # converted(labelled).attrs["queries"] is a list of texts

The queries of frames that a measure is given stand behind its answer too. pandas keeps what
a frame carries when it is sorted, filtered or extended.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ParamSpec

import pandas as pd

__all__ = ["KEY", "measured", "note", "unnoted"]

KEY = "queries"

_P = ParamSpec("_P")
_running: ContextVar[list[str] | None] = ContextVar("running", default=None)


def measured(measure: Callable[_P, pd.DataFrame]) -> Callable[_P, pd.DataFrame]:
    """Keep the queries that a measure runs with the frame it gives; nothing where it was given one that lost its own.

    >>> @measured
    ... def ones(queries):
    ...     note(lambda: "SELECT 1")
    ...     return pd.DataFrame({"n": [1]})
    >>> ones(1).attrs["queries"]
    ['SELECT 1']
    """

    @functools.wraps(measure)
    def call(*args: _P.args, **named: _P.kwargs) -> pd.DataFrame:
        if _running.get() is not None:  # as a part of another measure
            return measure(*args, **named)
        given = [one.attrs for one in (*args, *named.values()) if isinstance(one, pd.DataFrame)]
        queries = list(dict.fromkeys(text for attrs in given for text in attrs.get(KEY, ())))
        token = _running.set(queries)
        try:
            frame = measure(*args, **named)
        finally:
            _running.reset(token)
        frame.attrs.pop(KEY, None)
        if all(KEY in attrs for attrs in given):
            frame.attrs[KEY] = queries
        return frame

    return call


@contextmanager
def unnoted() -> Iterator[None]:
    """Note nothing of what runs inside: it reads rows that a query has fetched which is noted already."""
    token = _running.set(None)
    try:
        yield
    finally:
        _running.reset(token)


def note(text: Callable[[], str]) -> None:
    """Note a query for the measure that runs it; outside of one, and of an empty text, nothing."""
    queries = _running.get()
    if queries is not None and (said := text()) and said not in queries:
        queries.append(said)
