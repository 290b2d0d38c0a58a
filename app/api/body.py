"""The JSON body of a request: read within limits, and taken at its word: "5" is no number and "yes" no truth."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import marshmallow as ma
from flask import request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from app.domain.errors import InvalidInput
from app.domain.texts import say

MOST_BYTES = 2 * 1024 * 1024
"""The longest JSON body: more than the longest list of numbers that a search takes."""

_DEEPEST = 64
_TYPES: tuple[tuple[type[ma.fields.Field[Any]], tuple[type, ...], str], ...] = (
    (ma.fields.Boolean, (bool,), "Send true or false."),
    (ma.fields.Integer, (int,), "Send a whole number."),
    (ma.fields.Number, (int, float), "Send a number."),
    (ma.fields.String, (str,), "Send a text."),
    (ma.fields.List, (list,), "Send a list."),
    (ma.fields.Dict, (dict,), "Send a JSON object."),
)


def read_json() -> Any:
    """The body as JSON.

    :raises BadRequest: when it is not JSON, or nested deeper than anything here needs
    :raises RequestEntityTooLarge: when it is longer than MOST_BYTES
    """
    request.max_content_length = MOST_BYTES
    if (request.content_length or 0) > MOST_BYTES:
        raise RequestEntityTooLarge
    content = request.get_data(cache=True)
    try:
        found = json.loads(content, parse_constant=_refuse)
        if b"\\u" in content:
            json.dumps(found, ensure_ascii=False).encode()  # fails for half of a character, which nothing can keep
    except (ValueError, RecursionError):
        raise _not_json() from None
    if not _is_shallow(found):
        raise _not_json()
    return found


class JSONObject(ma.fields.Dict):
    """A JSON object inside a field of a form, or of the query."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            found = json.loads(value) if isinstance(value, str) and value.strip() else {}
        except ValueError as error:
            raise ma.ValidationError(f"This is not JSON: {error}.") from None
        if not isinstance(found, dict):
            raise ma.ValidationError('Send a JSON object, such as {"delimiter": ";"}.')
        return found


def has_body(asked: Any) -> bool:
    """Whether a request brings a body, of a known length or in chunks."""
    return bool(asked.content_length) or "Transfer-Encoding" in asked.headers


def has_type(value: Any, allowed: tuple[type, ...]) -> bool:
    """Whether a value of JSON is of one of these types; 5.0 is a whole number, and true is not a number at all."""
    if isinstance(value, bool):
        return bool in allowed
    if isinstance(value, float) and int in allowed:
        return float in allowed or value.is_integer()
    return isinstance(value, allowed)


def require_types(schema: ma.Schema, given: Any) -> None:
    """Make sure that the values are of the types that the schema says.

    :raises ma.ValidationError: naming the fields that are not
    """
    wrong: dict[str, Any] = {}
    if not isinstance(given, Mapping):
        return  # the schema itself says what is expected
    for name, field in schema.fields.items():
        key = field.data_key or name
        if key in given:
            problem = _problem(field, given[key])
            if problem:
                wrong[key] = problem
    if wrong:
        raise ma.ValidationError(wrong)


def require_change(schema: type[ma.Schema], given: Mapping[str, Any], besides: Sequence[str] = ()) -> None:
    """Make sure that something is to be changed, of what a schema has `besides` these fields.

    :raises InvalidInput: naming what can be
    """
    if not set(given) - set(besides):
        names = ", ".join(name for name in schema().fields if name not in besides)
        raise InvalidInput({"body": [say("Say what to change: {names}.", names=names)]})


def _problem(field: ma.fields.Field[Any], value: Any) -> Any:
    if value is None:
        return None  # whether it may be missing is for the schema to say
    for kind, types, sentence in _TYPES:
        if isinstance(field, kind):
            if not has_type(value, types):
                return [sentence]
            inner = getattr(field, "inner", None)
            if inner is not None and any(_problem(inner, part) for part in value):
                return [_problem(inner, next(part for part in value if _problem(inner, part)))[0]]
            return None
    return None


def _is_shallow(value: Any) -> bool:
    """Whether lists and objects are within each other `_DEEPEST` times at most."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            part
            for one in level
            if isinstance(one, (dict, list))
            for part in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return True
    return False


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _not_json() -> BadRequest:
    error = BadRequest()
    error.data = {"messages": {"json": ["This is not JSON, or nested too deeply."]}}  # type: ignore[attr-defined]
    return error
