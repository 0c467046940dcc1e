"""Name the files of a mapping, and number the rows of all of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from journeylib.data.sources import Source

__all__ = ["label", "place"]

_MOST_ROWS = 2**40  # of a file


def label(source: Source, path: Path) -> str:
    """Name a file within its source: by its path below the folder that all files of the source share.

    A file that the mapping names outright is called like its source; one that was found has company some day.
    """
    if len(source.files) == 1 and Path(source.path).name == path.name:
        return source.name
    return f"{source.name}/{path.relative_to(os.path.commonpath([file.parent for file in source.files])).as_posix()}"


def place(file_number: Any, source_row: Any) -> Any:
    """Number a row among those of all files, which are numbered in the order of their labels; so in the order of PLACE.

    Both are columns of one kind, of narwhals or pandas, or whole numbers.

    >>> place(0, 12) < place(1, 3)
    True
    """
    return file_number * _MOST_ROWS + source_row
