"""What each step of the queue costs PostgreSQL, Redis and whoever asks, in processor time, one step at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from app.queue.jobs import JobQueue
from app.services.context import Context
from app.storage import job as jobs
from app.storage.database import Database
from bench._processes import cpu_seconds, server

Cost = tuple[float, float, float]
"""Milliseconds of PostgreSQL, of Redis, and of the process that asks."""


class Meter:
    """Measures the processor time of a block that does a step many times."""

    def __init__(self) -> None:
        self.found: dict[str, Cost] = {}
        self._servers = (server("PostgreSQL"), server("Redis"))

    @contextmanager
    def step(self, name: str, count: int) -> Iterator[None]:
        """Note what a block costs for each of `count` steps."""
        before = self._spent()
        yield
        used = [(now - then) * 1000 / count for now, then in zip(self._spent(), before, strict=True)]
        self.found[name] = (used[0], used[1], used[2])

    def _spent(self) -> list[float]:
        own = os.times()
        return [*(cpu_seconds(pid) for pid in self._servers), own.user + own.system]


def measure_steps(ctx: Context, count: int) -> dict[str, Cost]:
    """The cost of each step of the queue, over so many types with one job each."""
    meter = Meter()
    limit = [0]
    queue = JobQueue(ctx.database, ctx.bell, lambda _: limit[0])
    types = [f"step {number}" for number in range(count)]

    def each(name: str, items: Iterable[Any], work: Callable[[Any], Any]) -> list[Any]:
        chosen = list(items)
        with meter.step(name, len(chosen)):
            return [work(item) for item in chosen]

    each("open and close a connection", range(count // 2), lambda _: _connect(ctx.database.url))
    each("enqueue, with a dispatch that finds no room", types, lambda type_: _enqueue(ctx, queue, type_))
    limit[0] = 1
    each("dispatch of one job, with its doorbell", types, queue.dispatch)
    ids = [row["id"] for row in ctx.database.many("SELECT id FROM jobs WHERE state = 'rung' AND type LIKE 'step %%'")]
    claimed = each("claim", ids, lambda job_id: _claim(ctx, queue, job_id))
    each("heartbeat", claimed, lambda job: jobs.beat(ctx.database, job.id, job.token))
    limit[0] = 0
    each("finish, with a dispatch that finds no room", claimed, lambda job: _finish(ctx, queue, job))
    for type_ in types:
        ctx.bell.queue(type_).delete()
    return meter.found


def _connect(url: str) -> None:
    database = Database(url, size=1)
    database.one("SELECT 1 AS here")
    database.close()


def _enqueue(ctx: Context, queue: JobQueue, type_: str) -> None:
    with ctx.database.transaction() as tx:
        queue.enqueue(tx, type_, "", owner="1")


def _claim(ctx: Context, queue: JobQueue, job_id: int) -> Any:
    with ctx.database.transaction() as tx:
        return queue.claim(tx, job_id)


def _finish(ctx: Context, queue: JobQueue, job: Any) -> None:
    with ctx.database.transaction() as tx:
        queue.finish(tx, queue.hold(tx, job))
