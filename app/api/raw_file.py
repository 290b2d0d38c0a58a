"""A file sent as the body of a request: read as it comes in, never held in memory."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.http import parse_options_header

from app.api.auth import TOKEN_ARGUMENT

_FORMS = ("", "multipart/form-data", "application/x-www-form-urlencoded")
_SUFFIXES = {
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/json": ".json",
    "application/x-ndjson": ".ndjson",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}


def is_raw_file(request: Any) -> bool:
    """Whether the body of a request is a file, not a form."""
    return request.mimetype not in _FORMS


def raw_file(request: Any) -> MultiDict[str, Any]:
    """The fields of such a request: those in its query, and `file` with the name that the request gives it.

    The name is taken from `X-File-Name` (percent-encoded), `Content-Disposition` or `filename` in the query.
    """
    given = MultiDict((name, value) for name, value in request.args.items(multi=True) if name != TOKEN_ARGUMENT)
    in_query = given.pop("filename", None)
    disposition = parse_options_header(request.headers.get("Content-Disposition", ""))[1].get("filename")
    named = unquote(request.headers.get("X-File-Name", "")) or disposition or in_query
    filename = named or f"upload{_SUFFIXES.get(request.mimetype, '')}"
    given["file"] = FileStorage(request.stream, filename)
    return given
