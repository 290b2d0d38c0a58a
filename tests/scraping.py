"""Scrapers of imageboards against a local board: done at once in this process, or by real workers."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.domain.job import Job
from app.plugins import SourceError
from app.runner.report import Reader, Reporter
from app.runner.task_context import TaskContext
from app.services.context import Context
from app.storage import job as jobs
from app.storage import setting
from extras.living_board import LivingBoard
from workers.count_board_posts import CountBoardPosts


def point_at(ctx: Context, source: str, url: str, **more: Any) -> None:
    """Let a source scrape what answers at this address, as fast as it can."""
    values = {"api_url": url, "image_url": url, "autoscrape": True, "pace": 0.01, "interval": 1} | more
    for name, value in values.items():
        setting.put(ctx.database, f"{source}.{name}", value)


@contextmanager
def task_of(ctx: Context) -> Iterator[tuple[TaskContext, Reader]]:
    """What a standing task is given, and its log."""
    reading, writing = os.pipe()
    with tempfile.TemporaryDirectory() as folder:
        yield TaskContext(ctx, ctx.site_settings(), Path(folder), Reporter(writing)), Reader(reading)
    os.close(reading)
    os.close(writing)


def do(ctx: Context, type_: str, remote_id: str, details: dict[str, Any], interval: int | None = None) -> list[str]:
    """Do a standing task once and at once; the lines of its log.

    :raises SourceError: when the board does not answer as it should
    """
    ctx.database.run("DELETE FROM jobs WHERE type = %(type)s AND remote_id = %(id)s", type=type_, id=remote_id)
    with ctx.database.transaction() as tx:
        job = ctx.queue.enqueue(tx, type_, remote_id, details=details, interval=interval)
    try:
        with task_of(ctx) as (task, reader):
            ctx.registry.workers[type_]().work(job, task)
            return [value for kind, value in reader.messages() if kind == "log"]
    finally:
        ctx.database.run("DELETE FROM jobs WHERE id = %(id)s", id=job.id)


def look(ctx: Context, source: str, board: str) -> int:
    """Read the index of a board and then all that it asks for, until nothing waits; how many jobs that were."""
    do(ctx, f"{source}-board", board, {"board": board}, interval=1)
    done = 0
    while waiting := open_jobs(ctx, f"{source}-thread", f"{source}-image"):
        for job in waiting:
            do(ctx, job.type, job.remote_id, job.details)
            done += 1
    return done


def open_jobs(ctx: Context, *types: str) -> list[Job]:
    """The jobs of these types that are not done."""
    return [job for job in jobs.list_jobs(ctx.database) if job.type in types and str(job.state) != "failed"]


def stored(ctx: Context, source: str, board: str) -> dict[int, dict[str, Any]]:
    """The posts that are stored, by number."""
    rows = ctx.database.many(
        "SELECT *, extract(epoch FROM created)::bigint AS time FROM imageboard_posts"
        " WHERE source = %(source)s AND board = %(board)s",
        source=source,
        board=board,
    )
    assert len({row["id"] for row in rows}) == len(rows)
    return {row["id"]: row for row in rows}


def threads(ctx: Context, source: str, board: str) -> dict[int, dict[str, Any]]:
    """The threads that are stored, by number."""
    rows = ctx.database.many(
        "SELECT * FROM imageboard_threads WHERE source = %(source)s AND board = %(board)s", source=source, board=board
    )
    return {row["id"]: row for row in rows}


def expected_text(site: LivingBoard, post: Any, dialect: str = "fourchan") -> str | None:
    """The HTML of a post as it was last."""
    return site.comment(post, dialect) or None


__all__ = ["SourceError", "do", "expected_text", "look", "open_jobs", "point_at", "stored", "threads"]


def count_board_posts(ctx: Context) -> None:
    """Count the posts that have been kept and not been counted yet, as the standing task does."""
    with task_of(ctx) as (task, _):
        CountBoardPosts().work(None, task)  # type: ignore[arg-type]
