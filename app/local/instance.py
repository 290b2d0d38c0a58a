"""The running tool of a data folder: start it here or in the background, find it, stop it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import psutil

from app.domain.errors import Conflict, Unavailable
from app.local.folder import read_json, write_private
from app.local.frontend import ensure_frontend
from app.local.identity import die_with_parent
from app.local.installation import local_environment, make_servers, planned_settings, with_addresses
from app.local.leftovers import is_port_free
from app.local.processes import Supervisor
from app.local.procfile import ROOT, read_procfile

_FILE = "4cat.json"
_TO_HAND_BACK = 10
"""Seconds after the grace of jobs in which what has not ended is handed back, and its processes end."""
_START_SECONDS = 120.0
_TRIALS = 3


@dataclass(frozen=True)
class Instance:
    """A running tool: its first process, where it is reached (empty without pages), and its grace for running work."""

    process: psutil.Process
    url: str
    grace: float


def address(environment: dict[str, str]) -> str:
    """Where a browser on this machine reaches the tool."""
    host = environment["HOST"]
    shown = "localhost" if host in ("127.0.0.1", "0.0.0.0", "::", "::1") else host  # noqa: S104 - only compared
    return f"http://{shown}:{environment['PORT']}"


def find_instance(data_dir: Path) -> Instance | None:
    """The tool that runs in this data folder, or None. A number that now belongs to another process is not taken."""
    noted = read_json(data_dir / _FILE)
    try:
        process = psutil.Process(int(noted["pid"]))
        if abs(process.create_time() - float(noted["started"])) > 1 or process.status() == psutil.STATUS_ZOMBIE:
            return None
        return Instance(process, str(noted["url"]), float(noted["grace"]))
    except (KeyError, TypeError, ValueError, psutil.Error):
        return None


def run_instance(
    data_dir: Path | None, port: int | None, say: Callable[[str], None], parts: tuple[str, ...] = ()
) -> int:
    """Run the tool in the foreground until it is asked to stop; the exit status. `parts` are the processes to run.

    :raises FourcatError: when it cannot be started, saying what to do
    """
    environment = local_environment(data_dir, port)
    settings = planned_settings(environment)
    with ending_on_signals():
        with_web = not parts or "web" in parts
        if with_web:
            _require_port(environment)
            ensure_frontend()
        servers = make_servers(environment)
        try:
            complete = with_addresses(environment, servers.start(patience=10))
            noted = settings.data_dir / _FILE
            commands = {
                name: line for name, line in read_procfile().items() if not parts or name in (*parts, "release")
            }
            supervisor = Supervisor(
                commands, complete, grace=settings.shutdown_seconds + _TO_HAND_BACK, say=say, watch=servers.keep_alive
            )
            status = supervisor.release()
            if status != 0:
                return status
            started = psutil.Process().create_time()
            facts = {"pid": os.getpid(), "started": started, "url": address(environment) if with_web else ""}
            write_private(noted, {**facts, "grace": settings.shutdown_seconds + _TO_HAND_BACK})
            with contextlib.suppress(_Ended):  # asked to stop before the supervisor minds signals itself
                say(
                    f"4CAT runs at {facts['url']} and stops with Ctrl-C."
                    if with_web
                    else "4CAT works without its pages."
                )
                supervisor.run()
            noted.unlink(missing_ok=True)
            return 0
        finally:
            servers.stop()


def start_instance(
    data_dir: Path | None, port: int | None, *, bound: bool = False, parts: tuple[str, ...] = ()
) -> Instance:
    """Start the tool in the background and wait until it answers.

    A `bound` one ends with this process; another stays. `parts` are the processes to run, all when none is named.

    :raises Conflict: when it runs already
    :raises Unavailable: when it does not come up, with the end of its log
    """
    environment = local_environment(data_dir, port)
    folder = Path(environment["DATA_DIR"])
    if find_instance(folder) is not None:
        raise Conflict(f"4CAT already runs in {folder}.")
    log = folder / "logs" / "4cat.log"
    log.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "app.cli", "up", "--data", str(folder), "--port", environment["PORT"]]
    command += [argument for part in parts for argument in ("--only", part)]
    parent = os.getpid()
    with log.open("ab") as output:
        before = output.tell()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=(lambda: die_with_parent(signal.SIGTERM, parent)) if bound else None,  # noqa: PLW1509 - one thread
        )
    try:
        return _wait_for_instance(process, folder, log, before)
    except BaseException:
        process.terminate()
        process.wait()
        raise


def stop_instance(data_dir: Path) -> bool:
    """Stop the tool that runs in this folder and wait until it is gone; whether there was one."""
    found = find_instance(data_dir)
    if found is None:
        return False
    try:
        found.process.terminate()
        found.process.wait(found.grace + 30)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        for process in [*found.process.children(recursive=True), found.process]:
            with contextlib.suppress(psutil.Error):
                process.kill()
    return True


def answers(url: str) -> bool:
    """Whether the web server answers."""
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=5) as response:  # noqa: S310 - our own address
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _wait_for_instance(process: subprocess.Popen[bytes], folder: Path, log: Path, start: int) -> Instance:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        found = find_instance(folder)
        if found is not None and found.process.pid == process.pid and (not found.url or answers(found.url)):
            return found
        lines = log.read_bytes()[start:].decode(errors="replace").splitlines()
        has_failed = sum(line.startswith("web ended") for line in lines) >= _TRIALS
        if process.poll() is not None or has_failed or time.monotonic() > deadline:
            what = "ended at once" if process.poll() is not None else "does not answer"
            raise Unavailable(f"4CAT {what}. Its log, {log}, ends so:\n" + "\n".join(f"    {x}" for x in lines[-14:]))
        time.sleep(0.2)


def _require_port(environment: dict[str, str]) -> None:
    port = int(environment["PORT"])
    if not is_port_free(environment["HOST"], port):
        raise Conflict(f"Something else already listens on port {port}. Give another port with --port.")


class _Ended(SystemExit):
    """A signal has asked this process to end."""


@contextlib.contextmanager
def ending_on_signals(*, once: bool = False) -> Iterator[None]:
    """Let a signal end this process in order: what the block has begun, it ends.

    With `once`, whoever sends another one does not disturb that.
    """
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    sent: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:
        sent.append(number)
        if len(sent) == 1 or not once:
            raise _Ended(128 + number)

    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
