"""Put into the database how an attempt ended: all of it under the attempt's claim, in one transaction."""

from __future__ import annotations

import logging
import os
import signal
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from app.domain.checkpoint import checkpoint_files
from app.domain.dataset import Kind, Result, Status, StoredFile
from app.domain.errors import NotFound, Unavailable
from app.domain.job import Job
from app.domain.texts import say, say_many
from app.queue.jobs import ClaimLost
from app.runner.attempt import Task, limits_of
from app.runner.report import End, Outcome
from app.runner.watch import Stopped, Watched
from app.services.context import Context
from app.services.ending import end_dataset
from app.services.family import settle_family
from app.services.job_limits import JobLimits
from app.storage import dataset as datasets
from app.storage import job as jobs
from app.storage import upload as uploads
from app.storage.database import Transaction
from app.storage.dataset import Ending
from app.storage.files import discard

log = logging.getLogger(__name__)

_PATIENCE = 600.0
_HANDED_BACK = {
    Stopped.SHUTDOWN: say("Handed back while its machine restarts."),
    Stopped.CLAIM_LOST: say("Handed back since its machine could not reach the database for too long."),
}


def conclude(ctx: Context, task: Task, watched: Watched) -> None:
    """Publish a result, or record why there is none.

    If the claim is lost or the work was cancelled, what was stored is removed.

    What cannot be put there in ten minutes is left: others think the attempt dead, and its files are swept.
    """
    outcome = _outcome(ctx, task, watched)
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            _fetch(ctx, outcome)
            with ctx.database.transaction() as tx:
                datasets.lock_of_job(tx, task.job.id)
                if watched.checkpoint is not None and task.job.token is not None:
                    jobs.keep_checkpoint(tx, task.job.id, task.job.token, watched.checkpoint)
                job = ctx.queue.hold(tx, task.job)
                if job.cancel_requested:
                    ctx.queue.finish(tx, job)
                else:
                    _settle(ctx, tx, replace(task, job=job), watched, outcome)
            if job.cancel_requested:
                _drop(ctx, task, outcome)
                if task.job.dataset:  # what was shown of it between being cancelled and being stopped
                    ctx.bell.clear(task.job.dataset)
            return
        except ClaimLost:
            log.warning("job %s (%s) has lost its claim; its result is dropped", task.job.id, task.job.type)
            _drop(ctx, task, outcome)
            return
        except Unavailable as error:
            if time.monotonic() > deadline:
                log.error("job %s could not be concluded: %s", task.job.id, error)
                return
            _beat(ctx, task.job)
            time.sleep(1)


def _beat(ctx: Context, job: Job) -> None:
    """Say that the attempt is alive while it waits for its end: its heart has stopped, and what it made is whole."""
    with suppress(Unavailable):
        jobs.beat(ctx.database, job.id, job.token or 0)


def _fetch(ctx: Context, outcome: Outcome) -> None:
    """Have at hand what is read while the result is published: storage may be slow, and others wait for the locks."""
    if outcome.told is not None:
        with suppress(NotFound):
            ctx.files.local(StoredFile(**outcome.told))


def _drop(ctx: Context, task: Task, outcome: Outcome) -> None:
    """Remove what this attempt has stored, unless it counts after all.

    A claim is also gone when the commit that published the result came through and only its answer was lost.
    """
    kept = {task.upload.file.name} if task.upload else set()
    try:
        found = datasets.find(ctx.database, task.dataset.key) if task.dataset else None
        family = datasets.family(ctx.database, found.top) if found is not None else []
    except Unavailable:
        return
    kept |= {file.name for member in family if member.result for file in member.result.files.values()}
    names = [*(file["name"] for file in outcome.files.values()), *outcome.stored]
    discard(ctx.files, [name for name in names if name not in kept])


def _outcome(ctx: Context, task: Task, watched: Watched) -> Outcome:
    """What the attempt said, or what its death means."""
    if watched.outcome is not None:
        return watched.outcome
    if watched.stopped is Stopped.MEMORY:
        return Outcome(End.MEMORY)
    if watched.stopped is Stopped.TIME:
        return Outcome(End.REFUSED, _took_too_long(limits_of(ctx, task)))
    died = say("The process doing this work died ({how}).", how=_how(watched.status))
    return Outcome(End.BROKEN, died, permanent=False, traceback=watched.crash)


