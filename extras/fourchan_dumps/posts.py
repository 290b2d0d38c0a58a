"""A record of a dump as a post of the data source `fourchan`: each field as the scraper would have stored it."""

from __future__ import annotations

import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

from datasources._imageboard.query import plain_text, spaced
from extras.fourchan_dumps.countries import NAMES
from extras.fourchan_dumps.markup import escaped, to_html
from extras.fourchan_dumps.record import Record

SOURCE = "fourchan"
COLUMNS = (
    *("source", "board", "id", "thread_id", "created", "seen", "deleted", "subject", "body", "author"),
    *("author_trip", "author_type", "author_type_id", "country_code", "country_name", "image_file", "image_4chan"),
    *("image_md5", "image_width", "image_height", "image_filesize", "unsorted_data", "subject_words", "body_words"),
)
"""The columns that an import fills, in the order of `Post.line`."""

SCHEMA = {"id": pl.Int64, "thread": pl.Int64, "time": pl.Int64, "has_image": pl.Boolean, "line": pl.String}
"""Posts in a frame: what their threads need to know of them, and `Post.line`."""

_CAPCODES = {"M": "mod", "A": "admin", "D": "developer", "F": "founder", "V": "verified", "G": "manager"}
EARLIEST, LATEST = 1_000_000_000, 4_102_444_800  # 2001, before which there was no 4chan, and 2100
_NULL = "\\N"


class Opening(NamedTuple):
    """What a thread's first post says about the thread."""

    created: int
    is_sticky: bool
    is_closed: bool
    expired: int | None
    deleted: int | None
    posters: int | None


@dataclass(slots=True)
class Post:
    """One post, as a line for COPY, and what its thread needs to know of it."""

    id: int
    thread: int
    time: int
    has_image: bool
    opening: Opening | None
    line: str

    def words(self) -> list[str]:
        """The words of its subject and its text."""
        _, subject, body = self.line.rsplit("\t", 2)
        return [*subject.split(), *body.split()]


class Posts:
    """Makes posts of the records of one board's dump.

    With `new_york` the times of the dump are taken for the time of day in New York, written as if it were UTC.
    """

    def __init__(self, board: str, *, new_york: bool = False) -> None:
        self._head = f"{SOURCE}\t{board}"
        self._moment = real_time if new_york else int

    def make(self, record: Record) -> Post | None:
        """The post of a record; None for a ghost post, which was written on the archive and never on the board.

        :raises ValueError: naming the field that is wrong
        """
        num, subnum, thread, op, stamp, expired = record[:6]
        if _number("subnum", subnum or "0"):
            return None
        post, topic = _number("num", num), _number("thread_num", thread)
        if not post or not topic:
            raise ValueError("num and thread_num must be larger than 0")
        time = self._moment(_time("timestamp", stamp))
        ended = self._moment(_time("timestamp_expired", expired)) if expired and expired not in "0N" else None
        gone = (ended or time) if record[16] not in (None, "", "0", "N") else None
        more, extra = _rest(record)
        opening = None
        if _flag(op) or post == topic:
            sticky, closed = _flag(record[23]), _flag(record[24])
            opening = Opening(time, sticky, closed, ended, gone, _count(extra.get("uniqueIps")))
        has_image = bool(record[13] or record[14] or record[9])
        line = "\t".join(
            (
                f"{self._head}\t{post}\t{topic}",
                *_moments(time, gone),
                *_texts(record),
                *_flags(record, extra),
                *(_image(record) if has_image else _NO_IMAGE),
                _quoted(json.dumps(more, ensure_ascii=False)) if more else "{}",
                *_words(record),
            )
        )
        return Post(post, topic, time, has_image, opening, line)


@lru_cache(maxsize=4096)
def _hour_shift(hour: int) -> int:
    wall = datetime.fromtimestamp(hour * 3600, UTC).replace(tzinfo=ZoneInfo("America/New_York"))
    return int(wall.timestamp()) - hour * 3600


