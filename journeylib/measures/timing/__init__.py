"""How long does it take: between two steps, to first value, to the goal; and when is somebody reached best?

Journeys, attempts and customers who have not had their whole window are never taken for
ones that did not get there: they are censored where the data end (`between`, `to_value`),
or left out until their window has closed.
"""

from journeylib.measures.timing.clock import clock, reached_units
from journeylib.measures.timing.elapsed import between, to_value
from journeylib.measures.timing.goal import HOURS_A_DAY, spread, to_goal, to_goal_units

__all__ = ["HOURS_A_DAY", "between", "clock", "reached_units", "spread", "to_goal", "to_goal_units", "to_value"]
