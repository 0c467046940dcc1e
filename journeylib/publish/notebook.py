"""Read a notebook's cells, as they were written, without any of its outputs.

Plain JSON is read here, because the libraries for notebooks take a second to import
and most questions about a notebook need none of them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from journeylib.errors import RecipeError

__all__ = ["Cell", "read"]


@dataclass(frozen=True)
class Cell:
    """One cell; `number` counts all cells of the notebook from 1, as a reader would."""

    number: int
    kind: str
    source: str
    tags: tuple[str, ...]

    @property
    def is_interactive(self) -> bool:
        """Whether a scheduled run leaves the cell out, because it needs somebody to move it."""
        return "interactive" in self.tags


def read(path: Path) -> list[Cell]:
    """Read the cells of the notebook at `path`.

    Raises RecipeError where it is missing or no notebook of format 4.
    """
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if said["nbformat"] != 4:
            raise RecipeError(f"{path} is a notebook of format {said['nbformat']}. Save it again with JupyterLab.")
        return [_cell(number, cell) for number, cell in enumerate(said["cells"], start=1)]
    except FileNotFoundError:
        others = ", ".join(sorted(other.stem for other in path.parent.glob("*.ipynb"))) or "none"
        raise RecipeError(f"there is no notebook {path}; the notebooks there: {others}.") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RecipeError(f"{path} is not a notebook. Save it again with JupyterLab.") from None


def _cell(number: int, said: dict[str, object]) -> Cell:
    source, metadata = said["source"], said.get("metadata") or {}
    whole = "".join(source) if isinstance(source, list) else str(source)
    tags = metadata.get("tags", []) if isinstance(metadata, dict) else []
    return Cell(number, str(said["cell_type"]), whole, tuple(tags))
