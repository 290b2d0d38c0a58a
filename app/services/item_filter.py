"""Conditions on rows, such as `likes>10` or `body~climate`, and the SQL they mean.

A condition is a column, an operator and a value, without quotes around either:

    author==ann      is ann                       author!=ann     is not ann
    likes>10         also >= < <=                 timestamp>=2026-01-31
    body~clim.*te    matches a regular expression, in capitals or not
    body!~spam       does not                     subject==       is empty

Text is compared as numbers when the value is one. A date without a time is that whole day. A list is equal to each of
its members.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.errors import InvalidInput
from app.domain.texts import say

OPERATORS = ("==", "!=", ">=", "<=", "!~", ">", "<", "~")
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL")
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_MOST_TEXT = 1000


def quoted(name: str) -> str:
    """A column's name inside SQL."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True)
class FileColumn:
    """A column of a Parquet file: its name, what the engine calls it, and the engine's type."""

    name: str
    sql_name: str
    type: str

    @property
    def sql(self) -> str:
        """The column inside SQL."""
        return quoted(self.sql_name)

    @property
    def shown(self) -> str:
        """The expression to fetch it by: moments without a zone, in UTC."""
        return f"CAST({self.sql} AS TIMESTAMP)" if self.type == "TIMESTAMP WITH TIME ZONE" else self.sql

    @property
    def is_list(self) -> bool:
        """Whether it holds lists."""
        return self.type.endswith("[]")

    @property
    def is_number(self) -> bool:
        """Whether it holds numbers."""
        return not self.is_list and self.type.removeprefix("U").startswith(_NUMBERS)

    @property
    def is_time(self) -> bool:
        """Whether it holds dates or moments."""
        return not self.is_list and self.type.startswith(("TIMESTAMP", "DATE"))

    @property
    def text(self) -> str:
        """The expression for its value as text, as in a CSV file."""
        if self.is_list:
            return f"coalesce(array_to_string({self.sql}, ','), '')"
        if self.type.startswith("TIMESTAMP"):
            return f"coalesce(strftime({self.shown}, '%Y-%m-%d %H:%M:%S'), '')"
        return f"coalesce(CAST({self.sql} AS VARCHAR), '')"

    @property
    def number(self) -> str:
        """The expression for its value as a number, null where it holds none."""
        read = f"TRY_CAST(trim({self.sql}) AS DOUBLE)"
        return self.sql if self.is_number else f"CASE WHEN isfinite({read}) THEN {read} END"


def name_type(type_: str) -> str:
    """A type as people call it: text, integer, number, boolean, datetime, date, list or object."""
    if type_.endswith("[]"):
        return "list"
    for start, name in (("STRUCT", "object"), ("MAP", "object"), ("TIMESTAMP", "datetime"), ("DATE", "date")):
        if type_.startswith(start):
            return name
    if type_.removeprefix("U").startswith(_WHOLE):
        return "integer"
    return "number" if type_.startswith(_NUMBERS) else "boolean" if type_ == "BOOLEAN" else "text"


def order_by(sort: str, columns: Mapping[str, FileColumn]) -> str:
    """The ORDER BY of `likes` or `-likes`: numbers by size even when written as text, empty cells last.

    :raises InvalidInput: when there is no such column
    """
    name = sort if sort in columns else sort.removeprefix("-")
    if name not in columns:
        raise InvalidInput(
            {
                "sort": [
                    say(
                        "There is no column “{name}” to sort by. The columns are: {columns}.",
                        name=name,
                        columns=", ".join(columns),
                    )
                ]
            }
        )
    column = columns[name]
    way = "ASC" if name == sort else "DESC"
    if column.is_number or column.is_time or column.type == "BOOLEAN":
        return f"{column.sql} {way} NULLS LAST"
    keys = [f"{column.text} = ''"]
    if column.type == "VARCHAR":
        keys.append(f"{column.number} {way} NULLS LAST")
    return ", ".join([*keys, f"{column.text} {way}"])


@dataclass(frozen=True)
class Filters:
    """Conditions as SQL, with the values it needs in their order."""

    sql: str
    values: list[Any]


CheckPattern = Callable[[str], str | None]
"""Says what is wrong with a regular expression, or None."""


def parse_filters(
    texts: Sequence[str], columns: Mapping[str, FileColumn], check_pattern: CheckPattern
) -> Filters | None:
    """The conditions, all of which must hold; None when there are none.

    :raises InvalidInput: quoting the condition that will not do, and why
    """
    parts: list[str] = []
    values: list[Any] = []
    for text in texts:
        if not text.strip():
            continue
        column, operator, value = _split(text, columns)
        problem = check_pattern(value) if operator in ("~", "!~") else None
        if problem:
            raise _wrong(
                text,
                say(
                    "“{value}” is not a regular expression: {problem}. Put \\ before a sign that is no part of one.",
                    value=value,
                    problem=problem,
                ),
            )
        sql, needed = _condition(column, operator, value, text)
        parts.append(f"({sql})")
        values.extend(needed)
    return Filters(" AND ".join(parts), values) if parts else None


