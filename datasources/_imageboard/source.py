"""The data source of every imageboard: what its scrapers have kept, as items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from app.plugins import CaptureRun, DataSource, DateRange, EmptyResult, Period, Text
from datasources._imageboard.query import plain_text
from datasources._imageboard.settings import BoardSettings
from datasources._imageboard.site import Site

RECORD = (
    "thread_id, id, extract(epoch FROM created)::float8 AS timestamp, board, body, subject, author, image_file,"
    " image_4chan, image_md5, country_name, country_code, extract(epoch FROM deleted)::float8 AS timestamp_deleted"
)
"""The columns of a post that make a record, as SQL."""


class ImageboardSource(DataSource):
    """Posts of an imageboard, from what has been scraped here."""

    site: ClassVar[Site]
    kind = "search"
    Settings = BoardSettings
    columns: ClassVar[Mapping[str, type]] = {
        "board": str,
        "image_file": str,
        "image_4chan": str,
        "image_md5": str,
        "country_name": str,
        "country_code": str,
        "timestamp_deleted": datetime,
    }
    personal_columns = ("author*",)

    @dataclass(frozen=True)
    class Options:
        """Which posts."""

        boards: str = Text("Boards", help="Names with commas between them; all boards when left empty.")
        period: Period = DateRange("Posted in this period")

    def collect(self, options: Any, run: CaptureRun) -> Iterator[Mapping[str, Any]]:
        """Yield the posts of these boards and this time, in the order of their numbers."""
        boards = [name.strip().strip("/") for name in options.boards.split(",") if name.strip(" /")]
        found = False
        for rows in run.database.stream(
            f"SELECT {RECORD} FROM imageboard_posts WHERE source = %(source)s"  # noqa: S608 - columns of this module
            " AND (%(boards)s::text[] = '{}' OR board = ANY(%(boards)s::text[]))"
            " AND (%(after)s::timestamptz IS NULL OR created >= %(after)s)"
            " AND (%(before)s::timestamptz IS NULL OR created < %(before)s) ORDER BY board, id",
            source=self.id,
            boards=boards,
            after=options.period.after,
            before=options.period.before,
        ):
            found = True
            yield from rows
        if not found:
            raise EmptyResult(self.nothing_found(run.settings))

    @classmethod
    def nothing_found(cls, site: Mapping[str, Any]) -> str:
        """Why there is nothing: no board may be set."""
        own = cls.site.read_settings(site)
        if own.autoscrape and own.intervals():
            return f"No post of {cls.title} that is kept here fits."
        return (
            f"No post of {cls.title} that is kept here fits, and no board of it is scraped. An administrator sets"
            f" {cls.id}.boards and switches on {cls.id}.autoscrape."
        )

    @staticmethod
    def to_item(raw: Mapping[str, Any]) -> dict[str, Any]:
        """Map one stored post; its HTML becomes text."""
        return {
            "id": str(raw["id"]),
            "thread_id": str(raw["thread_id"]),
            "timestamp": datetime.fromtimestamp(raw["timestamp"], UTC),
            "author": raw.get("author"),
            "body": plain_text(raw.get("body")),
            "subject": plain_text(raw.get("subject")) or None,
            "board": raw["board"],
            "image_file": raw.get("image_file"),
            "image_4chan": raw.get("image_4chan"),
            "image_md5": raw.get("image_md5"),
            "country_name": raw.get("country_name"),
            "country_code": raw.get("country_code"),
            "timestamp_deleted": _moment_or_none(raw.get("timestamp_deleted")),
        }


def _moment_or_none(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
