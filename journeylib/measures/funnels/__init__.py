"""How far do customers get through named steps, where do they stay behind, and how long does it take?

`funnel` answers; `plan` checks what is asked; `attempts` says of every entry how far it got.
"""

from journeylib.measures.funnels.answer import funnel
from journeylib.measures.funnels.attempts import attempts
from journeylib.measures.funnels.plan import Plan, plan

__all__ = ["Plan", "attempts", "funnel", "plan"]
