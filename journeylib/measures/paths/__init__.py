"""Where do journeys go: from touchpoint to touchpoint, column by column, around one touchpoint, and which paths.

Shares are of journeys and clustered by customer. Steps are those of whole journeys
(`journeys.in_period`), never cut in the middle, and labelled journeys are among theirs.
"""

from journeylib.measures.paths.columns import ENDS, OTHER, flow, matrix
from journeylib.measures.paths.neighbours import around, transitions
from journeylib.measures.paths.whole import followed, followed_units, top

__all__ = ["ENDS", "OTHER", "around", "flow", "followed", "followed_units", "matrix", "top", "transitions"]
