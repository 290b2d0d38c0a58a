"""What a watcher does beside watching, in threads of their own: renew the claim, write down, show progress.

A database or a Redis that hangs then holds up neither the watching nor each other.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import datetime
from typing import Any

from app.domain.errors import Unavailable
from app.domain.job import Job
from app.services.context import Context
from app.storage import dataset as datasets
from app.storage import job as jobs

log = logging.getLogger(__name__)

Step = tuple[float | None, str]
Line = tuple[datetime, str]
NO_STEP: Step = (None, "")
_SHOW_EVERY = 0.25
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def now() -> float:
    """Seconds that go on while the machine is suspended, where it has such a clock: leases run out meanwhile."""
    return time.clock_gettime(_CLOCK)


class Heart:
    """Renews the claim of an attempt, and puts into the database what the attempt says meanwhile.

    `is_cancelled` and `is_lost` say what the database answered last; `silent_for` for how long it has not answered.
    """

    def __init__(self, ctx: Context, job: Job) -> None:
        self.is_cancelled = False
        self.is_lost = False
        self.lines: list[Line] = []
        self.step: Step = NO_STEP
        self.checkpoint: dict[str, Any] | None = None
        self._ctx = ctx
        self._job = job
        self._heard = now()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="heart", daemon=True)

    @property
    def silent_for(self) -> float:
        """Seconds since the claim was last known to stand: since the question, for the answer took its time."""
        return now() - self._heard

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> None:
        """End with the beat at hand. What has not been written down then is in `lines` and `checkpoint`."""
        self._stopping = True
        self._wake.set()
        self._thread.join()

    def say(self, line: Line) -> None:
        """Have a line written to the dataset's log."""
        with self._lock:
            self.lines.append(line)

    def keep(self, checkpoint: dict[str, Any]) -> None:
        """Have a checkpoint written down, at once."""
        with self._lock:
            self.checkpoint = checkpoint
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(self._ctx.settings.heartbeat_seconds)
            self._wake.clear()
            if not self._stopping:
                self._beat()

    def _beat(self) -> None:
        asked = now()
        try:
            stop = jobs.beat(self._ctx.database, self._job.id, self._job.token or 0)
            if stop is None:
                self.is_lost = True
                return
            self._heard = asked
            self.is_cancelled = self.is_cancelled or stop
            self._write_down()
        except Unavailable as error:
            log.warning("job %s: %s", self._job.id, error)
        except Exception:  # whatever it is, the next beat may do: without one the claim would be lost
            log.exception("job %s: no heartbeat", self._job.id)

    def _write_down(self) -> None:
        with self._lock:
            lines, checkpoint, step = list(self.lines), self.checkpoint, self.step
        if checkpoint is not None:
            jobs.keep_checkpoint(self._ctx.database, self._job.id, self._job.token or 0, checkpoint)
            with self._lock:
                if self.checkpoint is checkpoint:
                    self.checkpoint = None
        key = self._job.dataset
        if not key:
            for _, text in lines:
                log.info("%s: %s", self._job.type, text)
        elif lines:
            with self._ctx.database.transaction() as tx:
                datasets.add_log(tx, key, lines)
        with self._lock:
            self.lines = self.lines[len(lines) :]
        if key and step != NO_STEP:
            datasets.show(self._ctx.database, key, step[1], step[0])


class Display:
    """Shows in Redis how far a dataset is."""

    def __init__(self, ctx: Context, dataset: str) -> None:
        self._ctx = ctx
        self._dataset = dataset
        self._step: Step = NO_STEP
        self._changed = threading.Event()
        self._is_off = False
        self._thread = threading.Thread(target=self._run, name="display", daemon=True)

    def start(self) -> None:
        """Begin to show."""
        self._thread.start()

    def show(self, step: Step) -> None:
        """Show this step soon, unless a later one comes before."""
        if step != self._step:
            self._step = step
            self._changed.set()

    def stop(self) -> None:
        """Show nothing more. What Redis has not answered to is left behind: it expires by itself."""
        self._is_off = True
        self._changed.set()

    def _run(self) -> None:
        while self._changed.wait() and not self._is_off:
            self._changed.clear()
            self._ctx.bell.show(self._dataset, *self._step)
            time.sleep(_SHOW_EVERY)