def real_time(shifted: int) -> int:
    """The moment at which clocks in New York showed what this number says when it is read as UTC.

    In autumn one hour comes twice; it is taken for the first.
    """
    return shifted + _hour_shift(shifted // 3600)


def _moments(time: int, gone: int | None) -> tuple[str, str, str]:
    created = _moment(time)
    return created, created, _NULL if gone is None else _moment(gone)


def _moment(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat()


def _texts(record: Record) -> tuple[str, ...]:
    """Subject, body, author, trip, poster's id and capcode."""
    title, comment, name, capcode = record[21], record[22], record[19], record[17]
    return (
        _quoted(escaped(title)) if title else _NULL,
        _quoted(to_html(comment)) if comment else _NULL,
        _quoted(escaped(name)) if name else _NULL,
        _quoted(record[20]) if record[20] else _NULL,
        _quoted(record[25]) if record[25] and record[25] != "N" else _NULL,
        _NULL if capcode in (None, "", "N") else _quoted(_CAPCODES.get(capcode or "", capcode or "")),
    )


def _words(record: Record) -> tuple[str, str]:
    """What is searched: the same words that the board's own HTML would give."""
    title, comment = record[21], record[22]
    if comment and "[" in comment:  # the archives' marks are no words
        words = spaced(plain_text(to_html(comment)))
    else:
        words = spaced(comment.replace("\u00ad", "").replace("\x00", "")) if comment else ""
    return spaced(plain_text(escaped(title))) if title else "", words


def _flags(record: Record, extra: dict[str, Any]) -> tuple[str, str]:
    """Code and name of the country, or of the board's own flag."""
    code = record[26]
    own = extra.get("trollCountry") or extra.get("troll_country")
    if not code or code == "N":
        return (_quoted(f"t_{own}"), _NULL) if own else (_NULL, _NULL)
    name = NAMES.get(code)
    return _quoted(code), name or _NULL


_NO_IMAGE = (_NULL,) * 6


def _image(record: Record) -> tuple[str, ...]:
    """File, name on the board, MD5 as hexadecimal, width, height, bytes."""
    width, height, size = (_count(record[place]) for place in (10, 11, 12))
    return (
        _quoted(record[9]) if record[9] else _NULL,
        _quoted(record[14]) if record[14] else _NULL,
        _hexadecimal(record[13]),
        *(str(value) if value else _NULL for value in (width, height, size)),
    )


def _hexadecimal(encoded: str | None) -> str:
    try:
        return binascii.a2b_base64(encoded.encode()).hex() or _NULL if encoded else _NULL
    except (binascii.Error, UnicodeEncodeError):
        return _NULL


def _rest(record: Record) -> tuple[dict[str, Any], dict[str, Any]]:
    """What has no column of its own; and of that, what the archive has noted as JSON."""
    more: dict[str, Any] = {}
    extra = _noted(record[27]) if record[27] else {}
    if record[27]:
        more["exif"] = extra or record[27].replace("\x00", "")
    if record[18]:
        more["email"] = record[18].replace("\x00", "")
    if record[6]:
        more["preview"] = record[6].replace("\x00", "")
        more["tn_w"], more["tn_h"] = _count(record[7]), _count(record[8])
    if _flag(record[15]):
        more["spoiler"] = 1
    return more, extra


def _noted(exif: str) -> dict[str, Any]:
    """What is said in JSON; nothing where it is none, or none that PostgreSQL can hold."""
    try:
        found = json.loads(exif)
        text = json.dumps(found, ensure_ascii=False, allow_nan=False)
        text.encode()
    except ValueError:
        return {}
    return found if isinstance(found, dict) and "\\u0000" not in text else {}


def _number(name: str, value: str | None) -> int:
    try:
        found = int(value or "")
    except ValueError:
        found = -1
    if not 0 <= found < 2**63:
        raise ValueError(f"{name} must be a number, not {(value or 'NULL')[:40]!r}")
    return found


def _time(name: str, value: str | None) -> int:
    found = _number(name, value)
    if not EARLIEST <= found < LATEST:
        raise ValueError(f"{name} must be a time in seconds since 1970, between 2001 and 2100, not {found}")
    return found


def _count(value: Any) -> int | None:
    """A number where there is one that fits."""
    try:
        found = int(value)
    except (TypeError, ValueError):
        return None
    return found if 0 <= found < 2**31 else None


def _flag(value: str | None) -> bool:
    return value not in (None, "", "0", "N")


def _quoted(text: str) -> str:
    """Text as COPY wants it: control characters behind a backslash, and without NUL, which PostgreSQL cannot hold."""
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    if "\x00" in text:
        text = text.replace("\x00", "")
    if "\n" in text or "\r" in text or "\t" in text:
        text = text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return text
