"""Spell out the words of many texts at once, as `query.spaced` does of one."""

from __future__ import annotations

from string import ascii_lowercase, ascii_uppercase, digits

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from datasources._imageboard.query import LONGEST, spaced

_SPACE = 32
_KEPT = (ascii_lowercase + digits + "_").encode()
_FOLD = bytearray(b" " * 256)
for _letter in _KEPT:
    _FOLD[_letter] = _letter
for _letter, _small in zip(ascii_uppercase.encode(), ascii_lowercase.encode(), strict=True):
    _FOLD[_letter] = _small
_ODD = rf"[^\x00-\x7f]|[0-9A-Za-z_]{{{LONGEST + 1},}}"


def spell(texts: pl.Series) -> tuple[pl.Series, set[str]]:
    """The words of each text with a space before and after each, and all of these words once.

    Letters and digits are looked up byte by byte; texts with others, or with words that are cut, are spelt one by one.
    """
    texts = texts.fill_null("")
    odd = texts.str.contains(_ODD)
    places = odd.arg_true()
    plain = texts.to_frame().select(pl.when(odd).then(pl.lit("")).otherwise(pl.first())).to_series()
    found, words = _spell_plain(plain)
    if len(places):
        spelt = [spaced(text.replace("\u00ad", "")) for text in texts.gather(places)]
        found = found.scatter(places, spelt)
        words.update(word for text in spelt for word in text.split())
    return found, words


def _spell_plain(texts: pl.Series) -> tuple[pl.Series, set[str]]:
    """The same of texts in ASCII without words that are too long."""
    framed = texts.to_frame().select(pl.format(" {} ", pl.first())).to_series()
    array = framed.to_arrow(compat_level=pl.CompatLevel.oldest())
    _, ends, bytes_ = array.buffers()
    limits = np.frombuffer(ends, np.int64)[array.offset : array.offset + len(array) + 1]
    if not len(array) or bytes_ is None:
        return texts, set()
    data = np.frombuffer(bytes(memoryview(bytes_)[int(limits[0]) : int(limits[-1])]).translate(_FOLD), np.uint8)
    limits = limits - limits[0]
    is_space = data == _SPACE
    again = np.empty_like(is_space)  # spaces behind spaces, but for the first of a text
    again[0] = False
    np.logical_and(is_space[1:], is_space[:-1], out=again[1:])
    again[limits[:-1]] = False
    kept = data[~again]
    limits = limits - np.searchsorted(np.flatnonzero(again), limits)
    spelt = pl.Series(pl.from_arrow(_strings(kept, limits)))
    words = _strings(kept, np.flatnonzero(kept == _SPACE) + 1).unique().to_pylist()
    none = pl.when(pl.first() == " ").then(pl.lit("")).otherwise(pl.first())
    return spelt.to_frame().select(none).to_series(), {word[:-1] for word in words} - {""}


def _strings(data: npt.NDArray[np.uint8], limits: npt.NDArray[np.int64]) -> pa.LargeStringArray:
    """The pieces of some bytes between limits, as text."""
    return pa.LargeStringArray.from_buffers(len(limits) - 1, pa.py_buffer(limits.astype(np.int64)), pa.py_buffer(data))
