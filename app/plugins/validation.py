"""Turn what a form, a script or the command line sends into options, or say which field is wrong and why."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import marshmallow as ma
from marshmallow import validate

from app.domain.errors import InvalidInput
from app.domain.texts import Text, say
from app.plugins.options import OptionsClass, Period, Spec, applies, default_for, specs


class _Flag(ma.fields.Boolean):
    """A yes or no as JSON, or as an HTML form sends it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return super()._deserialize("false" if value == "" else value, attr, data, **kwargs)


class _Names(ma.fields.List[Any]):
    """A list of names; a single text is split at its commas."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(ma.fields.String(), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",")]
        if isinstance(value, (list, tuple)):
            value = [part for part in value if part != ""]
        names = super()._deserialize(value, attr, data, **kwargs)
        return tuple(dict.fromkeys(names))


class _Moment(ma.fields.Field[Period]):
    """A period as `{"after": ..., "before": ...}`, as a pair, or as `after,before`; ends are ISO 8601 or epoch."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Period:
        if isinstance(value, Period):
            return value
        if isinstance(value, str):
            value = value.split(",") if value.strip(" ,") else ["", ""]
        if isinstance(value, Mapping):
            unknown = set(value) - {"after", "before"}
            if unknown:
                raise ma.ValidationError(say("Give a period as after and before."))
            value = [value.get("after"), value.get("before")]
        if not isinstance(value, (list, tuple)) or len(value) != 2:
            raise ma.ValidationError(say("Give a period as two dates: after and before."))
        after, before = (self._end(end) for end in value)
        if after and before and after >= before:
            raise ma.ValidationError(say("The end of the period must come after its start."))
        return Period(after, before)

    @staticmethod
    def _end(value: Any) -> datetime | None:
        if value is None or str(value).strip() == "":
            return None
        text = str(value).strip()
        try:
            if text.lstrip("-").isdigit() and len(text) > 4:
                return datetime.fromtimestamp(int(text), UTC)
            moment = datetime.fromisoformat(text)
        except (ValueError, OverflowError, OSError):
            raise ma.ValidationError(say("“{text}” is not a date. Write it as 2026-01-31.", text=text)) from None
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def load(options: OptionsClass, given: Mapping[str, Any], columns: Sequence[str] | None = None) -> Any:
    """Make an options object of `given`, filling in defaults.

    Names may be spelled with hyphens or underscores. `columns` are the columns of the dataset, None while they are
    not known (column names are then taken as they come and checked when the work starts).

    :raises InvalidInput: naming each field that is wrong; an unknown field is an error too
    """
    wanted = specs(options)
    values = {name.replace("-", "_"): value for name, value in given.items()}
    raw = {name: default_for(spec, columns) for name, spec in wanted.items()}
    raw.update(values)
    for name, spec in wanted.items():
        if not applies(spec, raw):
            raw[name] = default_for(spec, columns)
    schema = schema_for(options, columns, raw)
    raw = {name: value for name, value in raw.items() if value is not None or name not in wanted}
    try:
        loaded = schema.load(raw)
    except ma.ValidationError as error:
        raise InvalidInput(_sentences(error.messages, wanted)) from None
    return options(**loaded)


def check_json(options: OptionsClass, given: Mapping[str, Any]) -> None:
    """Make sure that the values of a JSON object are of the types that `json_schema` says, which forms cannot know.

    Values of options that do not count now are looked at too. What is unknown or missing is left to `load`.

    :raises InvalidInput: naming each field that is wrong
    """
    wanted = specs(options)
    wrong: dict[str, list[str]] = {}
    for name, value in given.items():
        spec = wanted.get(name.replace("-", "_"))
        if spec is None or (value is None and spec.kind == "number" and spec.default is None):
            continue
        sentence = _wrong_type(spec, value)
        if sentence:
            wrong[name] = [sentence]
            continue
        try:
            _field(spec, None, required=False).deserialize(value)
        except ma.ValidationError as error:
            wrong |= _sentences({name: error.messages}, wanted)
    if wrong:
        raise InvalidInput(wrong)


