"""Watch the process that does a job: keep its claim alive, pass on what it says, stop it when it must stop."""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from app.domain.errors import Unavailable
from app.domain.job import Job
from app.runner.limits import kill_family, memory_of
from app.runner.report import End, Outcome, Reader
from app.services.context import Context
from app.storage import dataset as datasets
from app.storage import job as jobs

_LOOK = 0.25
_SHOW_EVERY = 0.25


class Stopped(StrEnum):
    """Why a process was stopped from outside."""

    CANCELLED = "cancelled"
    CLAIM_LOST = "claim lost"
    MEMORY = "memory"
    TIME = "time"
    SHUTDOWN = "shutdown"


@dataclass
class Watched:
    """How a watched process ended: by its own outcome, stopped, or dead by a signal or exit status."""

    outcome: Outcome | None = None
    stopped: Stopped | None = None
    status: int = 0
    log: list[tuple[datetime, str]] = field(default_factory=list)
    step: tuple[float | None, str] = (None, "")


class Watch:
    """Watches one process from its start to its end."""

    def __init__(self, ctx: Context, job: Job, pid: int, descriptor: int) -> None:
        self._ctx = ctx
        self._job = job
        self._pid = pid
        self._reader = Reader(descriptor)
        self._seen = Watched()
        self._started = time.monotonic()
        self._beaten = self._shown = self._started
        self._heard = self._started
        self._shutdown_at: float | None = None
        self._ended = False

    def shut_down(self, *_: Any) -> None:
        """The machine is to stop: the job has its grace, and is handed back if it has not ended by then."""
        if self._shutdown_at is None:
            self._shutdown_at = time.monotonic() + self._ctx.settings.shutdown_seconds

    def until_end(self) -> Watched:
        """Watch until the process has ended."""
        signal.signal(signal.SIGTERM, self.shut_down)
        while not self._reader.at_end:
            with suppress(InterruptedError):
                select.select([self._reader.descriptor], [], [], _LOOK)
            has_died = self._has_died()
            self._read()
            if self._reader.at_end or has_died:
                break
            self._look()
        self._seen.status = self._reap()
        return self._seen

    def _has_died(self) -> bool:
        """Whether the process is dead, though what it has forked may still hold its end of the pipe."""
        return os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _reap(self) -> int:
        """Wait for the end of a process that has closed its pipe; one that goes on all the same is killed."""
        for _ in range(100):
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                return status
            time.sleep(0.005 if self._seen.outcome is not None else 0.05)
        kill_family(self._pid)
        return os.waitpid(self._pid, 0)[1]

    def _read(self) -> None:
        for kind, value in self._reader.messages():
            if kind == "progress":
                self._seen.step = (value[0], value[1])
            elif kind == "log":
                self._seen.log.append((datetime.now(UTC), value))
            elif kind == "outcome":
                self._seen.outcome = Outcome(**{**value, "end": End(value["end"])})

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._shown > _SHOW_EVERY and self._job.dataset and self._seen.step != (None, ""):
            self._show(self._job.dataset)
        if now - self._beaten > self._ctx.settings.heartbeat_seconds:
            self._beaten = now
            self._beat(now)
        if now - self._started > self._ctx.settings.job_minutes * 60:
            self._stop(Stopped.TIME)
        elif self._shutdown_at is not None and now > self._shutdown_at:
            self._stop(Stopped.SHUTDOWN)
        elif memory_of(self._pid) > self._ctx.settings.job_memory_mb * 1024 * 1024:
            self._stop(Stopped.MEMORY)

    def _show(self, dataset: str) -> None:
        """Show how far it is. A Redis that hangs costs its time-outs, so the next try then waits ten times as long."""
        began = time.monotonic()
        self._ctx.bell.show(dataset, *self._seen.step)
        self._shown = time.monotonic() + 10 * max(time.monotonic() - began - _SHOW_EVERY, 0)

    def _beat(self, now: float) -> None:
        """Renew the claim. Without the database for as long as makes others think it dead, the work must stop."""
        try:
            stop = jobs.beat(self._ctx.database, self._job.id, self._job.token or 0)
            if self._job.dataset and stop is not None:
                self._write_down()
        except Unavailable:
            if now - self._heard > self._ctx.settings.dead_after_seconds * 4:
                self._stop(Stopped.CLAIM_LOST)
            return
        self._heard = now
        if stop is None:
            self._stop(Stopped.CLAIM_LOST)
        elif stop:
            self._stop(Stopped.CANCELLED)

    def _write_down(self) -> None:
        key = str(self._job.dataset)
        if self._seen.log:
            with self._ctx.database.transaction() as tx:
                datasets.add_log(tx, key, self._seen.log)
            self._seen.log = []
        if self._seen.step != (None, ""):
            datasets.show(self._ctx.database, key, self._seen.step[1], self._seen.step[0])

    def _stop(self, why: Stopped) -> None:
        if self._seen.stopped is None:
            self._seen.stopped = why
        kill_family(self._pid)
