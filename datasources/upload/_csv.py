"""Read delimited text of any size: well-formed pieces with Arrow's engine, the others row by row.

Why so: of 1 million posts, Arrow reads blocks of 8 MB in 0.7 s and keeps 240 MB, DuckDB's reader with its table of
rejects takes 4 s and 790 MB. But no engine tells reliably when a lone quotation mark swallows rows, so each block is
checked first: every mark must open a cell behind a delimiter or close one before a delimiter. A block that fails, or
that the engine refuses (rows too long or short), is read row by row with exact line numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datasources.upload._dialect import Dialect, decode_sample, read_sample, sample_rows
from datasources.upload._encoding import Damage, Utf8File
from datasources.upload._quotes import NEWLINE, QUOTE, is_well_quoted, last_row_end, located, ragged
from datasources.upload._rows import Row, Rows, swallows_rows
from datasources.upload._tables import Bad, Chunk, listed, unique_names

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

BLOCK = 8 << 20
TYPE_ROW = "This row describes the columns (in the format of Orange) and is not a post."


class DelimitedReader:
    """A CSV or TSV file being read; with `state`, from where the piece that had it ends."""

    def __init__(
        self, path: Path, dialect: Dialect, block: int | None = None, state: Mapping[str, Any] | None = None
    ) -> None:
        self.columns = unique_names(dialect.names)
        self._path, self._dialect, self._shape, self._block = path, dialect, dialect.shape, block or BLOCK
        self._file = Utf8File(
            path, dialect.encoding, detected=dialect.encoding_detected, only_returns=dialect.only_returns
        )
        self._to_skip = (1 + dialect.type_rows) if dialect.has_header else 0
        self._line = 1
        self._rest = self._go_to(state) if state is not None else b""

    def _go_to(self, state: Mapping[str, Any]) -> bytes:
        self._line, self._to_skip = state["line"], state["to_skip"]
        self._file.wrong, self._file.removed = Damage(*state["wrong"]), Damage(*state["removed"])
        return self._file.go_to(state["file"])

    def _state(self, rest: bytes) -> dict[str, Any] | None:
        """Where to go on behind the rows before `rest`."""
        mark = self._file.mark(rest)
        if mark is None:
            return None
        damage = {"wrong": self._file.wrong.state(), "removed": self._file.removed.state()}
        return {"file": mark, "line": self._line, "to_skip": self._to_skip, **damage}

    @property
    def notes(self) -> list[str]:
        """What the user should know about the file, complete when all has been read."""
        renamed = [
            new for new, name in zip(self.columns, self._dialect.names, strict=True) if name.strip() not in ("", new)
        ]
        twice = [f"Some columns have the same name; they are now called {listed(renamed)}."] if renamed else []
        return twice + self._file.notes()

    def sample(self) -> pa.Table:
        """The first rows that can be read."""
        raw = read_sample(self._path)
        text = decode_sample(raw, self._dialect.encoding)
        text = text.replace("\r", "\n") if self._dialect.only_returns else text
        rows = sample_rows(text, self._shape, len(raw) == self._file.size)[self._to_skip :]
        return _table(self.columns, [row.cells for row in rows if len(row.cells) == len(self.columns)])

    def chunks(self) -> Iterator[Chunk]:
        """The rows of the file in pieces of some megabytes."""
        rest = self._rest
        for block in self._file.blocks(self._block):
            final = self._file.at_end
            data = rest + self._file.clean(block, self._line + rest.count(b"\n"))
            skipped: list[Bad] = []
            if self._to_skip:
                data, skipped = self._skip_first_rows(data, final)
            chunk, rest = self._piece(data, final=final)
            chunk.bad[:0] = skipped
            chunk.done, chunk.state = self._file.done, self._state(rest)
            yield chunk

    def _skip_first_rows(self, data: bytes, final: bool) -> tuple[bytes, list[Bad]]:
        """Leave out the header and the rows that describe the columns."""
        bad: list[Bad] = []
        text, data, tail = self._text(data, final)
        cutter = Rows(text, self._shape, self._line, final)
        for row in cutter:
            if row.reason:
                bad.append(Bad(row.line, row.reason, row.raw))
                continue
            if self._to_skip <= self._dialect.type_rows:
                bad.append(Bad(row.line, TYPE_ROW, row.raw))
            self._to_skip -= 1
            if not self._to_skip:
                break
        passed = text[: cutter.consumed].encode()
        self._line += passed.count(b"\n")
        return data[len(passed) :] + tail, bad

    def _piece(self, data: bytes, final: bool) -> tuple[Chunk, bytes]:
        """The rows that end in `data`, and the bytes behind them."""
        found = self._fast(data, final)
        if found is not None:
            chunk, end = found
            rest = data[end:]
            self._line += data.count(b"\n", 0, end)
            return chunk, rest
        text, data, tail = self._text(data, final)
        cutter = Rows(text, self._shape, self._line, final, len(self.columns))
        chunk = self._careful(cutter)
        self._line = cutter.line
        return chunk, text[cutter.consumed :].encode() + tail

    def _text(self, data: bytes, final: bool) -> tuple[str, bytes, bytes]:
        """A piece as text, its bytes (mended where they were not UTF-8), and what follows its last line end."""
        end = len(data) if final else data.rfind(b"\n") + 1
        head, tail = data[:end], data[end:]
        try:
            text = head.decode()
            self._file.approve(head)
        except UnicodeDecodeError:
            head, tail = self._file.repair(head, tail, self._line)
            text = head.decode()
        return text, head, tail

    def _careful(self, cutter: Rows) -> Chunk:
        """Row by row: what cannot be used is set aside with its line number and the reason."""
        width = len(self.columns)
        good: list[Row] = []
        bad: list[Bad] = []
        for row in cutter:
            cells = row.cells
            if not row.reason and len(cells) > width and not any(cells[width:]):
                cells = row.cells = cells[:width]
            if row.reason:
                bad.append(Bad(row.line, row.reason, row.raw))
            elif len(cells) != width:
                bad.append(Bad(row.line, ragged(len(cells), width), row.raw))
            else:
                good.append(row)
        table = _table(self.columns, [row.cells for row in good])
        return Chunk(table, lambda places: [(good[place].line, good[place].raw) for place in places], bad)

    def _fast(self, data: bytes, final: bool) -> tuple[Chunk, int] | None:
        """The rows by Arrow's engine and where they end; None when it must be done with care."""
        import numpy as np
        import pyarrow as pa

        if len(self._shape.delimiter.encode()) != 1 or self._shape.escape:
            return None
        codes = np.frombuffer(data, np.uint8)
        quotes = np.flatnonzero(codes == QUOTE) if self._shape.quote and b'"' in data else np.empty(0, np.int64)
        end = last_row_end(data, quotes, final)
        quotes = quotes[: np.searchsorted(quotes, end)]
        # The engine would end a row at a lone carriage return.
        returns = b"\r" in data and data.count(b"\r", 0, end) != data.count(b"\r\n", 0, end)
        if not end or returns or not is_well_quoted(codes, quotes, ord(self._shape.delimiter)):
            return None
        skipped: list[str] = []
        try:
            table = self._parse(data, end, skipped)
        except pa.ArrowInvalid:
            return None
        bad = located(skipped, data, quotes, self._line, len(self.columns), self._shape.delimiter)
        has_long_cells = len(quotes) and data.count(b"\n", 0, end) > table.num_rows + len(skipped)
        if bad is None or (has_long_cells and self._swallows(data[:end], codes, quotes)):
            return None
        self._file.approve(data)
        line = self._line
        return Chunk(table, lambda places: self._find(data[:end], line, places), bad), end

    def _parse(self, data: bytes, end: int, skipped: list[str]) -> pa.Table:
        import pyarrow as pa
        import pyarrow.csv as pa_csv

        def skip(row: pa_csv.InvalidRow) -> str:
            skipped.append(row.text)
            return "skip"

        return pa_csv.read_csv(
            pa.BufferReader(pa.py_buffer(data).slice(0, end)),
            pa_csv.ReadOptions(column_names=self.columns, block_size=end + 1),
            pa_csv.ParseOptions(
                delimiter=self._shape.delimiter,
                quote_char=self._shape.quote or False,
                newlines_in_values=True,
                invalid_row_handler=skip,
            ),
            pa_csv.ConvertOptions(column_types=dict.fromkeys(self.columns, pa.string()), strings_can_be_null=False),
        )

    def _swallows(self, data: bytes, codes: np.ndarray, quotes: np.ndarray) -> bool:
        """Whether some cell over several lines looks like an unclosed quote and the rows behind it."""
        import numpy as np

        width, delimiter = len(self.columns), self._shape.delimiter.encode()
        if width < 2:
            return False
        opens, closes = quotes[::2], quotes[1::2]
        ends = np.append(opens[1:] != closes[:-1] + 1, True)  # a doubled quote does not end a cell
        starts = np.append(True, ends[:-1])
        opens, closes = opens[starts], closes[ends]
        breaks = np.flatnonzero(codes == NEWLINE)
        lines = np.searchsorted(breaks, closes) - np.searchsorted(breaks, opens)
        for place in np.flatnonzero(lines > 1):
            start, end = int(opens[place]) + 1, int(closes[place])
            if data.count(delimiter, start, end) < 0.8 * (width - 1) * (int(lines[place]) - 1):
                continue
            before = data[data.rfind(b"\n", 0, start) + 1 : start - 1].decode("utf-8", "replace")
            first = before.split(self._shape.delimiter)[:-1]
            if swallows_rows(data[start:end].decode("utf-8", "replace"), self._shape, width, first):
                return True
        return False

    def _find(self, data: bytes, line: int, places: Sequence[int]) -> list[tuple[int, str]]:
        """Lines and texts of these rows, found by cutting the piece once more."""
        wanted, found = set(places), {}
        rows: Iterator[Row] = iter(Rows(data.decode(), self._shape, line, width=len(self.columns)))
        whole = (row for row in rows if len(row.cells) == len(self.columns))
        for place, row in enumerate(whole):
            if place in wanted:
                found[place] = (row.line, row.raw)
        return [found.get(place, (line, "")) for place in places]


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> pa.Table:
    import pyarrow as pa

    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    return pa.table({name: pa.array(cells, pa.string()) for name, cells in zip(columns, values, strict=True)})
