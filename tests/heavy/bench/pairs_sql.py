"""The SQL of `pairs`, as somebody would write it who knows the store's files: their columns, and their order."""

from __future__ import annotations

from journeylib.days import DAY_US
from journeylib.estimates import Z

__all__ = ["MATRIX", "SCORES", "SURVIVAL", "TOP", "TRANSITIONS"]

TRANSITIONS = f"""
WITH moves AS (
    SELECT customer_id, started_us, wait_us, previous_touchpoint AS source, touchpoint AS target
    FROM read_parquet($steps) WHERE step > 1
), units AS (
    SELECT customer_id, count(*) AS m FROM read_parquet($steps) WHERE step = 1 GROUP BY ALL
), total AS (
    SELECT count(*) AS customers, sum(m) AS m, sum(m * m) AS mm FROM units
), made AS (
    SELECT customer_id, source, target, count(DISTINCT started_us) AS x FROM moves GROUP BY ALL
), sums AS (
    SELECT source, target, count(*) AS marked, sum(x) AS x, sum(x * m) AS xm, sum(x * x) AS xx
    FROM made JOIN units USING (customer_id) GROUP BY ALL ORDER BY x DESC, source, target LIMIT 12
), waits AS (
    SELECT source, target, list_sort(list(wait_us)) AS waits, len(waits) AS times,
        {Z} / 2 / sqrt(any_value(marked)) AS reach
    FROM moves JOIN sums USING (source, target) GROUP BY ALL
)
SELECT source, target, marked, customers, x, total.m, mm, xm, xx,
    waits[ceil(times / 2)::BIGINT] / 3.6e9 AS wait_hours,
    waits[greatest(floor(times * (0.5 - reach)), 1)::BIGINT] / 3.6e9 AS wait_low,
    waits[least(ceil(times * (0.5 + reach)) + 1, times)::BIGINT] / 3.6e9 AS wait_high
FROM sums JOIN waits USING (source, target) CROSS JOIN total ORDER BY x DESC, source, target
"""

# The sums over customers of a table `each` (customer_id, some columns, x) and the units, by these columns.
_SUMS = """
, units AS (
    SELECT customer_id, count(*) AS m FROM read_parquet($journeys) GROUP BY ALL
), total AS (
    SELECT count(*) AS customers, sum(m) AS m, sum(m * m) AS mm FROM units
), sums AS (
    SELECT {by}, count(*) AS marked, sum(x) AS x, sum(x * m) AS xm, sum(x * x) AS xx
    FROM each JOIN units USING (customer_id) GROUP BY ALL
)
SELECT sums.*, customers, m, mm FROM sums CROSS JOIN total
"""

# The files are in order, so windows without a partition run over them as they come.
TOP = (
    """
WITH turns AS (
    SELECT customer_id, started_us, touchpoint, step = 1 AS starts, row_number() OVER () AS place
    FROM read_parquet($steps) WHERE step = 1 OR touchpoint <> previous_touchpoint
), numbered AS (
    SELECT customer_id, started_us, touchpoint, place + 1 - max(CASE WHEN starts THEN place END)
        OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS turn
    FROM turns
), paths AS (
    SELECT customer_id, concat_ws(' → ',
        max(touchpoint) FILTER (turn = 1), max(touchpoint) FILTER (turn = 2), max(touchpoint) FILTER (turn = 3),
        max(touchpoint) FILTER (turn = 4), max(touchpoint) FILTER (turn = 5), CASE WHEN max(turn) > 5 THEN '…' END
    ) AS path
    FROM numbered WHERE turn <= 6 GROUP BY customer_id, started_us
), frequent AS (
    SELECT path, path AS kept FROM paths GROUP BY path ORDER BY count(*) DESC, path LIMIT 10
), each AS (
    SELECT customer_id, coalesce(kept, 'other') AS path, count(*) AS x
    FROM paths LEFT JOIN frequent USING (path) GROUP BY ALL
)"""
    + _SUMS.format(by="path")
    + "ORDER BY path = 'other', x DESC, path"
)

MATRIX = (
    f"""
WITH stays AS (
    SELECT customer_id, started_us, step, touchpoint FROM read_parquet($steps) WHERE step <= 6
), frequent AS (
    SELECT touchpoint, touchpoint AS kept FROM stays GROUP BY touchpoint ORDER BY count(*) DESC, touchpoint LIMIT 8
), reached AS (
    SELECT DISTINCT customer_id, started_us FROM read_parquet($steps)
    WHERE touchpoint = 'order placed' AND occurred_us - started_us <= {30 * DAY_US}
), ended AS (
    SELECT customer_id, started_us, steps,
        started_us + {30 * DAY_US} < $ends_us OR ended_us + $gap_us < $ends_us
            OR started_us < max(started_us) OVER (PARTITION BY customer_id) AS is_over
    FROM read_parquet($journeys)
), ends AS (
    SELECT customer_id, unnest(range(steps + 1, 7)) AS step, CASE
        WHEN reached.started_us IS NOT NULL THEN 'converted' WHEN is_over THEN 'drop-off' ELSE 'open' END AS touchpoint
    FROM ended LEFT JOIN reached USING (customer_id, started_us) WHERE steps < 6
), each AS (
    SELECT customer_id, step, coalesce(kept, 'other') AS touchpoint, false AS is_end, count(*) AS x
    FROM stays LEFT JOIN frequent USING (touchpoint) GROUP BY ALL
    UNION ALL
    SELECT customer_id, step, touchpoint, true AS is_end, count(*) AS x FROM ends GROUP BY ALL
)"""
    + _SUMS.format(by="step, touchpoint, is_end")
    + "ORDER BY step, is_end, x DESC, touchpoint"
)

SURVIVAL = """
WITH people AS (
    SELECT coalesce(plan, 'unknown') AS plan, signed_up_on - DATE '1970-01-01' AS signed_up,
        ended_on - DATE '1970-01-01' AS ended, ended IS NOT NULL AND ended < $ends AS has_left
    FROM read_parquet($customers)
    WHERE signed_up < $ends AND (ended IS NULL OR (ended >= $begins AND ended >= signed_up))
)
SELECT plan, greatest($begins - signed_up, 0) AS entry_day,
    CASE WHEN has_left THEN ended + 1 ELSE $ends END - signed_up AS day, has_left, count(*) AS customers
FROM people GROUP BY ALL ORDER BY ALL
"""

_WEEK_US = 7 * DAY_US
SCORES = f"""
WITH answers AS (
    SELECT customer_id, occurred_us, (occurred_us - $begins_us ) // {_WEEK_US} AS period, (score >= 4)::INT AS x
    FROM read_parquet($steps)
    WHERE score_type = 'csat' AND score >= 1 AND score <= 5 AND occurred_us < $ends_us
), each AS (
    SELECT customer_id, period, sum(x) AS x, count(*) AS m FROM answers GROUP BY ALL
), sums AS (
    SELECT period, count(*) AS customers, sum(m) AS m, sum(x) AS x, sum(m * m) AS mm, sum(x * m) AS xm, sum(x * x) AS xx
    FROM each GROUP BY ALL
), whole AS (
    SELECT unnest(range(0, (least(max(occurred_us) + {DAY_US}, $ends_us ) - $begins_us ) // {_WEEK_US})) AS period
    FROM answers
)
SELECT DATE '1970-01-01' + (($begins_us + period * {_WEEK_US}) // {DAY_US})::INT AS period_on,
    coalesce(customers, 0) AS customers, coalesce(m, 0) AS m, x, mm, xm, xx
FROM whole LEFT JOIN sums USING (period) ORDER BY period
"""
