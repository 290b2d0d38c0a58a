"""What processes say, kept in Redis for the control panel."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.domain.errors import NotAllowed
from app.domain.user import User
from app.queue.connection import Bell, connect_redis
from app.queue.process_log import keep_said, latest_said
from app.services.context import Context
from app.services.process_log import list_said
from tests.conftest import Starter, finished_posts, wait_for


@pytest.fixture(autouse=True)
def loggers_as_they_were() -> Iterator[None]:
    """Take away what a test adds to the loggers of this process."""
    known = [logging.getLogger(name) for name in ("", "apart")]
    before = [(list(logger.handlers), logger.level, logger.propagate) for logger in known]
    yield
    for logger, (handlers, level, propagate) in zip(known, before, strict=True):
        logger.handlers, logger.level, logger.propagate = handlers, level, propagate


def said(bell: Bell, words: str = "") -> list[tuple[str, str, str]]:
    found = latest_said(bell, words)
    assert found is not None
    return [(one.process, one.level, one.text.split("\n", 1)[0]) for one in found]


def test_warnings_of_all_and_what_tasks_tell_are_kept(ctx: Context) -> None:
    logging.getLogger().setLevel(logging.INFO)
    apart = logging.getLogger("apart")
    apart.propagate = False
    keep_said(ctx.bell, "worker", "apart")
    logging.getLogger("httpx").info("GET something")
    logging.getLogger("app.runner.heart").info("expire: 3 datasets have gone")
    logging.getLogger("somebody.else").warning("low on %s", "tea")
    apart.error("a process of its own died")
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        logging.getLogger("app.web").exception("it failed")
    assert said(ctx.bell) == [
        ("worker", "ERROR", "it failed"),
        ("worker", "ERROR", "a process of its own died"),
        ("worker", "WARNING", "low on tea"),
        ("worker", "INFO", "expire: 3 datasets have gone"),
    ]
    assert said(ctx.bell, "LOW on") == [("worker", "WARNING", "low on tea")]
    (failed,) = latest_said(ctx.bell, "ZeroDivisionError") or []
    assert failed.text.startswith("it failed\nTraceback (most recent call last):")
    assert failed.place.endswith(f" {os.getpid()}")


def test_forks_are_heard_too(ctx: Context) -> None:
    keep_said(ctx.bell, "worker")
    logging.getLogger("parent").warning("before the fork")
    pid = os.fork()
    if pid == 0:
        logging.getLogger("child").warning("after the fork")
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    logging.getLogger("parent").warning("and again")
    assert [text for _, _, text in said(ctx.bell)] == ["and again", "after the fork", "before the fork"]
    found = latest_said(ctx.bell, "after")
    assert found
    assert found[0].place.endswith(f" {pid}")


def test_tasks_that_tell_much_push_out_no_warning_and_not_all_is_kept(ctx: Context) -> None:
    logging.getLogger().setLevel(logging.INFO)
    keep_said(ctx.bell, "worker")
    logging.getLogger("anything").warning("one warning")
    for number in range(1500):
        logging.getLogger("app.runner.heart").info("told %04d", number)
    assert said(ctx.bell, "one warning") != []
    assert said(ctx.bell, "told 1499") != []
    assert said(ctx.bell, "told 0100") == [], "the oldest have gone"
    assert len(latest_said(ctx.bell, "") or []) == 200
    for kind in ("grave", "told"):
        assert 0 < ctx.bell.client.ttl(f"{ctx.bell.prefix}:said:{kind}") <= 14 * 24 * 3600


def test_without_redis_nothing_is_held_up(ctx: Context, admin: User, user: User) -> None:
    gone = Bell(connect_redis("redis://127.0.0.1:9"), "nowhere")
    keep_said(gone, "web")
    logging.getLogger("anything").warning("Redis is away")
    assert latest_said(gone, "") is None
    assert list_said(replace(ctx, bell=gone), admin) is None
    assert list_said(ctx, admin) == []
    with pytest.raises(NotAllowed):
        list_said(ctx, user)


def test_workers_and_the_scheduler_are_heard(ctx: Context, admin: User, start: Starter) -> None:
    lost = finished_posts(ctx, admin)
    ctx.database.run("UPDATE datasets SET status = 'waiting' WHERE key = %(key)s", key=lost.key)
    start("scheduler.py")
    start("-m", "app.runner")
    for process, words in (("worker", " queues"), ("scheduler", f"dataset {lost.key} had no job")):
        wait_for(lambda words=words: list_said(ctx, admin, words), f"the {process} to say something", 60)
        assert {one.process for one in list_said(ctx, admin, words) or []} == {process}
