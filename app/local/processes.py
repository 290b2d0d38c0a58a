"""Run the processes of the Procfile: start them, show what they say, start again what dies, and end them all."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

import psutil

from app.local.identity import die_with_parent
from app.local.procfile import ROOT

_TICK = 0.25
_LONGEST_WAIT = 30.0
_HEALTHY_AFTER = 60.0
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class _Child:
    """One process of the Procfile, over all its starts."""

    name: str
    command: str
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    start_at: float = 0.0
    unfinished_line: bytes = field(default=b"", repr=False)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """The parent of all processes. It has one thread and does everything in one loop, so it stays small."""

    def __init__(
        self,
        commands: Mapping[str, str],
        environment: Mapping[str, str],
        *,
        grace: float,
        say: Callable[[str], None],
        watch: Callable[[], list[str]] = list,
        folder: Path = ROOT,
    ) -> None:
        self._commands = dict(commands)
        self._environment = process_environment(environment)
        self._grace = grace
        self._say = say
        self._watch = watch
        self._folder = folder
        self._width = max((len(name) for name in commands), default=0)
        self._selector = selectors.DefaultSelector()
        self._children: list[_Child] = []
        self._stops = 0

    def release(self) -> int:
        """Run the `release` line to its end, if there is one; its exit status."""
        command = self._commands.pop("release", None)
        if command is None:
            return 0
        child = _Child("release", command)
        self._children = [child]
        with self._listening():
            self._start(child)
            while child.is_running and not self._stops:
                self._pump(_TICK)
            self._pump(0)
            self._end_all()
        self._children = []
        if self._stops:
            return 128 + signal.SIGINT
        return child.process.returncode if child.process is not None else 1

    def run(self) -> None:
        """Run all processes until a signal asks to stop; then end them, at the latest after the time of grace."""
        self._children = [_Child(name, command) for name, command in self._commands.items()]
        with self._listening():
            try:
                while not self._stops:
                    self._tick()
            finally:
                self._end_all()

    def _tick(self) -> None:
        for name in self._watch():
            self._say(f"{name} had ended and was started again.")
        now = time.monotonic()
        for child in self._children:
            if child.process is None and now >= child.start_at:
                self._start(child)
            elif child.process is not None and not child.is_running:
                self._bury(child)
        self._pump(_TICK)

    def _start(self, child: _Child) -> None:
        parent = os.getpid()
        child.process = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {child.command}"],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(signal.SIGTERM, parent),  # noqa: PLW1509 - this process has one thread
        )
        child.started = time.monotonic()
        output = child.process.stdout
        if output is not None:
            os.set_blocking(output.fileno(), False)
            self._selector.register(output, selectors.EVENT_READ, child)

    def _bury(self, child: _Child) -> None:
        """Note that a process has died, and when it will be started again."""
        if child.process is None:
            return
        status = child.process.returncode
        how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        _kill_group(child.process.pid)
        lived = time.monotonic() - child.started
        child.failures = 0 if lived > _HEALTHY_AFTER else child.failures + 1
        wait = min(2.0 ** (child.failures - 1), _LONGEST_WAIT) if child.failures else 0.0
        child.start_at = time.monotonic() + wait
        child.process = None
        self._say(f"{child.name} {how}; it is started again" + (f" in {wait:.0f} s." if wait else "."))

    def _pump(self, seconds: float) -> None:
        """Pass on what the processes say, waiting for it no longer than this."""
        for key, _ in self._selector.select(seconds):
            output: IO[bytes] = key.fileobj  # type: ignore[assignment]  # only pipes are registered
            child: _Child = key.data
            with contextlib.suppress(BlockingIOError):
                chunk = os.read(output.fileno(), 65_536)
                if not chunk:
                    self._selector.unregister(output)
                    output.close()
                *lines, child.unfinished_line = (child.unfinished_line + chunk).split(b"\n")
                if not chunk and child.unfinished_line:
                    lines, child.unfinished_line = [child.unfinished_line], b""
                for line in lines:
                    self._say(f"{child.name:{self._width}} | {line.decode(errors='replace').rstrip()}")

    def _end_all(self) -> None:
        running = [child for child in self._children if child.is_running]
        below = {process for child in running for process in _descendants(child)}
        for child in running:
            if child.process is not None:
                with contextlib.suppress(ProcessLookupError):
                    child.process.terminate()
        deadline = time.monotonic() + self._grace
        asked = self._stops
        while any(child.is_running for child in running):
            if time.monotonic() > deadline or self._stops > max(asked, 1):
                self._say("Some processes do not end and are killed.")
                break
            self._pump(0.05)
            below |= {process for child in running if child.is_running for process in _descendants(child)}
        for child in self._children:
            if child.process is not None:
                _kill_group(child.process.pid)
                child.process.wait()
        for process in below:  # those that made a group of their own
            with contextlib.suppress(psutil.Error):
                process.kill()
        self._pump(0)
        for key in list(self._selector.get_map().values()):
            self._selector.unregister(key.fileobj)
            key.fileobj.close()  # type: ignore[union-attr]  # only pipes are registered

    @contextlib.contextmanager
    def _listening(self) -> Iterator[None]:
        """Note the signals that ask to stop; a second one ends the patience."""

        def note(number: int, frame: FrameType | None) -> None:
            self._stops += 1

        before = {number: signal.signal(number, note) for number in _STOP_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def process_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment in which `python` and `gunicorn` are those of this installation."""
    programs = str(Path(sys.executable).parent)
    path = environment.get("PATH", os.defpath)
    return {**environment, "PATH": f"{programs}{os.pathsep}{path}", "PYTHONUNBUFFERED": "1"}


def _descendants(child: _Child) -> list[psutil.Process]:
    if child.process is None:
        return []
    with contextlib.suppress(psutil.Error):
        return psutil.Process(child.process.pid).children(recursive=True)
    return []


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
