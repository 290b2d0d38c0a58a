"""The cluster that is soaked: servers, storage, two managers on two names of machines, two schedulers, the web."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from contextlib import suppress
from pathlib import Path

import psutil

from app.domain.errors import Unavailable
from app.local.leftovers import free_port
from app.local.servers import EmbeddedServers
from app.storage.migrate import migrate
from bench._installation import ROOT
from bench._soak_storage import open_storage

MANAGERS = ("manager-1", "manager-2")
SCHEDULERS = ("scheduler-1", "scheduler-2")
WEB = "web"
PROCESSES = (*MANAGERS, *SCHEDULERS, WEB)
_MARK = "SOAK_RUN"


class Cluster:
    """All processes of one soak. What dies is started again, as a platform would, unless it is held down."""

    def __init__(self, folder: Path, storage: str) -> None:
        self.folder = folder
        self.storage = open_storage(storage, folder)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.run = uuid.uuid4().hex
        self.held: set[str] = set()
        self.lock = threading.RLock()
        self._servers = EmbeddedServers(folder)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        database_url, redis_url = self._servers.start()
        migrate(database_url)
        self.environ = {
            **os.environ,
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "DATA_DIR": str(folder),
            "SECRET_KEY": "for a benchmark " * 3,
            "PSEUDONYM_KEY": "for a benchmark " * 3,
            "PLUGIN_PACKAGES": "bench.plugins",
            "PYTHONPATH": str(ROOT),
            "ENGINE_THREADS": "1",
            "HEARTBEAT_SECONDS": "1",
            "DEAD_AFTER_SECONDS": "8",
            "RECONCILE_SECONDS": "2",
            "SHUTDOWN_SECONDS": "4",
            "WORKER_IDLE_SECONDS": "10",
            "STORAGE_URL": self.storage.url,
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            **dict.fromkeys(("RATE_LIMIT", "RATE_LIMIT_CREATE", "RATE_LIMIT_UPLOAD"), "100000 per minute"),
            **self.storage.environ,
            _MARK: self.run,
        }

    def start(self, name: str) -> None:
        """Start one of PROCESSES, under a host name of its own where the machine allows that."""
        command = [sys.executable, *_command(name)]
        if os.geteuid() == 0 and shutil.which("unshare"):
            command = ["unshare", "-u", "sh", "-c", f'hostname {name}; exec "$@"', name, *command]
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                command, cwd=ROOT, env=self.environ, stdout=log, stderr=log, start_new_session=True
            )

    def keep_up(self) -> list[str]:
        """Start again what has died; what was started."""
        started = []
        with self.lock:
            if "servers" not in self.held:
                with suppress(Unavailable):
                    started += self._servers.keep_alive()
            for name in PROCESSES:
                process = self._processes.get(name)
                if name not in self.held and (process is None or process.poll() is not None):
                    self.start(name)
                    started.append(name)
        return started

    def signal(self, name: str, signum: signal.Signals) -> None:
        """Send a signal to one of PROCESSES."""
        process = self._processes.get(name)
        if process is not None and process.poll() is None:
            process.send_signal(signum)

    def kill_group(self, name: str) -> None:
        """Kill one of PROCESSES with all that it has started, at one blow."""
        process = self._processes.get(name)
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def wait_for_end_of(self, name: str, seconds: float) -> None:
        """Wait for one of PROCESSES to end; a platform kills what takes too long."""
        process = self._processes.get(name)
        if process is not None:
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()

    def server(self, name: str) -> psutil.Process | None:
        """The process of a server: the one in its folder that has no parent there."""
        folder = str(self.folder / name)
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.cwd() == folder:
                    found.append(process)
        pids = {process.pid for process in found}
        return next((process for process in found if process.ppid() not in pids), None)

    def empty_redis(self) -> None:
        """Remove what a stopped Redis has kept."""
        shutil.rmtree(self.folder / "redis" / "appendonlydir", ignore_errors=True)

    def roles(self) -> dict[str, list[psutil.Process]]:
        """The processes below the managers: workers, their watchers, and the plug-ins these watch; and the web's."""
        below = ("worker", "watcher", "plug-in")
        found: dict[str, list[psutil.Process]] = {role: [] for role in (*below, "web worker", *PROCESSES)}
        for name, process in list(self._processes.items()):
            with suppress(psutil.Error):
                found[name] = [psutil.Process(process.pid)] if process.poll() is None else []
                found["web worker"] += found[name][0].children() if name == WEB and found[name] else []
        for name in MANAGERS:
            level = found[name]
            with suppress(psutil.Error):
                for role in below:
                    level = [child for parent in level for child in parent.children()]
                    found[role] += level
        return found

    def own_processes(self) -> list[psutil.Process]:
        """Every process of this run but the one that asks and the servers."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.pid != os.getpid() and process.environ().get(_MARK) == self.run:
                    found.append(process)
        return [process for process in found if process.status() != psutil.STATUS_ZOMBIE]

    def stop_workers(self) -> list[psutil.Process]:
        """Stop PROCESSES; what outlasts them."""
        self.held = {*PROCESSES}
        for name in self.held:
            self.signal(name, signal.SIGTERM)
        for name in sorted(self.held):
            self.wait_for_end_of(name, 20)
        deadline = time.monotonic() + 5
        while (left := self.own_processes()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return left

    def close(self) -> None:
        """End everything."""
        for process in self.own_processes():
            with suppress(psutil.Error):
                process.kill()
        self._servers.stop()
        self.storage.close()


def _command(name: str) -> tuple[str, ...]:
    if name == WEB:
        return ("-m", "gunicorn", "--config", "app/web/gunicorn.py", "wsgi:app")
    return ("-m", "app.runner") if name in MANAGERS else ("scheduler.py",)
