"""The imageboard of the demonstration: a process of its own on this machine, whose made-up posts fill one board.

No imageboard has a board of this name, so what is made up is never among posts that are real.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from app.domain.errors import Unavailable
from app.local.folder import read_json, write_private
from app.local.identity import die_with_parent
from app.local.procfile import ROOT

BOARD = "demo"
_BEHIND = 72 * 3600
_HISTORY_HOURS = 2
_START_SECONDS = 60.0
_STOP_SECONDS = 10.0


class Note:
    """What must be known again when the demonstration was broken off, or is done a second time: a file."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "demo" / "imageboard.json"
        self._path.parent.mkdir(exist_ok=True)

    def read(self) -> dict[str, Any]:
        """All that is noted."""
        return read_json(self._path)

    def write(self, **changed: Any) -> None:
        """Note something anew."""
        write_private(self._path, self.read() | changed)


class DemoBoard:
    """A board that lives in another process, and goes on where it was when that ran the last time.

    The process ends with this one, however that ends.
    """

    def __init__(self, note: Note) -> None:
        self._note = note
        known = note.read()
        self._start = int(known.get("start") or time.time() - _BEHIND)
        self._passed = float(known.get("passed") or 0.0)
        self._speed = 0.0
        self._began = 0.0
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def open(self, speed: float) -> str:
        """Let it live, so many times as fast as outside; its address, without a slash at the end.

        One that lives already goes on at the new speed and the same address.

        :raises Unavailable: when it does not come up
        """
        self.close()
        command = [sys.executable, "-m", "extras.living_board", "--boards", BOARD, "--speed", str(speed)]
        command += ["--start", str(self._start), "--passed-hours", str(self._passed / 3600)]
        command += ["--history-hours", str(_HISTORY_HOURS), "--port", str(self._port)]
        parent = os.getpid()
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(signal.SIGTERM, parent),  # noqa: PLW1509 - one thread
        )
        url = self._read_address(self._process)
        self._speed, self._began, self._port = speed, time.monotonic(), int(url.rpartition(":")[2])
        return url

    def remember(self) -> None:
        """Note how far it has come. :raises Unavailable: when it has ended by itself"""
        if self._process is None or self._process.poll() is not None:
            raise Unavailable("The imageboard of the demonstration has ended.")
        self._note.write(start=self._start, passed=self._life())

    def close(self) -> None:
        """End it, if it lives."""
        if self._process is None:
            return
        self._passed = self._life()
        self._note.write(start=self._start, passed=self._passed)
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None

    def _life(self) -> float:
        """For how many of its seconds it has lived."""
        return self._passed + (time.monotonic() - self._began) * self._speed if self._speed else self._passed

    @staticmethod
    def _read_address(process: subprocess.Popen[bytes]) -> str:
        """The address out of its first line, such as `fourchan: http://127.0.0.1:40000 (/demo/)`."""
        assert process.stdout is not None  # noqa: S101 - it was asked for
        ready, _, _ = select.select([process.stdout], [], [], _START_SECONDS)
        line = process.stdout.readline().decode() if ready else ""
        if not line.startswith("fourchan: "):
            raise Unavailable("The imageboard of the demonstration does not come up.")
        return line.split()[1]
