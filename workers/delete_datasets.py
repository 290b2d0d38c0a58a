"""Delete datasets: captures that have become too old, and for good what was deleted some time ago."""

from __future__ import annotations

import json

from app.domain.expiry import expiries
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
        rules = expiries(ctx.settings)
        old = ctx.database.run(
            "WITH rules AS (SELECT * FROM jsonb_to_recordset(%(rules)s::jsonb) AS r(source text, days int, keep bool)),"
            " timed AS (SELECT key, is_kept, expires, coalesce(r.keep, true) AS may_keep,"
            " created + nullif(coalesce(r.days, %(days)s), 0) * interval '1 day' AS aged"
            " FROM datasets LEFT JOIN rules r ON r.source = type WHERE parent IS NULL AND deleted IS NULL)"
            " UPDATE datasets SET deleted = now() WHERE deleted IS NULL AND top IN (SELECT key FROM timed capture"
            " WHERE CASE WHEN NOT may_keep THEN least(expires, aged) WHEN NOT is_kept THEN coalesce(expires, aged) END"
            " < now() AND NOT EXISTS (SELECT 1 FROM datasets part"
            " WHERE part.top = capture.key AND part.status IN ('waiting', 'running')))",
            rules=json.dumps([{"source": name, "days": r.days, "keep": r.may_keep} for name, r in rules.items()]),
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
