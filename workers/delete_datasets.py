"""Delete datasets: captures that have become too old, and for good what was deleted some time ago."""

from __future__ import annotations

from app.domain.job import Job
from app.domain.setting import limit_or_default
from app.plugins import Worker, WorkerContext


class DeleteDatasets(Worker):
    """Delete captures whose time is up, so that it can still be undone, and for good what was deleted days ago."""

    type = "delete-datasets"
    interval = 3600

    def work(self, job: Job, ctx: WorkerContext) -> None:
        """Delete whole families in which nothing waits or runs, and rows that nobody can bring back any more.

        The files of the latter are taken by `clean-up-files`, when nothing else refers to them.
        """
        old = ctx.database.run(
            "UPDATE datasets SET deleted = now() WHERE deleted IS NULL AND top IN (SELECT key FROM datasets capture"
            " WHERE parent IS NULL AND deleted IS NULL AND NOT is_kept"
            " AND coalesce(expires, CASE WHEN %(days)s > 0 THEN created + %(days)s * interval '1 day' END) < now()"
            " AND NOT EXISTS (SELECT 1 FROM datasets part"
            " WHERE part.top = capture.key AND part.status IN ('waiting', 'running')))",
            days=limit_or_default(ctx.settings, "expire_days"),
        )
        if old:
            ctx.log(f"deleted {old} datasets whose time was up")
        gone = ctx.database.run(
            "DELETE FROM datasets WHERE deleted < now() - %(days)s * interval '1 day'",
            days=limit_or_default(ctx.settings, "undo_days"),
        )
        if gone:
            ctx.log(f"deleted {gone} datasets for good")
