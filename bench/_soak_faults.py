"""Faults by chance: kill, freeze, flush, restart and refuse, one after the other."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import redis

from app.services.context import Context
from bench._soak_cluster import MANAGERS, SCHEDULERS, Cluster


class Faults:
    """Does one harm after the other, each mended before the next."""

    def __init__(self, cluster: Cluster, ctx: Context, seed: int) -> None:
        self._cluster = cluster
        self._ctx = ctx
        self._random = random.Random(seed)
        self.done: Counter[str] = Counter()
        kinds: dict[Callable[[], None], int] = {
            self._kill_plug_in: 3,
            self._kill_watcher: 3,
            self._kill_worker: 3,
            self._kill_worker_and_watcher: 2,
            self._kill_manager: 2,
            self._kill_scheduler: 1,
            self._flush_redis: 2,
            self._kill_redis: 1,
            self._empty_redis: 2,
            self._freeze_redis: 1,
            self._kill_postgres: 2,
            self._kill_backend: 2,
            self._restart_postgres: 2,
            self._freeze_watcher: 2,
            self._freeze_worker: 2,
            self._freeze_plug_in: 1,
            self._refuse_storage: 2,
            self._rolling_restart: 2,
        }
        self._bag = [kind for kind, weight in kinds.items() for _ in range(weight)]
        self._left: list[Callable[[], None]] = []

    def run(self, until: float) -> None:
        """Do harm until the moment given, in an order that depends on the seed; every kind comes round."""
        while time.monotonic() < until:
            if not self._left:
                self._left = self._random.sample(self._bag, len(self._bag))
            kind = self._left.pop()
            name = kind.__name__.strip("_").replace("_", " ")
            print(f"{time.strftime('%H:%M:%S')} {name}", flush=True)
            kind()
            self.done[name] += 1
            time.sleep(self._random.uniform(0.3, 2.5))

    def _one(self, role: str) -> psutil.Process | None:
        """One process of a role; waited for a little, since few live long."""
        for _ in range(60):
            found = self._cluster.roles()[role]
            if found:
                return self._random.choice(found)
            time.sleep(0.02)
        return None

    def _kill(self, role: str) -> None:
        found = self._one(role)
        if found is not None:
            with suppress(psutil.Error):
                found.kill()

    def _kill_plug_in(self) -> None:
        self._kill("plug-in")

    def _kill_watcher(self) -> None:
        self._kill("watcher")

    def _kill_worker(self) -> None:
        self._kill("worker")

    def _kill_worker_and_watcher(self) -> None:
        watcher = self._one("watcher")
        with suppress(psutil.Error):
            worker = watcher.parent() if watcher is not None else None
            if watcher is not None and worker is not None:
                worker.suspend()
                watcher.kill()
                worker.kill()

    @contextmanager
    def _frozen(self, role: str, seconds: float) -> Iterator[None]:
        found = self._one(role)
        with suppress(psutil.Error):
            if found is not None:
                found.suspend()
        time.sleep(seconds)
        yield
        with suppress(psutil.Error):
            if found is not None:
                found.resume()

    def _freeze_watcher(self) -> None:
        with self._frozen("watcher", self._random.choice((3, 16))):
            pass

    def _freeze_worker(self) -> None:
        with self._frozen("worker", self._random.choice((3, 14))):
            pass

    def _freeze_plug_in(self) -> None:
        with self._frozen("plug-in", 4):
            pass

    @contextmanager
    def _held(self, name: str) -> Iterator[None]:
        """Let something stay down until the block ends."""
        with self._cluster.lock:
            self._cluster.held.add(name)
        try:
            yield
        finally:
            self._cluster.held.discard(name)

    def _kill_manager(self) -> None:
        name = self._random.choice(MANAGERS)
        with self._held(name):
            self._cluster.signal(name, signal.SIGKILL)
            time.sleep(self._random.uniform(0, 3))

    def _kill_scheduler(self) -> None:
        for name in self._random.choice((SCHEDULERS, SCHEDULERS[:1])):
            self._cluster.signal(name, signal.SIGKILL)

    def _flush_redis(self) -> None:
        with suppress(redis.RedisError):
            self._ctx.bell.client.flushall()

    def _stop_server(self, name: str, signum: signal.Signals, seconds: float, *, emptied: bool = False) -> None:
        found = self._cluster.server(name)
        with self._held("servers"):
            with suppress(psutil.Error):
                if found is not None:
                    found.send_signal(signum)
                    found.wait(20)
            if emptied:
                self._cluster.empty_redis()
            time.sleep(seconds)

    def _kill_redis(self) -> None:
        self._stop_server("redis", signal.SIGKILL, self._random.uniform(0, 4))

    def _empty_redis(self) -> None:
        self._stop_server("redis", signal.SIGKILL, self._random.choice((0, 3, 12)), emptied=True)

    def _freeze_redis(self) -> None:
        found = self._cluster.server("redis")
        with suppress(psutil.Error):
            if found is not None:
                found.suspend()
                time.sleep(self._random.choice((2, 12)))
                found.resume()

    def _kill_postgres(self) -> None:
        self._stop_server("postgresql", signal.SIGKILL, self._random.choice((0, 2, 10)))

    def _restart_postgres(self) -> None:
        self._stop_server("postgresql", signal.SIGINT, self._random.choice((0, 5)))

    def _kill_backend(self) -> None:
        """PostgreSQL throws all connections out and recovers when one of its processes is killed."""
        found = self._cluster.server("postgresql")
        with suppress(psutil.Error):
            backends = found.children() if found is not None else []
            at_work = [child for child in backends if "127.0.0.1" in " ".join(child.cmdline())]
            if at_work:
                self._random.choice(at_work).kill()

    def _refuse_storage(self) -> None:
        with unwritable(self._cluster.folder / "storage"):
            time.sleep(self._random.uniform(1, 6))

    def _rolling_restart(self) -> None:
        for name in MANAGERS:
            self._cluster.signal(name, signal.SIGTERM)
            self._cluster.wait_for_end_of(name, 15)
            time.sleep(self._random.uniform(0, 1))


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """Let nothing be made or removed in a folder; a mark of the file system that binds root too."""
    places = [folder, *(place for place in (folder / "datasets", folder / "uploads", folder / "tmp") if place.is_dir())]
    changed = subprocess.run(["chattr", "+i", *places], check=False, capture_output=True).returncode == 0
    if not changed:
        print("  (this file system cannot be made unwritable; nothing done)")
    try:
        yield
    finally:
        if changed:
            subprocess.run(["chattr", "-i", *places], check=False, capture_output=True)