def _wrong_type(spec: Spec, value: Any) -> str | None:
    """What is wrong with the type of a value of JSON, in a sentence; None when nothing is."""
    if spec.is_list:
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            return say("Send a list of texts.")
        unknown = [part for part in value if spec.choices and part not in spec.choices]
        return _unknown_text(spec, list(spec.choices or [])).format(input=unknown[0]) if unknown else None
    if spec.kind == "daterange":
        ends = value.values() if isinstance(value, dict) else [value]
        fits = isinstance(value, dict) and all(end is None or isinstance(end, str) for end in ends)
        sentence = say('Send a period, such as {"after": "2026-01-31", "before": null}.')
    elif spec.kind == "number":
        fits = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        fits = fits and (not spec.integer or value == int(value))
        sentence = say("Send a whole number.") if spec.integer else say("Send a number.")
    else:
        is_toggle = spec.kind == "toggle"
        fits = isinstance(value, bool if is_toggle else str)
        sentence = say("Send true or false.") if is_toggle else say("Send a text.")
    return None if fits else sentence


def schema_for(
    options: OptionsClass, columns: Sequence[str] | None = None, values: Mapping[str, Any] | None = None
) -> ma.Schema:
    """The marshmallow schema of an options class: unknown fields are errors, limits and choices are checked."""
    fields = {}
    for name, spec in specs(options).items():
        counts = values is None or applies(spec, values)
        fields[name] = _field(spec, columns, required=spec.required and counts)
    return ma.Schema.from_dict(fields, name=options.__qualname__.replace(".", ""))(unknown=ma.RAISE)


def json_schema(options: OptionsClass, columns: Sequence[str] | None = None) -> dict[str, Any]:
    """The JSON schema of an options class; with `columns`, column options list them as their choices."""
    properties = {name: _json_property(spec, columns) for name, spec in specs(options).items()}
    required = [
        name
        for name, spec in specs(options).items()
        if spec.required and not spec.requires and not default_for(spec, columns)
    ]
    schema: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": properties}
    if required:
        schema["required"] = required
    return schema


def _field(spec: Spec, columns: Sequence[str] | None, *, required: bool) -> ma.fields.Field[Any]:
    checks: list[Any] = []
    known = list(columns) if spec.is_column and columns is not None else list(spec.choices or [])
    if spec.kind == "number":
        limits = validate.Range(spec.minimum, spec.maximum, error=_range_text(spec))
        return (ma.fields.Integer if spec.integer else ma.fields.Float)(
            validate=limits, required=required, allow_none=not required
        )
    if spec.kind == "toggle":
        return _Flag()
    if spec.kind == "daterange":
        return _Moment(validate=_some_end if required else None)
    if spec.is_list:
        if known or (spec.is_column and columns is not None):
            checks.append(validate.ContainsOnly(known, error=_unknown_text(spec, known)))
        if required and (columns is not None or not spec.is_column):
            checks.append(validate.Length(min=1, error=say("Choose at least one.")))
        return _Names(validate=checks)
    if spec.choices is not None or (spec.is_column and columns is not None):
        allowed = [*known, ""] if spec.is_column and not required else known
        checks.append(validate.OneOf(allowed, error=_unknown_text(spec, known)))
    elif required and not spec.is_column:
        checks.append(validate.Length(min=1, error=say("This cannot be empty.")))
    if spec.pattern:
        checks.append(validate.Regexp(rf"(?:{spec.pattern})\Z", error=say("This is not in the form expected.")))
    return ma.fields.String(validate=checks)


def _some_end(period: Period) -> None:
    if period.after is None and period.before is None:
        raise ma.ValidationError(say("Give at least one of the two dates."))


