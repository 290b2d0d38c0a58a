"""What the processes of all machines say: warnings and errors of all, and what workers and standing tasks tell.

Each process writes to its own output, which the platform or the terminal has. A copy of what matters is kept in Redis,
so that administrators can read in one place what happens on all machines. It is a convenience: when Redis is away,
nothing is copied and nobody is held up.
"""

from __future__ import annotations

import logging
import os
import platform
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import redis

from app.queue.connection import Bell

_KEPT = 1_000
_LONGEST = 8_000
_SECONDS = 14 * 24 * 3600
_TELLING = "app.runner"


@dataclass(frozen=True)
class Said:
    """What a process said: when, which process (`web`, `worker`, `scheduler`), where, how grave, in which words."""

    number: str
    """Its number in Redis; digits and a dash."""
    at: datetime
    process: str
    place: str
    """The name of the machine and the number of the process."""
    level: str
    """As in Python's logging: `INFO`, `WARNING`, `ERROR`, `CRITICAL`."""
    text: str
    """A line, with the lines of a traceback below it where there is one."""


def keep_said(bell: Bell, process: str, *loggers: str) -> None:
    """Keep what this process and those that it forks say from now on; also by these loggers that go their own way."""
    handler = _Handler(bell, process)
    for name in ("", *loggers):
        logging.getLogger(name).addHandler(handler)


def latest_said(bell: Bell, words: str, limit: int = 200) -> list[Said] | None:
    """What was said last and holds the words, the latest first; None while Redis is away."""
    try:
        with bell.asking():
            graver: Any = bell.client.xrevrange(_key(bell, logging.WARNING))
            other: Any = bell.client.xrevrange(_key(bell, logging.INFO))
    except redis.RedisError:
        return None
    found = [_read(number.decode(), fields) for number, fields in [*graver, *other]]
    fitting = [one for one in found if words.lower() in f"{one.process} {one.place} {one.level} {one.text}".lower()]
    return sorted(fitting, key=lambda one: one.at, reverse=True)[:limit]


def _read(number: str, fields: dict[bytes, bytes]) -> Said:
    at = datetime.fromtimestamp(int(number.split("-", maxsplit=1)[0]) / 1000, UTC)
    values = {name.decode(): value.decode(errors="replace") for name, value in fields.items()}
    return Said(number, at, values["process"], values["place"], values["level"], values["text"])


def _key(bell: Bell, level: int) -> str:
    """Warnings and errors stand alone, so that tasks that tell much do not push them out."""
    return f"{bell.prefix}:said:{'grave' if level >= logging.WARNING else 'told'}"


class _Handler(logging.Handler):
    def __init__(self, bell: Bell, process: str) -> None:
        super().__init__(logging.INFO)
        self._bell = bell
        self._process = process
        self._own = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        """Copy it to Redis, but for what is said while that is done."""
        is_told = record.levelno >= logging.WARNING or record.name.startswith(_TELLING)
        if not is_told or getattr(self._own, "is_busy", False):
            return
        self._own.is_busy = True
        try:
            self._put(record)
        except Exception:  # noqa: BLE001 - as in all of logging: who says something never fails for it
            self.handleError(record)
        finally:
            self._own.is_busy = False

    def _put(self, record: logging.LogRecord) -> None:
        fields: dict[Any, Any] = {
            "process": self._process,
            "place": f"{platform.node()} {os.getpid()}",
            "level": record.levelname,
            "text": self.format(record)[:_LONGEST],
        }
        key = _key(self._bell, record.levelno)
        try:
            with self._bell.asking(), self._bell.client.pipeline(transaction=False) as asked:
                asked.xadd(key, fields, maxlen=_KEPT, approximate=True)
                asked.expire(key, _SECONDS)
                asked.execute()
        except redis.RedisError:
            return
