"""Note measures: how much there is of everything, hour by hour, for the charts of the control panel."""

from __future__ import annotations

from app.domain.job import Job
from app.plugins import Worker, WorkerContext


class NoteMeasures(Worker):
    """Write down once an hour how many datasets and users there are, what is stored, and how many jobs wait."""

    type = "note-measures"
    interval = 3600

    def work(self, job: Job, ctx: WorkerContext) -> None:
        """Write one row for this hour, and forget those of years ago and old reports of errors."""
        ctx.database.run(
            "INSERT INTO measures (at, facts) SELECT date_trunc('hour', now()), jsonb_build_object("
            "'datasets', (SELECT count(*) FROM datasets), 'users', (SELECT count(*) FROM users),"
            " 'stored_bytes', (SELECT coalesce(sum(bytes), 0)::bigint FROM datasets),"
            " 'waiting', (SELECT count(*) FROM jobs WHERE state = 'waiting' AND interval IS NULL),"
            " 'failed', (SELECT count(*) FROM jobs WHERE state = 'failed'))"
            " ON CONFLICT (at) DO UPDATE SET facts = measures.facts || excluded.facts"
        )
        ctx.database.run("DELETE FROM measures WHERE at < now() - interval '3 years'")
        ctx.database.run("DELETE FROM error_reports WHERE at < now() - interval '90 days'")
