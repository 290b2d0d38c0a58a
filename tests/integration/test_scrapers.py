"""Scrapers at work: the real scheduler and workers, a board that lives, and all that goes wrong meanwhile.

Time passes on the board in steps. After each the test waits until the scrapers have seen it, so a step is what one
interval would be. In the end the database must say what the board's own ledger says.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from app.services.context import Context
from extras.living_board import LivingBoard, PostRecord, rules_for
from extras.living_board.rules import Fates
from tests.conftest import Process, wait_for
from tests.scraping import point_at, stored, threads

STEP = 1800
STEPS = 10
FATES = Fates(post_deleted=0.15, post_returns=0.3, post_edited=0.1, thread_deleted=0.15, thread_returns=0.3)


@dataclass
class Round:
    """One step: the time on the board when it was over, and the real times between which it was seen."""

    board_time: float
    began: datetime
    ended: datetime


@dataclass
class Watch:
    """The board, the scrapers' database, and the steps so far."""

    ctx: Context
    site: LivingBoard
    source: str
    board: str
    rounds: list[Round] = field(default_factory=list)

    def step(self, seconds: float = STEP, meanwhile: Callable[[], None] | None = None) -> None:
        """Let time pass on the board and wait until the scrapers have seen what it is like then."""
        board_time = self.site.advance(seconds)
        began = self.ctx.database.one("SELECT clock_timestamp() AS now")["now"]
        if meanwhile:
            meanwhile()
        wait_for(lambda: self.has_seen(began), "the scrapers", 60)
        self.rounds.append(Round(board_time, began, self.ctx.database.one("SELECT clock_timestamp() AS now")["now"]))

    def has_seen(self, since: datetime) -> bool:
        """Whether the index was read since, and everything that it had asked for.

        Time stands still on the board meanwhile, so a thread that changed in this very second is asked for again and
        again: it has been seen when it was read once.
        """
        row = self.ctx.database.one(
            "SELECT EXISTS (SELECT 1 FROM imageboard_coverage WHERE source = %(source)s AND board = %(board)s AND"
            " outcome = 'read' AND ended > %(since)s) AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.type ="
            " %(source)s || '-thread' AND j.state <> 'failed' AND NOT EXISTS (SELECT 1 FROM imageboard_threads t"
            " WHERE t.source = %(source)s AND j.remote_id = t.board || '/' || t.id AND t.scraped > %(since)s))"
            " AND NOT EXISTS (SELECT 1 FROM imageboard_threads WHERE source = %(source)s AND board = %(board)s AND"
            " archived IS NULL AND deleted IS NULL AND (scraped IS NULL OR scraped < vanished"
            " OR due IS NOT NULL AND scraped < %(since)s)) AS done",
            source=self.source,
            board=self.board,
            since=since,
        )
        return bool(row["done"])

    def kill_a_scraper(self) -> None:
        """Kill the process of a job that is being done, without warning."""
        self.site.fail(path=f"/{self.board}/*/*", hang=2)
        running = "SELECT pid FROM jobs WHERE type = %(type)s AND state = 'running'"
        found: Any = wait_for(
            lambda: self.ctx.database.many(running, type=f"{self.source}-thread"), "a thread that is being read", 20
        )
        with suppress(ProcessLookupError):
            os.kill(found[0]["pid"], signal.SIGKILL)

    def round_after(self, board_time: float) -> Round | None:
        """The step in which something that happened at this time on the board was to be seen."""
        return next((one for one in self.rounds if one.board_time >= board_time), None)

    def last_look(self, post: PostRecord) -> float | None:
        """The time on the board at which a post was last read: its thread is not read again once it is archived."""
        thread = self.site.ledger.thread(self.board, post.thread)
        over = self.round_after(thread.archived_on) if thread.archived_on is not None else None
        looks = [one.board_time for one in self.rounds if over is None or one.board_time <= over.board_time]
        return max((at for at in looks if post.visible.touches(at, at)), default=None)


@pytest.fixture
def watch(ctx: Context, workers: Process) -> Iterator[Watch]:
    """A small board whose posts and threads have a hard life, and scrapers that look at it every second."""
    board = rules_for(
        "pol", posts_per_hour=30, threads_per_hour=3, pages=1, per_page=7, rolling_sticky=6, image_share=0.1,
        board_flags=True, country_flags=True, poster_ids=True, lost_files=0.1, broken_files=0.1, fates=FATES,
    )  # fmt: skip
    with LivingBoard(11, [board], history_hours=4) as site:
        point_at(ctx, "fourchan", site.url, boards="pol", save_images=True)
        yield Watch(ctx, site, "fourchan", "pol")
        ctx.database.run("DELETE FROM settings WHERE name = 'fourchan.autoscrape'")
        wait_for(
            lambda: not ctx.database.many("SELECT 1 FROM jobs WHERE type LIKE 'fourchan-%%' AND interval > 0"), "boards"
        )


def test_after_many_hours_with_failures_the_database_says_what_the_ledger_says(watch: Watch) -> None:
    site = watch.site
    trouble: dict[int, Callable[[], None]] = {
        1: lambda: site.fail(next=2, status=503, retry_after=1),
        3: lambda: site.fail(next=2, hang=1),
        4: watch.kill_a_scraper,
        6: lambda: site.fail(next=4, broken=True),
        7: lambda: site.fail(next=3, drop=True),
        8: lambda: site.fail(next=1, status=429, retry_after=1),
    }
    for step in range(STEPS):
        watch.step(meanwhile=trouble.get(step))

    found = stored(watch.ctx, "fourchan", "pol")
    assert_all_posts_are_there(watch, found)
    assert_texts_are_the_last_seen(watch, found)
    assert_deletions_have_their_times(watch, found)
    assert_threads_end_as_they_ended(watch)
    assert_places_are_those_of_the_list(watch)
    assert_what_failed_is_noted(watch)


