"""Another installation, asked over its API: members come in pieces, each kept, so that nothing is fetched twice.

A connection that breaks is taken up again at the byte where it broke; what a killed attempt has kept is used by the
next one.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import orjson

from app.domain.texts import say
from app.plugins import FamilyRun, SourceError
from app.plugins.http import PublicWeb, chunks_of
from datasources.import_4cat._addresses import Address
from datasources.import_4cat._package import Told
from datasources.import_4cat._refusal import refusal

if TYPE_CHECKING:
    import requests

PIECE = 16 * 1024**2
"""How many bytes are kept at a time."""
_CHUNK = 256 * 1024
_SECONDS = 60.0
_TRIES = 5
_LONGEST_REST = 120.0
_LONGEST_REASON = 64 * 1024
_MOST_AT_ONCE = 64 * 1024**2
_BUSY = (429, 500, 502, 503, 504)


class Remote:
    """A dataset in another installation; use it as a context manager."""

    def __init__(self, address: Address, token: str, settings: Any, run: FamilyRun, *, rest: float = 1.0) -> None:
        networks = [name for name in re.split(r"[\s,]+", settings.networks) if name]
        self.address = address
        self._run, self._rest = run, rest
        self._web = PublicWeb(timeout=_SECONDS, redirects=5, allow=networks)
        sent = {"Authentication": token} if address.is_older else {"Authorization": f"Bearer {token}"}
        self._headers = {**sent, "Accept-Encoding": "identity"}
        self._most = settings.most_mb * 1_000_000
        self._number = 0
        self._folder = run.folder / "fetched"
        self._folder.mkdir(exist_ok=True)
        if urlsplit(address.base).scheme == "http":
            run.warn(f"{address.base} was asked without encryption (http).")

    def __enter__(self) -> Remote:
        self._web.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._web.__exit__(*error)

    def manifest(self) -> bytes:
        """The manifest of the package. :raises InvalidInput: when there is no such dataset, or the token will not do"""
        return self.read(f"/api/datasets/{self.address.key}/package/manifest")

    def take(self, told: Told, suffix: str) -> Path:
        """A member as a file. :raises InvalidInput: when it is not what the manifest told"""
        name = f"{told.name} {told.sha256}"
        kept = self._run.kept(name)
        if kept is not None:
            return kept
        path = f"/api/datasets/{self.address.key}/package/members/{quote(told.name)}"
        whole = self._new(suffix)
        pieces = [f"{name} {start}" for start in range(0, told.size, PIECE)] if told.size > PIECE else []
        if pieces:
            with whole.open("wb") as joined:
                for number, piece in enumerate(pieces):
                    start = number * PIECE
                    with self._piece(piece, path, start, min(start + PIECE, told.size)).open("rb") as opened:
                        shutil.copyfileobj(opened, joined)
        else:
            self.fetch(path, whole, 0, told.size)
        with whole.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
        if whole.stat().st_size != told.size or found != told.sha256:
            self._run.forget(pieces)
            raise SourceError(
                say("“{name}” has come in damaged: its checksum is another one.", name=told.name[:200]), retry_after=5
            )
        return self._run.keep(name, whole, instead_of=pieces)

    def _piece(self, name: str, path: str, start: int, end: int) -> Path:
        kept = self._run.kept(name)
        if kept is not None:
            return kept
        piece = self._new(".piece")
        self.fetch(path, piece, start, end)
        return self._run.keep(name, piece)

    def _new(self, suffix: str) -> Path:
        self._number += 1
        return self._folder / f"{self._number}{suffix}"

    def read(self, path: str, headers: Mapping[str, str] | None = None) -> bytes:
        """A small answer as a whole."""
        for patience in self._tries():
            with patience, self._ask(path, headers or {}) as answer:
                content = bytearray()
                for chunk in chunks_of(answer, _CHUNK):
                    content += chunk
                    if len(content) > _MOST_AT_ONCE:
                        raise refusal(say("{url} answers with too much.", url=self.address.base))
                return bytes(content)
        raise self._silent()

    def fetch(self, path: str, target: Path, start: int, end: int) -> None:
        """The bytes from `start` up to `end` (exclusive) as a file; where a connection breaks, the next goes on."""
        target.touch()
        for patience in self._tries(target):
            with patience:
                while (have := target.stat().st_size) < end - start:
                    with self._ask(path, {"Range": f"bytes={start + have}-{end - 1}"}) as answer:
                        skip = 0 if answer.status_code == 206 else start + have
                        _append(answer, target, skip, end - start - have)
                    if target.stat().st_size == have:
                        raise SourceError(say("{url} sends less than it has told of.", url=self.address.base))
                return
        raise self._silent()

    def download(self, path: str, suffix: str) -> Path:
        """A file of which neither size nor checksum is known; where a connection breaks, the next goes on."""
        target = self._new(suffix)
        target.touch()
        for patience in self._tries(target):
            with patience:
                have = target.stat().st_size
                with self._ask(path, {"Range": f"bytes={have}-"} if have else {}) as answer:
                    if answer.status_code == 200:
                        target.write_bytes(b"")
                    length = answer.headers.get("Content-Length", "")
                    whole = target.stat().st_size + int(length) if length.isdecimal() else None
                    _append(answer, target, 0, int(self._most) + 1)
                size = target.stat().st_size
                if size > self._most:
                    raise refusal(say("{url} sends more than is taken here.", url=self.address.base))
                if whole is not None and size < whole:
                    raise SourceError(say("{url} sends less than it has told of.", url=self.address.base))
                return target
        raise self._silent()

    def _silent(self) -> SourceError:
        return SourceError(say("{url} does not answer.", url=self.address.base))

    def _tries(self, target: Path | None = None) -> Iterator[Any]:
        """Chances to do something, with ever longer rests between them; `with` one, what may pass is let pass.

        As long as `target` grows, it is not given up.
        """
        number = size = 0
        while number < _TRIES:
            yield self._patient(is_last=number == _TRIES - 1, rest=self._rest * 2**number)
            grown = target.stat().st_size if target else 0
            number, size = (0 if grown > size else number + 1), grown

    @contextmanager
    def _patient(self, *, is_last: bool, rest: float) -> Iterator[None]:
        try:
            yield
        except SourceError as error:
            if error.permanent or is_last:
                raise
            rest = max(rest, error.retry_after or 0)
            if rest > _LONGEST_REST:
                raise
        else:
            return
        if not is_last:
            self._run.check()
            time.sleep(rest)

    @contextmanager
    def _ask(self, path: str, headers: Mapping[str, str]) -> Iterator[requests.Response]:
        """An answer that is one. :raises InvalidInput, SourceError: when it is a refusal"""
        url = f"{self.address.base}{path}"
        with self._web.request("GET", url, headers={**self._headers, **headers}) as answer:
            status, where = answer.status_code, self.address.base
            if status in _BUSY:
                wait = answer.headers.get("Retry-After", "")
                seconds = float(wait) if wait.isdecimal() else None
                raise SourceError(say("{url} is busy ({status}).", url=where, status=status), retry_after=seconds)
            if status in (401, 403):
                raise refusal(
                    say(
                        "{url} does not give this dataset away ({status}): {reason} Give the token of an owner of it"
                        " who may take datasets elsewhere.",
                        url=where,
                        status=status,
                        reason=_reason(answer),
                    )
                )
            if status == 404:
                raise refusal(
                    say("At {url} there is no dataset {key} that this token sees.", url=where, key=self.address.key)
                )
            if status not in (200, 206):
                raise refusal(
                    say("{url} answers with {status}: {reason}", url=where, status=status, reason=_reason(answer))
                )
            yield answer


def parsed(content: bytes, name: str) -> Any:
    """What is JSON. :raises InvalidInput: when it is none"""
    try:
        return orjson.loads(content)
    except ValueError:
        raise refusal(say("“{name}” is damaged: it is no JSON.", name=name[:200])) from None


def _append(answer: requests.Response, target: Path, skip: int, most: int) -> None:
    """Add what comes in to a file, without its first `skip` bytes, and not more than is wanted."""
    with target.open("ab") as opened:
        for chunk in chunks_of(answer, _CHUNK):
            part = chunk[skip:] if skip < len(chunk) else b""
            skip = max(skip - len(chunk), 0)
            opened.write(part[:most])
            most -= len(part[:most])
            if most <= 0:
                return


def _reason(answer: requests.Response) -> str:
    """What the other side says, if it says it as our API does."""
    try:
        said = orjson.loads(next(chunks_of(answer, _LONGEST_REASON), b""))
    except (ValueError, SourceError):
        return ""
    return str(said.get("message", ""))[:300] if isinstance(said, dict) else ""
