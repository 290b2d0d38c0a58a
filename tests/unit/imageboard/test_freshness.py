"""Of when an answer is, by its headers."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import formatdate

import pytest

from app.plugins import Answer
from datasources._imageboard.scrapers.freshness import changed_at, condition, is_outdated, is_settled, version
from datasources._imageboard.store.version import Version

NOON = 1_772_366_400


def answer(changed: int | None, now: int | None, status: int = 200) -> Answer:
    """An answer that says when it has changed and when it is, in seconds around noon."""
    times = {"last-modified": changed, "date": now}
    headers = {name: formatdate(NOON + at, usegmt=True) for name, at in times.items() if at is not None}
    return Answer(status, {"etag": "tag", **headers}, b"", at(0))


def at(seconds: float) -> datetime:
    """A time around noon."""
    return datetime.fromtimestamp(NOON + seconds, UTC)


@pytest.mark.parametrize(("changed", "now", "settled"), [(0, 1, False), (0, 2, True), (None, 1, True), (0, None, True)])
def test_a_page_may_change_again_within_a_second(changed: int | None, now: int | None, settled: bool) -> None:
    found = answer(changed, now)
    assert is_settled(found) is settled
    asked_with = ("tag", found.headers.get("last-modified")) if settled else (None, None)
    assert version(found) == Version(*asked_with, None if changed is None else at(changed))


@pytest.mark.parametrize(
    ("changed", "now", "since", "outdated"),
    [
        (0, 60, 10, True),
        (10, 60, 10, False),
        (10, 60, 10.6, False),
        (20, 60, 10, False),
        (0, 309, 10, True),
        (0, 311, 10, False),
        (None, 60, 10, False),
        (0, None, 10, False),
    ],
)
def test_a_copy_is_outdated_for_some_minutes(
    changed: int | None, now: int | None, since: float, outdated: bool
) -> None:
    assert is_outdated(answer(changed, now), at(since)) is outdated
    assert is_outdated(answer(changed, now), None) is False


def test_what_is_unchanged_has_the_time_that_is_known() -> None:
    assert is_outdated(answer(None, 60, 304), at(10), at(0))
    assert not is_outdated(answer(None, 60, 200), at(10), at(0))
    assert not is_outdated(answer(10, 60, 304), at(10), at(0))


@pytest.mark.parametrize("header", [None, "", "soon", "Mon, 99 Mar 2026 12:00:00 GMT", "0"])
def test_a_header_that_says_no_time(header: str | None) -> None:
    assert changed_at(header) is None


def test_only_what_is_known_is_a_condition() -> None:
    assert changed_at("Sun, 01 Mar 2026 12:00:00 -0000") == at(0)
    assert condition(Version("tag", dated=at(0))) == {"If-None-Match": "tag"}
