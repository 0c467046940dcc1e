"""The command line parses, calls, prints, and returns honest exit codes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from journeylib import __main__ as command
from journeylib.errors import BusyError, JourneyError, QuarantineError, RecipeError, RunError

FINDING = {"text": "38 % of journeys reach “purchase”.", "verdict": "supported", "n": 4120, "notebook": "a", "id": "b"}
DONE = {"edition": "e", "path": "reports/e/index.html", "status": "published", "findings": [FINDING], "pages": []}
COMPANY = ["1,00123,,2026-01-05T10:00:00Z,,order placed,web", "2,00123,,2026-01-06T10:00:00Z,,page viewed,web"]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], list[Any]]:
    """Make `journey run` answer with a value, or raise it; the answer lists what it was called with."""

    def make(answer: Any) -> list[Any]:
        calls: list[Any] = []

        def run(path: str, **options: Any) -> Any:
            calls.append((path, options))
            if isinstance(answer, BaseException):
                raise answer
            return answer

        monkeypatch.setattr("journeylib.publish.run.run", run)
        return calls

    return make


def journey(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "journeylib", *arguments], capture_output=True, check=False, **options)


def test_help_is_quick_and_gives_an_example_of_every_verb() -> None:
    script = "import sys, journeylib.__main__ as c\ntry: c.main(sys.argv[1:])\nfinally: print(len(sys.modules) < 150, "
    script += "{'pandas', 'narwhals', 'duckdb'} & set(sys.modules))"
    for verb in ["", "check", "load", "run", "list", "doctor"]:
        done = subprocess.run([sys.executable, "-c", script, *verb.split(), "--help"], capture_output=True, text=True)
        assert done.returncode == 0
        assert f"Example: journey {verb}".strip() in " ".join(done.stdout.split())
        assert done.stdout.endswith("True set()\n"), done.stdout


def test_a_run_prints_where_the_page_is_and_what_it_found(runs: Any, capsys: pytest.CaptureFixture[str]) -> None:
    calls = runs(DONE)
    assert command.main(["run", "reports/demo.toml", "--reports", "elsewhere"]) == 0
    assert capsys.readouterr().out == (
        "published: reports/e/index.html\n  38 % of journeys reach “purchase”. [supported]\n"
    )
    assert calls == [("reports/demo.toml", {"reports": "elsewhere", "progress": False})]


def test_with_json_one_object_is_printed_in_ascii(runs: Any, capsys: pytest.CaptureFixture[str]) -> None:
    runs(DONE)
    assert command.main(["run", "r.toml", "--json"]) == 0
    out = capsys.readouterr().out
    assert out.isascii()
    assert json.loads(out) == DONE


@pytest.mark.parametrize(
    ("error", "code"), [(RunError("x"), 1), (RecipeError("x"), 2), (QuarantineError("x"), 3), (BusyError("x"), 4)]
)
def test_each_mistake_has_its_exit_code_and_its_words(
    runs: Any, capsys: pytest.CaptureFixture[str], error: JourneyError, code: int
) -> None:
    runs(error)
    assert command.main(["run", "r.toml"]) == code
    assert capsys.readouterr() == ("", "journey: x\n")
    assert command.main(["run", "r.toml", "--json"]) == code
    out, err = capsys.readouterr()
    assert json.loads(out) == {"error": type(error).__name__, "message": "x"}
    assert err == "journey: x\n"


def test_ctrl_c_and_a_scheduler_s_stop_are_told_apart(runs: Any, capsys: pytest.CaptureFixture[str]) -> None:
    runs(KeyboardInterrupt())
    assert command.main(["run", "r.toml"]) == 130
    runs(KeyboardInterrupt(signal.SIGTERM))
    assert command.main(["run", "r.toml"]) == 143
    assert capsys.readouterr().err == "journey: stopped; nothing is left half done\n" * 2


def test_a_full_disk_is_told_without_a_traceback(runs: Any, capsys: pytest.CaptureFixture[str]) -> None:
    runs(OSError(28, "No space left on device"))
    assert command.main(["run", "r.toml"]) == 1
    assert capsys.readouterr().err.startswith("journey: [Errno 28] No space left on device. Look at")


def test_an_unknown_verb_or_option_is_refused() -> None:
    for arguments in [[], ["rum"], ["run"], ["run", "x", "--color"]]:
        with pytest.raises(SystemExit) as caught:
            command.main(arguments)
        assert caught.value.code == 2


def test_a_reader_who_leaves_early_gets_no_traceback(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "journeylib", "list", "--reports", str(tmp_path)], stdout=writer, stderr=subprocess.PIPE
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_terminal_that_knows_only_ascii_gets_no_traceback(tmp_path: Path) -> None:
    done = journey("run", f"{tmp_path}/é.toml", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 2
    assert done.stderr.startswith(b"journey: there is no recipe ")
    assert b"\\xe9.toml; " in done.stderr


def test_an_empty_reports_folder_says_how_to_begin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["list", "--reports", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{tmp_path} holds no reports yet. Make one: journey run RECIPE\n"
    assert command.main(["list", "--reports", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"reports": []}


def test_a_failed_series_is_listed_with_its_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo/failed.json").write_text('{"as_of": "2026-06-30", "reason": "churn, cell 3: KeyError"}')
    assert command.main(["list", "--reports", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "demo: failed\n  churn, cell 3: KeyError (as of 2026-06-30)\n"


def test_load_counts_what_became_of_every_row(
    company: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping = company(*COMPANY, "3,00123,,nonsense,,page viewed,web")
    asked = ["load", "--mapping", str(mapping), "--store", str(tmp_path / "store")]
    assert command.main(asked) == 0
    first, *rest = capsys.readouterr().out.splitlines()
    assert first == f"loaded: 5 records in {tmp_path}/store (4 accepted, 1 quarantined, 0 duplicates)"
    assert len(rest) == 2
    assert rest[0].startswith("  1 quarantined: ")
    assert re.fullmatch(r"  repair a copy of .*/quarantine\.csv and load again with --retry COPY", rest[1])
    assert command.main([*asked, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "already loaded"


def test_check_shows_columns_and_suggests_a_mapping(
    company: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    company(*COMPANY)
    assert command.main(["check", str(tmp_path / "events.csv")]) == 0
    out = capsys.readouterr().out
    assert out.startswith("events.csv: 2 rows, 11 columns\n  id  ")
    assert "[source.columns]" in out
    assert command.main(["check", str(tmp_path / "none.csv"), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"] == "SourceError"


def test_doctor_compares_what_is_installed_with_what_is_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "requirements.txt").write_text(
        'pandas==0.0.1 \\\n    --hash=sha256:00\nno-such==1 ; os_name == "none"\n'
    )
    assert command.main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "!!  packages: pandas " in out
    assert "(locked: 0.0.1). Run `make report`" in out
    assert "no-such" not in out
    (tmp_path / "requirements.txt").write_text("")
    assert command.main(["doctor", "--json"]) == 0
    checks = {one["check"]: one["status"] for one in json.loads(capsys.readouterr().out)["checks"]}
    assert {check: checks[check] for check in ["Python", "packages", "kernel", "reports/", "stores/"]} == dict.fromkeys(
        ["Python", "packages", "kernel", "reports/", "stores/"], "ok"
    )
