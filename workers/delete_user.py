"""Delete a user who has datasets."""

from __future__ import annotations

from app.domain.job import Job
from app.plugins import Worker, WorkerContext


class DeleteUser(Worker):
    """Delete all datasets of a user with what was made from them, then the user; asked for in the control panel."""

    type = "delete-user"
    max_attempts = 20
    minutes = 24 * 60

    def work(self, job: Job, ctx: WorkerContext) -> None:
        """Delete what is left of the user of this number; who is gone has been deleted."""
        if job.remote_id.isdigit():
            ctx.delete_user(int(job.remote_id))
