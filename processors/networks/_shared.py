"""Networks made from what stands together in one row."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

PAIRS_AT_ONCE = 4_000_000
"""How many pairs of values are in memory before they are counted: about 200 MB."""


def values_per_row(column: str, schema: pl.Schema, *, to_lowercase: bool) -> pl.Expr:
    """A column's values as a list per row: what a text holds between commas, or the members of a list."""
    import polars as pl

    cell = pl.col(column)
    text = cell.cast(pl.List(pl.String)) if isinstance(schema[column], pl.List) else cell.cast(pl.String).str.split(",")
    member = pl.element().str.strip_chars()
    return text.list.eval(member.str.to_lowercase() if to_lowercase else member)


def pair_counts(members: pl.DataFrame) -> pl.DataFrame:
    """In how many rows each two values stand together: `source`, `target` and `weight`, each pair one way round.

    `members` has one line per row and value (`row`, a number, and `value`, categorical), none twice. The pairs of some
    rows at a time are formed and counted, so a row with thousands of values does not exhaust the memory.
    """
    import polars as pl

    value = members.schema["value"]
    counted = pl.DataFrame(schema={"source": value, "target": value, "weight": pl.Int64})
    for left, right in _portions(members):
        one_way = pl.col("value").to_physical() < pl.col("value_right").to_physical()
        pairs = left.lazy().join(right.lazy(), on="row").filter(one_way)
        found = pairs.group_by(source="value", target="value_right").agg(pl.len().cast(pl.Int64).alias("weight"))
        counted = added_up(counted, found.collect(engine="streaming"))
    return counted


def added_up(counts: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    """Two tables of counts as one: the last column is summed for what is equal in the others."""
    import polars as pl

    *keys, count = counts.columns
    return pl.concat([counts, more]).group_by(keys).agg(pl.col(count).sum())


def _portions(members: pl.DataFrame) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Members to be joined with each other, so many that they make about `PAIRS_AT_ONCE` pairs."""
    import polars as pl

    size = pl.len().over("row")
    members = members.filter(size > 1).sort("row").with_columns(size.cast(pl.UInt64).alias("size"))
    cost = pl.col("size").cum_sum() // PAIRS_AT_ONCE
    for portion in members.with_columns(cost.alias("portion")).partition_by("portion", maintain_order=True):
        # A row may be cut by the border of two portions, so its members are looked up among all of that row.
        first, last = portion["row"][0], portion["row"][-1]
        start = int(members["row"].search_sorted(first, side="left"))
        end = int(members["row"].search_sorted(last, side="right"))
        yield portion.select("row", "value"), members[start:end].select("row", "value")


def communities(nodes: int, edges: pl.DataFrame, seed: int) -> list[int]:
    """The community of each of the nodes 0 to `nodes`, by the Louvain method: 1 is the largest.

    `edges` has `source`, `target` (numbers of nodes) and `weight`.
    """
    import igraph

    igraph.set_random_number_generator(Random(seed))  # noqa: S311 (not for secrets)
    network = igraph.Graph(n=nodes, edges=edges.select("source", "target").to_numpy())
    found = network.community_multilevel(weights=edges["weight"].to_list()).membership
    sizes: dict[int, int] = {}
    for community in found:
        sizes[community] = sizes.get(community, 0) + 1
    by_size = sorted(sizes, key=lambda community: -sizes[community])
    number = {community: place for place, community in enumerate(by_size, start=1)}
    return [number[community] for community in found]
