"""A search that is cancelled ends in the database too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2

from app.domain.dataset import Status
from app.domain.user import User
from app.services.context import Context
from app.services.dataset import cancel_dataset, create_capture
from tests.board_posts import keep, post
from tests.conftest import Starter, wait_for, wait_for_end


@contextmanager
def unreadable(ctx: Context) -> Iterator[None]:
    """Queries for posts wait as long as this lasts."""
    held = psycopg2.connect(ctx.settings.database_url)
    try:
        with held.cursor() as cursor:
            cursor.execute("LOCK TABLE imageboard_posts IN ACCESS EXCLUSIVE MODE")
        yield
    finally:
        held.close()


def asking(ctx: Context) -> int:
    """How many searches the database is busy with."""
    found: int = ctx.database.one(
        "SELECT count(*) AS n FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND state = 'active' AND query LIKE %(text)s",
        text="%FROM imageboard_posts%body_words%",
    )["n"]
    return found


def test_a_cancelled_search_ends_in_the_database_too(ctx: Context, user: User, start: Starter) -> None:
    keep(ctx, [post(1, "coffee")])
    asked = create_capture(ctx, user, "fourchan", {"body_match": "coffee"})
    with unreadable(ctx):
        start("-m", "app.runner")
        wait_for(lambda: asking(ctx), "the query", 60)
        cancel_dataset(ctx, user, asked.key)
        wait_for(lambda: not asking(ctx), "the end of the query", 30)
    assert wait_for_end(ctx, asked.key).status is Status.CANCELLED
