"""What a waiting dataset waits for, in the words of its page and of the rows that stand for it."""

from __future__ import annotations

from datetime import UTC, datetime

from app.domain.texts import say
from app.services.outlook import Outlook
from app.web.shown import ordinal

_FAR = 60.0


def wait_line(wait: Outlook) -> str:
    """In a few words: "3rd in the queue, starts in about 2 minutes", else why it waits, as a sentence."""
    place = _place(wait)
    if place is None:
        return wait.reason
    start = _start(wait)
    return say("{place}, starts {start}", place=place, start=start) if start else place


def wait_heading(wait: Outlook) -> str:
    """The line over the bar on its page."""
    place = _place(wait)
    if place is None:
        return say("Waiting to start") if wait.expected_start is None else say("Starts {start}", start=_start(wait))
    return wait_line(wait)


def poll_seconds(wait: Outlook | None) -> int:
    """How often its page asks again: every second, and less often while its start is far away."""
    if wait is None or not (wait.is_capped or _seconds_left(wait) > _FAR):
        return 1
    return 5


def _place(wait: Outlook) -> str | None:
    if wait.position is None:
        return None
    if wait.is_capped:
        return say("More than {number:,} before it in the queue", number=wait.position)
    if wait.position == 1:
        return say("Next in the queue")
    return say("{ordinal} in the queue", ordinal=ordinal(wait.position), number=wait.position)


def _seconds_left(wait: Outlook) -> float:
    return (wait.expected_start - datetime.now(UTC)).total_seconds() if wait.expected_start else 0.0


def _start(wait: Outlook) -> str:
    """How long it may take until it starts, roughly, for nobody knows; empty when nothing at all is known."""
    if wait.expected_start is None:
        return ""
    seconds = _seconds_left(wait)
    if seconds < 5:
        return say("in a moment")
    if seconds < 50:
        return say("in about {seconds} seconds", seconds=max(round(seconds / 10) * 10, 10))
    return say("in about a minute") if seconds < 90 else _in_time(seconds)


def _in_time(seconds: float) -> str:
    if seconds < 5_400:
        return say("in about {minutes} minutes", minutes=round(seconds / 60))
    hours = round(seconds / 3600)
    if hours < 48:
        return say("in about {hours} hours", hours=hours)
    return say("in about {days} days", days=round(hours / 24))
