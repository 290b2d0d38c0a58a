"""Clean up jobs: failed ones that no dataset needs, old repairs and answers, and turns that decide nothing."""

from __future__ import annotations

from app.domain.job import Job
from app.plugins import Worker, WorkerContext


class CleanUpJobs(Worker):
    """Forget failed jobs without a dataset after a week, repairs after a month, kept answers after a day."""

    type = "clean-up-jobs"
    interval = 3600

    def work(self, job: Job, ctx: WorkerContext) -> None:
        """Delete them; jobs of datasets stay as long as their datasets, for the reason they hold.

        Whose turn it was is forgotten too, for those who have nothing in a queue that has gone on since: when they come
        back they start where the queue stands, with or without it.
        """
        failed = ctx.database.run(
            "DELETE FROM jobs WHERE state = 'failed' AND dataset IS NULL AND failed < now() - interval '7 days'"
        )
        if failed:
            ctx.log(f"forgot {failed} failed jobs")
        repairs = ctx.database.run("DELETE FROM repairs WHERE at < now() - interval '30 days'")
        if repairs:
            ctx.log(f"forgot {repairs} repairs")
        ctx.database.run("DELETE FROM idempotency_keys WHERE created < now() - interval '1 day'")
        ctx.database.run(
            "DELETE FROM queue_turns t WHERE turn < (SELECT max(turn) FROM queue_turns l WHERE l.type = t.type)"
            " AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.type = t.type AND j.owner = t.owner AND j.state <> 'failed')"
        )
