r"""Take whole records of a CSV dump out of a stretch of bytes at once, where all of it is as it should be.

The quotation marks that are not escaped must open and close fields in turn, and between fields may stand commas, line
ends, `\N` and digits alone. What is not so is left to the reader that goes record by record (`csv_dump`) and says what
is wrong. Both read the same out of the same bytes.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.csv as pc

_QUOTE, _COMMA, _BREAK, _BACK, _N, _RETURN = b'",\n\\N\r'
_BETWEEN = np.zeros(256, dtype=bool)
_BETWEEN[list(b",\n\r\\N0123456789")] = True
_MEANT = {b"\\0": b"", b"\\b": b"", b"\\Z": b"", b"\\n": b"\n", b"\\t": b"\t", b"\\r": b"\r"}
_WITH_MEANING = re.compile(rb"\\[0bZntr]")
_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_ODD = (b'"\\N"', b"\x00")  # a NULL in quotation marks, and what the database does not take

Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Quick:
    """Whole records, as text columns by the names that were given, and where each begins in the bytes."""

    frame: pl.DataFrame
    starts: Places
    size: int


def take(given: bytes, names: tuple[str, ...], rows: int) -> Quick | None:
    """As many records as are sure, from the beginning of the bytes, at most `rows`; None when the first is not."""
    ends = _sure_records(np.frombuffer(given, np.uint8), given, len(names))[:rows]
    odd = [place for sign in _ODD if (place := given.find(sign)) >= 0]
    ends = ends[ends < min(odd)] if odd else ends
    if not len(ends):
        return None
    size = int(ends[-1]) + 1
    part = given[:size]
    if _WITH_MEANING.search(part):
        part = _ESCAPED.sub(lambda found: _MEANT.get(found[0], found[0]), part)
    table = _parse(part, names)
    if table is None or table.num_rows != len(ends):
        return None
    return Quick(pl.DataFrame(pl.from_arrow(table)), np.concatenate(([0], ends[:-1] + 1)), size)


def _sure_records(data: npt.NDArray[np.uint8], given: bytes, columns: int) -> Places:
    """Where the records end, up to the first that is not as it should be."""
    quotes = _marks(data, given)
    between = _outside(quotes, len(data))
    kinds = data[between]
    ends: Places = between[kinds == _BREAK]
    wrong = [_first(between, ~_BETWEEN[kinds]), _wrong_mark(data, quotes), _wrong_null(data, between, kinds)]
    ends = ends[ends < min(wrong)]
    commas = np.searchsorted(between[kinds == _COMMA], ends)
    fit = np.diff(commas, prepend=0) == columns - 1
    return ends if fit.all() else ends[: int(np.argmin(fit))]


def _outside(quotes: Places, size: int) -> Places:
    """The places outside of fields in quotation marks, which open and close in turn."""
    begins = np.concatenate(([0], quotes[1::2] + 1))
    ends = quotes[0::2] if len(quotes) % 2 else np.append(quotes[0::2], size)
    sizes = ends - begins[: len(ends)]
    before = np.cumsum(sizes) - sizes
    return np.repeat(begins[: len(ends)] - before, sizes) + np.arange(int(sizes.sum()))


def _marks(data: npt.NDArray[np.uint8], given: bytes) -> Places:
    """The quotation marks that are not escaped."""
    quotes = np.flatnonzero(data == _QUOTE)
    escaped = np.zeros(len(quotes), dtype=bool)
    escaped[quotes > 0] = data[quotes[quotes > 0] - 1] == _BACK
    if b'\\\\"' in given:
        for place in np.flatnonzero(escaped):
            escaped[place] = _run_before(given, int(quotes[place])) % 2 == 1
    sure: Places = quotes[~escaped]
    return sure


def _run_before(given: bytes, at: int) -> int:
    """How many backslashes stand before a place."""
    begin = at
    while begin and given[begin - 1] == _BACK:
        begin -= 1
    return at - begin


def _wrong_mark(data: npt.NDArray[np.uint8], quotes: Places) -> int:
    """The first mark that neither opens a field behind a comma or a line end nor closes it before one."""
    opening, closing = quotes[0::2], quotes[1::2]
    before = data[np.maximum(opening - 1, 0)]
    after = data[np.minimum(closing + 1, len(data) - 1)]
    bad_open = (opening > 0) & (before != _COMMA) & (before != _BREAK)
    bad_close = (after != _COMMA) & (after != _BREAK) & (after != _RETURN)
    return min(_first(opening, bad_open), _first(closing, bad_close))


def _wrong_null(data: npt.NDArray[np.uint8], between: Places, kinds: npt.NDArray[np.uint8]) -> int:
    r"""The first backslash or N between fields that is no `\N` alone, or return that ends no line."""
    backs, ns, returns = (between[kinds == kind] for kind in (_BACK, _N, _RETURN))
    last = len(data) - 1
    before = data[np.maximum(backs - 1, 0)]
    bad_back = (data[np.minimum(backs + 1, last)] != _N) | ((backs > 0) & (before != _COMMA) & (before != _BREAK))
    after = data[np.minimum(ns + 1, last)]
    bad_n = (data[np.maximum(ns - 1, 0)] != _BACK) | ((after != _COMMA) & (after != _BREAK) & (after != _RETURN))
    bad_return = data[np.minimum(returns + 1, last)] != _BREAK
    return min(_first(backs, bad_back), _first(ns, bad_n), _first(returns, bad_return))


def _first(places: Places, bad: npt.NDArray[np.bool_]) -> int:
    found = np.flatnonzero(bad)
    return int(places[found[0]]) if len(found) else 2**62


def _parse(part: bytes, names: tuple[str, ...]) -> pa.Table | None:
    """The columns as text; None when it is no UTF-8."""
    try:
        return pc.read_csv(
            io.BytesIO(part),
            pc.ReadOptions(column_names=list(names), block_size=len(part) + 1, use_threads=False),
            pc.ParseOptions(quote_char='"', double_quote=False, escape_char="\\", newlines_in_values=True),
            pc.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                null_values=["N", ""],
            ),
        )
    except pa.ArrowInvalid:
        return None
