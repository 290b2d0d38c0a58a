"""What a waiting dataset waits for, in the words of its page and of the rows that stand for it."""

from __future__ import annotations

from datetime import UTC, datetime

from app.services.outlook import Outlook
from app.web.shown import ordinal

_FAR = 60.0


def wait_line(wait: Outlook) -> str:
    """In a few words: "3rd in the queue, starts in about 2 minutes", else why it waits."""
    place = _place(wait)
    if place is None:
        return f"{wait.reason[:1].lower()}{wait.reason[1:]}".rstrip(".")
    start = _start(wait)
    return f"{place}, starts {start}" if start else place


def wait_heading(wait: Outlook) -> str:
    """The line over the bar on its page."""
    place = _place(wait)
    if place is None:
        return "Waiting to start" if wait.expected_start is None else f"Starts {_start(wait)}"
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
        return f"More than {wait.position:,} before it in the queue"
    return "Next in the queue" if wait.position == 1 else f"{ordinal(wait.position)} in the queue"


def _seconds_left(wait: Outlook) -> float:
    return (wait.expected_start - datetime.now(UTC)).total_seconds() if wait.expected_start else 0.0


def _start(wait: Outlook) -> str:
    """How long it may take until it starts, roughly, for nobody knows; empty when nothing at all is known."""
    if wait.expected_start is None:
        return ""
    seconds = _seconds_left(wait)
    if seconds < 5:
        return "in a moment"
    if seconds < 50:
        return f"in about {max(round(seconds / 10) * 10, 10)} seconds"
    if seconds < 90:
        return "in about a minute"
    if seconds < 5_400:
        return f"in about {round(seconds / 60)} minutes"
    hours = round(seconds / 3600)
    return f"in about {hours} hours" if hours < 48 else f"in about {round(hours / 24)} days"
