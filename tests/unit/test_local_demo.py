"""The demonstration's choice of analyses, and its corpus."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import polars as pl

from app.local.demo_corpus import as_csv
from app.local.demo_tree import Facts, Plant, look, plan
from app.plugins.registry import Registry
from app.plugins.validation import load


def every(plants: Iterable[Plant]) -> list[Plant]:
    return [found for plant in plants for found in (plant, *every(plant.then))]


def depth(plants: Iterable[Plant]) -> int:
    return max((1 + depth(plant.then) for plant in plants), default=0)


RICH = Facts(rows=100, label="author", value="ann", unit="month", word="coffee", has_links=True, tags="hashtags")
POOR = Facts(rows=3, label="colour", value="red")


def test_every_tree_has_eight_analyses_in_levels():
    for facts in (RICH, POOR):
        tree = plan(facts)
        assert len(every(tree)) >= 8
        assert depth(tree) >= 2


def test_the_options_chosen_are_valid():
    registry = Registry.discover()
    for plant in every(plan(RICH)):
        load(registry.processor(plant.type).Options, plant.options, None)


def test_looking_at_a_table(tmp_path):
    start = datetime(2024, 1, 1, tzinfo=UTC)
    table = pl.DataFrame(
        {
            "id": [str(number) for number in range(10)],
            "timestamp": [start + timedelta(days=number) for number in range(10)],
            "author": ["ann"] * 6 + ["bob"] * 4,
            "body": ["good coffee", "more coffee at https://example.org/x"] * 5,
            "hashtags": ["a,b", None] * 5,
        }
    )
    table.write_parquet(tmp_path / "table.parquet")
    facts = look(tmp_path / "table.parquet")
    assert facts == Facts(10, "author", "ann", "day", "coffee", True, "hashtags")


def test_looking_at_a_table_with_little_in_it(tmp_path):
    table = pl.DataFrame({"id": ["1", "2"], "timestamp": [None, None], "body": [None, None], "colour": ["red", "red"]})
    table = table.with_columns(pl.col("timestamp").cast(pl.Datetime("us", "UTC")), pl.col("body").cast(pl.String))
    table.write_parquet(tmp_path / "table.parquet")
    assert look(tmp_path / "table.parquet") == Facts(2, "colour", "red")


def test_the_corpus_loses_the_lines_that_describe_its_columns():
    table = 'Author\tContent\nstring\tstring\nclass\tmeta\nann\t"says ""yes"", twice\nover"\n'
    assert as_csv(table) == 'Author,Content\r\nann,"says ""yes"", twice\nover"\r\n'
