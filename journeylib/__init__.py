"""Customer-journey analytics: journeys from events, measured honestly, published as editions.

    store = journeylib.open_store("stores/demo")         lazy tables of a journey store
    journeylib.load(mapping="mapping.toml", store="stores/demo")   sources into a store

Measures live in `journeylib.measures`, one question a file; what a notebook shows
goes through `journeylib.show`.
"""

from typing import TYPE_CHECKING, Any

from journeylib.errors import JourneyError

if TYPE_CHECKING:
    from journeylib.journeys.load import load
    from journeylib.journeys.view import Store, open_store

__all__ = ["JourneyError", "Store", "load", "open_store"]
__version__ = "0.1.0"

_HOMES = {"Store": "view", "open_store": "view", "load": "load"}


def __getattr__(name: str) -> Any:
    """Import a name at its first use, so that the command line answers at once."""
    if name not in _HOMES:
        raise AttributeError(f"module journeylib has no attribute {name}")
    import importlib

    return getattr(importlib.import_module(f"journeylib.journeys.{_HOMES[name]}"), name)
