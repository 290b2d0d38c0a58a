"""The embedded servers of a data folder: started by one process, found by all others."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from app.domain.errors import Conflict, Unavailable
from app.local.folder import open_folder, read_json, read_secrets, write_private
from app.local.postgres import Postgres
from app.local.valkey import Valkey

_STATE = "servers.json"
_LOCK = "servers.lock"


class EmbeddedServers:
    """PostgreSQL and Redis in a data folder. A server whose address is given is not ours and is not started."""

    def __init__(self, data_dir: Path, database_url: str | None = None, redis_url: str | None = None) -> None:
        self.data_dir = open_folder(data_dir.absolute())
        secrets = read_secrets(self.data_dir)
        logs = self.data_dir / "logs"
        self._given = (database_url, redis_url)
        self._postgres = (
            None
            if database_url
            else Postgres(self.data_dir / "postgresql", logs / "postgresql.log", secrets.database_password)
        )
        self._valkey = (
            None if redis_url else Valkey(self.data_dir / "redis", logs / "redis.log", secrets.redis_password)
        )
        self._lock: IO[str] | None = None

    def start(self, patience: float = 2) -> tuple[str, str]:
        """Start them and give back the addresses of database and Redis.

        A process that has them at the moment, such as a single command, is waited for as long as `patience` says.

        :raises Conflict: when another process has started them in this folder
        :raises Unavailable: when one cannot be started
        """
        self._lock = _take_lock(self.data_dir, patience)
        ports = read_json(self.data_dir / _STATE).get("ports", {})
        try:
            if self._postgres is not None:
                self._postgres.start(ports.get("database"))
            if self._valkey is not None:
                self._valkey.start(ports.get("redis"))
        except BaseException:
            self.stop()
            raise
        self._write_state(is_running=True)
        return self.addresses()

    def addresses(self) -> tuple[str, str]:
        """Where database and Redis are reached."""
        database_url, redis_url = self._given
        return (
            self._postgres.url if self._postgres is not None else str(database_url),
            self._valkey.url if self._valkey is not None else str(redis_url),
        )

    def keep_alive(self) -> list[str]:
        """Start again what has died, at its old port; the names of what was started."""
        started = []
        if self._postgres is not None and not self._postgres.is_running:
            self._postgres.start(self._postgres.port)
            started.append("PostgreSQL")
        if self._valkey is not None and not self._valkey.is_running:
            self._valkey.start(self._valkey.port)
            started.append("Redis")
        if started:
            self._write_state(is_running=True)
        return started

    def stop(self) -> None:
        """Stop them and let go of the folder."""
        if self._lock is None:
            return
        try:
            if self._valkey is not None:
                self._valkey.stop()
            if self._postgres is not None:
                self._postgres.stop()
            self._write_state(is_running=False)
        finally:
            self._lock.close()
            self._lock = None

    def _write_state(self, *, is_running: bool) -> None:
        """Note where the servers are; ports are kept after the end, to be used again."""
        ports = dict(read_json(self.data_dir / _STATE).get("ports", {}))
        if self._postgres is not None and self._postgres.port:
            ports["database"] = self._postgres.port
        if self._valkey is not None and self._valkey.port:
            ports["redis"] = self._valkey.port
        state = {"ports": ports, "pid": os.getpid()}
        if is_running:
            state["database_url"], state["redis_url"] = self.addresses()
        write_private(self.data_dir / _STATE, state)


@contextlib.contextmanager
def embedded_servers(folder: Path) -> Iterator[tuple[str, str]]:
    """Run both servers in a folder while the block lasts; gives the addresses of database and Redis."""
    servers = EmbeddedServers(folder)
    try:
        yield servers.start()
    finally:
        servers.stop()


def find_servers(data_dir: Path, patience: float = 60) -> tuple[str, str] | None:
    """The addresses of the servers that another process runs in this folder, or None when none does.

    Servers that are just being started are waited for.

    :raises Unavailable: when they are not ready in time
    """
    deadline = time.monotonic() + patience
    while _is_locked(data_dir):
        state = read_json(data_dir / _STATE)
        if "database_url" in state:
            return state["database_url"], state["redis_url"]
        if time.monotonic() > deadline:
            raise Unavailable(f"The servers in {data_dir} are being started by another process and are not ready.")
        time.sleep(0.1)
    return None


def _take_lock(data_dir: Path, patience: float) -> IO[str]:
    lock = (data_dir / _LOCK).open("a+")
    deadline = time.monotonic() + patience
    while not _locks(lock, fcntl.LOCK_EX):
        if time.monotonic() > deadline:
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            lock.close()
            raise Conflict(
                f"4CAT already runs in {data_dir} (process {owner}). "
                "Stop it with ./4cat stop, or give another folder with --data."
            )
        time.sleep(0.1)
    # What an owner that was killed has left says nothing about servers that run.
    state = read_json(data_dir / _STATE)
    write_private(data_dir / _STATE, {"ports": state.get("ports", {})})
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _is_locked(data_dir: Path) -> bool:
    try:
        with (data_dir / _LOCK).open() as lock:
            return not _locks(lock, fcntl.LOCK_SH)
    except FileNotFoundError:
        return False


def _locks(lock: IO[str], how: int) -> bool:
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
