"""Read dumps that were turned into SQLite: the table with the columns of a dump, whatever it is called."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import polars as pl

from extras.fourchan_dumps.record import FIELDS, SCHEMA, Block, DumpError

_OTHER_NAMES = {
    "num": ("no", "post_num"),
    "thread_num": ("thread", "thread_no"),
    "timestamp": ("time", "timestamp_unix"),
    "comment": ("com", "body"),
    "title": ("sub", "subject"),
    "poster_country": ("country",),
    "media_filename": ("filename", "media"),
    "media_hash": ("md5",),
}
_NEEDED = ("num", "thread_num", "timestamp", "comment")


class SqliteDump:
    """A dump in SQLite. `table` must be said when several have the columns of a dump.

    :raises DumpError: when there is no such table
    """

    def __init__(self, path: Path, table: str | None = None) -> None:
        self._opened = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True)
        self._opened.text_factory = lambda raw: raw.decode("utf-8", "replace")
        try:
            self.table, self._columns = self._find(table)
        except sqlite3.DatabaseError as error:
            raise DumpError(f"The file cannot be read as SQLite: {error}.") from error

    def _find(self, wanted: str | None) -> tuple[str, list[str | None]]:
        rows = self._opened.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        names = [str(name) for (name,) in rows]
        if wanted is not None and wanted not in names:
            raise DumpError(f"There is no table {wanted}; there are: {', '.join(names) or 'none'}.")
        found = {name: columns for name in names if wanted in (None, name) and (columns := self._named(name))}
        if len(found) > 1:
            raise DumpError(f"Several tables look like a board: {', '.join(found)}. Say which with --table.")
        for name, columns in found.items():
            return name, columns
        raise DumpError(f"No table has the columns {', '.join(_NEEDED)}; there are: {', '.join(names) or 'none'}.")

    def _named(self, table: str) -> list[str | None] | None:
        """The column for each field of a dump, None where it is not there; None when this is not a board's table."""
        there = {str(row[1]).lower(): str(row[1]) for row in self._opened.execute(f"PRAGMA table_info({_name(table)})")}
        columns = [
            next((there[name] for name in (field, *_OTHER_NAMES.get(field, ())) if name in there), None)
            for field in FIELDS
        ]
        return columns if all(columns[FIELDS.index(field)] for field in _NEEDED) else None

    def read(self, *, position: int = 0, rows: int = 20_000) -> Iterator[Block]:
        """Its records in blocks, in the order of the rows' numbers, from behind the one with that number."""
        shown = ", ".join(_name(column) if column else "NULL" for column in self._columns)
        ask = f"SELECT rowid, {shown} FROM {_name(self.table)} WHERE rowid > ? ORDER BY rowid LIMIT ?"  # noqa: S608
        while True:
            try:
                found = self._opened.execute(ask, (position, rows)).fetchall()
            except sqlite3.DatabaseError as error:
                raise DumpError(f"SQLite cannot read on behind row {position}: {error}.") from error
            if not found:
                return
            position = found[-1][0]
            numbers = [row[0] for row in found]
            records = [[_text(value) for value in row[1:]] for row in found]
            frame = pl.DataFrame(records, SCHEMA, orient="row")
            yield Block(frame, position, position + 1, numbers.__getitem__)

    def close(self) -> None:
        """Close the file."""
        self._opened.close()


def is_sqlite(path: Path) -> bool:
    """Whether a file is a database of SQLite."""
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\x00"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: object) -> str | None:
    if value is None or value == "\\N":
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
