"""Write a synthetic world: `python -m journeylib.data.worlds --to sources/demo --customers 5000 --seed 1`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from journeylib.data.worlds import PLANTS, make
from journeylib.errors import JourneyError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the world that the command line asks for; return the exit code."""
    asked = _parser().parse_args(arguments)
    try:
        told = make(
            asked.to,
            customers=asked.customers,
            seed=asked.seed,
            without=asked.without,
            mess=not asked.clean,
            identities=asked.identities,
        )
    except JourneyError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    if asked.json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        print(f"{asked.to}: {told['customers']:,} customers, {told['events']:,} events, mapping.toml, truth.json")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m journeylib.data.worlds",
        description="Write the source files of a company whose true answers are known (truth.json).",
        epilog="example: python -m journeylib.data.worlds --to sources/demo --seed 2 --without incident",
    )
    parser.add_argument("--to", default="sources/demo", help="folder to write into (%(default)s)")
    parser.add_argument("--customers", type=int, default=5_000, help="how many customers (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another world (%(default)s)")
    parser.add_argument(
        "--without", action="append", default=[], choices=PLANTS, metavar="PLANT",
        help=f"leave a plant out, may be repeated: {', '.join(PLANTS)}",
    )  # fmt: skip
    parser.add_argument("--clean", action="store_true", help="leave the mess out")
    parser.add_argument(
        "--identities", action="store_true", help="give some customers two ids, and say who is behind each event"
    )
    parser.add_argument("--json", action="store_true", help="print the truth as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
