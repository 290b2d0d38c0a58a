"""Storage that fails while there is work: it is tried again, and ends finished or with a reason people understand."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.domain.dataset import Dataset, Status
from app.domain.user import User
from app.services.context import Context, open_context
from app.storage import dataset as datasets
from tests.conftest import Process, Starter, finished_posts, wait_for, wait_for_end
from tests.integration.conftest import s3  # noqa: F401 - a fixture
from tests.reliability.asking import ask, assert_right, wait_for_trace


@pytest.fixture
def top(ctx: Context, admin: User) -> Dataset:
    return finished_posts(ctx, admin)


@pytest.fixture
def alone(workers: Process) -> None:
    """No manager of the module runs, since the test starts one of its own."""
    workers.terminate()
    workers.wait(15)


def hurry(ctx: Context) -> None:
    """Let nothing wait for its next try."""
    ctx.database.run("UPDATE jobs SET claim_after = now() WHERE state = 'waiting' AND interval IS NULL")


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """Let nothing be made in a folder; a mark of the file system, which binds root too."""
    folder.mkdir(parents=True, exist_ok=True)
    if subprocess.run(["chattr", "+i", folder], capture_output=True, check=False).returncode:
        pytest.skip("this needs root and a file system that knows chattr")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", folder], check=True)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """A file system of its own, so small that it can be filled."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this needs root, to mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


class Gate:
    """A door before a server: it lets through what comes, or answers that this is forbidden."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (str(parts.hostname), int(parts.port or 80))
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.is_shut = False
        self._refused = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def wait_for_refusal(self) -> None:
        """Wait until somebody has been turned away."""
        assert self._refused.wait(20)

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._answer, args=(self._socket.accept()[0],), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            if self.is_shut:
                client.recv(65_536)
                client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                self._refused.set()
                return
            with socket.create_connection(self._server) as server:
                back = threading.Thread(target=self._pass_on, args=(server, client), daemon=True)
                back.start()
                self._pass_on(client, server)
                back.join()

    @staticmethod
    def _pass_on(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while chunk := one.recv(65_536):
                other.sendall(chunk)
        with suppress(OSError):
            other.shutdown(socket.SHUT_WR)


class TestStorage:
    """Storage refuses, is full, or cannot be written to."""

    def test_unwritable_when_the_result_is_stored(
        self, ctx: Context, admin: User, top: Dataset, workers: Process
    ) -> None:
        with unwritable(ctx.settings.data_dir / "storage" / "datasets"):
            asked = ask(ctx, admin, top, "work")
            waits = wait_for(lambda: self.waits_again(ctx, asked), "the first try to be over")
            assert "The result could not be stored: " in waits.message  # type: ignore[attr-defined]
        hurry(ctx)
        ended = wait_for_end(ctx, asked.key)
        assert_right(ctx, admin, ended)
        assert ended.provenance["attempt"] == 1, "an outage is not a try"

    @pytest.mark.usefixtures("alone")
    @pytest.mark.parametrize(
        ("folder", "reason"),
        [("datasets", "The result could not be stored: "), ("tmp", "no temporary folder can be made")],
    )
    def test_unwritable_for_good(
        self, ctx: Context, admin: User, top: Dataset, start: Starter, folder: str, reason: str
    ) -> None:
        start("-m", "app.runner", OUTAGE_MINUTES="0.1")
        start("scheduler.py")
        with unwritable(ctx.settings.data_dir / "storage" / folder):
            ended = wait_for_end(ctx, ask(ctx, admin, top, "work").key)
        assert (ended.status, reason in ended.message) == (Status.FAILED, True), ended.message
        assert "It has been so for 0.1 minutes" in ended.message
        assert ended.provenance["attempt"] == 1

    @pytest.mark.usefixtures("alone")
    def test_a_full_disk(self, ctx: Context, admin: User, start: Starter, tmp_path: Path) -> None:
        with small_disk(tmp_path / "disk", 2), closing(self.elsewhere(ctx, f"file://{tmp_path}/disk")) as there:
            top = finished_posts(there, admin)
            (tmp_path / "disk" / "tmp").mkdir(exist_ok=True)
            ballast = tmp_path / "disk" / "ballast"
            with ballast.open("wb", buffering=0) as opened, suppress(OSError):
                while True:
                    opened.write(bytes(4096))
            manager = start("-m", "app.runner", STORAGE_URL=there.settings.storage_url)
            asked = ask(there, admin, top, "work")
            waits = wait_for(lambda: self.waits_again(there, asked), "the first try to be over")
            assert "no space left" in waits.message.lower()  # type: ignore[attr-defined]
            ballast.unlink()
            hurry(there)
            assert_right(there, admin, wait_for_end(there, asked.key))
            manager.terminate()
            manager.wait(15)

    @pytest.mark.usefixtures("alone")
    def test_s3_that_refuses(
        self,
        ctx: Context,
        admin: User,
        start: Starter,
        s3: str,  # noqa: F811
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
        for name, value in keys.items():
            monkeypatch.setenv(name, value)
        endpoint = s3.partition("endpoint=")[2].partition("&")[0]
        with closing(Gate(endpoint)) as gate, closing(self.elsewhere(ctx, s3.replace(endpoint, gate.url))) as there:
            top = finished_posts(there, admin)
            start("-m", "app.runner", STORAGE_URL=there.settings.storage_url, **keys)
            asked = ask(there, admin, top, "sleep", seconds=1, trace=str(tmp_path / "trace"))
            wait_for_trace(tmp_path / "trace")
            gate.is_shut = True
            gate.wait_for_refusal()
            waits = wait_for(lambda: self.waits_again(there, asked), "the first try to be over")
            assert "The result could not be stored" in waits.message  # type: ignore[attr-defined]
            gate.is_shut = False
            hurry(there)
            assert_right(there, admin, wait_for_end(there, asked.key))

    @staticmethod
    def elsewhere(ctx: Context, storage_url: str) -> Context:
        """The same installation with another storage."""
        return open_context(replace(ctx.settings, storage_url=storage_url), ctx.registry)

    @staticmethod
    def waits_again(ctx: Context, asked: Dataset) -> Dataset | None:
        found = datasets.get(ctx.database, asked.key)
        assert not found.status.is_ended, found.message
        return found if found.status is Status.WAITING and "Trying again" in found.message else None