def assert_all_posts_are_there(watch: Watch, found: dict[int, dict[str, Any]]) -> None:
    """Whatever was visible for a whole step; and nothing that never was."""
    expected = {post.no for post in watch.site.ledger.posts_visible_for(STEP, "pol")}
    seen = {post.no for post in watch.site.ledger.posts("pol") if watch.last_look(post) is not None}
    assert len(expected) > 100
    assert expected - set(found) == set()
    assert set(found) - seen == set()


def assert_texts_are_the_last_seen(watch: Watch, found: dict[int, dict[str, Any]]) -> None:
    """The text of every post is the one it had when it was last seen, and earlier ones are kept."""
    edited = 0
    for number, row in found.items():
        post = watch.site.ledger.post("pol", number)
        at = watch.last_look(post)
        assert at is not None
        versions = [version for version, (since, _) in enumerate(post.texts) if since <= at]
        assert row["body"] == (watch.site.comment(post, version=versions[-1]) or None), number
        assert (row["time"], row["thread_id"]) == (post.born, post.thread)
        edited += len(versions) > 1
    kept = watch.ctx.database.many("SELECT DISTINCT id FROM imageboard_versions")
    assert edited >= len(kept) > 0


def assert_deletions_have_their_times(watch: Watch, found: dict[int, dict[str, Any]]) -> None:
    """What was deleted is marked with a time within its step; what can be read is not marked."""
    ledger = watch.site.ledger
    rolling = {one.no for one in ledger.threads("pol") if one.sticky.pairs() or one.cyclical}
    noticed = 0
    for post in ledger.deleted("pol"):
        seen = watch.round_after(post.gone[0]) if post.gone else None
        thread = ledger.thread("pol", post.thread)
        was_listed = seen is not None and thread.listed.touches(seen.board_time, seen.board_time)
        if seen is not None and was_listed and post.no in found and thread.no not in rolling:
            noticed += 1
            assert seen.began <= found[post.no]["deleted"] <= seen.ended, post
    assert noticed > 0
    now = watch.rounds[-1].board_time
    listed = {one.no for one in ledger.threads("pol") if one.listed.is_open}
    readable = {post.no for post in ledger.visible_at("pol", now) if post.thread in listed}
    assert {number for number in readable if found[number]["deleted"] is not None} == set()
    marked = {number for number, row in found.items() if row["deleted"] is not None}
    assert {number for number in marked if not ledger.post("pol", number).ends} == set()


def assert_threads_end_as_they_ended(watch: Watch) -> None:
    """Archived ones have the board's own time, deleted ones a time within their step."""
    ledger, found = watch.site.ledger, threads(watch.ctx, "fourchan", "pol")
    archived = [one for one in ledger.archived("pol") if one.no in found]
    assert archived
    assert {one.no: found[one.no]["archived"].timestamp() for one in archived} == {
        one.no: float(one.archived_on or 0) for one in archived
    }
    gone = [one for one in ledger.deleted_threads("pol") if one.no in found and one.gone]
    for one in gone:
        seen = watch.round_after(one.gone[0]) if one.gone else None
        assert seen is not None
        assert seen.began <= found[one.no]["deleted"] <= seen.ended
    deleted = {number for number, row in found.items() if row["deleted"] is not None}
    assert deleted == {one.no for one in gone}
    assert {number for number, row in found.items() if row["is_sticky"]} >= {
        one.no for one in ledger.threads("pol") if one.sticky.is_open and one.listed.is_open
    }


def assert_places_are_those_of_the_list(watch: Watch) -> None:
    """In each step threads moved in the list, and that was noted; in the end all have the places that they have."""
    rows = watch.ctx.database.many("SELECT thread_id, seen, position FROM imageboard_positions ORDER BY seen")
    for number, one in enumerate(watch.rounds, 1):
        assert len({row["seen"] for row in rows if row["seen"] <= one.ended}) >= number
    last = {row["thread_id"]: row["position"] for row in rows}
    listed = [thread.no for thread in watch.site.board("pol").listed()]
    assert [last[number] for number in listed] == [*range(1, len(listed) + 1)]
    assert set(last) <= {thread.no for thread in watch.site.ledger.threads("pol")}


def assert_what_failed_is_noted(watch: Watch) -> None:
    """The coverage has a stretch for the time when the index could not be read, images have their states."""
    outcomes = watch.ctx.database.many("SELECT outcome, reason FROM imageboard_coverage ORDER BY began")
    assert outcomes[-1]["outcome"] == "read"
    assert any(row["outcome"] == "failed" and "http" in row["reason"] for row in outcomes)
    wait_for(
        lambda: not watch.ctx.database.many("SELECT 1 FROM jobs WHERE type = 'fourchan-image' AND state <> 'failed'"),
        "the images",
        60,
    )
    states = {row["state"] for row in watch.ctx.database.many("SELECT DISTINCT state FROM imageboard_images")}
    assert "stored" in states
