"""How many posts a board has had on a day: exact whoever stores, counts or dies at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest

from app.services.context import Context
from app.storage.database import Database
from tests.board_posts import Post, keep, post
from tests.scraping import count_board_posts

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = {("fourchan", "pol", date(2026, 3, 1)): 2, ("fourchan", "pol", date(2026, 3, 2)): 1}


def around_midnight() -> list[Post]:
    """Two posts of one day in UTC and one of the next."""
    return [post(number, created=MIDNIGHT + timedelta(minutes=number - 3)) for number in (1, 2, 3)]


def days(ctx: Context) -> dict[tuple[str, str, date], int]:
    rows = ctx.database.many("SELECT * FROM imageboard_days")
    return {(row["source"], row["board"], row["day"]): row["posts"] for row in rows}


def test_each_post_counts_once_on_its_day(ctx: Context) -> None:
    keep(ctx, around_midnight())
    count_board_posts(ctx)
    count_board_posts(ctx)
    assert days(ctx) == DAYS


def test_later_posts_are_added_and_boards_and_sources_kept_apart(ctx: Context) -> None:
    keep(ctx, around_midnight())
    count_board_posts(ctx)
    keep(ctx, [post(1, board="g", created=MIDNIGHT), post(4, created=MIDNIGHT), post(1, source="lainchan")])
    count_board_posts(ctx)
    assert days(ctx) == {
        **DAYS,
        ("fourchan", "pol", MIDNIGHT.date()): 2,
        ("fourchan", "g", MIDNIGHT.date()): 1,
        ("lainchan", "pol", date(2026, 3, 1)): 1,
    }


def test_posts_that_are_there_already_do_not_count_again(ctx: Context) -> None:
    keep(ctx, around_midnight())
    ctx.database.run(
        "INSERT INTO imageboard_posts (source, board, id, thread_id, created, seen)"
        " SELECT source, board, id, thread_id, created, seen FROM imageboard_posts ON CONFLICT DO NOTHING"
    )
    count_board_posts(ctx)
    assert days(ctx) == DAYS


def test_a_transaction_that_ends_late_counts_then_and_one_that_is_undone_never(ctx: Context) -> None:
    other = Database(ctx.database.url, size=1)
    with pytest.raises(ZeroDivisionError), other.transaction() as undone:
        undone.run(
            "INSERT INTO imageboard_posts (source, board, id, thread_id, created, seen)"
            " VALUES ('fourchan', 'pol', 99, 99, now(), now())"
        )
        raise ZeroDivisionError
    with other.transaction() as late:
        late.run(
            "INSERT INTO imageboard_posts (source, board, id, thread_id, created, seen)"
            " VALUES ('fourchan', 'pol', 3, 3, %(at)s, %(at)s)",
            at=MIDNIGHT,
        )
        keep(ctx, around_midnight()[:2])
        count_board_posts(ctx)
        assert days(ctx) == {("fourchan", "pol", date(2026, 3, 1)): 2}
    count_board_posts(ctx)
    assert days(ctx) == DAYS
    other.close()


def test_two_that_count_at_once_count_nothing_twice(ctx: Context) -> None:
    for number in range(200):
        keep(ctx, [post(number, created=MIDNIGHT)])
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: count_board_posts(ctx), range(4)))
    count_board_posts(ctx)
    assert days(ctx) == {("fourchan", "pol", MIDNIGHT.date()): 200}
    assert ctx.database.one("SELECT count(*) AS left FROM imageboard_uncounted")["left"] == 0


def test_counting_does_not_read_the_posts(ctx: Context) -> None:
    keep(ctx, around_midnight())
    other = Database(ctx.database.url, size=1)
    with other.transaction() as holds:
        holds.run("LOCK TABLE imageboard_posts IN ACCESS EXCLUSIVE MODE")
        count_board_posts(ctx)
    assert days(ctx) == DAYS
    other.close()
