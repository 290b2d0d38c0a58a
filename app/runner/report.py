"""What the process that does a job tells the one that watches it: lines of JSON through a pipe."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import quote

import orjson

from app.domain.plain import storable_text, with_texts
from app.domain.texts import Text, recalled, recorded

_SAID = "\x00said"
"""What is told of a sentence stands under this name, which no value can have: NUL is taken out of all of them."""
_COUNT_EVERY = 0.05
_SHORTEST_SECRET = 4


class End(StrEnum):
    """How an attempt ended, as its own process says."""

    DONE = "done"
    EMPTY = "empty"
    REFUSED = "refused"
    SOURCE = "source"
    AWAY = "away"
    CANCELLED = "cancelled"
    MEMORY = "memory"
    BROKEN = "broken"


@dataclass
class Outcome:
    """What an attempt came to. `files` maps roles to stored files, as plain JSON.

    Of a family that was brought in, `told` is the stored file that says what it is, and `stored` names all its files.
    """

    end: End
    message: str = ""
    rows: int | None = None
    quarantined: int = 0
    warnings: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    kind: str | None = None
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    told: dict[str, Any] | None = None
    stored: list[str] = field(default_factory=list)
    permanent: bool = True
    retry_after: float | None = None
    was_asked: bool = True
    traceback: str = ""


class Reporter:
    """The writing end."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._secrets: list[str] = []

    def hide(self, secrets: Iterable[str]) -> None:
        """Let none of these texts out: errors of libraries quote addresses, and addresses may hold keys."""
        known = {text for secret in secrets if len(secret) >= _SHORTEST_SECRET for text in (secret, quote(secret, ""))}
        self._secrets = sorted(known, key=len, reverse=True)

    def send(self, kind: str, value: Any) -> None:
        """Send one message; a watcher that is gone is no error, for then this process ends too."""
        data = orjson.dumps([kind, _storable(value, self._secrets)]) + b"\n"
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            return


class RowCount:
    """Says how many rows have been written, now and then: should memory run out, people are told."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._said = 0.0

    def __call__(self, rows: int) -> None:
        """Say it, unless that was done a moment ago."""
        if time.monotonic() - self._said > _COUNT_EVERY:
            self._said = time.monotonic()
            self._reporter.send("rows", rows)


def _storable(value: Any, secrets: Sequence[str] = ()) -> Any:
    """The value with secrets replaced in its texts, and what neither JSON nor the database takes (NUL)."""

    def plain(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "[secret]")
        return storable_text(text)

    def sent(text: str) -> Any:
        if isinstance(text, Text):
            return {_SAID: [with_texts(recorded(text), plain, plain), plain(str(text))]}
        return plain(text)

    return with_texts(value, sent, lambda name: plain(name) if isinstance(name, str) else name)


def _heard(value: Any) -> Any:
    """What was sent, with its sentences as they were put together."""
    if isinstance(value, dict):
        return _sentence(*value[_SAID]) if _SAID in value else {name: _heard(part) for name, part in value.items()}
    return [_heard(part) for part in value] if isinstance(value, list) else value


def _sentence(record: Any, english: str) -> str:
    try:
        return recalled(record)
    except ValueError:  # the name of a part of it was a secret
        return english


class Reader:
    """The reading end; never blocks."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.at_end = False
        self._rest = b""
        os.set_blocking(descriptor, False)

    def messages(self) -> Iterator[tuple[str, Any]]:
        """The messages that have come in."""
        while not self.at_end:
            try:
                chunk = os.read(self.descriptor, 65_536)
            except BlockingIOError:
                break
            self.at_end = not chunk
            self._rest += chunk
            *lines, self._rest = self._rest.split(b"\n")
            for line in lines:
                kind, value = orjson.loads(line)
                yield kind, _heard(value)
