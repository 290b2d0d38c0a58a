"""The manager: keeps the dedicated worker processes of each queue on one machine.

It imports what workers need and computes nothing, for a process that has computed with polars cannot be forked safely.
It forks a worker when its queue has something to do, and a worker that has been idle for a while ends by itself.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import signal
import socket
import time
import warnings
from collections.abc import Callable
from typing import Any

import psutil
import redis

from app import __version__
from app.domain.errors import Unavailable
from app.domain.setting import places_of, restart_asked
from app.queue.connection import connect_redis
from app.runner.entry import install
from app.runner.limits import adopt_orphans, end_strays, is_stopped
from app.runner.worker import serve
from app.services.context import Context
from app.storage import setting
from app.storage.database import clock

log = logging.getLogger(__name__)

PRELOAD = ("polars", "pyarrow.parquet", "pyarrow.compute", "orjson", "zstandard")
"""Imported before the first job, so that no job waits for it and all share its memory."""

PRELOAD_LATER = ("igraph", "wordcloud", "stopwordsiso")
"""Imported one at a time soon after the start; a job that needs one sooner imports it itself."""

_STOPS = (signal.SIGTERM, signal.SIGINT)
_SCAN_EVERY = 1.0
_SETTLE = 0.03
_SIGN_EVERY = 5.0
_LIMITS_EVERY = 2.0
_PRELOAD_EVERY = 3.0


class Manager:
    """The worker processes of one machine, by queue."""

    def __init__(self, ctx: Context, types: tuple[str, ...] = ()) -> None:
        plugins = ctx.registry.queues()
        unknown = [type_ for type_ in types if type_ not in plugins]
        if unknown:
            raise ValueError(f"There is no queue called {', '.join(unknown)}. There are: {', '.join(sorted(plugins))}.")
        self._ctx = ctx
        self._declared = {type_: plugins[type_].max_workers for type_ in sorted(types or plugins)}
        self._limits = dict(self._declared)
        self._workers: dict[int, str] = {}
        self._still: set[int] = set()
        self._due: dict[str, float] = {}
        self._stopping = False
        self._name = f"{socket.gethostname()}-{os.getpid()}"
        self._next: dict[Callable[[], None], float] = {}
        self._started = time.time()
        self._since = time.monotonic()
        self._began: float | None = None
        self._away = False
        self._is_without_database = False
        self._later = list(PRELOAD_LATER)

    def run(self) -> None:
        """Manage until SIGTERM or SIGINT, then let running jobs end within their grace."""
        preload(self._ctx)
        adopt_orphans()
        for signum in _STOPS:
            signal.signal(signum, self._stop)
        log.info("manager %s: %d queues", self._name, len(self._declared))
        while not self._stopping:
            try:
                self._listen()
            except redis.RedisError as error:
                if not self._away:
                    log.warning("Redis is away, workers wait for it: %s", error)
                self._away = True
                self._reap()
                end_strays(set(self._workers))
                time.sleep(0.5)
        self._shut_down()

    def _stop(self, *_: Any) -> None:
        self._stopping = True

    def _listen(self) -> None:
        """Hear of work from the channel, and look at all queues now and then for what was not heard."""
        client = connect_redis(
            self._ctx.settings.redis_url, verify=self._ctx.settings.redis_tls_verify, timeout=None, name="4cat manager"
        )
        with client, client.pubsub(ignore_subscribe_messages=True) as channel:  # type: ignore[no-untyped-call]
            channel.subscribe(self._ctx.bell.wake_channel)
            self._next = dict.fromkeys((self._scan, self._sign, self._read_limits, self._preload_more), 0.0)
            self._away = False
            while not self._stopping:
                message = channel.get_message(timeout=self._pause())
                if message is not None:
                    self._wake(message["data"].decode())
                self._reap()
                self._do_due()
                for task, every in (
                    (self._scan, _SCAN_EVERY),
                    (self._sign, _SIGN_EVERY),
                    (self._read_limits, _LIMITS_EVERY),
                    (self._preload_more, _PRELOAD_EVERY),
                ):
                    if time.monotonic() >= self._next[task]:
                        self._next[task] = time.monotonic() + every
                        task()

    def _pause(self) -> float:
        soon = min((*self._due.values(), *self._next.values()))
        return max(0.001, min(soon - time.monotonic(), _SCAN_EVERY))

    def _wake(self, type_: str) -> None:
        """A doorbell of this type has been rung: fork a worker, or give an idle one a moment to take it."""
        if type_ not in self._declared:
            return
        if type_ not in self._workers.values():
            self._fork(type_)
        else:
            self._due.setdefault(type_, time.monotonic() + _SETTLE)

    def _do_due(self) -> None:
        for type_ in [type_ for type_, moment in self._due.items() if moment <= time.monotonic()]:
            del self._due[type_]
            if self._waiting([type_])[type_]:
                self._fork(type_)

    def _waiting(self, types: list[str]) -> dict[str, int]:
        pipe = self._ctx.bell.client.pipeline(transaction=False)
        for type_ in types:
            pipe.llen(f"rq:queue:{self._ctx.bell.queue_name(type_)}")
        return dict(zip(types, pipe.execute(), strict=True))

    def _scan(self) -> None:
        for type_, count in self._waiting(list(self._declared)).items():
            if (count or self._ctx.settings.workers_always_on) and self._count(type_) < self._limits[type_]:
                self._fork(type_)

    def _count(self, type_: str) -> int:
        """How many workers a type has; one that stands still takes no work, so another may have its place."""
        return sum(1 for pid, found in self._workers.items() if found == type_ and pid not in self._still)

    def _read_limits(self) -> None:
        """Read how many workers each type may have. Without the database nothing can be claimed, so none are kept."""
        try:
            site = setting.all_settings(self._ctx.database)
        except Unavailable as error:
            if not self._is_without_database:
                log.warning("the database is away, workers wait for it: %s", error)
                for pid in self._workers:
                    _signal(pid, signal.SIGTERM)
            self._is_without_database = True
            return
        self._is_without_database = False
        if self._is_older_than(restart_asked(site)):
            log.info("manager %s: an administrator has asked for a restart", self._name)
            self._stopping = True
        for type_, declared in self._declared.items():
            self._limits[type_] = places_of(site, type_, declared)

    def _is_older_than(self, moment: float) -> bool:
        """Whether this manager started before a moment by the clock of the database."""
        if moment and self._began is None:
            self._began = clock(self._ctx.database) - (time.monotonic() - self._since)
        return self._began is not None and moment > self._began

    def _sign(self) -> None:
        """End what workers have left behind, and say that this manager is there."""
        facts = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "started": self._started,
            "signed": time.time(),
            "version": __version__,
            "queues": list(self._declared),
            "workers": {type_: self._count(type_) for type_ in sorted(set(self._workers.values()))},
        }
        end_strays(set(self._workers))
        self._still = {pid for pid in self._workers if is_stopped(pid)}
        self._ctx.bell.sign(self._name, facts, int(_SIGN_EVERY * 3))

    def _preload_more(self) -> None:
        """Import one more library; each holds up the manager for a second at most, and only after its start."""
        if self._later and time.monotonic() - self._since > _PRELOAD_EVERY:
            importlib.import_module(self._later.pop(0))

    def _fork(self, type_: str) -> None:
        if self._stopping or self._is_without_database or self._count(type_) >= self._limits[type_]:
            return
        idle = None if self._ctx.settings.workers_always_on else self._ctx.settings.worker_idle_seconds
        me = os.getpid()
        # A worker that is told to stop before it has handlers of its own must not take the manager's for them.
        held = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                pid = os.fork()
        except OSError as error:
            log.warning("no worker of %s can be started now: %s", type_, error)
            pid = -1
        if pid:
            if pid > 0:
                self._workers[pid] = type_
            signal.pthread_sigmask(signal.SIG_SETMASK, held)
            return
        status = 1
        try:
            for signum in _STOPS:
                signal.signal(signum, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, held)
            serve(self._ctx, type_, idle, me)
            status = 0
        finally:
            os._exit(status)

    def _reap(self) -> None:
        """Take leave of workers that have ended, and of what came to this process when its worker died."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            type_ = self._workers.pop(pid, None)
            if type_ is not None and status:
                log.warning("worker %s of %s ended with %s", pid, type_, status)

    def _shut_down(self) -> None:
        """Let jobs at hand finish; what outlasts the grace has been handed back by its watcher."""
        log.info("manager %s: stopping %d workers", self._name, len(self._workers))
        self._ctx.bell.unsign(self._name)
        told: set[int] = set()
        deadline = time.monotonic() + self._ctx.settings.shutdown_seconds + 5
        while (below := self._workers_and_watchers()) and time.monotonic() < deadline:
            for pid in below:
                if pid not in told:
                    _signal(pid, signal.SIGTERM)
            told.update(below)
            self._reap()
            time.sleep(0.05)
        for pid in self._workers_and_watchers():
            _signal(pid, signal.SIGKILL)

    def _workers_and_watchers(self) -> list[int]:
        """Watchers first. They are the children of workers, or of this process when their worker has died.

        A worker may have taken a job just before it was told to stop, so its watcher may come up late.
        """
        me = os.getpid()
        parents: dict[int, int] = {}
        for process in psutil.Process(me).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                parents[process.pid] = process.ppid()
        watchers = [pid for pid, parent in parents.items() if parent in self._workers]
        return watchers + [pid for pid, parent in parents.items() if parent == me]


def _signal(pid: int, signum: int) -> None:
    try:
        os.kill(pid, signum)
    except ProcessLookupError:
        return


def preload(ctx: Context) -> None:
    """Import what workers need, with the engine's threads and memory set first; import only, compute nothing."""
    os.environ.setdefault("POLARS_MAX_THREADS", str(ctx.settings.engine_threads))
    os.environ.setdefault("OMP_NUM_THREADS", str(ctx.settings.engine_threads))
    os.environ.setdefault("POLARS_OOC_MEMORY_BUDGET_MB", str(ctx.settings.job_memory_mb * 3 // 10))
    for name in PRELOAD:
        importlib.import_module(name)
    install(ctx)
