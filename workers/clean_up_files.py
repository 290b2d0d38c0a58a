"""Clean up files: what no dataset and no upload refers to any more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.domain.dataset import attempt_folder
from app.domain.job import Job
from app.plugins import Worker, WorkerContext

_GRACE = timedelta(hours=1)


class CleanUpFiles(Worker):
    """Remove result files that no dataset refers to, uploads that nobody made a dataset of, and abandoned folders."""

    type = "clean-up-files"
    interval = 600

    def work(self, job: Job, ctx: WorkerContext) -> None:
        """Forget old uploads first, then delete every file older than an hour that nothing refers to.

        What a running attempt has stored is left alone, however long ago that was.
        """
        ctx.database.run(
            "DELETE FROM uploads u WHERE created < now() - interval '1 day' AND NOT EXISTS (SELECT 1 FROM datasets d"
            " WHERE d.key = u.dataset AND d.status IN ('waiting', 'running', 'failed', 'cancelled'))"
        )
        ctx.database.run("DELETE FROM unfinished_uploads WHERE touched < now() - interval '1 day'")
        oldest = datetime.now(UTC) - _GRACE
        old = {
            file.name for prefix in ("datasets", "uploads") for file in ctx.find_files(prefix) if file.modified < oldest
        }
        underway = self._underway(ctx)  # first: an attempt that ends in between has published what it stored
        used = self._used_names(ctx)
        for name in sorted(old - used):
            if name.startswith(underway):
                continue
            ctx.check()
            ctx.delete_file(name)
            ctx.log(f"deleted {name}")
        folders = ctx.sweep_folders(24)
        if folders:
            ctx.log(f"removed {folders} abandoned folders")

    @staticmethod
    def _underway(ctx: WorkerContext) -> tuple[str, ...]:
        """The folders in storage of the attempts that run now."""
        rows = ctx.database.many("SELECT dataset, token FROM jobs WHERE state = 'running' AND dataset IS NOT NULL")
        return tuple(f"{attempt_folder(row['dataset'], row['token'])}/" for row in rows)

    @staticmethod
    def _used_names(ctx: WorkerContext) -> set[str]:
        """Names that a dataset, an upload or the checkpoint of a job that may still be done refers to."""
        rows = ctx.database.many(
            "SELECT file.value ->> 'name' AS name FROM datasets, jsonb_each(result -> 'files') AS file"
            " WHERE result IS NOT NULL UNION ALL SELECT file ->> 'name' FROM uploads"
            " UNION ALL SELECT part ->> 'name' FROM unfinished_uploads, jsonb_array_elements(parts) AS part"
            " UNION ALL SELECT file.value ->> 'name' FROM jobs, jsonb_array_elements(checkpoint -> 'parts') AS part,"
            " jsonb_each(part) AS file WHERE checkpoint IS NOT NULL"
        )
        return {row["name"] for row in rows}
