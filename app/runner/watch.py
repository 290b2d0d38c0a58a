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
from pathlib import Path
from typing import Any

from app.domain.job import Job
from app.runner.heart import NO_STEP, Display, Heart, Line, Step
from app.runner.limits import freeze_family, kill_family, memory_of, thaw_family
from app.runner.report import End, Outcome, Reader
from app.services.context import Context
from app.services.job_limits import JobLimits

_LOOK = 0.25
_LOST_AFTER = 600.0


class Stopped(StrEnum):
    """Why a process was stopped from outside."""

    CANCELLED = "cancelled"
    CLAIM_LOST = "claim lost"
    MEMORY = "memory"
    TIME = "time"
    SHUTDOWN = "shutdown"


@dataclass
class Watched:
    """How a watched process ended: by its own outcome, stopped, or dead by a signal or exit status.

    `rows` is how many rows it had said to have written, `crash` where it was when a signal ended it; `log` and
    `checkpoint` are what is not in the database yet.
    """

    outcome: Outcome | None = None
    stopped: Stopped | None = None
    status: int = 0
    rows: int = 0
    crash: str = ""
    step: Step = NO_STEP
    log: list[Line] = field(default_factory=list)
    checkpoint: dict[str, Any] | None = None


class Watch:
    """Watches one process from its start to its end.

    The claim is a lease: when the database has not confirmed it for as long as makes others think this attempt dead,
    the process is suspended, and goes on only when the claim proves to stand.
    """

    def __init__(self, ctx: Context, job: Job, limits: JobLimits, pid: int, descriptor: int, folder: Path) -> None:
        self._ctx = ctx
        self._folder = folder
        self._touched = time.monotonic()
        self._limits = limits
        self._pid = pid
        self._reader = Reader(descriptor)
        self._seen = Watched()
        self._started = time.monotonic()
        self._shutdown_at: float | None = None
        self._is_frozen = False
        self._heart = Heart(ctx, job)
        self._display = Display(ctx, job.dataset) if job.dataset else None

    def shut_down(self, *_: Any) -> None:
        """The machine is to stop: the job has its grace, and is handed back if it has not ended by then.

        A capture is told, so that it brings home what it has; it is handed back as soon as it has done so.
        """
        if self._shutdown_at is None:
            self._shutdown_at = time.monotonic() + self._ctx.settings.shutdown_seconds
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGUSR1)

    def until_end(self) -> Watched:
        """Watch until the process has ended."""
        signal.signal(signal.SIGTERM, self.shut_down)
        self._heart.start()
        if self._display is not None:
            self._display.start()
        while not self._reader.at_end:
            with suppress(InterruptedError):
                select.select([self._reader.descriptor], [], [], _LOOK)
            has_died = self._has_died()
            self._read()
            if self._reader.at_end or has_died:
                break
            self._look()
        self._seen.status = self._reap()
        if self._display is not None:
            self._display.stop()
        self._heart.stop()
        self._seen.log, self._seen.checkpoint = self._heart.lines, self._heart.checkpoint
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
                self._seen.step = self._heart.step = (value[0], value[1])
            elif kind == "log":
                self._heart.say((datetime.now(UTC), value))
            elif kind == "rows":
                self._seen.rows = value
            elif kind == "checkpoint":
                self._heart.keep(value)
                if self._shutdown_at is not None:
                    self._shutdown_at = time.monotonic()
            elif kind == "outcome":
                self._seen.outcome = Outcome(**{**value, "end": End(value["end"])})

    def _look(self) -> None:
        if self._display is not None:
            self._display.show(self._seen.step)
        self._mind_the_lease()
        now = time.monotonic()
        if now - self._touched > self._ctx.settings.heartbeat_seconds:  # or what is not touched for a day is swept
            self._touched = now
            with suppress(OSError):
                os.utime(self._folder)
        if self._heart.is_lost or self._heart.silent_for > _LOST_AFTER:
            self._stop(Stopped.CLAIM_LOST)
        elif self._heart.is_cancelled:
            self._stop(Stopped.CANCELLED)
        elif now - self._started > self._limits.minutes * 60:
            self._stop(Stopped.TIME)
        elif self._shutdown_at is not None and now >= self._shutdown_at:
            self._stop(Stopped.SHUTDOWN)
        elif memory_of(self._pid) > self._limits.memory_mb * 1024 * 1024:
            self._stop(Stopped.MEMORY)

    def _mind_the_lease(self) -> None:
        """Suspend the process at the end of its lease, and let it go on when the claim has been renewed."""
        is_out = self._heart.silent_for > self._ctx.settings.dead_after_seconds
        if is_out and not self._is_frozen:
            freeze_family(self._pid)
        elif self._is_frozen and not is_out and not self._heart.is_lost:
            thaw_family(self._pid)
        self._is_frozen = is_out

    def _stop(self, why: Stopped) -> None:
        if self._seen.stopped is None:
            self._seen.stopped = why
        kill_family(self._pid)
