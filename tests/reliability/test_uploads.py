"""Uploads in chunks over a connection that breaks, two web processes, a web server that dies, and storage in S3."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import requests

from app.domain.user import User
from app.services.context import Context
from app.services.token import create_token
from app.services.upload import get_upload
from app.storage.files import open_files
from tests.conftest import Process, Starter, wait_for
from tests.integration.conftest import s3  # noqa: F401 - the fixture
from tests.reliability.test_web import Web

SIZE = 40_000_000
CONTENT = random.Random(5).randbytes(SIZE)


@pytest.fixture(params=["folder", "s3"])
def stored(request: pytest.FixtureRequest, ctx: Context, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    """The installation with its files in a folder, or in S3."""
    if request.param == "folder":
        yield ctx
        return
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    url = request.getfixturevalue("s3")
    files = open_files(url, ctx.settings.data_dir)
    yield replace(ctx, files=files, settings=replace(ctx.settings, storage_url=url))


def peak_memory(web: Web) -> int:
    """The most memory that a web process has had, in bytes."""
    lines = [Path(f"/proc/{child.pid}/status").read_text() for child in psutil.Process(web.process.pid).children()]
    return max(int(line.split()[1]) * 1024 for text in lines for line in text.splitlines() if line.startswith("VmHWM"))


class Client:
    """Sends a file in chunks, each over a connection of its own that is cut off in the middle of it."""

    def __init__(self, web: Web) -> None:
        self._web = web
        headers = {**web.headers, "Upload-Length": str(SIZE), "Upload-Metadata": "filename cG9zdHMuY3N2"}
        begun = requests.post(f"{web.url}/uploads", headers=headers, timeout=20)
        assert begun.status_code == 201, begun.text
        self.url = begun.headers["Location"]

    def offset(self) -> int:
        """How many bytes the server has."""
        answer = requests.head(self.url, headers=self._web.headers, timeout=20)
        assert answer.status_code == 200, answer.headers
        return int(answer.headers["Upload-Offset"])

    def cut(self, offset: int, sent: int, *, announced: int) -> socket.socket:
        """Send the head of a request and only some of the bytes that it announces."""
        opened = socket.create_connection(("127.0.0.1", self._web.port), timeout=20)
        path = self.url.partition(str(self._web.port))[2]
        lines = [
            f"PATCH {path} HTTP/1.1",
            "Host: localhost",
            f"Authorization: {self._web.headers['Authorization']}",
            "Tus-Resumable: 1.0.0",
            "Content-Type: application/offset+octet-stream",
            f"Upload-Offset: {offset}",
            f"Content-Length: {announced}",
        ]
        opened.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + CONTENT[offset : offset + sent])
        return opened

    def rest(self, offset: int) -> None:
        """Send all that is left."""
        headers = {
            **self._web.headers,
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
        }
        answer = requests.patch(self.url, CONTENT[offset:], headers=headers, timeout=60)
        assert (answer.status_code, answer.headers.get("Upload-Offset")) == (204, str(SIZE)), answer.text


def test_an_upload_goes_on_after_breaks_and_a_death_of_the_server(stored: Context, user: User, start: Starter) -> None:
    def begin(*arguments: str, **more: str) -> Process:
        keys = {name: "testing" for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
        return start(*arguments, STORAGE_URL=stored.settings.storage_url, **keys, **more)

    web = Web(begin, create_token(stored, user, "uploads")[1])
    before = peak_memory(web)
    client = Client(web)

    # The connection breaks off in the middle of a chunk: exactly what came in counts.
    client.cut(0, 3_000_001, announced=10_000_000).close()
    wait_for(lambda: client.offset() == 3_000_001, "what came in before the break")
    client.cut(3_000_001, 0, announced=10_000_000).close()
    time.sleep(0.2)
    assert client.offset() == 3_000_001

    # The whole web server is killed while a chunk comes in: what was kept after 16 MB of it counts.
    hanging = client.cut(3_000_001, 20_000_000, announced=30_000_000)
    wait_for(lambda: client.offset() > 3_000_001, "the first part of a chunk")
    master = psutil.Process(web.process.pid)
    for process in [master, *master.children()]:  # the master first, or it would start others
        os.kill(process.pid, signal.SIGKILL)
    hanging.close()
    web.process.wait(10)
    web.wait_until_it_answers()
    kept = client.offset()
    assert kept == 3_000_001 + 16 * 1024**2

    client.rest(kept)
    assert client.offset() == SIZE
    upload = get_upload(stored, user, client.url.rpartition("/")[2])
    assert upload.file.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert [file.name for file in stored.files.find("uploads") if upload.id in file.name] == [upload.file.name]
    made = requests.post(
        f"{web.url}/datasets", json={"datasource": "upload", "upload": client.url}, headers=web.headers, timeout=20
    )
    assert (made.status_code, made.json()["label"]) == (202, "posts.csv"), made.text
    assert peak_memory(web) - before < 60_000_000, "the web process holds what it takes in"
