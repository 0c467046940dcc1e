"""Execute notebooks one after another, in a process of its own: `python -m journeylib.publish.worker`.

Jobs come in on standard input and answers go out on standard output, each a line of
JSON. When the input ends, because the run is over or was killed, the worker ends its
kernel and itself, whatever either is doing.
"""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["end_tree", "main"]

_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LAST_LINES = 6

Tell = Callable[..., None]


def main() -> None:
    """Take jobs until there are no more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # what notebooks and libraries print goes to the log
    jobs: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(jobs,), daemon=True).start()
    # jsonschema would take a second to make a grammar of what only format "iri" asks for, which notebooks do not have.
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    import papermill  # noqa: F401  # a second, while the first job is on its way

    def tell(**said: Any) -> None:
        answers.write(json.dumps(said) + "\n")

    while True:
        job = jobs.get()
        tell(done=job["name"], failed=_execute(job, tell))


def end_tree(pid: int) -> None:
    """Kill a process and everything it started, in whatever process groups they are."""
    import psutil  # type: ignore[import-untyped]

    try:
        top = psutil.Process(pid)
        if pid != os.getpid():
            top.suspend()  # so that it starts nothing more
        below = top.children(recursive=True)
    except psutil.NoSuchProcess:
        return
    for process in [*below, top]:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


def _listen(jobs: queue.SimpleQueue[dict[str, Any]]) -> None:
    for line in sys.stdin.buffer:
        jobs.put(json.loads(line))
    shutil.rmtree(os.environ["JUPYTER_RUNTIME_DIR"], ignore_errors=True)  # nobody else is left to do it
    end_tree(os.getpid())


def _execute(job: dict[str, Any], tell: Tell) -> dict[str, Any] | None:
    """Execute one notebook into the current folder; the answer is None, or what failed and where."""
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    book = _prepared(Path(job["path"]))
    reached = {"cell": 0, "line": ""}

    def started(cell: Any, **_: Any) -> None:
        number = cell.metadata.get("number")
        if number is not None:  # the parameters that papermill adds have no place of their own
            reached.update(cell=number, line=_first_line(cell.source))
            tell(cell=number, line=reached["line"])

    def failed(kind: str, said: str) -> dict[str, Any]:
        return {**reached, "kind": kind, "said": said}

    try:
        done = papermill.execute_notebook(
            book,
            f"{job['name']}.ipynb",
            parameters=job["parameters"],
            kernel_name="python3",
            language="python",
            progress_bar=False,
            start_timeout=120,
            execution_timeout=job["seconds"],
            cwd=str(Path(job["path"]).parent),
            kernel_manager_class=_kernel(),
            on_cell_start=started,
            request_save_on_cell_execute=False,  # at the end, or where it fails
        )
    except PapermillExecutionError as error:
        return failed(error.ename, _last_lines("\n".join(error.traceback) or f"{error.ename}: {error.evalue}"))
    except CellTimeoutError:
        return failed("too slow", f"it took longer than {job['seconds'] / 60:g} minutes")
    except DeadKernelError:
        return failed("kernel died", "its kernel died, perhaps for want of memory")
    except Exception as error:
        traceback.print_exc()
        return failed(type(error).__name__, f"{type(error).__name__}: {error}")
    unfinished = [cell for cell in done.cells if cell.metadata.papermill.status != "completed"]
    if unfinished or not done.metadata.papermill.end_time or done.metadata.papermill.exception:
        return failed("stopped early", "the notebook stopped before its last cell")
    return None


def _prepared(path: Path) -> Any:
    """The notebook without outputs and cells tagged `interactive`, each cell with its number, for our kernel."""
    import nbformat

    book = nbformat.read(path, as_version=4)
    for number, cell in enumerate(book.cells, start=1):
        cell.metadata["number"] = number
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    book.cells = [cell for cell in book.cells if "interactive" not in cell.metadata.get("tags", [])]
    book.metadata = nbformat.from_dict({"kernelspec": {"name": "python3", "language": "python", "display_name": ""}})
    return nbformat.v4.upgrade(book)


def _kernel() -> type:
    """A kernel of this very environment, whatever kernels the user's Jupyter knows, spoken to through files.

    Sockets as files cannot be taken by another kernel that starts at the same moment, as ports can.
    """
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    class Kernel(AsyncKernelManager):  # type: ignore[misc]
        def __init__(self, **keys: Any) -> None:
            connection = os.path.join(os.environ["JUPYTER_RUNTIME_DIR"], f"{os.getpid()}.json")
            super().__init__(transport="ipc", connection_file=connection, **keys)

        @property
        def kernel_spec(self) -> KernelSpec:
            argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            return KernelSpec(argv=argv, display_name="Python 3", language="python")

    return Kernel


def _first_line(source: str) -> str:
    return next((line.strip() for line in source.splitlines() if line.strip()), "")


def _last_lines(said: str) -> str:
    lines = [line.rstrip() for line in _COLOURS.sub("", said).splitlines() if line.strip()]
    return "\n".join(lines[-_LAST_LINES:])


if __name__ == "__main__":
    main()
