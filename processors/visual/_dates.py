"""Read the periods that analyses write back as dates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

_SHAPES = {4: "%Y", 7: "%Y-%m", 10: "%Y-%m-%d", 13: "%Y-%m-%d %H", 16: "%Y-%m-%d %H:%M"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STEPS = {
    "year": (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
    "month": (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200),
    "hour": (1, 2, 3, 6, 12, 24),
    "minute": (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440),
}
_NAMES = {4: "year", 7: "month", 10: "day", 13: "hour", 16: "minute"}


def timeframe_of(labels: Iterable[str], chosen: object) -> str | None:
    """The length of the periods with these labels; None when they are not all of one length.

    Weeks and months are written alike, so `chosen`, what the analysis before was asked for, decides where it says;
    else a number above 12 shows that weeks are meant.
    """
    labels = list(labels)
    lengths = {len(label) for label in labels}
    if len(lengths) != 1:
        return None
    timeframe = _NAMES.get(lengths.pop())
    if timeframe == "month" and (chosen == "week" or any(label[5:] > "12" for label in labels)):
        return "week"
    return timeframe


def start_of(label: str, timeframe: str) -> datetime:
    """The first moment of a period. :raises ValueError: when the label is none"""
    if timeframe == "week":
        moment = datetime.strptime(f"{label}-1", "%G-%V-%u")
    else:
        moment = datetime.strptime(label, _SHAPES[len(label)])
    return moment.replace(tzinfo=UTC)


def following(start: datetime, timeframe: str) -> datetime:
    """The first moment of the next period. :raises OverflowError: after the year 9999"""
    if timeframe == "year":
        return start.replace(year=start.year + 1)
    if timeframe == "month":
        return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    days = {"week": 7, "day": 1}.get(timeframe, 0)
    hours, minutes = int(timeframe == "hour"), int(timeframe == "minute")
    return start + timedelta(days=days, hours=hours, minutes=minutes)


def written(start: datetime, timeframe: str) -> str:
    """How a period that starts then is written."""
    if timeframe == "week":
        return start.strftime("%G-%V")
    shape = next(_SHAPES[length] for length, name in _NAMES.items() if name == timeframe)
    return start.strftime(shape)


def every_period(first: datetime, last: datetime, timeframe: str) -> Iterator[datetime]:
    """The starts of all periods from the first to the last."""
    start = first
    while start <= last:
        yield start
        start = following(start, timeframe)


def labelled(starts: Sequence[datetime], timeframe: str, most: int) -> list[datetime]:
    """Which of periods that follow each other carry a label, so that no more than about `most` do.

    They are as far apart as people count: every second or third month, every January, every sixth hour. Days and weeks
    are counted from the first.
    """
    steps = (*_STEPS.get(timeframe, ()), *(2**power for power in range(40)))
    step = next(step for step in steps if step * most >= len(starts))
    return [start for start in starts if _place(start, starts[0], timeframe) % step == 0] or [starts[0]]


def _place(start: datetime, first: datetime, timeframe: str) -> int:
    """The number of a period among all of its length, counted so that multiples of a step are round."""
    if timeframe == "year":
        return start.year
    if timeframe == "month":
        return start.year * 12 + start.month - 1
    origin = first if timeframe in ("day", "week") else _EPOCH
    return (start - origin) // (following(start, timeframe) - start)
