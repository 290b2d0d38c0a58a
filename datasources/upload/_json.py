"""Read JSON and NDJSON of any size: records become rows of text, nested objects columns with dots in their names.

The names of the columns are only known at the end of the file, so the rows are first written to a temporary file in
pieces, each with the columns seen in it, and then read back with all columns. Who goes on behind a piece knows them
already, and reads an NDJSON file from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from app.domain.texts import say
from app.plugins import InvalidInput
from datasources.upload._depth import Depth
from datasources.upload._dialect import Dialect
from datasources.upload._encoding import Utf8File
from datasources.upload._lines import BLOCK, Lines
from datasources.upload._records import MORE, Record, as_json, flatten, largest_list, unpack
from datasources.upload._tables import Bad, Chunk

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST_OBJECT = 64 << 20
"""A JSON object up to this size is read at once; of a larger one, the first list of objects is streamed."""

PIECE_ROWS, PIECE_BYTES = 20_000, 8 << 20
WIDEST = 2_000
_LINE = "__line__"
_LIST_DEPTH = 4


class JsonReader:
    """A JSON or NDJSON file being read. With `limit`, only so many records are; with `state`, those behind a piece."""

    def __init__(
        self,
        path: Path,
        dialect: Dialect,
        folder: Path,
        tick: Callable[[float], None],
        limit: int | None = None,
        state: Mapping[str, Any] | None = None,
    ) -> None:
        self._path, self._dialect, self._limit, self._tick = path, dialect, limit, tick
        self._file = Utf8File(path, dialect.encoding, detected=dialect.encoding_detected)
        self._spool = folder / "records.arrow"
        self._pieces = 0
        self._passed = state["pieces"] if state is not None else 0
        self._going_on = state["at"] if state is not None else None
        self._lines: Lines | None = None
        self._marks: list[dict[str, Any] | None] = []
        self._first: pa.Table | None = None
        self.columns: list[str] = []
        self.bad: list[Bad] = []
        self.total = self.seen = 0
        self._write_spool()
        self.bad = self.bad if state is None else []

    @property
    def notes(self) -> list[str]:
        """What the user should know about the file."""
        if self._going_on is not None:
            return list(self._going_on["notes"])
        wide = f"The records have more than {WIDEST:,} fields; the others are in the column {MORE} as JSON."
        return self._file.notes() + ([wide] if MORE in self.columns else [])

    def sample(self) -> pa.Table:
        """The first records."""
        first = self._first
        return self._widened(first).slice(0, 300) if first is not None else self._empty()

    def chunks(self) -> Iterator[Chunk]:
        """The records in pieces, all with all columns."""
        import pyarrow as pa

        bad, self.bad = self.bad, []
        before = self._passed if self._going_on is not None else 0
        with self._spool.open("rb") as source:
            for number in range(self._pieces):
                piece = pa.ipc.open_stream(source).read_all()
                if before + number < self._passed:
                    continue
                done = 0.5 + (number + 1) / self._pieces / 2
                state = {"pieces": before + number + 1, "at": self._place(self._marks[number])}
                yield Chunk(self._widened(piece), partial(_find, piece), bad, done, state)
                bad = []
        self._spool.unlink()
        if not self._pieces:
            yield Chunk(self._empty(), lambda places: [(0, "") for _ in places], bad, 1.0)

    def _place(self, mark: dict[str, Any] | None) -> dict[str, Any] | None:
        """Where to go on in the file, and what else is known of it; None when it must be read from its beginning."""
        return None if mark is None else {"lines": mark, "columns": self.columns, "notes": self.notes}

    def _write_spool(self) -> None:
        """Write all records to the temporary file, piece by piece, and learn the columns."""
        rows: list[dict[str, str | None]] = []
        known: dict[str, None] = dict.fromkeys(self._going_on["columns"]) if self._going_on is not None else {}
        weight = 0
        with self._spool.open("wb") as sink:
            for number, size, row, is_last in self._rows():
                flat = flatten(row)
                fresh = [name for name in flat if name not in known]
                if len(known) + len(fresh) > WIDEST:
                    over = fresh[max(WIDEST - len(known), 0) :]
                    flat[MORE] = orjson.dumps({name: flat.pop(name) for name in over}).decode()
                known.update(dict.fromkeys(flat))
                flat[_LINE] = str(number)
                rows.append(flat)
                weight += size
                self.seen += size
                self.total += 1
                if len(rows) >= PIECE_ROWS or weight >= PIECE_BYTES:
                    self._write_piece(rows, sink)
                    self._marks.append(self._lines.state() if self._lines is not None and is_last else None)
                    rows, weight = [], 0
                    self._tick(self._file.done / 2)
                if self._limit is not None and self.total >= self._limit:
                    break
            if rows:
                self._write_piece(rows, sink)
                self._marks.append(None)
        self.columns = list(known)

    def _write_piece(self, rows: list[dict[str, str | None]], sink: Any) -> None:
        import pyarrow as pa

        names = list(dict.fromkeys(name for row in rows for name in row))
        table = pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in names})
        with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
            writer.write_table(table)
        self._pieces += 1
        if self._first is None:
            self._first = table.slice(0, 300)

    def _widened(self, piece: pa.Table) -> pa.Table:
        """A piece with all columns in order; those it lacks are empty."""
        import pyarrow as pa

        have = set(piece.column_names)
        nothing = pa.nulls(len(piece), pa.string())
        return pa.table({name: piece[name] if name in have else nothing for name in self.columns})

    def _empty(self) -> pa.Table:
        import pyarrow as pa

        return pa.table({name: pa.array([], pa.string()) for name in self.columns})

    def _rows(self) -> Iterator[tuple[int, int, Record, bool]]:
        """Each record with its line (in a JSON array, its number), about how many bytes it has, and if it is the last.

        The last, that is, of those that came out of one line: pages hold several.
        """
        source = self._records() if self._dialect.format == "ndjson" else self._elements()
        for number, size, record in source:
            if not isinstance(record, dict):
                raw = as_json(record)
                self.bad.append(Bad(number, "This is a single value, not an object with fields.", raw))
                continue
            rows = list(unpack(record))
            for place, row in enumerate(rows, start=1):
                yield number, size // len(rows), row, place == len(rows)

    def _records(self) -> Iterator[tuple[int, int, Any]]:
        """The records of an NDJSON file."""
        self._lines = Lines(self._file, self._going_on["lines"] if self._going_on is not None else None)
        for line in self._lines:
            number = self._lines.number
            if not line.strip():
                continue
            try:
                record = orjson.loads(line)
                self._file.approve(line)
                yield number, len(line), record
            except orjson.JSONDecodeError as error:
                mended = self._mended(line, number)
                if mended is None:
                    reason = f"This line is not valid JSON: {error.msg}."
                    self.bad.append(Bad(number, reason, line.decode("utf-8", "replace")))
                else:
                    yield number, len(line), mended

    def _mended(self, line: bytes, number: int) -> Any:
        """A record whose characters were damaged; None when that was not what is wrong."""
        try:
            line.decode()
        except UnicodeDecodeError:
            try:
                return orjson.loads(self._file.repair(line, b"", number)[0])
            except orjson.JSONDecodeError:
                return None
        return None

    def _elements(self) -> Iterator[tuple[int, int, Any]]:
        """The records of a JSON file: those of its array, or of the list that its object holds."""
        import ijson

        start = next(self._file.blocks(1 << 16)).lstrip()
        if start[:1] == b"{" and self._file.size <= LARGEST_OBJECT:
            yield from self._whole()
            return
        prefix = "item" if start[:1] == b"[" else self._list_prefix()
        number, before = 0, 0
        try:
            for record in ijson.items(_Stream(self._fresh()), prefix, use_float=True):
                number += 1
                size, before = self._file.read - before, self._file.read
                yield number, size, record
        except ijson.JSONError as error:
            reason = f"From here the file is not valid JSON: {str(error).strip().splitlines()[0]}."
            self.bad.append(Bad(number + 1, reason, ""))

    def _whole(self) -> Iterator[tuple[int, int, Any]]:
        data = b"".join(self._fresh().blocks(BLOCK))
        try:
            found = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            text = f"This is not valid JSON: {error.msg} in line {error.lineno}, column {error.colno}."
            raise InvalidInput({"file": [text]}) from None
        rows = [found] if isinstance(found.get("data"), (list, dict)) else largest_list(found) or [found]
        if rows == [found] and list(unpack(found)) == [found]:
            rows = largest_list(found) or [found]
        for number, record in enumerate(rows, 1):
            yield number, max(len(data) // len(rows), 1), record

    def _fresh(self) -> Utf8File:
        """The file from its beginning, wrong characters replaced on the way."""
        self._file = Utf8File(
            self._path, self._dialect.encoding, detected=self._dialect.encoding_detected, always_decode=True
        )
        return self._file

    def _list_prefix(self) -> str:
        """Where in a large object the first list of objects is."""
        import ijson

        opened = None
        try:
            for prefix, event, _ in ijson.parse(_Stream(self._fresh())):
                if event == "start_map" and opened is not None and prefix == f"{opened}.item".lstrip("."):
                    return str(prefix)
                if event == "start_array":
                    shallow = prefix.count(".") < _LIST_DEPTH and ".item" not in prefix
                    opened = prefix if shallow else None
        except ijson.JSONError as error:
            raise InvalidInput(
                {"file": [say("This is not valid JSON: {error}.", error=str(error).strip().splitlines()[0])]}
            ) from None
        raise InvalidInput({"file": [say("This JSON holds no list of objects, so there are no posts in it.")]})


class _Stream:
    """The pieces of a file as something that can be read from, as long as it is not nested too deeply."""

    def __init__(self, file: Utf8File) -> None:
        self._blocks, self._rest, self._depth = file.blocks(1 << 18), b"", Depth()

    def read(self, size: int = -1) -> bytes:
        """Some bytes; none at the end."""
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return b""
            self._depth.feed(block)
            self._rest = block
        taken = self._rest if size < 0 else self._rest[:size]
        self._rest = self._rest[len(taken) :]
        return taken


def _find(piece: pa.Table, places: Iterable[int]) -> list[tuple[int, str]]:
    """Lines and records, as JSON, of these rows of a piece."""
    rows = piece.take(list(places)).to_pylist()
    return [
        (int(row.pop(_LINE)), orjson.dumps({k: v for k, v in row.items() if v is not None}).decode()) for row in rows
    ]
