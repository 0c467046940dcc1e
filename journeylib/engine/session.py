"""Which engine this process reads stores with, and its one Spark session.

DuckDB unless said otherwise: a run says it for itself and for the notebooks that it starts, so a
notebook names no engine. On Spark they all belong to one application, which the run starts and ends.
Spark's master, memory and the rest come from where Spark itself takes them (`spark-defaults.conf`,
`PYSPARK_SUBMIT_ARGS`, `MASTER`); without any, it is all cores of this machine.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import logging
import os
import re
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from journeylib.errors import RefusedError, RunError

__all__ = ["chosen", "lacking", "on", "session", "version"]

_CHOSEN = "JOURNEYLIB_ENGINE"  # in the environment, which the kernels of notebooks inherit
_PORT, _SECRET = "PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET"  # by these Spark finds its application there
_JAVA = "Java 17 or newer"

# What numbers rest on, whatever Spark's own files say.
_FIXED = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.ansi.enabled": "true",  # a number that does not fit stops the query, as on DuckDB
}
_QUIET = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}
_HERE = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}  # where Spark is this process's own
_REASON = re.compile(r"[\w.$]*(?:Exception|Error): .+")
_MOST_WORDS = 100_000


@contextlib.contextmanager
def on(engine: str) -> Iterator[None]:
    """Open stores on an engine, "duckdb" or "spark", in this process and in those that it starts meanwhile.

    Raises RefusedError where Spark is asked for and something that it needs is missing here, RunError where
    it does not start.
    """
    if engine == "spark" and (why := lacking()):
        raise RefusedError(
            f'engine = "spark" cannot be followed here: {why} '
            "Or leave that line out of the recipe: DuckDB gives the same numbers."
        )
    told = {_CHOSEN: engine} | (_address() if engine == "spark" else {})
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def chosen() -> Any:
    """The Spark session that stores are opened with; None where they are opened on DuckDB."""
    return session() if os.environ.get(_CHOSEN) == "spark" else None


def lacking() -> str:
    """Say what Spark needs that is not here, and how to get it; empty where nothing is missing."""
    if importlib.util.find_spec("pyspark") is None:
        return "pyspark is not installed. Install it from the project's folder: pip install '.[spark]'."
    home = os.environ.get("JAVA_HOME")
    if home and not (Path(home) / "bin" / "java").is_file():
        return f"JAVA_HOME is {home}, which has no bin/java. Set it to the folder of a {_JAVA}."
    if not home and shutil.which("java") is None:
        return f"Spark needs Java, and there is none. Install {_JAVA}, or set JAVA_HOME to the folder of one."
    return ""


def version(engine: str) -> dict[str, str]:
    """The version of an engine that not every machine has, by its name: of pyspark, where stores are read with it."""
    if engine != "spark":
        return {}
    import pyspark

    return {"pyspark": pyspark.__version__}


@functools.cache
def session() -> Any:
    """Open this process's one Spark session: in UTC, silent, without a page of its own.

    Where this process has a session already, it is another one of the same application. Raises RunError
    with what Spark said where it does not start.
    """
    logging.getLogger("DataFrameQueryContextLogger").setLevel(logging.CRITICAL)  # would say a whole plan again
    interrupt = signal.getsignal(signal.SIGINT)
    made = _opened()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, interrupt)  # Spark has put a handler of its own in its place
    for name, value in _FIXED.items():
        made.conf.set(name, value)
    context, partitions = made.sparkContext, "spark.sql.shuffle.partitions"
    if context.master.startswith("local") and context.getConf().get(partitions) is None:
        made.conf.set(partitions, str(context.defaultParallelism))  # Spark's 200 are for many machines
    return made


def _opened() -> Any:
    from pyspark.sql import SparkSession

    there = SparkSession.getActiveSession()
    if there is not None:
        return there.newSession()
    return SparkSession(_joined() if _PORT in os.environ else _started())


def _address() -> dict[str, str]:
    """Where the application of this process is found by others of the same user."""
    told = session().sparkContext._gateway.gateway_parameters
    return {_PORT: str(told.port), _SECRET: told.auth_token}


def _joined() -> Any:
    """Join the application that another process has started."""
    from pyspark import SparkContext
    from pyspark.java_gateway import launch_gateway

    gateway = launch_gateway()
    there = gateway.jvm.org.apache.spark.SparkContext.getOrCreate()
    return SparkContext(gateway=gateway, jsc=gateway.jvm.JavaSparkContext.fromSparkContext(there))


def _started() -> Any:
    """Start Spark; what it says goes to a file that nobody sees, not to the terminal or into a notebook."""
    from py4j.protocol import Py4JError
    from pyspark import SparkConf, SparkContext
    from pyspark.errors import PySparkException
    from pyspark.java_gateway import launch_gateway

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # workers run what this process runs
    log = tempfile.TemporaryFile()  # noqa: SIM115  # open for as long as Spark is
    try:
        gateway = launch_gateway(popen_kwargs={"stdout": log, "stderr": log})
        said = gateway.jvm.java.lang.System.getProperty
        own = {name: value for name, value in _HERE.items() if said(name) is None}
        settings = _QUIET | (own if said("spark.master").startswith("local") else {})
        made = SparkContext(gateway=gateway, conf=SparkConf().setAll(list(settings.items())))
    except (PySparkException, Py4JError) as error:
        words = os.pread(log.fileno(), _MOST_WORDS, 0).decode(errors="replace")
        found = _REASON.search(f"{words}\n{error}")
        why = found[0].rstrip(".") if found else type(error).__name__
        raise RunError(
            f"Spark did not start: {why}. "
            f"It needs {_JAVA}, and a master that it can reach: see spark.master in its settings."
        ) from error
    made.setLogLevel("ERROR")
    return made
