"""Of when an answer is: asking only for what has changed, and telling whether it may have changed since."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from app.plugins import Answer
from datasources._imageboard.store.version import Version

_SETTLED = 2.0
"""Seconds after a change from which on a page, whose times are whole seconds, cannot change unseen."""
_HEARD = 300.0
"""Seconds after a change in which a cache may not have heard of it."""


def condition(known: Version) -> dict[str, str]:
    """The headers that ask only for what has changed."""
    headers = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in headers.items() if value}


def version(answer: Answer) -> Version:
    """Which version of a page this is, not to be asked with when it may change again within the same second."""
    last_modified = answer.headers.get("last-modified")
    if not is_settled(answer):
        return Version(dated=changed_at(last_modified))
    return Version(answer.headers.get("etag"), last_modified, changed_at(last_modified))


def is_settled(answer: Answer) -> bool:
    """Whether what was read cannot change without its time of change being another."""
    changed, now = changed_at(answer.headers.get("last-modified")), changed_at(answer.headers.get("date"))
    return changed is None or now is None or (now - changed).total_seconds() >= _SETTLED


def is_outdated(answer: Answer, since: datetime | None, known: datetime | None = None) -> bool:
    """Whether this is a copy of before a change that is known of, which some cache has not heard of yet.

    `known` is the time of change of what one has, where the answer says only that this is still so. Minutes after the
    change an answer counts as it is: what a board says of its times may not fit together.
    """
    changed = changed_at(answer.headers.get("last-modified")) or (known if answer.status == 304 else None)
    now = changed_at(answer.headers.get("date"))
    if changed is None or now is None or since is None:
        return False
    return changed < since.replace(microsecond=0) and (now - since).total_seconds() < _HEARD


def changed_at(header: str | None) -> datetime | None:
    """The time that a header says; None when it says none."""
    try:
        found = parsedate_to_datetime(header or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