def _took_too_long(limits: JobLimits) -> str:
    return say_many(
        "This took longer than {n} minute, the longest it may take here.",
        "This took longer than {n} minutes, the longest it may take here.",
        limits.minutes,
    )


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
    if watched.stopped in _HANDED_BACK and outcome.end is End.BROKEN:
        _wait_again(ctx, tx, task, _HANDED_BACK[watched.stopped], delay=0, counted=False)
    elif outcome.end in (End.DONE, End.EMPTY):
        _succeed(ctx, tx, task, outcome)
    elif outcome.end is End.CANCELLED:
        _end(ctx, tx, task, Status.CANCELLED, say("Cancelled."))
        ctx.queue.finish(tx, task.job)
    elif (pause := _pause(ctx, task.job, outcome)) is not None:
        message: str = say("{reason} Trying again in {seconds} s.", reason=outcome.message, seconds=round(pause))
        is_away = outcome.end is End.AWAY
        counted = outcome.was_asked and not is_away
        _wait_again(ctx, tx, task, message, delay=pause, counted=counted, away=is_away)
    else:
        message = _failure(ctx, task, watched, outcome)
        _end(ctx, tx, task, Status.FAILED, message)
        if outcome.end is End.BROKEN and outcome.permanent:  # going on from there may be what breaks it
            jobs.go_on_from(tx, task.job.id, {})
        ctx.queue.fail(tx, task.job, _for_operators(outcome, message))


def _for_operators(outcome: Outcome, message: str) -> str:
    """Where it went wrong, and why in the last line: a traceback ends so, what a crash leaves does not."""
    if outcome.end is End.BROKEN and outcome.permanent and outcome.traceback:
        return outcome.traceback
    return f"{outcome.traceback.rstrip()}\n\n{message}".strip()


def _pause(ctx: Context, job: Job, outcome: Outcome) -> float | None:
    """How long to wait before another attempt, in seconds; None when that would do no better.

    A part of ours that is away is waited for, ever longer up to half a minute, until it has been too long. Where
    it was not its turn to ask the remote side, a job waits as long as it takes; one at an interval comes again anyway.
    """
    if outcome.end is End.AWAY:
        waited = (datetime.now(UTC) - job.away_since).total_seconds() if job.away_since else 0.0
        return min(max(waited / 4, 2.0), 30.0) if waited < ctx.settings.outage_minutes * 60 else None
    if outcome.end is End.SOURCE and not outcome.was_asked and job.interval is None:
        return outcome.retry_after or 1.0
    if outcome.end not in (End.SOURCE, End.BROKEN) or outcome.permanent or job.attempts >= job.max_attempts:
        return None
    return (outcome.retry_after or (1.0 if outcome.end is End.BROKEN else 30.0)) * job.attempts


def _failure(ctx: Context, task: Task, watched: Watched, outcome: Outcome) -> str:
    if outcome.end is End.MEMORY:
        rows = watched.rows or (task.source.rows if task.source else 0)
        most = limits_of(ctx, task).memory_mb
        if not rows:
            return say(
                "Out of memory: it needed more than {memory:,} MB, the most that it may use here. Try it on a"
                " sample or a filtered dataset.",
                memory=most,
            )
        return say_many(
            "Out of memory at {n} row: it needed more than {memory:,} MB, the most that it may use here.",
            "Out of memory at {n} rows: it needed more than {memory:,} MB, the most that it may use here. Try it on a"
            " sample or a filtered dataset.",
            rows,
            memory=most,
        )
    if outcome.end is End.AWAY:
        return say(
            "{reason} It has been so for {minutes:,g} minutes. Run it again later.",
            reason=outcome.message,
            minutes=ctx.settings.outage_minutes,
        )
    if outcome.end is End.BROKEN and outcome.permanent:
        error = outcome.message.rstrip(".")
        return say(
            "A fault in the software stopped this; it is not yours: {error}. The log has the details.", error=error
        )
    if outcome.end is End.BROKEN:
        return say(
            "{reason} This happened {attempts} times, so it is not tried again.",
            reason=outcome.message,
            attempts=task.job.attempts,
        )
    return outcome.message


def _succeed(ctx: Context, tx: Transaction, task: Task, outcome: Outcome) -> None:
    used = {file["name"] for file in outcome.files.values()}
    done: list[str] = []
    if task.dataset is not None and outcome.told is not None:
        told = StoredFile(**outcome.told)
        used |= settle_family(ctx, tx, task.dataset.key, told)
        done.append(told.name)
    elif task.dataset is not None:
        status = Status.FINISHED if outcome.end is End.DONE else Status.EMPTY
        _end(ctx, tx, task, status, outcome.message, outcome)
    if task.upload is not None:
        uploads.delete(tx, task.upload.id)
        done.append(task.upload.file.name)
    done += checkpoint_files(task.job.checkpoint)
    home = [name for name in done if name not in used]
    if home:
        tx.after_commit(lambda: discard(ctx.files, home))
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


def _wait_again(
    ctx: Context, tx: Transaction, task: Task, message: str, *, delay: float, counted: bool, away: bool = False
) -> None:
    """Let the job be tried again."""
    if task.dataset is not None:
        datasets.wait_again(tx, task.dataset.key, message)
    ctx.queue.release(tx, task.job, delay=delay, counted=counted, away=away)