def and_find(filters: Filters | None, text: str, columns: Sequence[FileColumn]) -> Filters | None:
    """A filter that also wants a text, in capitals or not, in one of some columns."""
    if not text or not columns:
        return filters
    found = " OR ".join(f"contains(lower({column.text}), ?)" for column in columns)
    parts = [filters.sql] if filters else []
    values = filters.values if filters else []
    return Filters(" AND ".join([*parts, f"({found})"]), [*values, *[text.lower()] * len(columns)])


def _wrong(text: str, problem: str) -> InvalidInput:
    return InvalidInput({"filter": [say("“{text}”: {problem}", text=text[:200], problem=problem)]})


def parts_of(text: str, columns: Sequence[str]) -> tuple[str, str, str] | None:
    """The column, the operator and the value of a condition; None when it has no column of these, or no operator."""
    given = text.strip()
    # The longest name that fits, so that a column may hold an operator in its name.
    for name in sorted(columns, key=len, reverse=True):
        rest = given[len(name) :].lstrip() if given.startswith(name) else ""
        operator = next((sign for sign in OPERATORS if rest.startswith(sign)), None)
        if operator:
            return name, operator, rest[len(operator) :].strip()
    return None


def _split(text: str, columns: Mapping[str, FileColumn]) -> tuple[FileColumn, str, str]:
    found = parts_of(text, list(columns))
    if found:
        return columns[found[0]], found[1], found[2]
    given = text.strip()
    places = [(given.find(sign), sign) for sign in OPERATORS if sign in given]
    if not places:
        raise _wrong(
            text,
            say(
                "Write a column, an operator ({operators}) and a value, such as likes>10.",
                operators=" ".join(OPERATORS),
            ),
        )
    name = given[: min(places)[0]].strip()
    raise _wrong(
        text, say("There is no column “{name}”. The columns are: {columns}.", name=name, columns=", ".join(columns))
    )


def _condition(column: FileColumn, operator: str, value: str, text: str) -> tuple[str, list[Any]]:
    if len(value) > _MOST_TEXT:
        raise _wrong(text, say("The value is longer than {most:,} characters.", most=_MOST_TEXT))
    if operator in ("~", "!~"):
        return f"{operator.replace('!~', 'NOT ').replace('~', '')}regexp_matches({column.text}, ?, 'i')", [value]
    if value == "":
        return _is_empty(column, operator, text)
    if column.is_time:
        return _in_time(column, operator, value, text)
    if column.is_number:
        number = _number(value)
        if number is None:
            raise _wrong(
                text, say("The column “{name}” holds numbers, and “{value}” is not one.", name=column.name, value=value)
            )
        return f"{column.sql} {operator} ?", [number]
    if column.is_list and operator in ("==", "!="):
        found = f"coalesce(list_contains(CAST({column.sql} AS VARCHAR[]), ?), false)"
        return (found if operator == "==" else f"NOT {found}"), [value]
    return _in_text(column, operator, value)


def _is_empty(column: FileColumn, operator: str, text: str) -> tuple[str, list[Any]]:
    if operator not in ("==", "!="):
        raise _wrong(text, say("Write a value after {operator}.", operator=operator))
    return f"trim({column.text}) {'=' if operator == '==' else '<>'} ''", []


def _number(value: str) -> int | float | None:
    """A text as a number, or None when it is not one."""
    if not _NUMBER.fullmatch(value):
        return None
    number = float(value)
    return int(value) if value.lstrip("+-").isdigit() and abs(number) < 2**63 else number


def _in_time(column: FileColumn, operator: str, value: str, text: str) -> tuple[str, list[Any]]:
    try:
        moment = datetime.fromisoformat(value)
        after = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
        length = timedelta(seconds=1) if not moment.microsecond else timedelta(microseconds=1)
        before = after + (timedelta(days=1) if len(value) == 10 else length)
    except (ValueError, OverflowError):
        raise _wrong(
            text, say("“{value}” is not a date. Write it as 2026-01-31 or 2026-01-31 23:59:59.", value=value)
        ) from None
    cell = f"CAST({column.shown} AS TIMESTAMP)"
    return {
        "==": (f"{cell} >= ? AND {cell} < ?", [after, before]),
        "!=": (f"{cell} IS NULL OR {cell} < ? OR {cell} >= ?", [after, before]),
        ">": (f"{cell} >= ?", [before]),
        ">=": (f"{cell} >= ?", [after]),
        "<": (f"{cell} < ?", [after]),
        "<=": (f"{cell} < ?", [before]),
    }[operator]


def _in_text(column: FileColumn, operator: str, value: str) -> tuple[str, list[Any]]:
    if column.type == "BOOLEAN":
        value = value.lower()
    if operator in ("==", "!="):
        return f"{column.text} {'=' if operator == '==' else '<>'} ?", [value]
    number = _number(value) if column.type == "VARCHAR" else None
    if number is not None:
        return f"{column.number} {operator} ?", [number]
    return f"{column.text} <> '' AND {column.text} {operator} ?", [value]
