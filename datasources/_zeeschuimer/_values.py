"""Read single values of raw records: text, numbers, switches and moments. What is not one is None."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

_LARGEST = 2**63
_WHOLE = re.compile(r"[+-]?\d{1,19}")
_HASHTAG = re.compile(r"(?<![\w&/])[#＃]([\w·]*[^\W\d_][\w·]*)")
_BREAK = re.compile(r"(?i)<br\s*/?>|</p>\s*(?=<p\b)")
_TAG = re.compile(r"<[^<>]*>")
_SECONDS = (1e8, 1e11)
"""Between these a number of a moment is in seconds (1973 to 5138); a thousand times that, in milliseconds."""


def as_text(value: Any) -> str | None:
    """A text or number as text; empty text is missing."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return None


def as_number(value: Any) -> int | None:
    """A whole number, also when it is written as text. A rounded one such as `1.2K` is no number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        stripped = value.strip().replace(",", "")
        value = int(stripped) if _WHOLE.fullmatch(stripped) else None
    elif isinstance(value, float):
        value = int(value) if math.isfinite(value) and value.is_integer() else None
    return value if isinstance(value, int) and -_LARGEST <= value < _LARGEST else None


def as_real(value: Any) -> float | None:
    """A number that need not be whole."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def as_flag(value: Any) -> bool | None:
    """A switch; platforms also write it as 0 and 1, or as text."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, str)):
        return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}.get(str(value).lower())
    return None


def as_moment(value: Any) -> datetime | None:
    """A moment in UTC: seconds or milliseconds since 1970, ISO 8601, or a date as in e-mail or on X."""
    number = as_real(value)
    if number is not None:
        low, high = _SECONDS
        number = number / 1000 if number >= high else number
        return datetime.fromtimestamp(number, UTC) if low <= number < high else None
    if not isinstance(value, str):
        return None
    for read in (datetime.fromisoformat, _of_x, parsedate_to_datetime):
        try:
            moment = read(value.strip())
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, TypeError, OverflowError):
            continue
    return None


def _of_x(value: str) -> datetime:
    return datetime.strptime(value, "%a %b %d %H:%M:%S %z %Y")


def plain(value: str | None) -> str | None:
    """The text of a piece of HTML: paragraphs and breaks become lines."""
    if value is None:
        return None
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", value))).strip() or None


def hashtags_in(text: str | None) -> list[str]:
    """The hashtags in a text, without #, each once."""
    return unique(_HASHTAG.findall(text or ""))


def unique(values: Iterable[Any]) -> list[str]:
    """The texts among some values, in order, each once."""
    return list(dict.fromkeys(text for text in map(as_text, values) if text is not None))


def target_of(url: str | None) -> str | None:
    """Where a link leads that goes through a counting page, as Meta's do; another link as it is."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    inner = parse_qs(parts.query).get("u", [""])[0] if (parts.hostname or "").startswith("l.") else ""
    return inner or url


def without_query(url: str | None) -> str | None:
    """An address without what follows its question mark."""
    return url.partition("?")[0] if url else None
