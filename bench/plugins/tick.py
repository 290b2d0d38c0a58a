"""A task without a dataset that does nothing but say when it was started: what the queue itself costs."""

from __future__ import annotations

import time

from app.domain.job import Job
from app.plugins import Worker, WorkerContext
from bench._starts import note


class Tick(Worker):
    """Say when the work started, and take as long as the job says."""

    type = "tick"
    max_workers = 2

    def work(self, job: Job, ctx: WorkerContext) -> None:
        """Note the time."""
        note(job.remote_id)
        time.sleep(float(job.details.get("seconds", 0)))
