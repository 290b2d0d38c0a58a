"""Send mail: one that the installation has put into the queue."""

from __future__ import annotations

from app.domain.job import Job
from app.plugins import Worker, WorkerContext


class SendMail(Worker):
    """Hand one mail to the mail server of `MAIL_URL`, again and again until it takes it."""

    type = "send-mail"
    max_attempts = 20
    memory_mb = 512
    minutes = 5

    def work(self, job: Job, ctx: WorkerContext) -> None:
        """Send the mail of this number; one that is gone has been sent."""
        if job.remote_id.isdigit():
            ctx.send_mail(int(job.remote_id))
