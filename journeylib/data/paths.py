"""Find the files that a source names: one file, all files of a folder, or a pattern.

Of a folder, the files whose ending is read; hidden ones and others are left out. A file
that is named outright, or by a pattern, is taken whatever its ending, so that reading it
can say what is wrong with it.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path

__all__ = ["ENDINGS", "find", "source_name"]

ENDINGS = (".csv", ".tsv", ".txt", ".parquet", ".jsonl", ".ndjson", ".json", ".xes")  # each also .gz and .zst
_PACKED = (".gz", ".zst")
_WILD = re.compile(r"[*?\[]")


def find(patterns: Sequence[str], folder: Path, mistakes: list[str], *, said: str) -> tuple[Path, ...]:
    """Find the files of a source, each once, in order of their paths; patterns start at `folder`.

    What cannot be taken is told in `mistakes`, after `said`: a pattern that matches nothing, a
    link to nothing or, in a folder or a pattern, out of its folder, a pipe or another thing that is no file.
    """
    found: dict[str, Path] = {}
    for pattern in patterns:
        try:
            each = _matches(pattern, folder)
            within = _within(pattern, folder)
            unfit = [f"{said}{fault}" for path in each if (fault := _fault(path) or _leads_out(path, within))]
            if not each:
                unfit = [f'{said}"{pattern}" {_nothing(folder, pattern)}']
        except OSError as error:
            each, unfit = [], [f'{said}"{pattern}" cannot be looked into: {error.strerror}. Mend its rights.']
        mistakes += unfit
        found |= {os.path.abspath(path): path for path in each}
    paths = [found[key] for key in sorted(found)]
    if len({path.is_absolute() for path in paths}) > 1:
        paths = [path.absolute() for path in paths]
    return tuple(paths)


def source_name(patterns: Sequence[str]) -> str:
    """Name a source after its file, its folder, or the folder that its files share; the same packed or not.

    >>> source_name(["exports/web.csv.gz"]), source_name(["exports/web/*.csv"]), source_name(["a/b.csv", "a/c.csv"])
    ('web', 'web', 'a')
    """
    if len(patterns) != 1:
        shared = os.path.commonpath([os.path.abspath(_folder(pattern)) for pattern in patterns]) if patterns else ""
        return Path(shared).name or "source"
    last = Path(patterns[0]).name
    if _WILD.search(last):
        return Path(_folder(patterns[0])).name or "source"
    plain = _unpacked(last)
    stem = Path(plain).stem if plain.lower().endswith(ENDINGS) else plain
    return (stem if stem != ".." else "") or Path(os.path.abspath(patterns[0])).name or "source"


def _matches(pattern: str, folder: Path) -> list[Path]:
    try:
        whole = folder / pattern
        if whole.is_dir():
            return [path for path in whole.iterdir() if _is_read(path.name) and not path.is_dir()]
        if os.path.lexists(whole):
            return [whole]
        if not _WILD.search(pattern):
            return []
        start, rest = folder, Path(pattern)
        if rest.is_absolute():
            start, rest = Path(rest.anchor), rest.relative_to(rest.anchor)
        found = [path for path in start.glob(str(rest)) if not path.is_dir()]
    except ValueError:  # what pathlib says of a pattern such as "**x", or of a NUL
        return []
    if _is_hidden(rest):
        return found
    return [path for path in found if not _is_hidden(path.relative_to(start))]


def _fault(path: Path) -> str | None:
    if not os.path.lexists(path):
        return None
    if not path.exists():
        return f'"{path}" is a link to nothing. Remove it, or mend what it points to.'
    mode = path.stat().st_mode
    if stat.S_ISFIFO(mode):
        return f'"{path}" is a pipe, not a file; write it to a file first.'
    if not stat.S_ISREG(mode):
        return f'"{path}" is a device or a socket, not a file; write what it gives to a file first.'
    return None


def _within(pattern: str, folder: Path) -> Path | None:
    """The folder that holds all files of a folder or a pattern; none where a file is named outright."""
    whole = folder / pattern
    if "\0" in pattern or (os.path.lexists(whole) and not whole.is_dir()):
        return None
    return (whole if whole.is_dir() else folder / _folder(pattern)).resolve()


def _leads_out(path: Path, within: Path | None) -> str | None:
    if within is None or path.resolve().is_relative_to(within):
        return None
    return f'"{path}" is a link that leads out of {within}. Remove it, or name the file itself as a path of the source.'


def _nothing(folder: Path, pattern: str) -> str:
    if "\0" not in pattern and (folder / pattern).is_dir():
        return (
            f"is a folder without a file to read ({', '.join(ENDINGS)}). For its own folders write {pattern}/**/*.csv."
        )
    return f"matches no file under {'the current folder' if folder == Path() else folder}. Correct the path."


def _is_read(name: str) -> bool:
    return not name.startswith(".") and _unpacked(name).lower().endswith(ENDINGS)


def _unpacked(name: str) -> str:
    return name[: name.rindex(".")] if name.lower().endswith(_PACKED) else name


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") and part != ".." for part in path.parts)


def _folder(pattern: str) -> str:
    """The part of a pattern's folder before the first wildcard."""
    parts = Path(pattern).parent.parts
    wild = next((place for place, part in enumerate(parts) if _WILD.search(part)), len(parts))
    return str(Path(*parts[:wild]))
