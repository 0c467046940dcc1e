"""Where journeys are at each step, and what stands around a touchpoint, on journeys written by hand."""

from __future__ import annotations

import pytest

from journeylib.errors import ParameterError
from journeylib.measures import paths


def go(*names):
    return [("web", name, hour) for hour, name in enumerate(names)]


def told(found, *columns):
    return [tuple(row) for row in found[list(columns)].to_numpy().tolist()]


@pytest.fixture(scope="module")
def steps(steps_frame):
    return steps_frame(
        [
            ("a", 1, go("x", "x", "y")),
            ("a", 2, go("x", "y")),
            ("b", 1, go("z", None, "x", "x")),
            ("c", 1, go("y")),
        ]
    )


@pytest.fixture(scope="module")
def labelled(steps, labelled_frame):
    return labelled_frame(steps, ["converted", "lost", "open", "lost"])


def test_the_step_matrix_says_where_journeys_are_and_how_they_ended(steps, labelled, table):
    found = paths.matrix(table(steps), table(labelled), columns=4)
    assert told(found, "step", "touchpoint", "journeys", "is_end") == [
        (1, "x", 2, False),
        (1, "y", 1, False),
        (1, "z", 1, False),
        (2, "unknown", 1, False),  # a step without a touchpoint
        (2, "x", 1, False),
        (2, "y", 1, False),
        (2, "drop-off", 1, True),  # c's
        (3, "x", 1, False),
        (3, "y", 1, False),
        (3, "drop-off", 2, True),
        (4, "x", 1, False),
        (4, "drop-off", 2, True),
        (4, "converted", 1, True),
    ]
    assert set(found["n"]) == {3}
    assert found["estimate"].tolist()[:3] == [0.5, 0.25, 0.25]
    assert found["customers"].tolist()[:3] == [1, 1, 1]


def test_each_column_adds_up_to_1_beyond_the_longest_journey_too(steps, labelled, table):
    found = paths.matrix(table(steps), table(labelled), columns=6, most=1)
    assert found.groupby("step")["estimate"].sum().tolist() == pytest.approx([1] * 6)
    last = found[found["step"] == 6]
    assert told(last, "touchpoint", "journeys") == [("drop-off", 2), ("converted", 1), ("open", 1)]


def test_the_same_touchpoints_keep_their_names_in_all_columns(steps, labelled, table):
    found = paths.matrix(table(steps), table(labelled), columns=2, most=2)
    # in the two columns: x 3 places, y 2, unknown 1, z 1
    assert told(found, "step", "touchpoint", "journeys") == [
        (1, "x", 2),
        (1, "other", 1),
        (1, "y", 1),
        (2, "other", 1),
        (2, "x", 1),
        (2, "y", 1),
        (2, "drop-off", 1),
    ]


def test_a_touchpoint_named_like_an_end_is_kept_apart_from_it(steps_frame, labelled_frame, table):
    steps = steps_frame([("a", 1, go("x", "open")), ("b", 1, go("x"))])
    found = paths.matrix(table(steps), table(labelled_frame(steps, ["lost", "open"])), columns=2)
    second = found[found["step"] == 2]
    assert told(second, "touchpoint", "journeys", "is_end") == [("open", 1, False), ("open", 1, True)]


def test_the_matrix_and_the_flow_of_touchpoints_agree(steps, labelled, table):
    matrix = paths.matrix(table(steps), table(labelled), columns=3)
    flow = paths.flow(table(steps), table(labelled), columns=4, of="touchpoint")
    for step in (1, 2, 3):
        here = matrix[(matrix["step"] == step) & ~matrix["is_end"]].set_index("touchpoint")["journeys"]
        out = flow[flow["step"] == step].groupby("source")["journeys"].sum()
        assert here.to_dict() == out.to_dict()


def test_steps_of_one_instant_stand_in_the_order_of_their_ids(steps_frame, labelled_frame, table):
    steps = steps_frame([("a", 1, [("web", "x", 0), ("web", "y", 0), ("web", "z", 0)])])
    shuffled = table(steps.sample(frac=1, random_state=1))
    found = paths.matrix(shuffled, table(labelled_frame(steps, ["lost"])), columns=3)
    assert told(found, "step", "touchpoint") == [(1, "x"), (2, "y"), (3, "z")]


def test_around_a_touchpoint_counts_from_its_first_time_in_each_journey(steps, table):
    found = paths.around(table(steps), "x")
    # a1: (start, start) x (x, y) · a2: (start, start) x (y, end) · b: (z, unknown) x (x, end); c has no x
    assert told(found, "offset", "touchpoint", "journeys", "is_end") == [
        (-2, "z", 1, False),
        (-2, "start", 2, True),
        (-1, "unknown", 1, False),
        (-1, "start", 2, True),
        (1, "x", 2, False),
        (1, "y", 1, False),
        (2, "y", 1, False),
        (2, "end", 2, True),
    ]
    assert set(found["n"]) == {2}
    assert found["estimate"].tolist() == pytest.approx([1 / 3, 2 / 3, 1 / 3, 2 / 3, 2 / 3, 1 / 3, 1 / 3, 2 / 3])
    assert found["customers"].tolist() == [1, 1, 1, 1, 2, 1, 1, 2]


def test_around_keeps_the_most_frequent_of_each_offset_and_the_ends(steps_frame, table):
    beside = zip("abcdef", "ppmno-", "qqqrst", strict=True)
    steps = steps_frame([(who, 1, go(*before.strip("-"), "x", after)) for who, before, after in beside])
    found = paths.around(table(steps), "x", before=1, after=1, most=1)
    assert told(found, "offset", "touchpoint", "journeys") == [
        (-1, "other", 3),
        (-1, "p", 2),
        (-1, "start", 1),
        (1, "other", 3),
        (1, "q", 3),
    ]


def test_around_may_look_to_one_side_only(steps, table):
    assert sorted(set(paths.around(table(steps), "y", before=0, after=1)["offset"])) == [1]


def test_around_without_a_step_to_look_at_is_refused(steps, table):
    with pytest.raises(ParameterError, match="leave nothing to look at"):
        paths.around(table(steps), "x", before=0, after=0)


def test_around_a_touchpoint_that_no_journey_holds_is_not_applicable(steps, table):
    found = paths.around(table(steps), "fax")
    assert found.empty
    assert found.attrs["not_applicable"] == 'no journey holds "fax"'


def test_intervals_of_the_matrix_are_wider_where_journeys_of_a_customer_are_alike(steps_frame, labelled_frame, table):
    alike = steps_frame([(f"c{who:02}", number, go("xy"[who % 2])) for who in range(40) for number in range(5)])
    mixed = steps_frame([(f"c{who:02}", number, go("xy"[number % 2])) for who in range(40) for number in range(6)])
    widths = []
    for steps in (alike, mixed):
        labelled = labelled_frame(steps, ["lost"] * (steps["step"] == 1).sum())
        row = paths.matrix(table(steps), table(labelled), columns=1).iloc[0]
        assert (row["n"], row["estimate"]) == (40, 0.5)
        widths.append(row["high"] - row["low"])
    assert widths[0] > 0.29  # as wide as of 40 independent journeys: 0.296
    assert widths[1] < 0.15
