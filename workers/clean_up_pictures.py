"""Clean up small pictures: those of datasets that are gone, the old, and the oldest where they take too much room."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from app.domain.job import Job
from app.domain.setting import room_for_small_pictures
from app.plugins import Worker, WorkerContext

_OLD = timedelta(days=30)


class CleanUpPictures(Worker):
    """Keep small pictures of image walls within their room (`looks.small_pictures`), and note how much they take."""

    type = "clean-up-pictures"
    interval = 600

    def work(self, job: Job, ctx: WorkerContext) -> None:
        """Go through them, the newest first. What is deleted here is made anew when somebody looks at it."""
        left = room_for_small_pictures(ctx.settings)
        oldest = datetime.now(UTC) - _OLD
        found = sorted(ctx.find_files("small"), key=lambda file: file.modified, reverse=True)
        datasets = self._datasets(ctx, {file.name.split("/")[1] for file in found})
        kept = deleted = 0
        for file in found:
            ctx.check()
            is_kept = file.name.split("/")[1] in datasets and file.modified > oldest and kept + file.size <= left
            if is_kept:
                kept += file.size
            else:
                ctx.delete_file(file.name)
                deleted += 1
        if deleted:
            ctx.log(f"small pictures deleted: {deleted}")
        ctx.database.run(
            "INSERT INTO measures (at, facts) VALUES (date_trunc('hour', now()), %(facts)s::jsonb)"
            " ON CONFLICT (at) DO UPDATE SET facts = measures.facts || excluded.facts",
            facts=json.dumps({"small_bytes": kept}),
        )

    @staticmethod
    def _datasets(ctx: WorkerContext, keys: set[str]) -> set[str]:
        rows = ctx.database.many("SELECT key FROM datasets WHERE key = ANY(%(keys)s)", keys=sorted(keys))
        return {row["key"] for row in rows}