def _range_text(spec: Spec) -> str:
    if spec.minimum is not None and spec.maximum is not None:
        return say("Give a number from {minimum:g} to {maximum:g}.", minimum=spec.minimum, maximum=spec.maximum)
    if spec.minimum is not None:
        return say("Give a number of {minimum:g} or more.", minimum=spec.minimum)
    return (
        say("Give a number of {maximum:g} or less.", maximum=spec.maximum)
        if spec.maximum is not None
        else say("Give a number.")
    )


def _unknown_text(spec: Spec, known: Sequence[str]) -> str:
    shown = ", ".join(known[:30]) + (", …" if len(known) > 30 else "")
    if spec.is_column:
        return say("“{input}” is not a column of this dataset. Choose from: {shown}.", input="{input}", shown=shown)
    return say("“{input}” is not a choice. Choose from: {shown}.", input="{input}", shown=shown)


def _json_property(spec: Spec, columns: Sequence[str] | None) -> dict[str, Any]:
    choices = list(spec.choices or [])
    if spec.is_column and columns is not None:
        choices = list(columns)
    text: dict[str, Any] = {"type": "string"}
    if choices:
        text["enum"] = choices
    if spec.is_list:
        shape: dict[str, Any] = {"type": "array", "items": text}
    elif spec.kind == "number":
        number = "integer" if spec.integer else "number"
        shape = {"type": [number, "null"] if spec.default is None else number}
        shape |= {"minimum": spec.minimum} if spec.minimum is not None else {}
        shape |= {"maximum": spec.maximum} if spec.maximum is not None else {}
    elif spec.kind == "toggle":
        shape = {"type": "boolean"}
    elif spec.kind == "daterange":
        described_end = "ISO 8601 date or date and time"
        end = {"type": ["string", "null"], "description": described_end, "examples": ["2026-01-31"]}
        shape = {"type": "object", "additionalProperties": False, "properties": {"after": end, "before": end}}
    else:
        shape = text | ({"pattern": f"^(?:{spec.pattern})$"} if spec.pattern else {})
        shape |= {"format": "password"} if spec.kind == "secret" else {}
        shape |= {"minLength": 1} if spec.required and not spec.is_column and not choices else {}
    default = default_for(spec, columns)
    if spec.kind not in ("daterange", "secret", "file", "dataset") and default not in (None, ""):
        shape["default"] = list(default) if isinstance(default, tuple) else default
    described = {"title": spec.label} | ({"description": spec.help} if spec.help else {})
    extra: dict[str, Any] = {"x-kind": spec.kind}
    if spec.choices:
        extra["x-labels"] = spec.choices
    if spec.requires:
        extra["x-requires"] = spec.requires
    return described | shape | extra


def _unknown_option(wanted: Mapping[str, Spec]) -> Text:
    if not wanted:
        return say("There is no such option. There are none at all.")
    return say("There is no such option. The options are: {names}.", names=", ".join(wanted))


def _sentences(messages: Any, wanted: Mapping[str, Spec]) -> dict[str, list[str]]:
    """Flatten marshmallow's messages, and say what options there are where one is unknown."""
    flat: dict[str, list[str]] = {}
    plainer = {
        "Unknown field.": _unknown_option(wanted),
        "Missing data for required field.": say("This cannot be empty."),
        "Field may not be null.": say("Field may not be null."),
        "Not a valid number.": say("Not a valid number."),
        "Not a valid integer.": say("Not a valid integer."),
        "Not a valid boolean.": say("Not a valid boolean."),
        "Not a valid string.": say("Not a valid string."),
        "Number too large.": say("Number too large."),
    }
    for name, found in messages.items():
        parts = found.values() if isinstance(found, dict) else [found]
        texts = [text for part in parts for text in (part if isinstance(part, list) else [str(part)])]
        flat[str(name)] = [plainer.get(text, text) for text in dict.fromkeys(texts)]
    return flat
