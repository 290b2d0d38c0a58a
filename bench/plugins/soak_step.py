"""A processor whose result can be foretold, and which sleeps or dies on the way if asked to."""

from __future__ import annotations

import os
import random
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.plugins import Number, Processor, Run, Source, Table, Text

if TYPE_CHECKING:
    import polars as pl


class SoakStep(Processor):
    """Add a number to each value."""

    type = "soak-step"
    title = "Soak step"
    category = "Metrics"
    returns = Table(id=str, value=int)
    max_workers = 3

    @dataclass(frozen=True)
    class Options:
        """What to add, how long to take, and how likely each attempt is to die."""

        add: int = Number("Add", 1)
        seconds: float = Number("Seconds", 0, integer=False)
        crash: float = Number("Share of attempts that die", 0, integer=False)
        mark: str = Text("Anything, to make the request differ")

    def process(self, source: Source, options: Options, run: Run) -> pl.LazyFrame:
        """Take the time, perhaps die, and add."""
        import polars as pl

        until = time.monotonic() + options.seconds
        while time.monotonic() < until:
            run.progress(1 - (until - time.monotonic()) / options.seconds)
            time.sleep(0.05)
        if random.Random(os.urandom(8)).random() < options.crash:
            os.kill(os.getpid(), signal.SIGKILL)
        run.summary("The soak step is done.")
        return source.lazy().select("id", pl.col("value").cast(pl.Int64) + options.add)
