"""Show posts over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.plugins import Accepts, Choice, Column, Given, Preset, Step, Toggle
from app.plugins.periods import FINE


class PresetHistogram(Preset):
    """Count posts over time and draw the counts as bars: two analyses in one go."""

    type = "preset-histogram"
    title = "Posts over time"
    accepts = Accepts(items=True)

    @dataclass(frozen=True)
    class Options:
        """What to count by."""

        column: str = Column("Column with the date", default="timestamp")
        timeframe: str = Choice("Count per", FINE, default="month")
        pad: bool = Toggle("Show periods without posts", default=True, help="They get the value 0.")

    steps = (
        Step(
            "count-posts",
            {"column": Given("column"), "timeframe": Given("timeframe"), "pad": Given("pad")},
            then=(Step("histogram", result=True),),
        ),
    )

    @classmethod
    def summarise(cls, options: Any) -> str:
        """The length of a bar."""
        return f"per {options.timeframe}"
