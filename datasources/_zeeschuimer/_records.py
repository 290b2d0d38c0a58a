"""Read the records of a file that Zeeschuimer has sent, one line at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from datasources._zeeschuimer._fields import Unmappable
from datasources._zeeschuimer._paths import Raw

LONGEST_LINE = 32 << 20
_SHOWN = 100_000
_OLD_META = "__import_meta"


@dataclass(frozen=True)
class Line:
    """One line of the file; `end` is where the next one begins."""

    number: int
    end: int
    text: bytes
    is_whole: bool = True

    def shown(self) -> str:
        """Its text for the quarantine; of a very long one, the beginning."""
        return self.text[:_SHOWN].decode("utf-8", "replace").rstrip("\r\n")


def lines_of(path: Path, offset: int = 0, number: int = 0) -> Iterator[Line]:
    """The lines of a file that hold something, from a place behind line `number` on; memory stays flat."""
    with path.open("rb") as opened:
        opened.seek(offset)
        while text := opened.readline(LONGEST_LINE):
            number += 1
            whole = text.endswith(b"\n") or len(text) < LONGEST_LINE
            rest = text
            while not rest.endswith(b"\n") and (rest := opened.readline(LONGEST_LINE)):
                pass
            if number == 1:
                text = text.removeprefix(b"\xef\xbb\xbf")
            if text.strip():
                yield Line(number, opened.tell(), text, whole)


def read_record(line: Line) -> Mapping[str, Any]:
    """The JSON object on a line.

    :raises Unmappable: when there is none
    """
    if not line.is_whole:
        raise Unmappable(f"This line is longer than {LONGEST_LINE >> 20} MB.")
    try:
        record = orjson.loads(line.text)
    except orjson.JSONDecodeError as error:
        record = _leniently(line.text, str(error))
    if not isinstance(record, dict):
        raise Unmappable("This line is not a JSON object.")
    return record


def _leniently(text: bytes, reason: str) -> Any:
    """Read JSON that browsers write but the strict reader refuses: halves of emoji that were cut in two."""
    try:
        found = json.loads(text)
        return orjson.loads(json.dumps(found, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise Unmappable(f"This line is not JSON: {reason.rstrip('.')}.") from None


def split_record(record: Mapping[str, Any]) -> Raw:
    """What the platform sent and what the extension noted, in today's shape of a line or the older one.

    :raises Unmappable: when there is nothing that the platform sent
    """
    if isinstance(record.get("data"), Mapping) and _OLD_META not in record:
        return Raw(record["data"], {name: value for name, value in record.items() if name != "data"})
    meta = record.get(_OLD_META)
    if not isinstance(meta, Mapping):
        raise Unmappable("data is missing")
    return Raw({name: value for name, value in record.items() if name != _OLD_META}, meta)
