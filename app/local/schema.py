"""The schema of the database as SQL, for reading: `python -m app.local.schema > sql/schema.sql`."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from app.domain.errors import FourcatError, Unavailable
from app.local.postgres import find_programs
from app.local.servers import embedded_servers
from app.storage.migrate import migrate

_HEADER = """\
-- The schema that all migrations together make, for reading; nothing runs this file.
-- Written by: python -m app.local.schema > sql/schema.sql
"""
_NOISE = re.compile(r"--|SET |SELECT pg_catalog\.set_config|\\(un)?restrict ")


def dump_schema(database_url: str) -> str:
    """The tables, indexes and sequences of a database, without what differs between servers and owners.

    :raises Unavailable: when pg_dump is missing or fails, saying why
    """
    program = find_programs() / "pg_dump"
    command: list[str | Path] = [
        program,
        "--schema-only",
        "--no-owner",
        "--no-privileges",
        "--no-comments",
        f"--dbname={database_url}",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise Unavailable(f"{program} cannot be started: {error.strerror or error}.") from error
    if done.returncode != 0:
        raise Unavailable(f"pg_dump could not read the schema: {done.stderr.strip()}")
    kept = "\n".join(line for line in done.stdout.splitlines() if not _NOISE.match(line))
    body = re.sub(r"\n{3,}", "\n\n", kept).strip().replace("public.", "")
    return f"{_HEADER}\n{body}\n"


def main() -> int:
    """Make an empty database in a temporary folder, migrate it and print its schema; the exit status."""
    try:
        with tempfile.TemporaryDirectory() as folder, embedded_servers(Path(folder) / "data") as (database_url, _):
            migrate(database_url)
            sys.stdout.write(dump_schema(database_url))
    except FourcatError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
