"""What an imageboard says, the same whatever its engine, and how single values of its JSON are read."""

from __future__ import annotations

import base64
import binascii
import html
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


class Unreadable(Exception):
    """This is not what the engine's API gives; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class ThreadListed:
    """A thread in the index of its board. `mark` is a text that changes when the thread does, or empty."""

    id: int
    position: int
    mark: str
    modified: datetime | None = None


@dataclass(frozen=True, slots=True)
class ImageRead:
    """A file of a post: what its poster called it, what the board calls it, and where it lies on the board."""

    file: str
    name: str
    path: str
    md5: str | None = None
    width: int | None = None
    height: int | None = None
    filesize: int | None = None


@dataclass(frozen=True, slots=True)
class PostRead:
    """A post as it could be read at one moment; `body` is HTML."""

    id: int
    created: datetime
    subject: str | None = None
    body: str | None = None
    author: str | None = None
    author_trip: str | None = None
    author_type: str | None = None
    author_type_id: str | None = None
    country_code: str | None = None
    country_name: str | None = None
    images: tuple[ImageRead, ...] = ()
    semantic_url: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ThreadRead:
    """A thread as it could be read at one moment, with its posts; `unread` counts those that could not be."""

    id: int
    posts: tuple[PostRead, ...]
    is_sticky: bool = False
    is_closed: bool = False
    is_cyclical: bool = False
    is_archived: bool = False
    archived_on: datetime | None = None
    bump_limit: bool = False
    image_limit: bool = False
    replies: int | None = None
    images: int | None = None
    posters: int | None = None
    unread: int = 0


def parsed(body: bytes) -> Any:
    """The JSON of an answer. :raises Unreadable: when it is none"""
    try:
        return json.loads(body, parse_constant=lambda _: None)  # NaN and the like, which no database takes
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"it is not JSON ({error})") from error


def listed_in(pages: Any, key: str = "threads") -> list[Mapping[str, Any]]:
    """The threads of a list of pages, in order. :raises Unreadable: when it is no such list"""
    if not isinstance(pages, list) or not all(isinstance(page, Mapping) for page in pages):
        raise Unreadable("it is not a list of pages")
    found = [thread for page in pages for thread in page.get(key) or ()]
    if not all(isinstance(thread, Mapping) for thread in found):
        raise Unreadable("its pages do not hold threads")
    return found


def text(value: Any) -> str | None:
    """A text that can be stored, or None when there is nothing in it."""
    if value is None or value == "" or isinstance(value, (dict, list)):
        return None
    return clean(str(value)) or None


def plain(value: Any) -> str | None:
    """A text in which HTML entities stand, such as a name, as its characters."""
    found = text(value)
    return clean(html.unescape(found)) if found else None


def clean(value: str) -> str:
    """A text without what PostgreSQL cannot store: NUL, and halves of characters."""
    return value.replace("\0", "").encode("utf-8", "replace").decode()


def tidied(value: Any) -> Any:
    """A JSON value whose texts and numbers can all be stored."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(str(name)): tidied(part) for name, part in value.items()}
    if isinstance(value, list):
        return [tidied(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def number(value: Any) -> int | None:
    """A whole number, also one that is written as text; None when it is none or too large."""
    try:
        found = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if abs(found) < 2**31 else None


def post_number(value: Any) -> int:
    """The number of a post or thread. :raises ValueError, TypeError: when it is none"""
    found = int(value)
    if isinstance(value, float) or not 0 < found < 2**63:
        raise ValueError(f"{value!r} is no number of a post")
    return found


def moment(seconds: Any) -> datetime:
    """A time given in seconds since 1970. :raises ValueError, TypeError, OverflowError: when it is none"""
    return datetime.fromtimestamp(int(seconds), UTC)


def moment_or_none(seconds: Any) -> datetime | None:
    """A time given in seconds since 1970, or None when it is none."""
    try:
        return moment(seconds)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def iso_moment(value: Any) -> datetime:
    """A time in ISO 8601. :raises ValueError, TypeError: when it is none"""
    found = datetime.fromisoformat(value)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def flag(value: Any) -> bool:
    """Yes or no, also as the numbers and texts that engines write: 1, "1", true."""
    return value in (1, "1", True)


def md5_of(value: Any) -> str | None:
    """An MD5 in hexadecimal, from Base64 or hexadecimal; None when it is none."""
    if not isinstance(value, str):
        return None
    if re.fullmatch(r"[0-9a-fA-F]{32}", value):
        return value.lower()
    try:
        found = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    return found.hex() if len(found) == 16 else None
