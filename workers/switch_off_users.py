"""Switch off accounts whose last day is over."""

from __future__ import annotations

from app.domain.job import Job
from app.plugins import Worker, WorkerContext


class SwitchOffUsers(Worker):
    """Switch off accounts whose last day is over. Their datasets stay, and administrators stay switched on."""

    type = "switch-off-users"
    interval = 3600

    def work(self, job: Job, ctx: WorkerContext) -> None:
        """Switch them off, which ends their sessions and lets their tokens rest."""
        off = ctx.database.run(
            "UPDATE users SET is_active = false, sessions = sessions + 1"
            " WHERE is_active AND NOT is_admin AND expires < (now() AT TIME ZONE 'UTC')::date"
        )
        if off:
            ctx.log(f"switched off accounts whose last day was over: {off}")
