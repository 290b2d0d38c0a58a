"""Words with a star find what posts say from the moment they are stored, whoever stores or gathers beside."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from app.services.context import Context
from app.storage.database import Database
from tests.board_posts import Here, keep, post
from tests.scraping import task_of
from workers.gather_board_words import GatherBoardWords


def gather(ctx: Context) -> None:
    with task_of(ctx) as (task, _):
        GatherBoardWords().work(None, task)  # type: ignore[arg-type]


def known(ctx: Context) -> list[str]:
    return sorted(row["word"] for row in ctx.database.many("SELECT word FROM imageboard_words"))


def noted(ctx: Context) -> list[str]:
    return sorted(row["word"] for row in ctx.database.many("SELECT word FROM imageboard_new_words"))


def test_words_are_found_before_and_after_they_are_gathered(ctx: Context, tmp_path: Path) -> None:
    here = Here(ctx, tmp_path)
    keep(ctx, [post(1, "a coffeehouse", subject="Toffees"), post(2, "nothing")])
    assert here(body_match="coffeeh*") == [1]
    gather(ctx)
    assert here(body_match="*house") == [1]
    assert here(subject_match="toff*") == [1]
    assert known(ctx) == ["a", "coffeehouse", "nothing", "toffees"]
    assert noted(ctx) == []


def test_known_words_are_not_noted_again(ctx: Context) -> None:
    keep(ctx, [post(1, "coffee and milk")])
    gather(ctx)
    keep(ctx, [post(2, "coffee and coffee and tea")])
    assert noted(ctx) == ["tea"]


def test_words_of_an_edit_are_found(ctx: Context, tmp_path: Path) -> None:
    keep(ctx, [post(1, "before")])
    gather(ctx)
    ctx.database.run("UPDATE imageboard_posts SET body = 'afterwards', body_words = ' afterwards '")
    assert Here(ctx, tmp_path)(body_match="*terward*") == [1]


def test_those_who_store_the_same_new_word_do_not_wait_for_each_other(ctx: Context, tmp_path: Path) -> None:
    other = Database(ctx.database.url, size=1)
    with other.transaction() as late:
        late.run(
            "INSERT INTO imageboard_posts (source, board, id, thread_id, created, seen, body_words)"
            " VALUES ('fourchan', 'pol', 9, 9, now(), now(), ' zebra lion ')"
        )
        keep(ctx, [post(1, "lion zebra")])
        gather(ctx)
        assert known(ctx) == ["lion", "zebra"]
        assert Here(ctx, tmp_path)(body_match="zeb*") == [1]
    assert Here(ctx, tmp_path)(body_match="zeb*") == [1, 9]
    gather(ctx)
    assert known(ctx) == ["lion", "zebra"]
    other.close()


def test_many_may_gather_at_once(ctx: Context) -> None:
    for number in range(200):
        keep(ctx, [post(number, f"same word{number}")])
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: gather(ctx), range(4)))
    assert known(ctx) == sorted(["same", *(f"word{number}" for number in range(200))])
    assert noted(ctx) == []
