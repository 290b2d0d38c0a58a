"""A processor that does what its option says: sleep, crash, fill the memory, or raise."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from app.domain.errors import Cancelled
from app.plugins import (
    Choice,
    EmptyResult,
    InvalidInput,
    Number,
    Processor,
    Run,
    Secret,
    Source,
    SourceError,
    Table,
    Text,
)

if TYPE_CHECKING:
    import polars as pl

WAYS = (
    "work",
    "sleep",
    "span",
    "stamps",
    "library",
    "program",
    "swallow",
    "die",
    "die-once",
    "die-forked",
    "exit",
    "memory",
    "memory-some",
    "raise",
    "raise-binary",
    "spill",
    "user-error",
    "source",
    "source-once",
    "empty",
)


class Misbehave(Processor):
    """Do something that a well-behaved processor does not do."""

    type = "misbehave"
    title = "Misbehave"
    category = "Metrics"
    returns = Table(number=int)
    max_workers = 2

    @dataclass(frozen=True)
    class Options:
        """What to do, for how long, and where to leave a trace."""

        way: str = Choice("Way", {way: way for way in WAYS})
        seconds: float = Number("Seconds", 0, integer=False)
        trace: str = Text("File in which each attempt leaves a line")
        mark: str = Text("Anything, to make the request differ")
        key: str = Secret("A key, which is no secret with it")

    def process(self, source: Source, options: Options, run: Run) -> pl.LazyFrame:
        """Misbehave."""
        import polars as pl

        first = self._leave_trace(options.trace)
        run.log(f"misbehaving: {options.way} {options.key}".rstrip())
        run.progress(0.5, text="half way")
        getattr(self, f"_{options.way.replace('-', '_')}")(options, first)
        return pl.LazyFrame({"number": [1, 2, 3]})

    @staticmethod
    def _leave_trace(trace: str) -> bool:
        if not trace:
            return True
        path = Path(trace)
        first = not path.exists()
        with path.open("a") as opened:
            opened.write(f"{os.getpid()}\n")
        return first

    def _work(self, options: Options, first: bool) -> None:
        """Do nothing wrong."""

    def _sleep(self, options: Options, first: bool) -> None:
        time.sleep(options.seconds)

    def _span(self, options: Options, first: bool) -> None:
        """Leave beside the trace when this began and ended."""
        began = time.time()
        time.sleep(options.seconds)
        with Path(f"{options.trace}.spans").open("a") as opened:
            opened.write(f"{began} {time.time()}\n")

    def _stamps(self, options: Options, first: bool) -> None:
        """Leave beside the trace, ten times a second, the machine's name and the time; only the first try is long."""
        deadline = time.monotonic() + (options.seconds if first else 0.5)
        while time.monotonic() < deadline:
            with Path(f"{options.trace}.stamps").open("a") as opened:
                opened.write(f"{socket.gethostname()} {time.time()}\n")
            time.sleep(0.1)

    def _library(self, options: Options, first: bool) -> None:
        """Stay inside a C library that holds the interpreter's lock."""
        ctypes.PyDLL(None).sleep(int(options.seconds))

    def _program(self, options: Options, first: bool) -> None:
        subprocess.run(["sleep", str(options.seconds + 0.123)], check=True)

    def _swallow(self, options: Options, first: bool) -> None:
        """Refuse to be interrupted."""
        deadline = time.monotonic() + options.seconds
        while time.monotonic() < deadline:
            try:
                time.sleep(0.05)
            except (Exception, Cancelled):  # noqa: BLE001 - that is its bad manner
                continue

    def _die(self, options: Options, first: bool) -> None:
        os.kill(os.getpid(), signal.SIGSEGV)

    def _die_once(self, options: Options, first: bool) -> None:
        if first:
            os.kill(os.getpid(), signal.SIGKILL)

    def _die_forked(self, options: Options, first: bool) -> None:
        """Leave a fork that outlives this process and holds what it held."""
        if os.fork() == 0:
            time.sleep(options.seconds)
            os._exit(0)
        os.kill(os.getpid(), signal.SIGKILL)

    def _exit(self, options: Options, first: bool) -> None:
        os._exit(3)

    def _memory(self, options: Options, first: bool) -> None:
        held = []
        while True:
            held.append(os.urandom(8 * 1024 * 1024))

    def _memory_some(self, options: Options, first: bool) -> None:
        """Need more memory for a second than the least that a job can be given."""
        held = os.urandom(256 * 1024 * 1024)
        time.sleep(1)
        del held

    def _raise(self, options: Options, first: bool) -> None:
        raise ZeroDivisionError("nothing can be divided by it")

    def _raise_binary(self, options: Options, first: bool) -> None:
        raise ValueError("bytes: \x00 \udcff")

    def _spill(self, options: Options, first: bool) -> None:
        raise ConnectionError(f"https://example.org/?key={quote(options.key, '')} answers {options.key!r} with 500")

    def _user_error(self, options: Options, first: bool) -> None:
        raise InvalidInput({"way": ["This way leads nowhere."]})

    def _source(self, options: Options, first: bool) -> None:
        raise SourceError("The platform says no.", permanent=True)

    def _source_once(self, options: Options, first: bool) -> None:
        if first:
            raise SourceError("The platform is busy.", retry_after=1)

    def _empty(self, options: Options, first: bool) -> None:
        raise EmptyResult("There was nothing there.")
