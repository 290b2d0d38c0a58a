"""A package: a capture with all made from it in one ZIP, for another installation. docs/packages.md tells the format.

What is in it is named here once, for those who write packages and those who read them. What comes from elsewhere is
believed in nothing: `checked_record` lets through what fits, and says what does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from app.domain.annotation import LONGEST_NAME, NOT_IN_NAMES, FieldKind
from app.domain.dataset import Kind, Status
from app.domain.plain import storable, storable_text, with_texts

FORMAT = "4cat-package"
VERSION = 1
"""The version of the format. Readers refuse a higher one, which they cannot know."""
MANIFEST = "manifest.json"
"""The last member of a package. It names every other one with its size and SHA-256."""
RESULT = "imported-result"
"""The type of a result that nothing here makes."""
KEY = re.compile(r"[0-9a-f]{32}")
"""What keys of datasets look like."""

ROLES: Mapping[Kind, tuple[str, ...]] = {
    Kind.TABLE: ("table",),
    Kind.GRAPH: ("nodes", "edges"),
    Kind.CHART: ("chart",),
    Kind.PAGE: ("page",),
    Kind.FILES: ("archive",),
}
"""The files that a result of each kind must have."""
MORE_ROLES = ("raw", "original", "quarantine")
"""Those that any may have beside them."""

_TEXTS = ("key", "type", "acts_as", "label", "message")
_MAYBE_TEXTS = (
    *("datasource", "parent", "attach_to", "source", "filename", "pseudonymise", "made_by"),
    *("log", "methods", "annotations"),
)
_MOMENTS = ("created", "started", "ended")
_LONGEST = {"label": 200, "type": 100, "acts_as": 100, "datasource": 100}


def rewrite_keys(value: Any, keys: Mapping[str, str]) -> Any:
    """The same value with every text that is one of these keys replaced, at any depth."""
    return with_texts(value, lambda text: keys.get(text, text))


def read_moment(given: Any) -> str:
    """A time that stands in a package, as ISO 8601 in UTC; without a zone it is taken for one in UTC.

    :raises ValueError: when it is none
    """
    try:
        moment = datetime.fromisoformat(given)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (TypeError, OverflowError) as error:
        raise ValueError(str(error)) from None


def checked_record(given: Any) -> dict[str, Any]:
    """What a manifest tells of a dataset, with every field there and of its type. Fields that are unknown are left out.

    :raises ValueError: naming the field that will not do
    """
    if not isinstance(given, Mapping):
        raise ValueError("it is no object")
    found: dict[str, Any] = {name: _text(given, name) for name in _TEXTS}
    found |= {name: _text(given, name) if given.get(name) is not None else None for name in _MAYBE_TEXTS}
    for name, longest in _LONGEST.items():
        found[name] = found[name][:longest] if found[name] else found[name]
    if not KEY.fullmatch(found["key"]):
        raise ValueError("its `key` is none")
    found["status"] = _one_of(given, "status", [str(status) for status in Status if status.is_ended])
    found["kind"] = _one_of(given, "kind", [None, *map(str, Kind)])
    found |= {name: _moment(given, name) for name in _MOMENTS}
    found["rows"] = None if given.get("rows") is None else _count(given, "rows")
    found["quarantined"] = _count(given, "quarantined") if given.get("quarantined") is not None else 0
    found |= {name: _texts(given, name) for name in ("warnings", "columns")}
    found |= {name: storable(_mapping(given, name)) for name in ("parameters", "provenance", "files")}
    found["provenance"] = _provenance(found["provenance"])
    found["fields"] = [_field(field, found["columns"]) for field in given.get("fields") or ()]
    return found


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str):
        raise ValueError(f"its `{name}` is no text")
    return storable_text(value)


def _texts(given: Mapping[str, Any], name: str) -> list[str]:
    value = given.get(name) or []
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ValueError(f"its `{name}` is no list of texts")
    return list(storable(value))


def _mapping(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = given.get(name) or {}
    if not isinstance(value, Mapping):
        raise ValueError(f"its `{name}` is no object")
    return value


def _count(given: Mapping[str, Any], name: str) -> int:
    value = given.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**62:
        raise ValueError(f"its `{name}` is no number of rows")
    return value


def _one_of(given: Mapping[str, Any], name: str, allowed: Iterable[str | None]) -> str | None:
    value = given.get(name)
    if value not in list(allowed):
        raise ValueError(f"its `{name}` is unknown here")
    return value


def _moment(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is None:
        return None
    try:
        return read_moment(value)
    except ValueError:
        raise ValueError(f"its `{name}` is no time") from None


def _provenance(given: Mapping[str, Any]) -> dict[str, Any]:
    """Provenance without what is of another type than pages and methods texts take it for."""
    found = {name: value for name, value in given.items() if name not in ("4cat", "python") or isinstance(value, str)}
    libraries = found.get("libraries")
    if libraries is not None and not (
        isinstance(libraries, Mapping) and all(isinstance(version, str) for version in libraries.values())
    ):
        found.pop("libraries")
    return found


def _field(given: Any, columns: Sequence[str]) -> dict[str, Any]:
    """A field of annotations, whose name is none of the columns."""
    if not isinstance(given, Mapping):
        raise ValueError("one of its `fields` is no object")
    name = _text(given, "name").strip()[:LONGEST_NAME]
    if not name or set(name) & set(NOT_IN_NAMES) or name.lower() in (column.lower() for column in columns):
        raise ValueError("one of its `fields` has a name that will not do")
    return {
        "name": name,
        "kind": _one_of(given, "kind", [str(kind) for kind in FieldKind]),
        "choices": _texts(given, "choices"),
        "help": storable_text(str(given.get("help") or "")),
        "is_blind": bool(given.get("is_blind", True)),
        "is_open": bool(given.get("is_open", True)),
    }
