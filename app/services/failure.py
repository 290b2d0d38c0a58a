"""Jobs: run a failed one again or dismiss it, stop one that is open. With the right to the machinery."""

from __future__ import annotations

from app.domain.errors import NotFound
from app.domain.right import Right
from app.domain.texts import say
from app.domain.user import User
from app.services.access import as_one_for_all, require_given, require_write
from app.services.context import Context
from app.services.dataset import cancel_dataset, retry_dataset
from app.storage import failed_job
from app.storage.database import Row, Transaction


def retry_job(ctx: Context, actor: User, job_id: int) -> None:
    """Run a failed job again: with its dataset, or as the standing task it is, now instead of at its next turn.

    :raises NotFound: when there is no failed job of this number
    :raises Conflict: when its dataset is under way already
    """
    dataset = _find(ctx, actor, job_id)["dataset"]
    if dataset is not None:
        retry_dataset(ctx, as_one_for_all(actor), dataset)
        return
    with ctx.database.transaction() as tx:
        job = _lock(tx, job_id)
        ctx.registry.runnable(job["type"])
        if job["interval"] is not None:
            failed_job.make_due(tx, job_id)
            tx.after_commit(lambda: ctx.queue.try_dispatch(job["type"]))
            return
        failed_job.forget(tx, job_id)
        ctx.queue.enqueue(
            tx,
            job["type"],
            job["remote_id"],
            owner=job["owner"],
            details=job["details"],
            max_attempts=job["max_attempts"],
        )


def dismiss_job(ctx: Context, actor: User, job_id: int) -> None:
    """Forget a failure. Its dataset, if it has one, stays failed, and keeps its log.

    :raises NotFound: when there is no failed job of this number
    """
    _find(ctx, actor, job_id)
    with ctx.database.transaction() as tx:
        failed_job.forget(tx, _lock(tx, job_id)["id"])


def cancel_job(ctx: Context, actor: User, job_id: int) -> None:
    """Stop a job that waits or runs, with the dataset that it makes.

    :raises NotFound: when no such job waits or runs, or it makes no dataset, as a standing task
    :raises Conflict: when its dataset has ended meanwhile
    """
    require_given(actor, Right.STATUS)
    require_write(actor)
    key = failed_job.dataset_of_open(ctx.database, job_id)
    if key is None:
        raise NotFound(
            say(
                "There is no job {job_id} that waits or runs for a dataset. It may have ended meanwhile.", job_id=job_id
            )
        )
    cancel_dataset(ctx, as_one_for_all(actor), key)


def _find(ctx: Context, actor: User, job_id: int) -> Row:
    require_given(actor, Right.STATUS)
    require_write(actor)
    with ctx.database.transaction() as tx:
        return _lock(tx, job_id)


def _lock(tx: Transaction, job_id: int) -> Row:
    found = failed_job.lock(tx, job_id)
    if found is None:
        raise NotFound(
            say("There is no failed job {job_id}. It may have been run again or dismissed meanwhile.", job_id=job_id)
        )
    return found
