"""PostgreSQL's own client programs: save a database into one file, and put such a file into a database."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from psycopg2.extensions import make_dsn, parse_dsn

from app.domain.errors import FourcatError, Unavailable
from app.local.identity import die_with_parent
from app.local.postgres import find_programs

_PROGRAMS = ("pg_dump", "pg_restore", "psql")
_FIRST_STATEMENTS = (b"CREATE ", b"COPY ", b"ALTER ", b"INSERT ")


@dataclass(frozen=True)
class Client:
    """The three programs of one version, in one folder."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        """The number that must not be below the server's."""
        return int(self.version.split(".")[0])


def find_client(least: int, why: str) -> Client:
    """The first programs that are new enough: those that came along, those on PATH, those that Debian installs.

    :raises Unavailable: when none are, naming the versions found
    """
    found = [client for folder in _places() if (client := _look(folder)) is not None]
    for client in found:
        if client.major >= least:
            return client
    seen = ", ".join(f"{client.version} in {client.folder}" for client in found) or "none"
    raise Unavailable(
        f"pg_dump, pg_restore and psql of PostgreSQL {least} or newer are needed, for {why}. Found: {seen}. "
        f"Install them (Debian, Ubuntu: apt install postgresql-client-{least})."
    )


def dump(client: Client, database_url: str, snapshot: str, target: Path) -> None:
    """Save the database, as an open transaction sees it that has exported its snapshot.

    :raises Unavailable: when it cannot be read or written, with what pg_dump says
    """
    target.touch(mode=0o600)
    address, environment = _address(database_url)
    command: list[str | Path] = [
        client.folder / "pg_dump",
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        "--no-password",
    ]
    command += [f"--snapshot={snapshot}", "--lock-wait-timeout=60s", f"--file={target}", f"--dbname={address}"]
    with tempfile.TemporaryFile() as said:
        with _start(command, environment, subprocess.DEVNULL, subprocess.DEVNULL, said) as done:
            done.wait()
        reason = _last_line(_text(said))
    if done.returncode != 0:
        raise Unavailable(f"The database could not be saved: {reason}")


def restore(
    client: Client, database_url: str, source: Path, *, known: set[str], before: Sequence[str], after: Sequence[str]
) -> None:
    """Put a saved database into another one, all in one transaction: whatever interrupts it leaves nothing behind.

    `before` and `after` are statements of the same transaction; `known` are the server's settings, for an older server
    does not know all that a newer pg_restore sets.

    :raises Unavailable: when it does not succeed, with what the server says
    """
    address, environment = _address(database_url)
    command: list[str | Path] = [client.folder / "psql", "--no-psqlrc", "--quiet", "--no-password"]
    command += ["--set=ON_ERROR_STOP=1", "--output=/dev/null", f"--dbname={address}"]
    # A comment on an extension may be made by its owner only, who on a platform is somebody else.
    read: list[str | Path] = [client.folder / "pg_restore", "--no-owner", "--no-privileges", "--no-comments"]
    read += ["--file=-", source]
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as refused:
        with (
            _start(command, environment, subprocess.PIPE, subprocess.DEVNULL, said) as server,
            _start(read, environment, subprocess.DEVNULL, subprocess.PIPE, refused) as script,
        ):
            # Without a COMMIT the server rolls everything back, so it is sent only when all else has been.
            whole = _feed(_pipe(server.stdin), _pipe(script.stdout), known, before, after, script)
        if not whole or server.returncode != 0:
            reason = _last_line(_text(said)) or _last_line(_text(refused)) or f"psql ended with {server.returncode}"
            raise Unavailable(f"The database could not be restored, and nothing in it was changed: {reason}")


def _feed(
    target: IO[bytes],
    source: IO[bytes],
    known: set[str],
    before: Sequence[str],
    after: Sequence[str],
    script: subprocess.Popen[bytes],
) -> bool:
    """Pass the script on to the server; whether all of it got there."""
    try:
        target.write("".join(f"{line};\n" for line in ("BEGIN", *before)).encode())
        for line in source:
            name = re.match(rb"SET (\w+) = ", line)
            if name is None or name[1].decode() in known:
                target.write(line)
            if line.startswith(_FIRST_STATEMENTS):
                break
        shutil.copyfileobj(source, target, 1024 * 1024)
        if script.wait() != 0:
            return False
        target.write("".join(f"{line};\n" for line in ("RESET search_path", *after, "COMMIT")).encode())
    except BrokenPipeError:
        return False
    finally:
        with contextlib.suppress(BrokenPipeError):
            target.close()
    return True


def _start(
    command: Sequence[str | Path], environment: dict[str, str], stdin: int, stdout: int, stderr: IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start a program that ends with this process, whatever ends it."""
    parent = os.getpid()
    return subprocess.Popen(
        command,
        env=environment,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        preexec_fn=lambda: die_with_parent(signal.SIGTERM, parent),  # noqa: PLW1509 - no other thread runs then
    )


def _places() -> list[Path]:
    places = []
    with contextlib.suppress(Unavailable):
        places.append(find_programs())
    on_path = shutil.which("pg_dump")
    if on_path:
        places.append(Path(on_path).parent)
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    return places + sorted(installed, key=lambda place: float(place.parent.name), reverse=True)


def _look(folder: Path) -> Client | None:
    if not all((folder / program).exists() for program in _PROGRAMS):
        return None
    said = subprocess.run([folder / "pg_dump", "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"\d+(\.\d+)*", said)
    return Client(folder, version.group()) if version else None


def _address(database_url: str) -> tuple[str, dict[str, str]]:
    """An address without its password, which all users of a machine would see, and the environment that holds it."""
    parts = parse_dsn(database_url)
    password = parts.pop("password", None)
    added = {"PGPASSWORD": password} if password else {}
    parts.setdefault("application_name", "backup")
    return str(make_dsn(**parts)), {**os.environ, "PGCONNECT_TIMEOUT": "10", **added}


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise FourcatError("A program was started without its pipe.")
    return pipe


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _last_line(said: str) -> str:
    """The line that says what was wrong: the last one that speaks of an error, else the last."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if re.search(r"error|fatal", line, re.IGNORECASE)]
    return (errors or lines or [""])[-1]
