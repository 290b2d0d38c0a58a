"""Where the results of a soak are kept: a folder, a small disk or an S3 server, each with its own way to fail."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import requests

from app.runner.report import Reporter
from app.runner.task_context import TaskContext
from app.services.context import Context
from app.storage import job as jobs
from bench._installation import wait
from bench._soak_gate import Gate
from workers import clean_up_files

KINDS = ("folder", "s3", "disk")
_DAY = 24 * 3600
_MEGABYTES = 256
_KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


class Storage(ABC):
    """A kind of storage."""

    url = ""
    faults: tuple[str, ...] = ()

    def __init__(self, folder: Path) -> None:
        self.root = folder / "storage"
        self.environ: dict[str, str] = {}

    @abstractmethod
    def harm(self, fault: str, seconds: float) -> None:
        """Let it fail in one of its ways for some seconds."""

    def age(self, ctx: Context) -> None:
        """Let the clean-up take everything for old."""
        old = time.time() - 2 * _DAY
        for path in self.root.rglob("*"):
            os.utime(path, (old, old))

    def remains(self) -> Iterator[str]:
        """Names of files and temporary folders that are there."""
        for path in self.root.rglob("*"):
            if path.is_file() or path.parent == self.root / "tmp":
                yield str(path.relative_to(self.root))

    def close(self) -> None:
        """End what it needs; a folder needs nothing."""
        return


class Folder(Storage):
    """A folder in which, for a while, nothing can be made or removed: a mark of the file system that binds root too."""

    faults = ("refuse",)

    def harm(self, fault: str, seconds: float) -> None:
        """Let nothing be made or removed."""
        places = [
            self.root,
            *(place for name in ("datasets", "uploads", "tmp") if (place := self.root / name).is_dir()),
        ]
        if subprocess.run(["chattr", "+i", *places], check=False, capture_output=True).returncode:
            print("  (this file system cannot be made unwritable; nothing done)")
            return
        try:
            time.sleep(seconds)
        finally:
            subprocess.run(["chattr", "-i", *places], check=False, capture_output=True)


class Disk(Storage):
    """A file system of its own, so small that it can be filled."""

    faults = ("fill",)

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.root.mkdir(parents=True)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={_MEGABYTES}m", "tmpfs", str(self.root)]
        self._is_mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0

    def harm(self, fault: str, seconds: float) -> None:
        """Fill it to the last byte."""
        if not self._is_mounted:
            print("  (no disk can be mounted here; nothing done)")
            return
        ballast = self.root / "ballast"
        until = time.monotonic() + seconds
        try:
            with ballast.open("wb", buffering=0) as opened:
                while time.monotonic() < until:
                    with suppress(OSError):
                        while True:
                            opened.write(bytes(65_536))
                    with suppress(OSError):
                        opened.write(bytes(1))
                    time.sleep(0.05)
        finally:
            ballast.unlink(missing_ok=True)

    def close(self) -> None:
        """Unmount it."""
        if self._is_mounted:
            subprocess.run(["umount", "-l", self.root], check=False)


class Bucket(Storage):
    """A bucket on an S3 server behind a gate."""

    faults = ("refuse", "hang")

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        log = folder / "s3.log"
        with log.open("w") as opened:
            command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
            self._server = subprocess.Popen(command, stdout=opened, stderr=opened)
        wait(lambda: self._port(log) is not None, 60)
        self.gate = Gate(self._port(log) or 0)
        requests.put(f"{self.gate.url}/soak", timeout=10).raise_for_status()
        self.url = f"s3://soak/results?endpoint={self.gate.url}&region=us-east-1&timeout=5"
        self.environ = _KEYS
        os.environ.update(_KEYS)
        self._data = folder
        self._ctx: Context | None = None

    @staticmethod
    def _port(log: Path) -> int | None:
        found = re.search(r"http://127\.0\.0\.1:(\d+)", log.read_text())
        return int(found[1]) if found else None

    def harm(self, fault: str, seconds: float) -> None:
        """Refuse, or take and answer nothing."""
        {"refuse": self.gate.refuse, "hang": self.gate.hang}[fault]()
        try:
            time.sleep(seconds)
        finally:
            self.gate.open()

    def age(self, ctx: Context) -> None:
        """Clean up without any grace, since what is in a bucket cannot be made to look older."""
        self._ctx = ctx
        old = time.time() - 2 * _DAY
        for path in (self._data / "tmp").rglob("*"):
            os.utime(path, (old, old))
        job = jobs.find_open(ctx.database, "clean-up-files", "")
        if job is None:
            raise RuntimeError("The standing task that cleans up is not declared.")
        clean_up_files._GRACE = timedelta(0)
        with tempfile.TemporaryFile() as said:
            task = TaskContext(ctx, {}, Path(ctx.settings.data_dir), Reporter(said.fileno()))
            clean_up_files.CleanUpFiles().work(job, task)

    def remains(self) -> Iterator[str]:
        """What is in the bucket, and what is left of temporary folders."""
        if self._ctx is not None:
            for prefix in ("datasets", "uploads"):
                yield from (file.name for file in self._ctx.files.find(prefix))
        yield from (f"tmp/{path.name}" for path in (self._data / "tmp").glob("*"))

    def close(self) -> None:
        """End the server."""
        self.gate.close()
        self._server.terminate()
        self._server.wait(10)


def open_storage(kind: str, folder: Path) -> Storage:
    """One of KINDS, for a soak in a folder."""
    kinds: dict[str, type[Folder | Disk | Bucket]] = {"folder": Folder, "disk": Disk, "s3": Bucket}
    return kinds[kind](folder)
