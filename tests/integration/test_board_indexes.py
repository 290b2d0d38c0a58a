"""Search indexes that an import takes away come back, whoever makes them, and searches are right meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.services.context import Context
from app.storage.connection import connect
from app.storage.migrate import migrate
from datasources._imageboard.store import indexes
from datasources._imageboard.store.indexes import (
    drop_search_indexes,
    make_search_indexes,
    missing_indexes,
    search_indexes,
)
from tests.board_posts import Here, keep, post
from tests.scraping import task_of
from workers.make_board_indexes import MakeBoardIndexes


def say(_: str) -> None:
    pass


def do_task(ctx: Context) -> list[str]:
    with task_of(ctx) as (task, reader):
        MakeBoardIndexes().work(None, task)  # type: ignore[arg-type]
        return [str(value) for kind, value in reader.messages() if kind == "log"]


def note_import(ctx: Context, changed: datetime) -> None:
    ctx.database.run(
        "INSERT INTO imageboard_imports (source, board, file, name, options, changed, finished)"
        " VALUES ('fourchan', 'g', 'f', 'g.csv', '', %(changed)s, %(changed)s)"
        " ON CONFLICT (source, board, file) DO UPDATE SET changed = excluded.changed",
        changed=changed,
    )


def test_missing_ones_are_told_survive_a_start_and_are_made_by_the_task(ctx: Context, tmp_path: Path) -> None:
    here = Here(ctx, tmp_path)
    keep(ctx, [post(1, "a coffeehouse"), post(2, "nothing")])
    url = ctx.settings.database_url
    try:
        drop_search_indexes(url, say)
        migrate(url)
        tables = ctx.database.many("SELECT 1 FROM pg_inherits WHERE inhparent = 'imageboard_posts'::regclass")
        assert len(missing_indexes(url)) == len(tables) * len(search_indexes())
        assert here(body_match="coffee*") == [1]

        note_import(ctx, datetime.now(UTC))
        do_task(ctx)
        assert missing_indexes(url), "they are made while dumps come one after the other"
        note_import(ctx, datetime.now(UTC) - timedelta(minutes=11))
        assert any("fourchan_posts_body_words_part" in line for line in do_task(ctx))
        assert missing_indexes(url) == []
        assert here(body_match="coffee*") == [1]
        assert do_task(ctx) == []
    finally:
        make_search_indexes(url, say)
        ctx.database.run("TRUNCATE imageboard_imports")


def test_one_that_was_broken_off_is_made_anew(ctx: Context) -> None:
    url = ctx.settings.database_url
    drop_search_indexes(url, say)
    ctx.database.run("CREATE INDEX fourchan_posts_body_words_part ON fourchan_posts (id)")
    make_search_indexes(url, say)
    assert missing_indexes(url) == []
    found = ctx.database.one("SELECT pg_get_indexdef('fourchan_posts_body_words_part'::regclass) AS made")
    assert "USING gin" in found["made"]


@pytest.mark.parametrize("wanted", [drop_search_indexes, make_search_indexes])
def test_who_comes_second_waits_and_says_so(ctx: Context, wanted: object) -> None:
    assert callable(wanted)
    url = ctx.settings.database_url
    other = connect(url)
    said: list[str] = []
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", (indexes._LOCK,))
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(wanted, url, said.append)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.5)
            other.close()
            waiting.result(timeout=30)
    finally:
        other.close()
        make_search_indexes(url, say)
    assert said[0].startswith("Waiting: ")
