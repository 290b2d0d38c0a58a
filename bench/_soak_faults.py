"""Faults by chance: kill, freeze, flush, restart and refuse, one after the other."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil
import redis

from app.domain.errors import Unavailable
from app.services.context import Context
from app.storage import setting
from bench._soak_cluster import MANAGERS, SCHEDULERS, WEB, Cluster


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
            self._freeze_manager: 1,
            self._freeze_scheduler: 1,
            self._freeze_web: 1,
            self._kill_web_worker: 2,
            self._kill_web: 1,
            self._kill_web_with_its_workers: 2,
            self._harm_storage: 4,
            self._change_limits: 2,
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

    def _harm_storage(self) -> None:
        storage = self._cluster.storage
        storage.harm(self._random.choice(storage.faults), self._random.choice((1, 4, 15)))

    def _freeze_manager(self) -> None:
        with self._frozen(self._random.choice(MANAGERS), self._random.choice((3, 12))):
            pass

    def _freeze_scheduler(self) -> None:
        with self._frozen(self._random.choice(SCHEDULERS), 14):
            pass

    def _freeze_web(self) -> None:
        with self._frozen("web worker", 4):
            pass

    def _kill_web_worker(self) -> None:
        self._kill("web worker")

    def _kill_web(self) -> None:
        self._kill(WEB)

    def _kill_web_with_its_workers(self) -> None:
        self._cluster.kill_group(WEB)

    def _change_limits(self) -> None:
        """An operator changes how many may run at once, and for a while lets nobody store more."""
        with suppress(Unavailable):
            setting.put(self._ctx.database, "workers.soak-step.max_workers", self._random.randrange(1, 6))
            setting.put(self._ctx.database, "limits.stored_mb", 1)
        time.sleep(3)
        with suppress(Unavailable):
            setting.delete(self._ctx.database, "limits.stored_mb")

    def _rolling_restart(self) -> None:
        for name in MANAGERS:
            self._cluster.signal(name, signal.SIGTERM)
            self._cluster.wait_for_end_of(name, 15)
            time.sleep(self._random.uniform(0, 1))
