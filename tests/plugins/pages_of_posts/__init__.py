"""A data source that collects made-up records, some of which cannot be mapped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from app.plugins import CaptureRun, DataSource, Number


class PagesOfPosts(DataSource):
    """Collect numbered posts; every tenth lacks its author."""

    id = "pages_of_posts"
    title = "Pages of posts"
    columns: ClassVar[Mapping[str, type]] = {"likes": int, "tags": list}

    @dataclass(frozen=True)
    class Options:
        """How many."""

        amount: int = Number("Amount", 20, minimum=1)

    def collect(self, options: Options, run: CaptureRun) -> Iterator[Mapping[str, Any]]:
        """Make the records up."""
        for number in range(options.amount):
            record = {"pk": number, "text": f"post {number}", "likes": number, "tags": ["a", "b"]}
            if number % 10 != 9:
                record["user"] = {"name": f"user{number % 3}"}
            yield record

    @staticmethod
    def to_item(raw: Mapping[str, Any]) -> dict[str, Any]:
        """Map one record."""
        return {
            "id": str(raw["pk"]),
            "thread_id": str(raw["pk"]),
            "timestamp": datetime(2026, 1, 1, tzinfo=UTC),
            "author": raw["user"]["name"],
            "body": raw["text"],
            "likes": raw["likes"],
            "tags": raw["tags"],
        }
