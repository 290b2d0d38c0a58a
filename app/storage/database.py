"""PostgreSQL: a pool of connections, transactions, and rows as dictionaries."""

from __future__ import annotations

import logging
import os
import queue
import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import psycopg2
import psycopg2.extras
from psycopg2.extensions import TRANSACTION_STATUS_IDLE, connection

from app.domain.errors import NotFound, Unavailable
from app.domain.texts import say
from app.storage.connection import connect, explained

log = logging.getLogger(__name__)

_PING_AFTER = 5.0
_LOCK_SECONDS = 10.0
"""How long a statement waits for what another transaction has locked: so long may it stand still and hold up others."""

_lock_seconds: ContextVar[float | None] = ContextVar("lock_seconds", default=None)

Row = dict[str, Any]


def _has_something_to_read(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


class Transaction:
    """SQL inside one transaction. What `after_commit` is given runs once the transaction has been committed."""

    def __init__(self, opened: connection) -> None:
        self._connection = opened
        self._hooks: list[Callable[[], None]] = []
        self._said_once: set[str] = set()

    def one(self, sql: str, **values: Any) -> Row:
        """Exactly one row. :raises NotFound: when there is none"""
        row = self.find(sql, **values)
        if row is None:
            raise NotFound
        return row

    def find(self, sql: str, **values: Any) -> Row | None:
        """The first row, or None."""
        with self._connection.cursor() as cursor:
            cursor.execute(sql, values)
            row = cursor.fetchone()
        return dict(row) if row is not None else None

    def many(self, sql: str, **values: Any) -> list[Row]:
        """All rows."""
        with self._connection.cursor() as cursor:
            cursor.execute(sql, values)
            return [dict(row) for row in cursor.fetchall()]

    def run(self, sql: str, **values: Any) -> int:
        """Run a statement; how many rows it touched."""
        with self._connection.cursor() as cursor:
            cursor.execute(sql, values)
            return int(cursor.rowcount)

    def stream(self, sql: str, *, size: int = 5_000, **values: Any) -> Iterator[list[Row]]:
        """The rows of a query, `size` at a time, as the server finds them: memory stays flat whatever the number.

        Whoever reads them may take their time, up to an hour for what was found at once.
        """
        self.run("SET LOCAL idle_in_transaction_session_timeout TO '1h'")
        with self._connection.cursor(name="stream") as cursor:
            cursor.itersize = size
            cursor.execute(sql, values)
            while rows := cursor.fetchmany(size):
                yield [dict(row) for row in rows]

    def run_each(self, sql: str, rows: list[tuple[Any, ...]]) -> None:
        """Run an `INSERT ... VALUES %s` for many rows at once."""
        with self._connection.cursor() as cursor:
            psycopg2.extras.execute_values(cursor, sql, rows)

    def within(self, seconds: float) -> None:
        """Let each statement from here on take so long at most: what takes longer raises `TookTooLong`."""
        self.run("SELECT set_config('statement_timeout', %(limit)s, true)", limit=f"{round(seconds * 1000)}ms")

    def need_not_last(self) -> None:
        """Do not wait for the disk at the commit: what this transaction does comes again by itself if it is lost."""
        self.run("SET LOCAL synchronous_commit TO off")

    def after_commit(self, hook: Callable[[], None], *, once: str | None = None) -> None:
        """Run `hook` when this transaction has been committed; never if it is rolled back.

        Of hooks with the same word in `once`, the first alone is run.
        """
        if once is None or once not in self._said_once:
            self._hooks.append(hook)
        if once is not None:
            self._said_once.add(once)

    def run_hooks(self) -> None:
        """Run what waits for the commit."""
        for hook in self._hooks:
            hook()


class Database:
    """A pool of at most `size` connections; a caller waits up to `patience` seconds for one.

    Connections are opened when first needed, and anew after a fork. One that the server has closed is replaced.
    """

    def __init__(self, url: str, *, size: int = 10, name: str = "4cat", patience: float = 10.0) -> None:
        self.url = url
        self._size = size
        self._name = name
        self._patience = patience
        self._reset()

    def _reset(self) -> None:
        self._process = os.getpid()
        self._slots = threading.BoundedSemaphore(self._size)
        self._idle: queue.LifoQueue[tuple[float, connection]] = queue.LifoQueue()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A transaction: committed at the end, rolled back when an exception leaves it.

        :raises Unavailable: when the server does not answer or all connections stay busy
        :raises Busy: when another transaction has locked what this one needs, and does not come to an end
        """
        with self._transaction_on() as opened:
            work = Transaction(opened)
            if (seconds := _lock_seconds.get()) is not None:
                work.run(f"SET LOCAL lock_timeout TO {round(seconds * 1000)}")
            yield work
        work.run_hooks()

    @contextmanager
    def _transaction_on(self) -> Iterator[connection]:
        with self._connection() as opened, explained():
            yield opened
            opened.commit()

    def one(self, sql: str, **values: Any) -> Row:
        """Exactly one row, in a transaction of its own. :raises NotFound: when there is none"""
        with self.transaction() as work:
            return work.one(sql, **values)

    def find(self, sql: str, **values: Any) -> Row | None:
        """The first row or None, in a transaction of its own."""
        with self.transaction() as work:
            return work.find(sql, **values)

    def many(self, sql: str, **values: Any) -> list[Row]:
        """All rows, in a transaction of its own."""
        with self.transaction() as work:
            return work.many(sql, **values)

    def run(self, sql: str, **values: Any) -> int:
        """Run a statement in a transaction of its own; how many rows it touched."""
        with self.transaction() as work:
            return work.run(sql, **values)

    def stream(self, sql: str, *, size: int = 5_000, **values: Any) -> Iterator[list[Row]]:
        """The rows of a query, `size` at a time, as the server finds them: memory stays flat whatever the number.

        :raises Unavailable: when the server goes away before the end
        """
        with self.transaction() as work:
            yield from work.stream(sql, size=size, **values)

    def close(self) -> None:
        """Close the idle connections."""
        with suppress(queue.Empty):
            while True:
                self._idle.get_nowait()[1].close()

    @contextmanager
    def _connection(self) -> Iterator[connection]:
        if self._process != os.getpid():
            self._reset()
        if not self._slots.acquire(timeout=self._patience):
            raise Unavailable(say("All connections to the database are busy. Try again in a moment."))
        try:
            opened = self._take()
            try:
                yield opened
            finally:
                self._give_back(opened)
        finally:
            self._slots.release()

    def _take(self) -> connection:
        with suppress(queue.Empty):
            while True:
                since, opened = self._idle.get_nowait()
                if self._is_alive(opened, time.monotonic() - since):
                    return opened
        return connect(self.url, name=self._name, lock_seconds=_LOCK_SECONDS)

    @staticmethod
    def _is_alive(opened: connection, idle: float) -> bool:
        if opened.closed:
            return False
        if _has_something_to_read(opened.fileno()):  # nothing was asked, so this is the server's farewell
            opened.close()
            return False
        if idle < _PING_AFTER:
            return True
        try:
            with opened.cursor() as cursor:
                cursor.execute("SELECT 1")
            opened.rollback()
        except psycopg2.Error:
            opened.close()
            return False
        return True

    def _give_back(self, opened: connection) -> None:
        if not opened.closed and opened.info.transaction_status != TRANSACTION_STATUS_IDLE:
            try:
                opened.rollback()
            except psycopg2.Error:
                opened.close()
        if not opened.closed:
            self._idle.put((time.monotonic(), opened))


@contextmanager
def waiting_for_locks(seconds: float) -> Iterator[None]:
    """Let transactions of this thread wait so long at most for what others have locked: who comes again can skip it."""
    before = _lock_seconds.set(seconds)
    try:
        yield
    finally:
        _lock_seconds.reset(before)


Session = Database | Transaction
"""Anything that runs SQL: by itself, or as part of a transaction."""


def clock(db: Session) -> float:
    """What the clock of the database says, in seconds since 1970: the one that all machines have in common."""
    return float(db.one("SELECT extract(epoch FROM clock_timestamp()) AS now")["now"])
