"""What the metrics share: how values are found in cells, and how they are weighed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.domain.texts import say
from app.plugins import InvalidInput, Run
from app.plugins.columns import as_number, as_text, is_blank
from app.plugins.extract import domain_of, emoji_in, hashtags_in, hosts_in, urls_in

if TYPE_CHECKING:
    import polars as pl

MISSING = "(missing)"

EXTRACTS = {
    "none": "Values as they are",
    "urls": "Links",
    "hostnames": "Host names of links",
    "level2-hostnames": "Registered domains of links",
    "hashtags": "Hashtags",
    "emoji": "Emoji",
}
"""What can be counted in a cell: value -> label."""


def cells_of(table: pl.LazyFrame, options: Any, given: list[pl.Expr]) -> pl.LazyFrame:
    """What is to be counted in the columns chosen, one a row, as `item`, beside the expressions `given`.

    `options` are those of `attribute-frequencies`.
    """
    import polars as pl

    schema = table.collect_schema()
    cells = pl.concat([_items_of(table, column, schema, options, given) for column in options.columns])
    if options.extract == "level2-hostnames":
        # Each host name is added up first, so that its domain is looked up only once.
        keys = [name for name in cells.collect_schema().names() if name != "value"]
        cells = cells.group_by(keys).agg(pl.col("value").sum()).with_columns(domain_of(pl.col("item")).alias("item"))
    if options.filter:
        matches = pl.col("item").str.contains(options.filter)
        cells = cells.filter(~matches if options.negate_filter else matches)
    return cells


def _items_of(table: pl.LazyFrame, column: str, schema: pl.Schema, options: Any, given: list[pl.Expr]) -> pl.LazyFrame:
    """The items of one column: its values, their parts, or what is to be found in them."""
    import polars as pl

    text = as_text(column, schema)
    if options.extract != "none":
        found = table.select(_found(text, options.extract).alias("item"), *given)
        items = found.filter(pl.col("item").list.len() > 0).explode("item")
        # The addresses of a link are case-sensitive, its host is not; a hashtag is folded as asked.
        return _folded(items, options.to_lowercase and options.extract != "urls").filter(pl.col("item") != "")
    if options.count_missing:
        text = pl.when(is_blank(column, schema)).then(pl.lit(MISSING)).otherwise(text)
    items = table.select(text.alias("item"), *given)
    if options.split_comma:
        items = items.with_columns(pl.col("item").str.split(",")).explode("item")
    items = items.with_columns(pl.col("item").str.strip_chars()).filter(pl.col("item") != "")
    return _folded(items, options.to_lowercase)


def _folded(items: pl.LazyFrame, fold: bool) -> pl.LazyFrame:
    import polars as pl

    return items.with_columns(pl.col("item").str.to_lowercase()) if fold else items


def _found(text: pl.Expr, extract: str) -> pl.Expr:
    """A list of what is to be counted in a text; registered domains are made of the host names later."""
    if extract == "hashtags":
        return hashtags_in(text)
    if extract == "emoji":
        return emoji_in(text)
    return urls_in(text) if extract == "urls" else hosts_in(text)


def weight_of(table: pl.LazyFrame, column: str, schema: pl.Schema, run: Run) -> pl.Expr:
    """The numbers of a column to add up, whole where all of them are; a cell without a number weighs nothing.
    Without a column, every item weighs 1.

    :raises InvalidInput: when the column holds no number at all
    """
    import polars as pl

    if not column:
        return pl.lit(1, dtype=pl.Int64)
    number = as_number(column, schema)
    found = table.select(
        numbers=number.count(),
        rows=pl.len(),
        whole=((number == number.floor()) & (number.abs() < 2**53)).all(),
    )
    numbers, rows, whole = found.collect(engine="streaming").row(0)
    if rows and not numbers:
        raise InvalidInput(
            {"weigh": [say("The column “{column}” holds no numbers. Choose one that does.", column=column)]}
        )
    if numbers < rows:
        run.warn(
            say(
                "{amount:,} rows have no number in the column “{column}”; they weigh nothing.",
                amount=rows - numbers,
                column=column,
            )
        )
    weight = number.fill_null(0)
    return weight.cast(pl.Int64) if whole else weight
