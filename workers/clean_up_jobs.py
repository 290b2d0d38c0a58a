"""Clean up jobs: failed ones that no dataset needs any more."""

from __future__ import annotations

from app.domain.job import Job
from app.plugins import Worker, WorkerContext


class CleanUpJobs(Worker):
    """Forget failed jobs of standing tasks and deleted datasets after a week."""

    type = "clean-up-jobs"
    interval = 3600

    def work(self, job: Job, ctx: WorkerContext) -> None:
        """Delete the jobs; those of datasets stay as long as their datasets, for the reason they hold."""
        failed = ctx.database.run(
            "DELETE FROM jobs WHERE state = 'failed' AND dataset IS NULL AND failed < now() - interval '7 days'"
        )
        if failed:
            ctx.log(f"forgot {failed} failed jobs")
