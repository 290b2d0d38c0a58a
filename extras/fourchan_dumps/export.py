"""Write stored posts as NDJSON or CSV: streamed, so that memory stays flat whatever their number."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TextIO

from app.storage.database import Database
from datasources._imageboard.query import plain_text

_COLUMNS = (
    *("source", "board", "thread_id", "id", "created", "seen", "deleted", "subject", "body", "author", "author_trip"),
    *("author_type", "author_type_id", "country_code", "country_name", "image_file", "image_4chan", "image_url"),
    *("image_md5", "image_width", "image_height", "image_filesize", "semantic_url", "unsorted_data"),
)
COLUMNS = (*_COLUMNS, "text")
"""What is exported: the columns of the posts, and `text`, the body without its HTML."""


@dataclass(frozen=True)
class Selection:
    """Which posts: those of a board from a day to before another, either of which may be left out."""

    source: str
    board: str
    since: date | None = None
    until: date | None = None


def export_posts(url: str, selection: Selection, kind: str, out: TextIO, show: Callable[[str], None]) -> int:
    """Write the posts in the order of their times; how many there were. `kind` is `ndjson` or `csv`."""
    database = Database(url, size=1, name="4cat export")
    conditions = ["source = %(source)s", "board = %(board)s"]
    if selection.since:
        conditions.append("created >= %(since)s")
    if selection.until:
        conditions.append("created < %(until)s")
    sql = (
        f"SELECT {', '.join(_COLUMNS)} FROM imageboard_posts WHERE {' AND '.join(conditions)}"  # noqa: S608
        " ORDER BY source, board, created, id"
    )
    write = _csv_writer(out) if kind == "csv" else _ndjson_writer(out)
    done = 0
    try:
        for rows in database.stream(sql, **vars(selection)):
            for row in rows:
                write({**row, "text": plain_text(row["body"])})
            done += len(rows)
            show(f"{done:,} posts written")
    finally:
        database.close()
    return done


def _ndjson_writer(out: TextIO) -> Callable[[dict[str, Any]], object]:
    def write(row: dict[str, Any]) -> None:
        out.write(json.dumps(row, default=_plain, ensure_ascii=False) + "\n")

    return write


def _csv_writer(out: TextIO) -> Callable[[dict[str, Any]], object]:
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()

    def write(row: dict[str, Any]) -> None:
        row["unsorted_data"] = json.dumps(row["unsorted_data"], ensure_ascii=False)
        writer.writerow({name: _plain(value) if isinstance(value, datetime) else value for name, value in row.items()})

    return write


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
