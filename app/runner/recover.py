"""What becomes of a job whose attempt has died without a word."""

from __future__ import annotations

from app.domain.dataset import Status
from app.domain.job import Job
from app.queue.jobs import ClaimLost
from app.services.context import Context
from app.services.ending import end_dataset
from app.storage import dataset as datasets
from app.storage import job_reports
from app.storage.dataset import Ending


def recover(ctx: Context, job: Job, how: str, *, silent_for: float = 0) -> bool:
    """Release a dead attempt's job for another try, or fail it after the last; False when the attempt lives after all.

    It lives when it has lost its claim to another, or has shown a sign of life within the last `silent_for` seconds.
    Of a job that was to be stopped, nothing is left to do. `how` says what happened, for the log and the reason.
    """
    try:
        with ctx.database.transaction() as tx:
            datasets.lock_of_job(tx, job.id)
            held = ctx.queue.hold(tx, job)
            if silent_for and not job_reports.is_silent(tx, job.id, silent_for):
                return False
            dataset = datasets.find(tx, job.dataset) if job.dataset else None
            if held.cancel_requested:
                ctx.queue.finish(tx, job)
            elif held.attempts < held.max_attempts:
                ctx.queue.release(tx, held, delay=held.attempts - 1)
                if dataset is not None:
                    datasets.wait_again(tx, dataset.key, f"{how} Trying again.")
            else:
                ctx.queue.fail(tx, job, how)
                if dataset is not None and not dataset.status.is_ended:
                    times = f" This happened {held.attempts} times, so it is not tried again."
                    end_dataset(ctx, tx, dataset, Ending(Status.FAILED, f"{how}{times}"))
    except ClaimLost:
        return False
    return True
