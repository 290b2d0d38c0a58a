"""The reconciler: compares the queue's table with what is really there, and mends the difference.

It may run anywhere and twice at once: whatever it does is decided again inside a transaction.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, TypeVar

from app.domain.dataset import Dataset, Status
from app.domain.errors import Busy, Unavailable
from app.domain.job import Job, JobState
from app.runner.recover import recover
from app.services.context import Context
from app.services.ending import end_dataset, follow_ended
from app.storage import dataset as datasets
from app.storage import job as jobs
from app.storage import job_clock, job_reports, job_turn, repair
from app.storage.database import waiting_for_locks
from app.storage.dataset import Ending

log = logging.getLogger(__name__)

Found = TypeVar("Found")

_SECOND_LOOK = 4.0
_LOCK_SECONDS = 0.02
"""For what somebody else has locked the next look will do: who stands still with it must not hold up all the rest."""
_UNHEARD = 5.0
_UNKNOWN_AFTER = 600.0
"""Seconds; while a new version is put in place, some processes know types that others do not know yet."""


class Reconciler:
    """Looks at the queue every few seconds. What looks dead is looked at twice before it is treated as dead."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._suspects: dict[tuple[int, int | None], float] = {}
        self._stranded: dict[str, float] = {}

    def look(self) -> int:
        """Look once; how many things were mended. What cannot be done now is left for the next look."""
        mended = 0
        parts: tuple[Callable[[], int], ...] = (
            self._mind_the_clock,
            self._release_dead,
            self._ring_again,
            self._unblock,
            self._dispatch,
            self._end_stranded,
            self._end_unknown,
        )
        with waiting_for_locks(_LOCK_SECONDS):
            for part in parts:
                try:
                    mended += part()
                except Unavailable as error:
                    log.warning("reconciler: %s", error)
                    return mended
        return mended

    @staticmethod
    def _each(found: Iterable[Found], mend: Callable[[Found], int]) -> int:
        """Mend one after the other; what somebody else is changing at this moment is left for the next look."""
        mended = 0
        for one in found:
            try:
                mended += mend(one)
            except Busy:
                log.info("reconciler: something is changing %s, which is left for the next look", _name(one))
            except Unavailable:
                raise
            except Exception:  # whatever is wrong with this one, the others have to be seen to
                log.exception("reconciler: %s could not be mended", _name(one))
        return mended

    def _mind_the_clock(self) -> int:
        """Let no job wait for a time that is far off only because the database's clock has been set back."""
        return self._each(job_clock.from_the_future(self._ctx.database), self._bring_back)

    def _bring_back(self, job_id: int) -> int:
        with self._ctx.database.transaction() as tx:
            return int(job_clock.bring_back(tx, job_id))

    def _release_dead(self) -> int:
        """Release attempts whose heartbeat stopped, after a second look.

        All look dead when the clock is set forward; those that live will have been heard of by then.
        """
        now = time.monotonic()
        dead = {
            (job.id, job.token): job
            for job in job_reports.dead(self._ctx.database, self._ctx.settings.dead_after_seconds)
        }
        self._suspects = {which: self._suspects.get(which, now) for which in dead}
        later = max(_SECOND_LOOK, 2 * self._ctx.settings.heartbeat_seconds)
        sure = [job for which, job in dead.items() if now - self._suspects[which] >= later]
        return self._each(sure, self._release)

    def _release(self, job: Job) -> int:
        how = f"The process doing this work on {job.host} stopped answering."
        if not recover(self._ctx, job, how, silent_for=self._ctx.settings.dead_after_seconds):
            return 0
        log.warning("reconciler: job %s (%s) on %s was dead", job.id, job.type, job.host)
        self._note("dead", how, type_=job.type, job=job.id, dataset=job.dataset, host=job.host)
        return 1

    def _note(self, kind: str, text: str, **about: Any) -> None:
        """Write down what has been mended, for operators; nothing depends on it."""
        with suppress(Unavailable):
            repair.add(self._ctx.database, kind, text, **about)

    def _ring_again(self) -> int:
        """Ring doorbells again that Redis has lost."""
        return self._each(job_reports.rung_for(self._ctx.database, _UNHEARD), self._ring)

    def _ring(self, rung: tuple[int, str, int]) -> int:
        job_id, type_, ring = rung
        if self._ctx.bell.is_hanging(type_, job_id, ring) is not False:
            return 0
        with self._ctx.database.transaction() as tx:
            again = job_turn.ring_again(tx, job_id)
        if again is None or not self._ctx.bell.ring(type_, job_id, again):
            return 0
        log.warning("reconciler: rang job %s (%s) again", job_id, type_)
        self._note("rung", "Redis had lost its doorbell, so it was rung again.", type_=type_, job=job_id)
        return 1

    def _unblock(self) -> int:
        """Let jobs go on, or end them, that wait for what has ended already."""
        gone = job_reports.blockers_gone(self._ctx.database)
        return self._each(gone, lambda key: follow_ended(self._ctx, key))

    def _dispatch(self) -> int:
        """Start what could start; usually all of it has been dispatched already."""
        types = sorted(self._ctx.registry.queues())
        return self._each(job_reports.types_ready(self._ctx.database, types), self._ctx.queue.dispatch)

    def _end_stranded(self) -> int:
        """End open datasets for which nothing works any more."""
        now = time.monotonic()
        found = {dataset.key: dataset for dataset in datasets.stranded(self._ctx.database)}
        self._stranded = {key: self._stranded.get(key, now) for key in found}
        sure = [dataset for key, dataset in found.items() if now - self._stranded[key] >= _SECOND_LOOK]
        return self._each(sure, self._end)

    def _end(self, dataset: Dataset) -> int:
        with self._ctx.database.transaction() as tx:
            current = datasets.lock_any(tx, dataset.key)
            if current is None or current.status.is_ended:
                return 0
            message = "Its work was lost from the queue. Run it again."
            end_dataset(self._ctx, tx, current, Ending(Status.FAILED, message))
        log.warning("reconciler: dataset %s had no job", dataset.key)
        self._note("stranded", message, type_=dataset.type, dataset=dataset.key)
        return 1

    def _end_unknown(self) -> int:
        """End the work of types that nothing here does any more."""
        types = sorted(self._ctx.registry.queues())
        found = job_reports.of_unknown_types(self._ctx.database, types, _UNKNOWN_AFTER)
        return self._each(found, self._give_up)

    def _give_up(self, job: Job) -> int:
        reason = f"Nothing here does work of the type {job.type} any more."
        with self._ctx.database.transaction() as tx:
            datasets.lock_of_job(tx, job.id)
            current = jobs.lock(tx, job.id)
            if current is None or current.state not in (JobState.WAITING, JobState.RUNG):
                return 0
            self._ctx.queue.fail(tx, current, reason)
            dataset = datasets.find(tx, job.dataset) if job.dataset else None
            if dataset is not None and not dataset.status.is_ended:
                end_dataset(self._ctx, tx, dataset, Ending(Status.FAILED, reason))
        log.warning("reconciler: job %s is of the unknown type %s", job.id, job.type)
        self._note("unknown", reason, type_=job.type, job=job.id, dataset=job.dataset)
        return 1


def _name(found: object) -> str:
    """What a log calls something that is mended: never all of a job, whose details may hold secrets."""
    if isinstance(found, Job):
        return f"job {found.id}"
    return f"dataset {found.key}" if isinstance(found, Dataset) else str(found)
