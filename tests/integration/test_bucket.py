"""An S3 server that hangs, is slow, breaks off or gives back something else."""

from __future__ import annotations

import hashlib
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from app.domain.dataset import StoredFile
from app.domain.errors import Unavailable
from app.storage.bucket import S3Store
from app.storage.files import StorageError

CONTENT = bytes(range(256)) * 12_000
FILE = StoredFile("a", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
Say = Callable[[socket.socket, int], None]


class Server:
    """A server that answers a request for a range of CONTENT as `say` does."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.asked: list[int] = []
        self.url = f"s3://results?endpoint=http://127.0.0.1:{self._socket.getsockname()[1]}&timeout=1"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._answer, args=(self._socket.accept()[0],), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            request = b""
            while b"\r\n\r\n" not in request:
                request += client.recv(65_536)
            found = re.search(rb"(?i)range: bytes=(\d+)-", request)
            start = int(found[1]) if found else 0
            self.asked.append(start)
            self._say(client, start)


def head(client: socket.socket, start: int) -> None:
    lines = [
        "HTTP/1.1 206 Partial Content" if start else "HTTP/1.1 200 OK",
        f"Content-Length: {len(CONTENT) - start}",
        f"Content-Range: bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}",
        'ETag: "one"',
        "Last-Modified: Sun, 22 Nov 2026 02:00:00 GMT",
        "Connection: close",
    ]
    client.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())


def hang(client: socket.socket, start: int) -> None:
    time.sleep(20)


def dribble(client: socket.socket, start: int) -> None:
    """Take longer for the whole than the server may be silent."""
    head(client, start)
    for part in range(start, len(CONTENT), 1_024_000):
        client.sendall(CONTENT[part : part + 1_024_000])
        time.sleep(0.6)


def hang_half_way(client: socket.socket, start: int) -> None:
    head(client, start)
    client.sendall(CONTENT[start : start + 1_500_000])
    time.sleep(20)


def hang_for_good(client: socket.socket, start: int) -> None:
    head(client, start)
    if start == 0:
        client.sendall(CONTENT[:1_500_000])
    time.sleep(20)


def lie(client: socket.socket, start: int) -> None:
    head(client, start)
    client.sendall(bytes(len(CONTENT) - start))


@pytest.fixture
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with closing(Server(request.param)) as opened:
        yield opened


@pytest.fixture
def store(server: Server, tmp_path: Path) -> S3Store:
    return S3Store(server.url, tmp_path)


@pytest.mark.parametrize("server", [hang], indirect=True)
def test_a_server_that_hangs_is_given_up(store: S3Store, tmp_path: Path) -> None:
    path = tmp_path / "made"
    path.write_bytes(b"x")
    for attempt in (lambda: store.put(path, "a"), lambda: list(store.read("a")), lambda: store.delete("a")):
        began = time.monotonic()
        with pytest.raises(Unavailable):
            attempt()
        assert time.monotonic() - began < 15


@pytest.mark.parametrize("server", [dribble], indirect=True)
def test_a_slow_server_is_borne_with(store: S3Store, server: Server) -> None:
    assert store.local(FILE).read_bytes() == CONTENT
    assert server.asked == [0]


@pytest.mark.parametrize("server", [hang_half_way], indirect=True)
def test_a_stream_that_breaks_off_is_taken_up_where_it_was(store: S3Store, server: Server) -> None:
    assert b"".join(store.read("a")) == CONTENT
    assert (len(server.asked), server.asked) == (3, sorted(set(server.asked)))


@pytest.mark.parametrize("server", [hang_for_good], indirect=True)
def test_a_stream_that_never_goes_on_is_given_up(store: S3Store, tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(Unavailable, match="Storage"):
        store.local(FILE)
    assert time.monotonic() - began < 18
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("server", [lie], indirect=True)
def test_another_content_than_was_stored_is_not_used(store: S3Store, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="something else"):
        store.local(FILE)
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("given", ["soon", "0", "-1", "4000"])
def test_a_timeout_that_is_none_is_refused(given: str, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="seconds from 1 to 3600"):
        S3Store(f"s3://results?timeout={given}", tmp_path)
