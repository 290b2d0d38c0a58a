"""Interval jobs: what the standing tasks declare, made true in the jobs table and in rq-scheduler."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from rq.job import Job as RQJob
from rq.serializers import JSONSerializer
from rq_scheduler import Scheduler

from app.queue.connection import ENTRY, Bell
from app.services.context import Context
from app.storage import job as jobs

log = logging.getLogger(__name__)


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


def declare(ctx: Context) -> dict[str, tuple[int, int]]:
    """Make the jobs table equal to what the workers declare; the id and interval of each type's job."""
    wanted = {type_: worker for type_, worker in ctx.registry.workers.items() if worker.interval}
    found: dict[str, tuple[int, int]] = {}
    with ctx.database.transaction() as tx:
        for job in jobs.interval_jobs(tx):
            if job.type not in wanted:
                jobs.delete(tx, job.id)
        for type_, worker in wanted.items():
            interval = int(worker.interval or 0)
            found[type_] = (jobs.declare_interval(tx, type_, interval, worker.max_attempts).id, interval)
    return found


def synchronise(scheduler: Scheduler, bell: Bell, declared: dict[str, tuple[int, int]]) -> tuple[list[str], list[str]]:
    """Make rq-scheduler's entries equal to the declared interval jobs; the ids added and removed.

    An entry's id holds the job and its interval, so a changed interval is another entry.
    """
    wanted = {
        f"{bell.prefix}-interval-{type_}-{job_id}-{interval}": (type_, job_id, interval)
        for type_, (job_id, interval) in declared.items()
    }
    stored: list[Any] = bell.client.zrange(scheduler.scheduled_jobs_key, 0, -1)
    present = {name.decode() for name in stored}
    removed = sorted(present - set(wanted))
    for name in removed:
        bell.client.zrem(scheduler.scheduled_jobs_key, name)
        bell.client.delete(f"rq:job:{name}")
    added = [name for name in sorted(wanted) if name not in present or not RQJob.exists(name, connection=bell.client)]
    for name in added:
        type_, job_id, interval = wanted[name]
        scheduler.schedule(
            datetime.now(UTC).replace(tzinfo=None),
            ENTRY,
            args=[job_id],
            interval=interval,
            id=name,
            queue_name=bell.queue_name(type_),
            timeout=-1,
            result_ttl=-1,
        )
    return added, removed


def enqueue_due(scheduler: Scheduler) -> int:
    """Put what is due into its RQ queue, unless another scheduler is at it; how many."""
    if not scheduler.acquire_lock():
        return 0
    try:
        due = list(scheduler.get_jobs_to_queue())
        for entry in due:
            scheduler.enqueue_job(entry)
        return len(due)
    finally:
        scheduler.remove_lock()
