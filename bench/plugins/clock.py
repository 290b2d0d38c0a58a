"""A processor that does nothing but say when it was started."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.plugins import Number, Processor, Run, Source, Table
from bench._starts import note

if TYPE_CHECKING:
    import polars as pl


class Clock(Processor):
    """Say when the work started."""

    type = "clock"
    title = "Clock"
    category = "Metrics"
    returns = Table(started=float)
    max_workers = 2

    @dataclass(frozen=True)
    class Options:
        """A number, so that no two requests are the same, and how long to take."""

        number: int = Number("Number", 0)
        seconds: float = Number("Seconds", 0, integer=False)

    def process(self, source: Source, options: Options, run: Run) -> pl.LazyFrame:
        """Give the time."""
        started = time.time()
        note(f"clock {options.number}")
        import polars as pl

        if options.seconds:
            run.progress(0.5)
            time.sleep(options.seconds)
        return pl.LazyFrame({"started": [started]})
