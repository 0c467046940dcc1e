"""The names that no segment of a recipe may have: columns of the package's own tables and answers.

A segment of such a name would replace the column, or be taken for a count. They are listed, not gathered, for the
schema imports the engine, which reading a recipe does without; a test compares the list.
"""

from __future__ import annotations

__all__ = ["COLUMNS"]

_NAMES = """
    event_id customer_id occurred_us touchpoint channel ended_us stage score score_type revenue_minor currency
    cost_minor reason resource text time_precision updated_us source source_row device_id known_by started_us step
    previous_touchpoint previous_channel wait_us steps channels first_touchpoint first_channel last_touchpoint
    last_channel signed_up_on ended_on end_cause valid_from_us rule hint original
    n estimate low high is_enough p customers journeys events entries at_risk left answers
    day period_on target outcome group baseline before from_on until_on wait_hours wait_low wait_high returned
    silent_days m x mm xm xx marked period has_left has_returned entry_day zero_us goal_us is_mature
    complete_on last_on channels_checked days_missing missing_on silent_on days usual
    records_in accepted quarantined duplicates adds_up kept_to hour_share midnight_share is_odd
    person_id line file file_sha256 entered went_on lost open dropped measure kind detectable left_out unit
    rank top_chance ties q10 q25 q75 q90 part label change offset stratum
    covariate cause from_day until_day way band predicted expected active active_low active_high
    placebo placebo_low placebo_high note is_proportional level stay_days per_day
"""

COLUMNS = frozenset(_NAMES.split())
