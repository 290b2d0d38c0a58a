"""Interval jobs: what the standing tasks declare, made true in the jobs table and in rq-scheduler."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from rq.job import Job as RQJob
from rq.results import Result
from rq.serializers import JSONSerializer
from rq_scheduler import Scheduler

from app.queue.connection import ENTRY, FAILURE_SECONDS, Bell
from app.services.context import Context
from app.storage import job as jobs

_KEPT = 3600
"""How long RQ remembers, beyond two intervals, an entry that has come through."""


class JSONJob(RQJob):
    """An RQ job whose call is stored as JSON, whoever makes or reads it."""

    def __init__(self, id: str | None = None, connection: Any = None, serializer: Any = None) -> None:
        super().__init__(id=id, connection=connection, serializer=serializer or JSONSerializer)


def open_scheduler(bell: Bell) -> Scheduler:
    """The rq-scheduler of one installation; its keys carry the installation's prefix."""
    scheduler = Scheduler(queue_name=f"{bell.prefix}:interval", connection=bell.client, interval=1, job_class=JSONJob)
    scheduler.scheduled_jobs_key = f"{bell.prefix}:scheduler:jobs"
    scheduler.scheduler_lock_key = f"{bell.prefix}:scheduler:lock"
    return scheduler


Declared = dict[int, tuple[str, int]]
"""Interval jobs by their id: the type and the interval in seconds."""


def declare(ctx: Context) -> Declared:
    """Make the jobs table equal to what the workers declare under the settings of now; their jobs."""
    site = ctx.site_settings()
    wanted = {
        (type_, standing.remote_id): (standing, worker)
        for type_, worker in ctx.registry.workers.items()
        if not ctx.registry.is_off(worker, site)
        for standing in worker.standing(site)
    }
    found: Declared = {}
    with ctx.database.transaction() as tx:
        for job in jobs.interval_jobs(tx):
            if (job.type, job.remote_id) not in wanted:
                jobs.withdraw(tx, job.id)
        for (type_, remote_id), (standing, worker) in wanted.items():
            details = dict(standing.details)
            job = jobs.declare_interval(tx, type_, remote_id, standing.interval, details, worker.max_attempts)
            found[job.id] = (type_, standing.interval)
    return found


def synchronise(scheduler: Scheduler, bell: Bell, declared: Declared) -> tuple[list[str], list[str]]:
    """Make rq-scheduler's entries equal to the declared interval jobs; the ids added and removed.

    An entry's id holds the job and its interval, so a changed interval is another entry.
    """
    wanted = {
        f"{bell.prefix}-interval-{type_}-{job_id}-{interval}": (type_, job_id, interval)
        for job_id, (type_, interval) in declared.items()
    }
    stored: list[Any] = bell.client.zrange(scheduler.scheduled_jobs_key, 0, -1)
    present = {name.decode() for name in stored}
    removed = sorted(present - set(wanted))
    for name in removed:
        _forget(scheduler, bell, name)
    added = [name for name in sorted(wanted) if name not in present or not _is_whole(bell, name)]
    for name in added:
        type_, job_id, interval = wanted[name]
        entry = scheduler.schedule(
            datetime.now(UTC).replace(tzinfo=None),
            ENTRY,
            args=[job_id],
            interval=interval,
            id=name,
            queue_name=bell.queue_name(type_),
            timeout=-1,
            result_ttl=2 * interval + _KEPT,
        )
        entry.failure_ttl = FAILURE_SECONDS
        entry.save()
    return added, removed


def _is_whole(bell: Bell, name: str) -> bool:
    """Whether an entry's call is still in Redis; a job that ends just after Redis was emptied leaves part of it."""
    return bool(bell.client.hexists(JSONJob.key_for(name), "data"))


def _forget(scheduler: Scheduler, bell: Bell, name: str) -> None:
    """Remove an entry with all that RQ keeps of it, a doorbell that hangs included."""
    queue = bell.queue(name.removeprefix(f"{bell.prefix}-interval-").rsplit("-", 2)[0])
    bell.client.zrem(scheduler.scheduled_jobs_key, name)
    bell.client.lrem(queue.key, 0, name)
    for registry in (queue.failed_job_registry, queue.finished_job_registry):
        registry.remove(name)
    bell.client.delete(JSONJob.key_for(name), Result.get_key(name))  # type: ignore[no-untyped-call]


def enqueue_due(scheduler: Scheduler, bell: Bell) -> int:
    """Put what is due into its RQ queue, unless another scheduler is at it; how many."""
    if not scheduler.acquire_lock():
        return 0
    try:
        due = list(scheduler.get_jobs_to_queue())
        for entry in due:
            _ring(scheduler, bell, entry)
        return len(due)
    finally:
        scheduler.remove_lock()


def _ring(scheduler: Scheduler, bell: Bell, entry: RQJob) -> None:
    """Ring an entry once, and set the next time on its interval grid: rq-scheduler's own would drift off it.

    One that hangs already, because its last run is not over, is left: one run makes up for all that were missed.
    """
    interval = int(entry.meta["interval"])
    if bell.client.lpos(f"rq:queue:{entry.origin}", entry.id) is None:
        scheduler.enqueue_job(entry)
        bell.client.publish(bell.wake_channel, entry.origin.removeprefix(f"{bell.prefix}:"))
    following = (int(time.time()) // interval + 1) * interval
    bell.client.zadd(scheduler.scheduled_jobs_key, {entry.id: following}, xx=True)
