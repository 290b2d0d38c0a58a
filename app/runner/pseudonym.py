"""Replace names by codes before anything of a capture is written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

REMOVED = "REDACTED"
_DIGITS = 24


class Pseudonyms:
    """Codes for names: a keyed BLAKE2b (RFC 7693), so that without the key nobody can try names against them.

    The same name gets the same code wherever this installation writes it. With `anonymise` every name becomes one word.
    """

    def __init__(self, key: str, *, anonymise: bool = False) -> None:
        self._key = hashlib.sha256(key.encode()).digest()
        self._anonymise = anonymise

    def code(self, name: str) -> str:
        """The code of one name; an empty name stays empty."""
        if not name:
            return name
        if self._anonymise:
            return REMOVED
        return hashlib.blake2b(name.encode(), key=self._key, digest_size=_DIGITS // 2).hexdigest()

    def in_batches(self, batches: Iterator[pa.RecordBatch], patterns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The batches with every value replaced in the columns whose names fit a pattern (`author*`)."""
        for batch in batches:
            coded = batch
            for place, name in enumerate(batch.schema.names):
                if is_personal(name, patterns):
                    coded = coded.set_column(place, batch.schema.field(place), self._replace(batch.column(place)))
            yield coded

    def _replace(self, values: pa.Array) -> pa.Array:
        """Codes in place of texts, also in lists; a flag stays, and a number or date, which no code fits into, goes."""
        import pyarrow as pa
        import pyarrow.types as kinds

        if kinds.is_boolean(values.type):
            return values
        if kinds.is_list(values.type):
            coded = [
                part if part is None else [self.code(str(name)) for name in part if name is not None]
                for part in values.to_pylist()
            ]
            return pa.array(coded, values.type)
        if not (kinds.is_string(values.type) or kinds.is_large_string(values.type)):
            return pa.nulls(len(values), values.type)
        distinct = values.cast(pa.string()).dictionary_encode()
        codes = pa.array([self.code(name) for name in distinct.dictionary.to_pylist()], pa.string())
        return codes.take(distinct.indices).cast(values.type)

    def in_record(self, record: Any, patterns: Sequence[str]) -> Any:
        """A raw record with every text replaced that stands under a key that fits a pattern, at any depth."""
        if isinstance(record, dict):
            return {
                key: self._whole(value) if is_personal(key, patterns) else self.in_record(value, patterns)
                for key, value in record.items()
            }
        if isinstance(record, list):
            return [self.in_record(value, patterns) for value in record]
        return record

    def _whole(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._whole(part) for key, part in value.items()}
        if isinstance(value, list):
            return [self._whole(part) for part in value]
        if value is None or isinstance(value, bool):
            return value
        return self.code(str(value))


def is_personal(name: str, patterns: Sequence[str]) -> bool:
    """Whether a column's name fits one of the patterns, whatever its case."""
    return any(fnmatchcase(name.lower(), pattern) for pattern in patterns)
