"""Options of processors and data sources: one declaration gives validation, JSON schema and form.

Options are the fields of a frozen dataclass, each made by one of the functions here:

    @dataclass(frozen=True)
    class Options:
        column: str = Column("Column with the date", default="timestamp")
        timeframe: str = Choice("Count per", TIMEFRAMES, default="month")
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

OptionsClass = type[Any]


@dataclass(frozen=True)
class Period:
    """A stretch of time: from `after` (inclusive) up to `before` (exclusive); None leaves that end open."""

    after: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True)
class Spec:
    """What one option is: its kind, how it is shown and what it allows."""

    kind: str
    label: str
    help: str = ""
    default: Any = None
    required: bool = False
    choices: dict[str, str] | None = None
    minimum: float | None = None
    maximum: float | None = None
    integer: bool = True
    long: bool = False
    pattern: str | None = None
    requires: dict[str, Any] | None = None

    @property
    def is_list(self) -> bool:
        """Whether the value is a list."""
        return self.kind in ("choices", "columns")

    @property
    def is_column(self) -> bool:
        """Whether the value names columns of the dataset."""
        return self.kind in ("column", "columns")


def _option(spec: Spec) -> Any:
    default = spec.default
    if isinstance(default, list):
        default = tuple(default)
    if spec.is_column and spec.kind == "column" and isinstance(default, tuple):
        default = default[0] if default else ""
    return dataclasses.field(default=default, metadata={"option": spec})


def Text(
    label: str,
    default: str = "",
    *,
    help: str = "",
    required: bool = False,
    long: bool = False,
    pattern: str | None = None,
    requires: dict[str, Any] | None = None,
) -> Any:
    """Text; `long` gives several lines, `pattern` a regular expression it must match as a whole."""
    return _option(
        Spec(
            "text",
            label,
            help,
            default,
            required,
            long=long,
            pattern=pattern,
            requires=requires,
        )
    )


def Number(
    label: str,
    default: float | None = 0,
    *,
    help: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    integer: bool = True,
    required: bool = False,
    requires: dict[str, Any] | None = None,
) -> Any:
    """A whole number, or with `integer=False` any number, between `minimum` and `maximum` inclusive."""
    return _option(
        Spec(
            "number",
            label,
            help,
            default,
            required,
            minimum=minimum,
            maximum=maximum,
            integer=integer,
            requires=requires,
        )
    )


def Choice(
    label: str,
    choices: dict[str, str],
    default: str | None = None,
    *,
    help: str = "",
    requires: dict[str, Any] | None = None,
) -> Any:
    """One of `choices` (value -> label); the first unless `default` says otherwise."""
    chosen = default if default is not None else next(iter(choices))
    return _option(Spec("choice", label, help, chosen, choices=choices, requires=requires))


def Choices(
    label: str,
    choices: dict[str, str],
    default: Sequence[str] = (),
    *,
    help: str = "",
    required: bool = False,
    requires: dict[str, Any] | None = None,
) -> Any:
    """Any number of `choices` (value -> label); at least one when `required`. The value is a tuple."""
    return _option(Spec("choices", label, help, tuple(default), required, choices=choices, requires=requires))


def Toggle(label: str, default: bool = False, *, help: str = "", requires: dict[str, Any] | None = None) -> Any:
    """Yes or no."""
    return _option(Spec("toggle", label, help, default, requires=requires))


def Column(
    label: str,
    default: str | Sequence[str] = "",
    *,
    help: str = "",
    required: bool = True,
    requires: dict[str, Any] | None = None,
) -> Any:
    """One column of the dataset; of several defaults the first that the dataset has."""
    candidates = (default,) if isinstance(default, str) else tuple(default)
    return _option(Spec("column", label, help, candidates, required, requires=requires))


def Columns(
    label: str,
    default: Sequence[str] = (),
    *,
    help: str = "",
    required: bool = True,
    requires: dict[str, Any] | None = None,
) -> Any:
    """Any number of columns of the dataset; at least one when `required`. The value is a tuple."""
    return _option(Spec("columns", label, help, tuple(default), required, requires=requires))


def DateRange(label: str, *, help: str = "", required: bool = False, requires: dict[str, Any] | None = None) -> Any:
    """A `Period`; with `required`, at least one end must be given."""
    return _option(Spec("daterange", label, help, Period(), required, requires=requires))


def File(label: str, *, help: str = "", required: bool = True) -> Any:
    """The id of an uploaded file."""
    return _option(Spec("file", label, help, "", required))


def Secret(label: str, *, help: str = "", required: bool = False, requires: dict[str, Any] | None = None) -> Any:
    """A password or key: used for this one run and never stored with the dataset."""
    return _option(Spec("secret", label, help, "", required, requires=requires))


def Dataset(label: str, *, help: str = "", required: bool = True) -> Any:
    """The key of another dataset."""
    return _option(Spec("dataset", label, help, "", required))


def Annotation(label: str, *, help: str = "", required: bool = False) -> Any:
    """The label of an annotation field."""
    return _option(Spec("annotation", label, help, "", required))


@dataclass(frozen=True)
class NoOptions:
    """For a plug-in that has nothing to choose."""


def specs(options: OptionsClass) -> dict[str, Spec]:
    """The options of a class by name, in the order written."""
    return {field.name: field.metadata["option"] for field in dataclasses.fields(options)}


def default_for(spec: Spec, columns: Sequence[str] | None) -> Any:
    """The value an option has when none is given, on a dataset with these columns (None: not known yet)."""
    if spec.kind == "column":
        fitting = [name for name in spec.default if columns is None or name in columns]
        return fitting[0] if fitting else ""
    if spec.kind == "columns":
        return tuple(name for name in spec.default if columns is None or name in columns)
    return spec.default


def applies(spec: Spec, values: Mapping[str, Any]) -> bool:
    """Whether an option counts, given the values of the others it depends on."""
    for name, wanted in (spec.requires or {}).items():
        allowed = wanted if isinstance(wanted, (list, tuple, set)) else (wanted,)
        if values.get(name) not in allowed:
            return False
    return True


def secrets_of(options: OptionsClass) -> list[str]:
    """Names of the options that must not be stored."""
    return [name for name, spec in specs(options).items() if spec.kind == "secret"]


def dump(values: Any) -> dict[str, Any]:
    """Options as plain JSON values, in a canonical form: equal options give equal JSON."""
    plain: dict[str, Any] = {}
    for name in specs(type(values)):
        value = getattr(values, name)
        if isinstance(value, Period):
            ends = (value.after, value.before)
            value = dict(zip(("after", "before"), (end.isoformat() if end else None for end in ends), strict=True))
        elif isinstance(value, tuple):
            value = list(value)
        plain[name] = value
    return plain
