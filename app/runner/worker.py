"""A dedicated worker process: an RQ worker on one queue, which forks a process for each job."""

from __future__ import annotations

import logging
import os
import signal
import socket
import uuid
import warnings
from typing import Any

from rq import Worker
from rq.job import Job as RQJob
from rq.queue import Queue as RQQueue
from rq.serializers import JSONSerializer

from app.domain.errors import Unavailable
from app.domain.job import JobState
from app.queue.connection import connect_redis
from app.runner.limits import die_with_parent, end_group
from app.runner.recover import recover
from app.services.context import Context
from app.storage import job as jobs

log = logging.getLogger(__name__)


class QueueWorker(Worker):
    """RQ's worker, which is back soon after Redis is back: RQ's own would wait twice as long after every try."""

    max_connection_wait_time = 2.0

    def fork_work_horse(self, job: RQJob, queue: RQQueue) -> None:
        """Fork the process that watches a job.

        SIGTERM waits in it until the watch can hear of it, so that no job goes on as if its machine were not to stop.
        """
        held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        try:
            super().fork_work_horse(job, queue)  # only the worker comes back from it
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)

    def request_force_stop(self, signum: int, frame: Any) -> None:
        """Being told to stop once more changes nothing: the job at hand has its grace, after which its watch ends it.

        RQ's own would kill it. A platform may tell every process, and the manager tells its workers.
        """


def serve(ctx: Context, type_: str, idle_seconds: int | None, manager: int) -> None:
    """Take jobs of one type until told to stop, or idle for `idle_seconds` (None: for ever). Returns when done.

    On SIGTERM the job at hand is finished first; when the process `manager` dies, so does this one after its job.
    """
    die_with_parent(manager, signal.SIGTERM)
    warnings.simplefilter("ignore")
    connection = connect_redis(
        ctx.settings.redis_url, verify=ctx.settings.redis_tls_verify, timeout=None, name=f"4cat {type_}"
    )
    worker = QueueWorker(
        [ctx.bell.queue(type_).name],
        name=f"{ctx.bell.prefix}-{type_}-{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}",
        connection=connection,
        serializer=JSONSerializer,
        worker_ttl=60,
        log_job_description=False,
        work_horse_killed_handler=lambda job, pid, status, usage: _on_death(ctx, job, pid, status),
    )
    worker.work(logging_level="WARNING", max_idle_time=idle_seconds)


def _on_death(ctx: Context, bell: RQJob, pid: int, status: int) -> None:
    """The process that watched a job was killed: release the job at once rather than when its heartbeat is missed.

    What it had started is ended first, since somebody else may take the place of the job as soon as that is free.
    """
    end_group(pid)
    arguments: Any = bell.args
    try:
        job = jobs.find(ctx.database, int(arguments[0]))
        if job is not None and job.state is JobState.RUNNING and job.pid == pid and job.host == socket.gethostname():
            recover(ctx, job, f"The process watching this work died (status {status}).")
    except Unavailable as error:
        log.warning("death of %s left to the reconciler: %s", bell.id, error)
