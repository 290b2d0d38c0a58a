"""Options as form controls, and what a form sends as options again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from app.domain.texts import declared, say
from app.plugins.options import OptionsClass, Spec, applies, default_for, specs
from app.services.wording import NOT_COLUMNS, ends_of, in_words

__all__ = ["NOT_COLUMNS", "Control", "controls", "in_words", "read_form"]

_LONG_LIST = 8
_TYPES = {"number": "number", "secret": "password"}


@dataclass(frozen=True)
class Control:
    """One control of a form. `shape` names the macro that draws it; `requires` is JSON for the script that hides it.

    `kept` are words that can be named in it, with how many posts there are of each.
    """

    name: str
    shape: str
    label: str
    help: str
    value: Any
    choices: list[tuple[str, str]] = field(default_factory=list)
    type: str = "text"
    minimum: float | None = None
    maximum: float | None = None
    step: str = "1"
    is_required: bool = False
    is_code: bool = False
    is_long: bool = False
    requires: str = ""
    is_hidden: bool = False
    errors: Sequence[str] = ()
    kept: Mapping[str, int] = field(default_factory=dict)


def controls(
    options: OptionsClass,
    columns: Sequence[str] | None = None,
    given: Mapping[str, Any] | None = None,
    errors: Mapping[str, Sequence[str]] | None = None,
    kept: Mapping[str, Mapping[str, int]] | None = None,
) -> list[Control]:
    """The controls of an options class for a dataset with these columns.

    `given` are values typed before, or the options of an earlier run; where it is silent the defaults stand.
    `kept` is what can be named in options of text.
    """
    wanted = specs(options)
    known = given or {}
    values = {name: known[name] if name in known else default_for(spec, columns) for name, spec in wanted.items()}
    wrong = errors or {}
    words = kept or {}
    return [
        _control(
            name,
            spec,
            values[name],
            columns,
            errors=wrong.get(name, ()),
            hidden=not applies(spec, values),
            kept=words.get(name, {}),
        )
        for name, spec in wanted.items()
    ]


def _control(
    name: str,
    spec: Spec,
    value: Any,
    columns: Sequence[str] | None,
    *,
    errors: Sequence[str],
    hidden: bool,
    kept: Mapping[str, int],
) -> Control:
    choices = _choices(spec, value, columns)
    return Control(
        name=name,
        shape=_shape(spec, columns),
        label=declared(spec.label),
        help=declared(spec.help),
        value=_shown(spec, value),
        choices=choices,
        type=_TYPES.get(spec.kind, "text"),
        minimum=spec.minimum,
        maximum=spec.maximum,
        step="1" if spec.integer else "any",
        is_required=spec.required and spec.kind != "column",
        is_code=spec.is_column,
        is_long=len(choices) > _LONG_LIST,
        requires=_requires(spec),
        is_hidden=hidden,
        errors=errors,
        kept=kept,
    )


def _shape(spec: Spec, columns: Sequence[str] | None) -> str:
    """Which macro draws an option."""
    if spec.is_column and columns is None:
        return "input"  # the columns are not known yet, so their names are typed
    if spec.kind in ("choice", "column"):
        return "select"
    if spec.kind in ("choices", "columns"):
        return "ticks"
    if spec.kind in ("toggle", "daterange"):
        return spec.kind
    return "lines" if spec.kind == "text" and spec.long else "input"


def _choices(spec: Spec, value: Any, columns: Sequence[str] | None) -> list[tuple[str, str]]:
    if not spec.is_column:
        return [(value, declared(label)) for value, label in (spec.choices or {}).items()]
    choices = [(name, name) for name in columns or ()]
    if spec.kind == "column" and (not spec.required or value in ("", None)):
        choices.insert(0, ("", say("Choose a column") if spec.required else say("None")))
    return choices


def _shown(spec: Spec, value: Any) -> Any:
    """A value as its control holds it."""
    if spec.kind == "daterange":
        return ends_of(value)
    if spec.is_list:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        return [str(part) for part in value or ()]
    if spec.kind == "toggle":
        return value in (True, "true", "on", "yes", "1")
    if spec.kind == "secret":
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def _requires(spec: Spec) -> str:
    wanted = {name: _as_list(values) for name, values in (spec.requires or {}).items()}
    return json.dumps(wanted) if wanted else ""


def _as_list(wanted: Any) -> list[str]:
    values = wanted if isinstance(wanted, (list, tuple, set)) else (wanted,)
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in values]


def read_form(options: OptionsClass, form: MultiDict[str, str]) -> dict[str, Any]:
    """What a form of these options sends, ready for `app.plugins.validation.load`; what is not sent is not in it."""
    given: dict[str, Any] = {}
    for name, spec in specs(options).items():
        value = _read(name, spec, form)
        if value is not None:
            given[name] = value
    return given


def _read(name: str, spec: Spec, form: MultiDict[str, str]) -> Any:
    """One value; browsers send nothing for a box without a tick, so a hidden field says that it was there."""
    if spec.kind == "daterange":
        ends = {end: form.get(f"{name}.{end}", "").strip() for end in ("after", "before")}
        return ends if any(f"{name}.{end}" in form for end in ends) else None
    was_shown = f"{name}.shown" in form
    if spec.is_list:
        return form.getlist(name) if was_shown or name in form else None
    if spec.kind == "toggle":
        return (name in form) if was_shown or name in form else None
    value = form.get(name)
    if value is None or (spec.kind == "number" and not value.strip()):
        return None
    if spec.kind == "text" and spec.long:
        return value.replace("\r\n", "\n")
    return value
