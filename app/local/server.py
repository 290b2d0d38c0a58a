"""What the two embedded servers have in common: a program in the foreground, as a child of this process."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from app.domain.errors import Unavailable

_LOG_LIMIT = 5_000_000


class Server:
    """One server process. It is started in the foreground, so that its end is seen at once and leaves no zombie."""

    def __init__(self, name: str, log: Path, stop_signal: signal.Signals) -> None:
        self.name = name
        self.log = log
        self._stop_signal = stop_signal
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def launch(self, command: Sequence[str | Path], folder: Path, before_exec: Callable[[], None]) -> None:
        """Start the program in its folder; what it says goes to the log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".old.log"))
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=before_exec,  # noqa: PLW1509 - the processes that start servers have one thread
            )

    def wait_until(self, answers: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until the server answers.

        :raises Unavailable: when it ends or takes too long, with the last lines of its log
        """
        deadline = time.monotonic() + seconds
        while not answers():
            if not self.is_running or time.monotonic() > deadline:
                self.stop()
                raise Unavailable(f"{self.name} did not start. Its log, {self.log}, ends so:\n{self._last_lines()}")
            time.sleep(0.05)

    def stop(self, seconds: float = 20) -> None:
        """End the server and wait for it; kill it when it takes too long."""
        if self._process is None:
            return
        if self.is_running:
            self._process.send_signal(self._stop_signal)
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()
        self._process = None

    def _last_lines(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-8:] if self.log.exists() else []
        return "\n".join(f"    {line}" for line in lines)
