"""PgBouncer in transaction mode before the embedded PostgreSQL, where the program is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from app.local.leftovers import free_port

_CONFIGURATION = """\
[databases]
* = host={host} port={database}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
auth_type = plain
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 2000
ignore_startup_parameters = options
log_connections = 0
log_disconnections = 0
"""


def find_pooler() -> str | None:
    """The program, or None."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def pooler(program: str, database_url: str, size: int) -> Iterator[tuple[str, int]]:
    """The address of a pool of `size` connections to a database, and the id of the pooler's process."""
    parts = urlsplit(database_url)
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "users").write_text(f'"{parts.username}" "{parts.password}"\n')
        (folder / "pgbouncer.ini").write_text(
            _CONFIGURATION.format(host=parts.hostname, database=parts.port, port=port, folder=folder, size=size)
        )
        user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
        running = subprocess.Popen([program, "-q", str(folder / "pgbouncer.ini")], user=user, cwd="/")
        try:
            _wait_for(port)
            yield f"postgresql://{parts.username}:{parts.password}@127.0.0.1:{port}{parts.path}", running.pid
        finally:
            running.terminate()
            running.wait()


def _wait_for(port: int) -> None:
    for _ in range(100):
        with socket.socket() as line:
            if line.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("PgBouncer does not answer")
