"""Keep the rows with certain values in a column."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from app.domain.texts import say
from app.plugins import (
    Accepts,
    Choice,
    Column,
    EmptyResult,
    Example,
    InvalidInput,
    Number,
    Processor,
    Run,
    SameTable,
    Source,
    Text,
    Toggle,
)
from app.plugins.columns import as_number, as_text
from app.plugins.periods import as_moment, is_unreadable, read_moment
from processors.filters._extremes import Extremes, comparable
from processors.filters._shared import split_list

if TYPE_CHECKING:
    import polars as pl

STYLES = {
    "value-equals": "is",
    "value-equals-not": "is not",
    "value-contains": "contains",
    "value-contains-not": "does not contain",
    "value-less-than": "is less than",
    "value-greater-than": "is greater than",
    "date-before": "is a date before",
    "date-after": "is a date on or after",
    "top-top": "is one of the highest values",
    "top-bottom": "is one of the lowest values",
}
_TEXT = ("value-equals", "value-equals-not", "value-contains", "value-contains-not")
_NUMBER = ("value-less-than", "value-greater-than")
_DATE = ("date-before", "date-after")
_TOP = ("top-top", "top-bottom")


class ColumnFilter(Processor):
    """Keeps the rows whose value in a column is, contains, or is more or less than what you give, or is among the
    highest or lowest. For the highest and lowest, a column of numbers is ranked by number, one of dates by date, and
    any other by letter; empty cells are never among them.
    """

    type: ClassVar[str] = "column-filter"
    title: ClassVar[str] = "Filter by value"
    category: ClassVar[str] = "Filters"
    accepts = Accepts()
    returns = SameTable()
    followups = ("count-posts", "attribute-frequencies")
    examples = (
        Example(
            items=[{"likes": "9"}, {"likes": "10"}, {"likes": ""}],
            options={"column": "likes", "match_style": "value-greater-than", "match_value": "9.5"},
            result=[{"likes": "10"}],
        ),
        Example(
            items=[{"likes": "9"}, {"likes": "100"}, {"likes": "20"}, {"likes": "100"}],
            options={"column": "likes", "match_style": "top-top", "top_n": 2},
            result=[{"likes": "100"}, {"likes": "20"}, {"likes": "100"}],
        ),
    )

    @dataclass(frozen=True)
    class Options:
        """The column, and what its value must be."""

        column: str = Column("Column", default=("body", "item"))
        match_style: str = Choice("Keep rows where the value", STYLES)
        match_value: str = Text(
            "Value",
            help="Several values are separated by commas; put one that holds a comma in double quotes. "
            "Leave it empty with “is” or “is not” to match empty cells.",
            requires={"match_style": [*_TEXT, *_NUMBER]},
        )
        match_multiple: str = Choice(
            "With several values, match",
            {"any": "at least one of them", "all": "all of them"},
            help="“Is not” and “does not contain” keep exactly the rows that “is” and “contains” leave out.",
            requires={"match_style": [*_TEXT, *_NUMBER]},
        )
        lowercase: bool = Toggle("Take upper and lower case as the same", requires={"match_style": list(_TEXT)})
        match_date: str = Text(
            "Date", help="As 2026-01-31 or 2026-01-31 14:00:00.", requires={"match_style": list(_DATE)}
        )
        top_n: int = Number("How many values", default=10, minimum=1, requires={"match_style": list(_TOP)})
        strict_top: bool = Toggle(
            "Keep no more rows than that",
            help="Several rows may share a value. With this the earliest of those with the last value are kept.",
            requires={"match_style": list(_TOP)},
        )

    def process(self, source: Source, options: Options, run: Run) -> pl.LazyFrame:
        """Make the condition that fits the style, and keep the rows that meet it."""
        table = source.lazy()
        schema = table.collect_schema()
        if options.match_style in _TEXT:
            return table.filter(_text_condition(options, schema))
        if options.match_style in _NUMBER:
            return table.filter(_number_condition(table, options, schema, run))
        if options.match_style in _DATE:
            return table.filter(_date_condition(table, options, schema, run))
        key = comparable(table, options.column, schema)
        extremes = Extremes(options.top_n, options.match_style == "top-bottom")
        if not options.strict_top:
            return extremes.by_value(table, key)
        kept, is_cut = extremes.by_row(table, key)
        if is_cut:
            run.warn(
                say(
                    "More than {amount:,} rows have the last of these values; the earliest are kept.",
                    amount=options.top_n,
                )
            )
        return kept

    @classmethod
    def summarise(cls, options: Any) -> str:
        """The condition as a sentence."""
        value = options.match_date if options.match_style in _DATE else options.match_value
        value = f"{options.top_n:,}" if options.match_style in _TOP else value
        return f"{options.column} {STYLES[options.match_style]} {value or 'empty'}"


def _combined(conditions: list[pl.Expr], match_multiple: str) -> pl.Expr:
    import polars as pl

    return pl.all_horizontal(conditions) if match_multiple == "all" else pl.any_horizontal(conditions)


def _text_condition(options: ColumnFilter.Options, schema: pl.Schema) -> pl.Expr:
    import polars as pl

    text = as_text(options.column, schema)
    values = split_list(options.match_value)
    if options.lowercase:
        text, values = text.str.to_lowercase(), [value.lower() for value in values]
    if options.match_style.startswith("value-contains"):
        if not values:
            raise InvalidInput({"match_value": [say("Give the text to look for.")]})
        met = _combined([text.str.contains(value, literal=True) for value in values], options.match_multiple)
    elif schema[options.column].is_float() and values:
        numbers = [_number(value) for value in values]
        met = _combined(
            [(pl.col(options.column) == number).fill_null(False) for number in numbers], options.match_multiple
        )
    else:
        text = text.str.strip_chars()
        met = _combined([text == value for value in values or [""]], options.match_multiple)
    return ~met if options.match_style.endswith("-not") else met


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise InvalidInput(
            {"match_value": [say("“{value}” is not a number. Write it as 12 or 12.5.", value=value)]}
        ) from None


def _number_condition(table: pl.LazyFrame, options: ColumnFilter.Options, schema: pl.Schema, run: Run) -> pl.Expr:
    limits = [_number(value) for value in split_list(options.match_value)]
    if not limits:
        raise InvalidInput({"match_value": [say("Give a number to compare with.")]})
    number = as_number(options.column, schema)
    _check_readable(table, options.column, number.is_null(), "number", run)
    if options.match_style == "value-less-than":
        return _combined([number < limit for limit in limits], options.match_multiple)
    return _combined([number > limit for limit in limits], options.match_multiple)


def _date_condition(table: pl.LazyFrame, options: ColumnFilter.Options, schema: pl.Schema, run: Run) -> pl.Expr:
    limit = _date(options.match_date)
    moment = as_moment(options.column, schema)
    _check_readable(table, options.column, is_unreadable(options.column, schema) | moment.is_null(), "date", run)
    return moment < limit if options.match_style == "date-before" else moment >= limit


def _date(text: str) -> datetime:
    try:
        return read_moment(text)
    except ValueError:
        shown = f"“{text}” is not a date." if text.strip() else "Give a date to compare with."
        raise InvalidInput(
            {"match_date": [say("{shown} Write it as 2026-01-31 or 2026-01-31 14:00:00.", shown=shown)]}
        ) from None


def _check_readable(table: pl.LazyFrame, column: str, unread: pl.Expr, what: str, run: Run) -> None:
    """Warn of rows that cannot be compared, and refuse a column in which none can."""
    import polars as pl

    rows, missing = table.select(rows=pl.len(), missing=unread.sum()).collect(engine="streaming").row(0)
    if not rows:
        raise EmptyResult(say("There are no rows to filter."))
    if missing == rows:
        raise InvalidInput(
            {"column": [say("The column “{column}” holds no {what}. Choose one that does.", column=column, what=what)]}
        )
    if missing:
        run.warn(
            say(
                "{amount:,} rows have no {what} in the column “{column}” and are left out.",
                amount=missing,
                what=what,
                column=column,
            )
        )
