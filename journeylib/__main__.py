"""The command line: `journey VERB …`. It parses, calls and prints; what it prints is made elsewhere.

Exit codes: 0 done, or already published · 1 a run failed, or a rebuild differs · 2 the request or the input is
refused · 3 refused, too many rows rejected, nothing changed · 4 busy, or the data is not
complete yet: try again · 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Iterable
from types import FrameType
from typing import Any

import journeylib
from journeylib.errors import JourneyError

__all__ = ["main"]

_STOPPED: dict[str, int] = {}  # the signal that asked to stop
_MARKS = {"ok": "ok", "missing": "--", "wrong": "!!"}


def main(arguments: list[str] | None = None) -> int:
    """Answer one command; the result is its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show a letter still shows the rest
    said = _parser().parse_args(arguments)
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _stop)
    try:
        answer, lines, code = said.verb(said)
    except JourneyError as error:
        return _fail(said, str(error), type(error).__name__, error.exit_code)
    except (KeyboardInterrupt, RuntimeError) as stop:
        # The engine, asked to stop at its work, says so in its own way.
        if isinstance(stop, RuntimeError) and "interrupted" not in str(stop):
            raise
        by = stop.args[0] if isinstance(stop, KeyboardInterrupt) and stop.args else _STOPPED.get("by", signal.SIGINT)
        return _fail(said, "stopped; nothing is left half done", "Stopped", 128 + by)
    except OSError as error:
        return _fail(said, f"{error}. Look at the folder, its rights and the space on the disk", "OSError", 1)
    _print(json.dumps(answer, indent=2) if said.json else "\n".join(lines))
    return int(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="journey",
        description="Customer journeys: load events, run reports, keep their editions.",
        epilog="Example: journey run reports/demo.toml",
    )
    parser.add_argument("--version", action="version", version=f"journey {journeylib.__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)

    check = _verb(verbs, "check", _check, "say what is in a source, suggest a mapping", "journey check exports/web.csv")
    check.add_argument("source", metavar="SOURCE", help="a file, a folder or a pattern")
    check.add_argument("--write-mapping", metavar="FILE", help="write the suggested mapping to a new file")

    load = _verb(
        verbs, "load", _load, "load sources into a journey store",
        "journey load --mapping sources/demo/mapping.toml --store stores/demo",
    )  # fmt: skip
    load.add_argument("source", metavar="SOURCE", nargs="*", help="files or folders, for a mapping of one source")
    load.add_argument("--mapping", required=True, metavar="FILE", help="the mapping, a TOML file")
    load.add_argument("--store", required=True, metavar="DIR", help="the store's folder; made where there is none")
    load.add_argument("--retry", metavar="FILE", help="a repaired copy of the store's quarantine.csv")
    load.add_argument("--engine", choices=["duckdb", "spark"], default="duckdb", help="what loads (%(default)s)")

    forget = _verb(
        verbs, "forget", _forget, "remove people from a journey store for good",
        "journey forget --ids ids.txt --store stores/demo",
    )  # fmt: skip
    forget.add_argument("--ids", required=True, metavar="FILE", help="one id a line, or CSV with a column customer_id")
    forget.add_argument("--store", required=True, metavar="DIR", help="the store's folder")

    run = _verb(verbs, "run", _run, "publish the edition that a recipe asks for", "journey run reports/demo.toml")
    run.add_argument("recipe", metavar="RECIPE", help="the recipe, a TOML file")
    run.add_argument("--reports", metavar="DIR", help="where editions go (default: beside the recipe)")

    listing = _verb(verbs, "list", _list, "list the reports and what became of their last runs", "journey list")
    listing.add_argument("--reports", metavar="DIR", default="reports", help="the reports' folder (default: reports)")

    diff = _verb(
        verbs, "diff", _diff, "say what changed between two editions of a report, and why",
        "journey diff reports/demo/2026-05-31-5f1c2ab0 reports/demo/latest",
    )  # fmt: skip
    diff.add_argument("before", metavar="A", help="the folder of an edition")
    diff.add_argument("after", metavar="B", help="the folder of a later one of the same series")
    diff.add_argument("--recipe", metavar="FILE", help="its recipe (default: the one beside the editions' folder)")

    rebuild = _verb(
        verbs,
        "rebuild",
        _rebuild,
        "make an edition again and compare every byte",
        "journey rebuild reports/demo/latest",
    )
    rebuild.add_argument("edition", metavar="EDITION", help="the folder of an edition")
    rebuild.add_argument("--recipe", metavar="FILE", help="its recipe (default: the one beside the editions' folder)")

    explain = _verb(
        verbs, "explain", _explain, "say which ids are one customer, and why",
        "journey explain 00123 --store stores/demo",
    )  # fmt: skip
    explain.add_argument("customer", metavar="CUSTOMER", help="a customer's id, a person's or a device's")
    explain.add_argument("--store", required=True, metavar="DIR", help="the store's folder")

    export = _verb(
        verbs, "export", _export, "write a list of customers for the people who act on it",
        "journey export at-risk reports/demo.toml --to /srv/retention",
    )  # fmt: skip
    export.add_argument("what", choices=["at-risk"], help="at-risk: who is likely to leave soon")
    export.add_argument("recipe", metavar="RECIPE", help="the recipe whose page on churn says what leaving is")
    export.add_argument("--to", required=True, metavar="FOLDER", help="where the list goes, outside reports and store")
    export.add_argument("--days", type=int, metavar="N", help="how far ahead (default: the page's ahead_days)")
    export.add_argument("--most", type=int, default=200, metavar="N", help="the most customers to list (default: 200)")
    export.add_argument("--ids", action="store_true", help="add the customers' own ids; for private recipes only")

    _verb(verbs, "doctor", _doctor, "say whether this machine can run reports", "journey doctor")
    return parser


def _verb(verbs: Any, name: str, verb: Any, purpose: str, example: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(
        name, help=purpose, description=f"{purpose.capitalize()}.", epilog=f"Example: {example}"
    )
    parser.add_argument("--json", action="store_true", help="answer with one JSON object on standard output")
    parser.set_defaults(verb=verb)
    return parser


def _check(said: argparse.Namespace) -> tuple[Any, Iterable[str], int]:
    from journeylib.data.check import check, told, write_mapping

    found = check(said.source, mapping_path=said.write_mapping)
    if said.write_mapping:
        write_mapping(said.write_mapping, found["mapping"])
    return found, told(found), 0


def _load(said: argparse.Namespace) -> tuple[Any, Iterable[str], int]:
    from journeylib import engine

    progress = sys.stderr.isatty()
    with engine.on(said.engine):
        done = journeylib.load(
            said.source or None, mapping=said.mapping, store=said.store, retry=said.retry, progress=progress
        )
    counts = ", ".join(f"{done[name]:,} {name}" for name in ["accepted", "quarantined", "duplicates"])
    lines = [f"{done['status']}: {done['records_in']:,} records in {said.store} ({counts})"]
    lines += [f"  {rows:,} quarantined: {rule}" for rule, rows in done["reasons"].items()]
    if done["quarantine"]:
        lines.append(f"  repair a copy of {done['quarantine']} and load again with --retry COPY")
    lines += [f"  warning: {warning}" for warning in done["warnings"]]
    return done, lines, 0


def _forget(said: argparse.Namespace) -> tuple[Any, Iterable[str], int]:
    from journeylib.journeys.forget import forget, read_ids

    done = forget(read_ids(said.ids), said.store, progress=sys.stderr.isatty())
    lines = [
        f"forgotten: {done['people']:,} of the ids in {said.store}; {done['unknown']:,} ids were not known there",
        f"  {done['events_fallen_back']:,} events fell back to their device, {done['events_removed']:,} were removed",
        f"  {done['customers_removed']:,} rows of customers and {done['quarantined_removed']:,} rejected rows are gone",
        f"  {done['snapshots_removed']:,} older snapshots were deleted; later loads leave these people out",
    ]
    return done, lines, 0


def _run(said: argparse.Namespace) -> tuple[Any, Iterable[str], int]:
    from journeylib.publish.run import run

    done = run(said.recipe, reports=said.reports, progress=sys.stderr.isatty())
    lines = [f"{done['status']}: {done['path']}"]
    lines += [
        f"  {found['text']}" + (f" [{found['verdict']}]" if found["verdict"] else "") for found in done["findings"]
    ]
    return done, lines, 0


def _list(said: argparse.Namespace) -> tuple[Any, Iterable[str], int]:
    from journeylib.publish.catalogue import listing

    found = listing(said.reports)
    lines = []
    for one in found:
        lines.append(f"{one['name']}: {one['status']}" + (f", as of {one['as_of']}" if one["as_of"] else ""))
        lines += [f"  {text}" for text in (one["failed"], one["answer"], one["path"]) if text]
    return {"reports": found}, lines or [f"{said.reports} holds no reports yet. Make one: journey run RECIPE"], 0


def _diff(said: argparse.Namespace) -> tuple[Any, Iterable[str], int]:
    from journeylib.publish.diff import diff, lines

    found = diff(said.before, said.after, recipe=said.recipe)
    return found, lines(found), 0


def _rebuild(said: argparse.Namespace) -> tuple[Any, Iterable[str], int]:
    from journeylib.publish.rebuild import lines, rebuild

    done = rebuild(said.edition, recipe=said.recipe, progress=sys.stderr.isatty())
    return done, lines(done), 0 if done["is_equal"] else 1


def _explain(said: argparse.Namespace) -> tuple[Any, Iterable[str], int]:
    from journeylib.journeys.explain import explain, words

    found = explain(said.store, said.customer)
    return found, words(found), 0


def _export(said: argparse.Namespace) -> tuple[Any, Iterable[str], int]:
    from journeylib.publish.export import at_risk, lines

    done = at_risk(said.recipe, said.to, days=said.days, most=said.most, ids=said.ids)
    return done, lines(done), 0


def _doctor(_: argparse.Namespace) -> tuple[Any, Iterable[str], int]:
    from journeylib.publish.doctor import examine

    found = examine()
    lines = [f"{_MARKS[one['status']]}  {one['check']}: {one['detail']}" for one in found]
    return {"checks": found}, lines, int(any(one["status"] == "wrong" for one in found))


def _stop(number: int, _: FrameType | None) -> None:
    _STOPPED["by"] = number
    raise KeyboardInterrupt(number)


def _fail(said: argparse.Namespace, message: str, kind: str, code: int) -> int:
    if said.json:
        _print(json.dumps({"error": kind, "message": message}, indent=2))
    print(f"journey: {message}", file=sys.stderr)
    return code


def _print(text: str) -> None:
    """Print to a reader who may have left already, as `head` does."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
