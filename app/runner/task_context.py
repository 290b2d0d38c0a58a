"""What a standing task gets: the real one behind the protocol `WorkerContext`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from app.queue.jobs import JobQueue
from app.runner.polite_web import PoliteWeb
from app.runner.report import Reporter
from app.runner.user_agent import user_agent
from app.services.context import Context
from app.services.mail import send_queued
from app.services.user_delete import finish_deleting
from app.storage.database import Transaction
from app.storage.files import Listed


class TaskBatch:
    """One transaction, with jobs as part of it."""

    def __init__(self, tx: Transaction, queue: JobQueue, attempts: Mapping[str, int]) -> None:
        self._tx = tx
        self._queue = queue
        self._attempts = attempts

    def find(self, sql: str, **values: Any) -> dict[str, Any] | None:
        """One row or None."""
        return self._tx.find(sql, **values)

    def many(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """All rows."""
        return self._tx.many(sql, **values)

    def run(self, sql: str, **values: Any) -> int:
        """Run a statement; how many rows it touched."""
        return self._tx.run(sql, **values)

    def run_each(self, sql: str, rows: list[tuple[Any, ...]]) -> None:
        """Run an `INSERT ... VALUES %s` for many rows at once."""
        self._tx.run_each(sql, rows)

    def enqueue(self, type_: str, remote_id: str, details: Mapping[str, Any], *, delay: float = 0) -> None:
        """Ask for a job of another worker, unless one of this type and remote id is open."""
        self._queue.enqueue(
            self._tx, type_, remote_id, details=dict(details), delay=delay, max_attempts=self._attempts[type_]
        )


class TaskContext:
    """What a standing task can do."""

    def __init__(self, ctx: Context, settings: Mapping[str, Any], folder: Path, reporter: Reporter) -> None:
        self.database = ctx.database
        self.settings = settings
        self._ctx = ctx
        self._folder = folder
        self._reporter = reporter

    @cached_property
    def web(self) -> PoliteWeb:
        """Web servers, asked politely."""
        settings = self._ctx.settings
        agent = user_agent(self._ctx.site_name, settings.site_url)
        return PoliteWeb(self.database, agent, proxies=settings.scrape_proxies)

    @property
    def database_url(self) -> str:
        """The address of the database with its password."""
        return self._ctx.settings.database_url

    def kept_folder(self, name: str) -> Path:
        """A folder below the data folder of this machine."""
        folder = self._ctx.settings.data_dir / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    @contextmanager
    def batch(self) -> Iterator[TaskBatch]:
        """Changes, and jobs for other workers, that are made together or not at all."""
        attempts = {type_: plugin.max_attempts for type_, plugin in self._ctx.registry.queues().items()}
        with self.database.transaction() as tx:
            yield TaskBatch(tx, self._ctx.queue, attempts)

    def log(self, text: str) -> None:
        """Write a line to the log of the worker."""
        self._reporter.send("log", text)

    def check(self) -> None:
        """Nothing to do here: the watching process stops this one."""

    def find_files(self, prefix: str) -> Iterator[Listed]:
        """Files in storage below a folder."""
        return self._ctx.files.find(prefix)

    def put_file(self, content: bytes, name: str) -> None:
        """Keep a file in storage."""
        path = self._folder / "file"
        path.write_bytes(content)
        self._ctx.files.put(path, name)

    def delete_file(self, name: str) -> None:
        """Delete a file from storage."""
        self._ctx.files.delete(name)

    def sweep_folders(self, hours: float) -> int:
        """Remove temporary folders that were left behind."""
        return self._ctx.files.sweep(hours)

    def delete_user(self, user_id: int) -> None:
        """Delete a user who has been switched off for it, with all datasets."""
        finish_deleting(self._ctx, user_id, self.log)

    def send_mail(self, mail_id: int) -> None:
        """Send a mail that waits, and forget it."""
        send_queued(self._ctx, mail_id)
