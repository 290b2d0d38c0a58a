"""What all platforms have in common whose posts come in through the browser extension Zeeschuimer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from app.domain.texts import say
from app.plugins import ITEM_COLUMNS, CaptureRun, Database, DataSource, EmptyResult, SourceFile
from datasources._zeeschuimer._fields import Fields, Unmappable, item_of, moment, text
from datasources._zeeschuimer._paths import Raw
from datasources._zeeschuimer._records import Line, lines_of, read_record, split_record
from datasources._zeeschuimer._shown import shown_of

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH = 1_000
_PREVIEWED = 20
NOTED: Fields = {
    "collected_from_url": text("@source_url", "@source_platform_url"),
    "collected_at": moment("@timestamp_collected"),
}
"""What the extension notes of every post, whatever the platform."""


class Zeeschuimer(DataSource):
    """A platform: `fields` says which column comes from where, `domains` how the extension calls the platform.

    `unwrap` may say of a record that it is no post, such as an advertisement. Names of people are replaced in the
    columns that `personal_columns` names; the file with the raw records is kept only when names may be.
    """

    kind = "tool"
    fields: ClassVar[Fields] = {}

    def __init_subclass__(cls, **more: Any) -> None:
        """Take columns and mapping from the declared fields."""
        super().__init_subclass__(**more)
        cls.fields = {**NOTED, **cls.fields}
        cls.columns = {name: field.kind for name, field in cls.fields.items() if name not in ITEM_COLUMNS}
        cls.to_item = staticmethod(cls._to_item)  # type: ignore[method-assign]

    @classmethod
    def _to_item(cls, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Map one line of the extension."""
        found = cls.unwrap(split_record(raw))
        return item_of(cls.fields, found)

    @staticmethod
    def unwrap(raw: Raw) -> Raw:
        """The post in a record, for platforms that wrap it. :raises Unmappable: when it is none, with the reason"""
        return raw

    @classmethod
    def explain(cls, items: Sequence[Mapping[str, Any]], database: Database) -> list[dict[str, Any]]:
        """Who wrote each post, what it quotes, how much it was liked and where it is, as far as its columns say."""
        return [shown_of(item) for item in items]

    def import_file(self, file: SourceFile, options: Any, run: CaptureRun) -> Iterator[pa.RecordBatch]:
        """Yield the posts of a file; what cannot be mapped goes into quarantine with its line and the missing path."""
        import pyarrow as pa

        schema = self._schema()
        before = run.resumed or {"offset": 0, "line": 0}
        size = file.size
        lines = lines_of(file.path, before["offset"], before["line"])
        is_empty = not before["line"]
        while part := list(islice(lines, _BATCH)):
            is_empty = False
            items = [item for line in part if (item := self._item(line, run)) is not None]
            yield pa.RecordBatch.from_pylist(items, schema=schema)
            last = part[-1]
            run.progress(min(last.end / max(size, 1), 1.0), text=say("{amount:,} lines read", amount=last.number))
            run.checkpoint({"offset": last.end, "line": last.number})
        if is_empty:
            raise EmptyResult(say("The file holds no records."))

    def _item(self, line: Line, run: CaptureRun) -> dict[str, Any] | None:
        try:
            return self.to_item(read_record(line))
        except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
            reason = str(error) if isinstance(error, Unmappable) else f"It has another shape ({error!r})."
            run.quarantine(line.number, reason, line.shown())
            return None

    @classmethod
    def _schema(cls) -> pa.Schema:
        import pyarrow as pa

        moment_type = pa.timestamp("us", tz="UTC")
        types: dict[type, Any] = {
            str: pa.string(),
            int: pa.int64(),
            float: pa.float64(),
            bool: pa.bool_(),
            list: pa.list_(pa.string()),
            datetime: moment_type,
        }
        first = [(name, moment_type if name == "timestamp" else pa.string()) for name in ITEM_COLUMNS]
        return pa.schema([*first, *((name, types[kind]) for name, kind in cls.columns.items())])

    def preview(self, path: Path, filename: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """The first posts of a file as they will be mapped, and which lines cannot be."""
        columns = [*ITEM_COLUMNS, *self.columns]
        rows: list[list[str]] = []
        problems: list[dict[str, Any]] = []
        for line in islice(lines_of(path), _PREVIEWED):
            try:
                item = self.to_item(read_record(line))
            except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
                problems.append({"line": line.number, "text": str(error)})
                continue
            rows.append([_cell(item[name]) for name in columns])
        return {
            "format": "ndjson",
            "dialect": {"encoding": "utf-8", "sheets": []},
            "described": f"{self.title} posts, as Zeeschuimer writes them",
            "columns": columns,
            "rows": rows,
            "guess": {},
            "preset": self.id,
            "preset_title": self.title,
            "problems": problems,
            "size": path.stat().st_size,
        }


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(value) if isinstance(value, list) else str(value)


__all__ = ["NOTED", "Zeeschuimer"]
