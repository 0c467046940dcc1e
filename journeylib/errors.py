"""Every mistake the package can name.

    JourneyError
    ├── RunError            a run failed on its way                    exit 1
    ├── RefusedError        the request or the input is refused        exit 2
    │   ├── MappingError    the mapping file
    │   ├── SourceError     a source file
    │   ├── StoreError      a journey store
    │   ├── RecipeError     a recipe
    │   └── ParameterError  a notebook's parameters
    ├── QuarantineError     too many rows rejected, nothing changed    exit 3
    └── BusyError           busy, or the data is not complete yet      exit 4

A message says what is wrong, the value that was given, what would be right and
where to mend it. A weak answer is not an error: it is a row with `is_enough = False`.
"""

from __future__ import annotations

import unicodedata

__all__ = [
    "INVISIBLE",
    "BusyError",
    "JourneyError",
    "MappingError",
    "ParameterError",
    "QuarantineError",
    "RecipeError",
    "RefusedError",
    "RunError",
    "SourceError",
    "StoreError",
    "first_line",
    "shown",
    "together",
]


INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # Unicode categories that a reader does not see


class JourneyError(Exception):
    """Any mistake that the package names; `exit_code` is what the command line returns."""

    exit_code = 1


class RunError(JourneyError):
    """A run failed on its way: a cell raised, a kernel died, time ran out."""


class RefusedError(JourneyError):
    """The request or the input is refused before anything is changed."""

    exit_code = 2


class MappingError(RefusedError):
    """The mapping file cannot be followed."""


class SourceError(RefusedError):
    """A source file cannot be read, or is not what the mapping says."""


class StoreError(RefusedError):
    """A journey store is missing, damaged or of another version."""


class RecipeError(RefusedError):
    """A recipe cannot be followed."""


class ParameterError(RefusedError):
    """A notebook's parameters are unknown, missing or of the wrong type."""


class QuarantineError(JourneyError):
    """More rows were rejected than the mapping allows; the store is unchanged."""

    exit_code = 3


class BusyError(JourneyError):
    """Another run holds the store or series, or the data is not complete yet."""

    exit_code = 4


def together(mistakes: list[str]) -> str:
    """Join the mistakes found in one file into one message, a line each.

    >>> print(together(["no name", "no store"]))
    2 mistakes:
      no name
      no store
    """
    if len(mistakes) == 1:
        return mistakes[0]
    return f"{len(mistakes)} mistakes:\n" + "\n".join(f"  {mistake}" for mistake in mistakes)


def shown(text: str, longest: int = 60) -> str:
    r"""Make a text from data safe to show in a message: cut short, invisible and direction-changing characters escaped.

    >>> print(shown("a\u202eb\x00"))
    a\u202eb\x00
    """
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(
        each.encode("unicode_escape").decode() if unicodedata.category(each) in INVISIBLE else each for each in cut
    )


def first_line(error: BaseException) -> str:
    """The first line of what another library says is wrong, as a sentence.

    >>> first_line(ValueError("bad magic\\nat byte 0"))
    'bad magic.'
    """
    text = str(error).strip().split("\n", 1)[0] or type(error).__name__
    return text if text.endswith(".") else text + "."
