"""A standing task that writes down when it ran, and for which point of its grid."""

from __future__ import annotations

import os
import time

from app.domain.job import Job
from app.plugins import Worker, WorkerContext


class Tick(Worker):
    """Write down when this ran, and the point of the grid that its claim took, as settings."""

    type = "tick"
    interval = int(os.environ.get("TICK_INTERVAL", "2"))

    def work(self, job: Job, ctx: WorkerContext) -> None:
        """Take as long as the setting says, and leave a row."""
        began = time.time()
        time.sleep(float(ctx.settings.get("tick.seconds", 0)))
        ctx.database.run(
            "INSERT INTO settings (name, value)"
            " SELECT %(name)s, to_jsonb(array[%(began)s, %(ended)s, extract(epoch FROM last_claimed)])"
            " FROM jobs WHERE id = %(job_id)s",
            name=f"tick.ran.{began:.6f}",
            job_id=job.id,
            began=began,
            ended=time.time(),
        )
