"""What an earlier start may have left behind: processes that still end, and ports that are taken."""

from __future__ import annotations

import contextlib
import random
import signal
import socket
import time
from pathlib import Path

import psutil

from app.domain.errors import Unavailable

_PATIENCE = 15.0
_PORTS = range(20_000, 32_000)
"""Systems give none of these to an outgoing connection: those of Linux begin at 32,768, of others later."""


def clear_folder(folder: Path, gently: signal.Signals) -> None:
    """Wait until no process works in this folder any more, and ask those that do to end.

    A server makes its data folder its working directory, so this finds it whatever its lock file says: a lock file
    names a number, which after a restart of the machine may belong to something else.

    :raises Unavailable: when a process does not end
    """
    deadline = time.monotonic() + _PATIENCE
    asked: set[int] = set()
    while found := _working_in(folder):
        late = time.monotonic() > deadline - _PATIENCE / 3
        for process in found:
            if process.pid not in asked or late:
                asked.add(process.pid)
                with contextlib.suppress(psutil.Error):
                    process.send_signal(signal.SIGQUIT if late else gently)
        if time.monotonic() > deadline:
            numbers = ", ".join(str(process.pid) for process in found)
            raise Unavailable(f"Another program uses {folder} and does not end (process {numbers}). End it first.")
        time.sleep(0.1)


def _working_in(folder: Path) -> list[psutil.Process]:
    wanted = str(folder.resolve())
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.cwd() == wanted:
                found.append(process)
    return found


def free_port(preferred: int | None = None) -> int:
    """A port on this machine that nothing uses: the preferred one if it is free.

    No outgoing connection of anybody takes it before a server listens there.

    :raises Unavailable: when every port is taken
    """
    wanted = [] if preferred is None else [preferred]
    found = (port for port in [*wanted, *random.sample(_PORTS, 1000)] if is_port_free("127.0.0.1", port))
    port = next(found, None)
    if port is None:
        raise Unavailable("No port of this machine is free. End programs that listen on ports, and try again.")
    return port


def is_port_free(host: str, port: int) -> bool:
    """Whether a server could listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError:
            return False
    return True
