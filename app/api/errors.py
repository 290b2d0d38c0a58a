"""Errors as JSON: one body for every error, whatever raised it."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from typing import Any

from flask import Response, current_app, jsonify
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.http import HTTP_STATUS_CODES

from app.domain.errors import BeingDone, FourcatError, InvalidInput, TooManyJobs, Unavailable
from app.statuses import status_of

log = logging.getLogger(__name__)

_SENTENCES = {
    400: "This request cannot be understood.",
    404: "There is nothing at this address. /api/docs lists what there is.",
    405: "This address does not take this method.",
    415: "Send the body as JSON, with Content-Type: application/json.",
    416: "The file does not have the bytes asked for.",
    429: "Too many requests in a short time. Wait for as many seconds as Retry-After says.",
}
_PLAINER = {
    "Missing data for required field.": "This is required.",
    "Unknown field.": "There is no such parameter.",
    "Invalid JSON body.": "This is not JSON.",
}
_COME_BACK = {BeingDone: "1", Unavailable: "5", TooManyJobs: "60"}
"""After how many seconds to try again."""

_HEADERS = ("Allow", "Retry-After", "WWW-Authenticate", "Content-Range")


def error_response(error: Exception) -> Response:
    """The answer to a request that went wrong: `{"code", "status", "message", "errors": {field: [..]}}`."""
    if isinstance(error, HTTPException):
        return _of_http(error)
    if isinstance(error, FourcatError):
        status = status_of(error)
        if status == 500:
            return _unexpected(error)
        fields = error.fields if isinstance(error, InvalidInput) else {}
        answer = _body(status, _message(error, status), fields)
        if status == 401:
            answer.headers["WWW-Authenticate"] = "Bearer"
        if isinstance(error, Unavailable):
            log.warning("a part of the installation does not answer: %s", error)
        for kind, seconds in _COME_BACK.items():
            if isinstance(error, kind):
                answer.headers["Retry-After"] = seconds
        return answer
    return _unexpected(error)


def _message(error: FourcatError, status: int) -> str:
    # What follows the colon is the driver's, with addresses of servers in it.
    return f"{error.message.split(': ')[0].rstrip('.')}." if status in (502, 503) else error.message


def _of_http(error: HTTPException) -> Response:
    status = error.code or 500
    if status == 500:
        original = error.original_exception if isinstance(error, InternalServerError) else None
        return error_response(original) if isinstance(original, FourcatError) else _unexpected(original or error)
    if status < 400:
        return error.get_response()  # type: ignore[return-value]
    fields = _fields(getattr(error, "data", None) or {})
    message = _SENTENCES.get(status) or str(error.description or HTTP_STATUS_CODES.get(status, "Error"))
    if isinstance(error, CSRFError):
        message = "This changes something on behalf of a signed-in browser: send its CSRF token as X-CSRFToken."
    elif status == 413:
        limit = (current_app.config.get("MAX_CONTENT_LENGTH") or 0) // 1024**2
        message = f"This is larger than {limit:,} MB, the most this site takes."
    elif fields:
        message = "; ".join(f"{name}: {' '.join(texts)}" for name, texts in fields.items())
    answer = _body(status, message, fields)
    for name, value in error.get_headers():
        if name in _HEADERS:
            answer.headers[name] = value
    return answer


def _unexpected(error: BaseException) -> Response:
    number = uuid.uuid4().hex[:8]
    log.error("error %s", number, exc_info=error)
    return _body(500, f"Something went wrong on our side. It is in the log as error {number}.", {})


def _body(status: int, message: str, fields: Mapping[str, list[str]]) -> Response:
    name = HTTP_STATUS_CODES.get(status, "Error")
    answer: Response = jsonify(code=status, status=name, message=message, errors=dict(fields))
    answer.status_code = status
    return answer


def _fields(data: Mapping[str, Any]) -> dict[str, list[str]]:
    """The messages of a refused body or query: by field, without the place that webargs puts around them."""
    found: dict[str, list[str]] = {}
    for part in (data.get("messages") or {}).values():
        for name, texts in part.items() if isinstance(part, Mapping) else [("body", part)]:
            _flatten(str(name).replace("_schema", "body"), texts, found)
    return found


def _flatten(name: str, texts: Any, found: dict[str, list[str]]) -> None:
    if isinstance(texts, Mapping):
        for inner, more in texts.items():
            _flatten(f"{name}.{inner}", more, found)
    else:
        found[name] = [_PLAINER.get(text, str(text)) for text in (texts if isinstance(texts, list) else [texts])]
