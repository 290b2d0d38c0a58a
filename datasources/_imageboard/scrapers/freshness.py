"""Of when an answer is: asking only for what has changed, and telling whether it may have changed since."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from app.plugins import Answer

_SETTLED = 2.0
"""Seconds after a change from which on a page, whose times are whole seconds, cannot change unseen."""


def condition(etag: str | None, last_modified: str | None) -> dict[str, str]:
    """The headers that ask only for what has changed."""
    headers = {"If-None-Match": etag, "If-Modified-Since": last_modified}
    return {name: value for name, value in headers.items() if value}


def version(answer: Answer) -> tuple[str | None, str | None]:
    """The tag and time to ask with the next time; none when the page may change again within the same second."""
    if not is_settled(answer):
        return None, None
    return answer.headers.get("etag"), answer.headers.get("last-modified")


def is_settled(answer: Answer) -> bool:
    """Whether what was read cannot change without its time of change being another."""
    try:
        changed = parsedate_to_datetime(answer.headers["last-modified"])
        return (parsedate_to_datetime(answer.headers["date"]) - changed).total_seconds() >= _SETTLED
    except (KeyError, ValueError, TypeError):
        return True
