"""Put into the database how an attempt ended: all of it under the attempt's claim, in one transaction."""

from __future__ import annotations

import logging
import os
import signal
import time
from dataclasses import replace
from datetime import UTC, datetime

from app.domain.dataset import Kind, Result, Status, StoredFile
from app.domain.errors import Unavailable
from app.domain.job import Job
from app.queue.jobs import ClaimLost
from app.runner.attempt import Task
from app.runner.report import End, Outcome
from app.runner.watch import Stopped, Watched
from app.services.context import Context
from app.services.ending import end_dataset
from app.storage import dataset as datasets
from app.storage import job as jobs
from app.storage import upload as uploads
from app.storage.database import Transaction
from app.storage.dataset import Ending
from app.storage.files import discard

log = logging.getLogger(__name__)

_PATIENCE = 600.0
_CRASHED = "The process doing this work died ({how})."


def conclude(ctx: Context, task: Task, watched: Watched) -> None:
    """Publish a result, or record why there is none; if the claim is lost, remove what was stored.

    What cannot be put there in ten minutes is left: others think the attempt dead, and its files are swept.
    """
    outcome = _outcome(ctx, task, watched)
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            with ctx.database.transaction() as tx:
                datasets.lock_of_job(tx, task.job.id)
                ctx.queue.hold(tx, task.job)
                _settle(ctx, tx, task, watched, outcome)
            return
        except ClaimLost:
            log.warning("job %s (%s) has lost its claim; its result is dropped", task.job.id, task.job.type)
            _drop(ctx, task, outcome)
            return
        except Unavailable as error:
            if time.monotonic() > deadline:
                log.error("job %s could not be concluded: %s", task.job.id, error)
                return
            time.sleep(1)


def _drop(ctx: Context, task: Task, outcome: Outcome) -> None:
    """Remove what this attempt has stored, unless it counts after all.

    A claim is also gone when the commit that published the result came through and only its answer was lost.
    """
    kept = {task.upload.file.name} if task.upload else set()
    try:
        found = datasets.find(ctx.database, task.dataset.key) if task.dataset else None
    except Unavailable:
        return
    if found is not None and found.result is not None:
        kept |= {file.name for file in found.result.files.values()}
    discard(ctx.files, [file["name"] for file in outcome.files.values() if file["name"] not in kept])


def _outcome(ctx: Context, task: Task, watched: Watched) -> Outcome:
    """What the attempt said, or what its death means."""
    if watched.stopped is Stopped.CANCELLED:
        return Outcome(End.CANCELLED)
    if watched.outcome is not None:
        return watched.outcome
    if watched.stopped is Stopped.MEMORY:
        return Outcome(End.MEMORY)
    if watched.stopped is Stopped.TIME:
        minutes = ctx.settings.job_minutes
        return Outcome(End.REFUSED, f"This took longer than {minutes:,} minutes, the longest that a job may take here.")
    return Outcome(End.BROKEN, _CRASHED.format(how=_how(watched.status)), permanent=False)


def _how(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"signal {os.WTERMSIG(status)}, {signal.Signals(os.WTERMSIG(status)).name}"
    return f"exit status {os.waitstatus_to_exitcode(status)}"


def _settle(ctx: Context, tx: Transaction, task: Task, watched: Watched, outcome: Outcome) -> None:
    lines = list(watched.log)
    for text in (outcome.message, outcome.traceback):
        if text:
            lines.append((datetime.now(UTC), text))
    if task.dataset is not None and lines:
        datasets.add_log(tx, task.dataset.key, lines)
    if watched.stopped is Stopped.SHUTDOWN and outcome.end is End.BROKEN:
        _wait_again(ctx, tx, task, "Handed back while its machine restarts.", delay=0, counted=False)
    elif outcome.end in (End.DONE, End.EMPTY):
        _succeed(ctx, tx, task, outcome)
    elif outcome.end is End.CANCELLED:
        _end(ctx, tx, task, Status.CANCELLED, "Cancelled.")
        ctx.queue.finish(tx, task.job)
    elif _may_retry(task.job, outcome):
        delay = outcome.retry_after or {End.BROKEN: 1.0, End.AWAY: 10.0}.get(outcome.end, 30.0) * task.job.attempts
        _wait_again(ctx, tx, task, f"{outcome.message} Trying again in {delay:.0f} s.", delay=delay, counted=True)
    else:
        message = _failure(ctx, task, outcome)
        _end(ctx, tx, task, Status.FAILED, message)
        ctx.queue.fail(tx, task.job, outcome.traceback or message)


def _may_retry(job: Job, outcome: Outcome) -> bool:
    """Whether another attempt may do better: after a crash, a remote failure, or a part of ours being away."""
    passing = outcome.end is End.AWAY or (outcome.end in (End.SOURCE, End.BROKEN) and not outcome.permanent)
    return passing and job.attempts < job.max_attempts


def _failure(ctx: Context, task: Task, outcome: Outcome) -> str:
    if outcome.end is End.MEMORY:
        rows = f" at {task.source.rows:,} rows" if task.source and task.source.rows else ""
        return (
            f"Out of memory{rows}: it needed more than {ctx.settings.job_memory_mb:,} MB, the most that a job may use"
            " here. Try it on a sample or a filtered dataset."
        )
    if outcome.end is End.BROKEN and outcome.permanent:
        return f"It stopped because of an error in it: {outcome.message} The log has the details."
    if outcome.end is End.BROKEN:
        return f"{outcome.message} This happened {task.job.attempts} times, so it is not tried again."
    return outcome.message


def _succeed(ctx: Context, tx: Transaction, task: Task, outcome: Outcome) -> None:
    if task.dataset is not None:
        status = Status.FINISHED if outcome.end is End.DONE else Status.EMPTY
        _end(ctx, tx, task, status, outcome.message, outcome)
    if task.upload is not None:
        uploads.delete(tx, task.upload.id)
        if "original" not in outcome.files:
            name = task.upload.file.name
            tx.after_commit(lambda: discard(ctx.files, [name]))
    ctx.queue.finish(tx, task.job)


def _end(
    ctx: Context, tx: Transaction, task: Task, status: Status, message: str, outcome: Outcome | None = None
) -> None:
    if task.dataset is None:
        return
    ending = Ending(status, message)
    if outcome is not None:
        ending = replace(
            ending,
            rows=outcome.rows if outcome.rows is not None else 0,
            quarantined=outcome.quarantined,
            warnings=tuple(outcome.warnings),
            columns=tuple(outcome.columns),
            kind=Kind(outcome.kind) if outcome.kind else None,
            result=_result(outcome),
            provenance={**outcome.provenance, "seed": task.seed},
        )
    end_dataset(ctx, tx, datasets.get(tx, task.dataset.key), ending)


def _result(outcome: Outcome) -> Result | None:
    if not outcome.files or not outcome.kind:
        return None
    return Result(Kind(outcome.kind), {role: StoredFile(**file) for role, file in outcome.files.items()})


def _wait_again(ctx: Context, tx: Transaction, task: Task, message: str, *, delay: float, counted: bool) -> None:
    """Let the job be tried again, unless it was cancelled meanwhile."""
    current = jobs.find(tx, task.job.id)
    if current is not None and current.cancel_requested:
        _end(ctx, tx, task, Status.CANCELLED, "Cancelled.")
        ctx.queue.finish(tx, task.job)
        return
    if task.dataset is not None:
        datasets.wait_again(tx, task.dataset.key, message)
    ctx.queue.release(tx, task.job, delay=delay, counted=counted)
