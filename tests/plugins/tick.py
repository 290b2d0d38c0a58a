"""A standing task that writes down when it ran."""

from __future__ import annotations

import time

from app.domain.job import Job
from app.plugins import Worker, WorkerContext


class Tick(Worker):
    """Write down when this ran, as settings."""

    type = "tick"
    interval = 2

    def work(self, job: Job, ctx: WorkerContext) -> None:
        """Take as long as the setting says, and leave a row."""
        began = time.time()
        time.sleep(float(ctx.settings.get("tick.seconds", 0)))
        ctx.database.run(
            "INSERT INTO settings (name, value) VALUES (%(name)s, to_jsonb(array[%(began)s, %(ended)s]))",
            name=f"tick.ran.{began:.6f}",
            began=began,
            ended=time.time(),
        )
