"""A data source whose records can be foretold: numbers, page after page, at a pace."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from app.plugins import CaptureRun, DataSource, Number, Text

PAGE = 10


class SoakCapture(DataSource):
    """Collect the numbers from 0 on, and say after each page how far this is."""

    id = "soak_capture"
    title = "Soak capture"
    columns: ClassVar[Mapping[str, type]] = {"value": int}
    max_workers = 3

    @dataclass(frozen=True)
    class Options:
        """How many, and how long that takes."""

        amount: int = Number("Amount", 20, minimum=1)
        seconds: float = Number("Seconds", 0, integer=False)
        mark: str = Text("Anything, to make the request differ")

    def collect(self, options: Options, run: CaptureRun) -> Iterator[Mapping[str, Any]]:
        """Yield page after page, from the last checkpoint on."""
        first = run.resumed["next"] if run.resumed is not None else 0
        for begin in range(first, options.amount, PAGE):
            end = min(begin + PAGE, options.amount)
            time.sleep(options.seconds * (end - begin) / options.amount)
            yield from ({"value": value} for value in range(begin, end))
            run.checkpoint({"next": end})

    @staticmethod
    def to_item(raw: Mapping[str, Any]) -> dict[str, Any]:
        """Map one record."""
        return {"id": str(raw["value"]), "thread_id": "", "body": f"number {raw['value']}", "value": raw["value"]}
