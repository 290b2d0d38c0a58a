"""Result files in S3, or in any store that speaks its protocol; files that are read often are kept in a cache here."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from app.domain.dataset import StoredFile
from app.domain.errors import NotFound, Unavailable
from app.domain.texts import say
from app.storage.files import CHUNK, Listed, StorageError, digest, sweep_folders, temporary_folder

_CACHE_BYTES = 10 * 1024**3
_SILENCE = 30.0
_CONNECT = 5.0
_PARTS_AT_ONCE = 4
_TOTAL = timedelta(days=7)  # the library's own limit, of 30 s for a whole file, would break off what is large


class S3Store:
    """Result files in a bucket: `s3://bucket/prefix?endpoint=http://…&region=…`, keys from the AWS_ variables.

    A server that says nothing for `timeout` seconds (one more part of the query; 30) is given up; a failure that may
    pass is tried again for as long. A file that comes slowly may take any time.
    """

    def __init__(self, url: str, data_dir: Path) -> None:
        from obstore.store import S3Store as Bucket

        parts = urlsplit(url)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        unknown = set(query) - {"endpoint", "region", "timeout"}
        if not parts.netloc or unknown:
            raise StorageError("STORAGE_URL must look like s3://bucket/prefix?endpoint=https://…&region=….")
        options: dict[str, Any] = {"prefix": parts.path.strip("/") or None}
        endpoint = query.get("endpoint") or os.environ.get("AWS_ENDPOINT_URL")
        if endpoint:
            options |= {"endpoint": endpoint, "virtual_hosted_style_request": False}
        region = (
            query.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        )
        silence = _seconds(query.get("timeout"))
        client: Any = {
            "allow_http": (endpoint or "").startswith("http://"),
            "connect_timeout": timedelta(seconds=min(silence, _CONNECT)),
            "read_timeout": timedelta(seconds=silence),
            "timeout": _TOTAL,
        }
        again: Any = {"max_retries": 5, "retry_timeout": timedelta(seconds=silence)}
        self._bucket = Bucket(parts.netloc, region=region, client_options=client, retry_config=again, **options)
        self._cache = data_dir.resolve() / "cache"
        self._temporary = data_dir.resolve() / "tmp"

    def put(self, path: Path, name: str) -> StoredFile:
        """Upload a finished file; it appears when it is complete."""
        import obstore

        try:
            size, sha256 = digest(path)
            obstore.put(self._bucket, name, path, max_concurrency=_PARTS_AT_ONCE)
        except (OSError, obstore.exceptions.BaseError) as error:
            raise Unavailable(say("The result could not be stored: {error}", error=_first_line(error))) from error
        return StoredFile(name, size, sha256)

    def local(self, file: StoredFile) -> Path:
        """A copy in this machine's cache, fetched once. :raises Unavailable: when it cannot be had as it was stored"""
        cached = self._cache / file.sha256
        if not cached.is_file():
            self._cache.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._make_room(file.size)
            partial = cached.with_name(f".{uuid.uuid4().hex}")
            found = hashlib.sha256()
            try:
                with partial.open("wb") as opened:
                    for chunk in self.read(file.name):
                        opened.write(chunk)
                        found.update(chunk)
                if found.hexdigest() != file.sha256:
                    raise Unavailable(say("Storage gave back something else than it was given."))
                partial.replace(cached)
            finally:
                partial.unlink(missing_ok=True)
        os.utime(cached)
        return cached

    def _make_room(self, size: int) -> None:
        kept = 0
        by_age = sorted(self._cache.glob("[!.]*"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in by_age:
            kept += path.stat().st_size
            if kept + size > _CACHE_BYTES:
                path.unlink(missing_ok=True)

    def read(self, name: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Bytes of a file, in chunks. A stream that breaks off is taken up again as long as more of it comes."""
        return self._chunks(name, self._open(name, start, end), start, end)

    def _open(self, name: str, start: int, end: int | None) -> Any:
        import obstore

        span: Any = (start, end) if end is not None else {"offset": start}
        options: Any = {"range": span} if start or end is not None else None
        try:
            return obstore.get(self._bucket, name, options=options)
        except FileNotFoundError:
            raise NotFound(say("The file of this result is gone from storage.")) from None
        except (OSError, obstore.exceptions.BaseError) as error:
            raise Unavailable(say("Storage does not answer: {error}", error=_first_line(error))) from error

    def _chunks(self, name: str, opened: Any, start: int, end: int | None) -> Iterator[bytes]:
        import obstore

        while True:
            before = start
            try:
                for chunk in opened.stream(min_chunk_size=CHUNK):
                    start += len(chunk)
                    yield bytes(chunk)
                return
            except (OSError, obstore.exceptions.BaseError) as error:
                if start == before:
                    raise Unavailable(
                        say("Storage has stopped answering: {error}", error=_first_line(error))
                    ) from error
            opened = self._open(name, start, end)

    def delete(self, name: str) -> None:
        """Delete a file."""
        import obstore

        try:
            obstore.delete(self._bucket, name)
        except FileNotFoundError:
            return
        except (OSError, obstore.exceptions.BaseError) as error:
            raise Unavailable(say("Storage does not answer: {error}", error=_first_line(error))) from error

    def find(self, prefix: str) -> Iterator[Listed]:
        """Files below a folder of the bucket. :raises Unavailable: when storage does not answer"""
        import obstore

        try:
            for batch in obstore.list(self._bucket, prefix=prefix):
                for found in batch:
                    yield Listed(found["path"], found["size"], found["last_modified"])
        except (OSError, obstore.exceptions.BaseError) as error:
            raise Unavailable(say("Storage does not answer: {error}", error=_first_line(error))) from error

    def workspace(self) -> Any:
        """A temporary folder on this machine."""
        return temporary_folder(self._temporary)

    def sweep(self, hours: float) -> int:
        """Remove abandoned temporary folders."""
        return sweep_folders(self._temporary, hours)


def _seconds(given: str | None) -> float:
    try:
        seconds = float(given or _SILENCE)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 3600:
        raise StorageError(f"The timeout in STORAGE_URL must be a number of seconds from 1 to 3600, not {given}.")
    return seconds


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
