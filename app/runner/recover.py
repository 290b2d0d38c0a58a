"""What becomes of a job whose attempt has died without a word."""

from __future__ import annotations

from app.domain.dataset import Status
from app.domain.job import Job
from app.queue.jobs import ClaimLost
from app.services.context import Context
from app.services.ending import end_dataset
from app.storage import dataset as datasets
from app.storage.dataset import Ending


def recover(ctx: Context, job: Job, how: str) -> bool:
    """Release a dead attempt's job for another try, or fail it after the last; False when the attempt lives after all.

    A job that was to be cancelled is cancelled. `how` says what happened, for the log and the reason.
    """
    try:
        with ctx.database.transaction() as tx:
            datasets.lock_of_job(tx, job.id)
            ctx.queue.hold(tx, job)
            dataset = datasets.find(tx, job.dataset) if job.dataset else None
            if job.cancel_requested:
                ctx.queue.finish(tx, job)
                ending = Ending(Status.CANCELLED, "Cancelled.")
            elif job.attempts < job.max_attempts:
                ctx.queue.release(tx, job, delay=job.attempts - 1)
                if dataset is not None:
                    datasets.wait_again(tx, dataset.key, f"{how} Trying again.")
                return True
            else:
                ctx.queue.fail(tx, job, how)
                times = f" This happened {job.attempts} times, so it is not tried again."
                ending = Ending(Status.FAILED, f"{how}{times}")
            if dataset is not None and not dataset.status.is_ended:
                end_dataset(ctx, tx, dataset, ending)
    except ClaimLost:
        return False
    return True
