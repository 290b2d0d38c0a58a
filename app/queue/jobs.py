"""Enqueue, dispatch, claim, release, finish, fail, cancel: all a job can go through, decided in PostgreSQL.

A method that takes `tx` becomes part of that transaction, and rings doorbells only once it is committed.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable
from typing import Any

from app.domain.errors import FourcatError, Unavailable
from app.domain.job import Job, JobState
from app.queue.connection import Bell
from app.storage import job as jobs
from app.storage import job_reports, job_turn, setting
from app.storage.database import Database, Transaction

log = logging.getLogger(__name__)


class ClaimLost(FourcatError):
    """This attempt has lost its claim: another one may be at work, so nothing of it may be published."""


class JobQueue:
    """The queue of one installation. `limit_of` gives the `max_workers` a type declares."""

    def __init__(self, database: Database, bell: Bell, limit_of: Callable[[str], int]) -> None:
        self.database = database
        self.bell = bell
        self._limit_of = limit_of

    def enqueue(
        self,
        tx: Transaction,
        type_: str,
        remote_id: str,
        *,
        owner: str = "",
        details: dict[str, Any] | None = None,
        dataset: str | None = None,
        blocked_by: str | None = None,
        delay: float = 0,
        interval: int | None = None,
        max_attempts: int = 3,
    ) -> Job:
        """Add a job, or give back the open one of this type and remote id.

        `owner` is whose turn it takes; `blocked_by` a dataset that must end first; `delay` in seconds.
        """
        job, _ = jobs.insert(
            tx,
            type_,
            remote_id,
            owner=owner,
            details=details or {},
            dataset=dataset,
            blocked_by=blocked_by,
            delay=delay,
            interval=interval,
            max_attempts=max_attempts,
        )
        self.let_others_start(tx, type_)
        return job

    def let_others_start(self, tx: Transaction, *types: str) -> None:
        """Dispatch some types once this transaction is committed: it makes jobs ready, or places free."""
        for type_ in types:
            tx.after_commit(lambda type_=type_: self.try_dispatch(type_), once=f"dispatch {type_}")  # type: ignore[misc]

    def try_dispatch(self, type_: str) -> None:
        """Dispatch; if a part of the installation is away, leave it to the reconciler."""
        try:
            self.dispatch(type_)
        except Unavailable as error:
            log.warning("dispatch of %s postponed: %s", type_, error)

    def dispatch(self, type_: str) -> int:
        """Ring the next jobs of a type while fewer than its `max_workers` are rung or running; how many.

        The order is decided here and nowhere else: owners take turns, each one's oldest job first. When `max_workers`
        has been lowered, jobs that have been rung and not yet begun wait again.
        """
        rung: list[tuple[int, int]] = []
        with self.database.transaction() as tx:
            tx.need_not_last()
            if job_turn.count_active(tx, type_) == self.limit(tx, type_):
                return 0  # without waiting for the lock: whoever ends one of these dispatches after its commit
            job_turn.lock_type(tx, type_)
            free = self.limit(tx, type_) - job_turn.count_active(tx, type_)
            if free < 0:
                job_turn.unring(tx, type_, -free)
            while free > 0 and (found := job_turn.ring_next(tx, type_)):
                rung.append(found)
                free -= 1
        for job_id, ring in rung:
            self.bell.ring(type_, job_id, ring)
        return len(rung)

    def limit(self, tx: Transaction, type_: str) -> int:
        """How many jobs of a type may run at once in the whole cluster: the setting, else what the type declares."""
        return setting.max_workers(tx, type_, self._limit_of(type_))

    def claim(self, tx: Transaction, job_id: int) -> Job | None:
        """Take a job for one attempt, with a new fencing token; None when there is nothing to do.

        An interval job that is due may be taken without having been rung, if its type has a slot free.
        """
        tx.need_not_last()
        host, pid = socket.gethostname(), os.getpid()
        claimed = jobs.claim(tx, job_id, host, pid)
        if claimed is not None:
            return claimed
        found = jobs.find(tx, job_id)
        if found is None or found.interval is None or found.state is not JobState.WAITING:
            return None
        job_turn.lock_type(tx, found.type)
        if job_turn.count_active(tx, found.type) >= self.limit(tx, found.type):
            return None
        return jobs.claim(tx, job_id, host, pid, unrung=True)

    def hold(self, tx: Transaction, job: Job) -> Job:
        """Make sure that this attempt still has its claim, up to the end of this transaction; the job as it stands now.

        :raises ClaimLost: when it has not
        """
        held = jobs.hold(tx, job.id, job.token) if job.token is not None else None
        if held is None:
            raise ClaimLost
        return held

    def finish(self, tx: Transaction, job: Job) -> None:
        """End a job: gone, or for an interval job waiting for its next turn."""
        jobs.finish(tx, job.id)
        self.let_others_start(tx, job.type)

    def release(self, tx: Transaction, job: Job, *, delay: float = 0, counted: bool = True, away: bool = False) -> None:
        """Make a job claimable again; an attempt that is not `counted` does not use up one of its tries.

        `away` says that it waits for a part that the work needs.
        """
        jobs.release(tx, job.id, delay, counted=counted, away=away)
        self.let_others_start(tx, job.type)

    def fail(self, tx: Transaction, job: Job, error: str) -> None:
        """End a job as failed; its reason is kept."""
        jobs.fail(tx, job.id, error)
        self.let_others_start(tx, job.type)

    def unblock(self, tx: Transaction, dataset: str) -> None:
        """Let the jobs go that waited for a dataset."""
        self.let_others_start(tx, *job_turn.unblock(tx, dataset))

    def cancel(self, tx: Transaction, job: Job) -> bool:
        """Stop a job. True when it is gone at once; False when it runs and has been asked to stop.

        Until its process is gone it keeps its place among the running. What it makes is never published.
        """
        current = jobs.lock(tx, job.id)
        if current is None or current.state is JobState.FAILED:
            return True
        if current.state is JobState.RUNNING:
            jobs.request_cancel(tx, current.id)
            return False
        jobs.delete(tx, current.id)
        self.let_others_start(tx, job.type)
        return True

    def position(self, job: Job) -> int | None:
        """A waiting job's place in its queue, counted up to 10,000; 1 starts next. None when it could not start now."""
        return job_reports.position(self.database, job.id)
