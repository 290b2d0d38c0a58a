"""A network as the browser draws it: its most used nodes and strongest links, few enough to stay smooth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.domain.dataset import Dataset
from app.domain.errors import NotFound
from app.domain.texts import say, told
from app.services.context import Context

if TYPE_CHECKING:
    import polars as pl

MOST_NODES = 5_000
MOST_EDGES = 20_000
_MOST_ATTRIBUTES = 12
_DRAWN = ("id", "label", "x", "y", "size", "community", "degree")


def piece_of(ctx: Context, dataset: Dataset) -> dict[str, Any]:
    """Nodes as rows of key, label, x, y, size and community; edges as rows of source and target place and weight.

    `attributes` holds what else is known of the nodes, each with its name and a value for every node, in their order.
    """
    import polars as pl
    import pyarrow.parquet as pq

    if dataset.result is None:
        raise NotFound(say("“{dataset}” has no network.", dataset=dataset.label))
    paths = {role: ctx.files.local(dataset.result.files[role]) for role in ("nodes", "edges")}
    nodes, edges = pl.read_parquet(paths["nodes"]), pl.read_parquet(paths["edges"])
    totals = {"nodes": nodes.height, "edges": edges.height}
    nodes = _kept_nodes(nodes, edges).with_row_index("place")
    places = nodes.select(pl.col("id"), pl.col("place"))
    weight = pl.col("weight") if "weight" in edges.columns else pl.lit(1)
    linked = (
        edges.select(pl.col("source"), pl.col("target"), weight.cast(pl.Float64).alias("weight"))
        .join(places.rename({"id": "source", "place": "from"}), on="source")
        .join(places.rename({"id": "target", "place": "to"}), on="target")
        .sort("weight", descending=True)
        .head(MOST_EDGES)
    )
    return {
        "nodes": [list(row) for row in nodes.select("id", "label", "x", "y", "size", "community").rows()],
        "edges": [list(row) for row in linked.select("from", "to", "weight").rows()],
        "attributes": _attributes(nodes),
        "directed": (pq.read_metadata(paths["edges"]).metadata or {}).get(b"directed") == b"true",
        "totals": totals,
        "note": _note(totals, nodes.height, linked.height),
    }


def _kept_nodes(nodes: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    """The most used nodes, every column that is drawn filled in."""
    import polars as pl

    ends = pl.concat([edges["source"].rename("id"), edges["target"].rename("id")])
    degrees = ends.value_counts(name="degree")
    nodes = nodes.join(degrees, on="id", how="left").with_columns(pl.col("degree").fill_null(0))
    size = "frequency" if "frequency" in nodes.columns else "degree"
    label = pl.col("label") if "label" in nodes.columns else pl.col("id")
    community = pl.col("community") if "community" in nodes.columns else pl.lit(0)
    x, y = (pl.col(name) if name in nodes.columns else pl.lit(None) for name in ("x", "y"))
    drawn = nodes.select(
        pl.col("id").cast(pl.String),
        label.cast(pl.String).fill_null("").alias("label"),
        x.cast(pl.Float64).alias("x"),
        y.cast(pl.Float64).alias("y"),
        pl.col(size).cast(pl.Float64).fill_null(0).alias("size"),
        community.cast(pl.Int64, strict=False).fill_null(0).alias("community"),
        pl.col("degree"),
        *(pl.col(name).alias(f"of {name}") for name in nodes.columns if name not in _DRAWN),
    )
    return drawn.sort("size", "degree", "id", descending=[True, True, False]).head(MOST_NODES)


def _attributes(nodes: pl.DataFrame) -> list[dict[str, Any]]:
    """The columns by which nodes can be coloured or sized: numbers, and text with few enough values to tell apart."""
    import polars as pl

    found: list[dict[str, Any]] = [{"name": "links", "values": nodes["degree"].to_list()}]
    for name in nodes.columns:
        column = nodes[name]
        title = name.removeprefix("of ")
        if title == name or len(found) > _MOST_ATTRIBUTES:
            continue
        if column.dtype.is_numeric():
            number = pl.col(name).cast(pl.Float64)
            finite = nodes.select(pl.when(number.is_finite()).then(number)).to_series()
            found.append({"name": title, "values": finite.to_list()})
        elif column.dtype in (pl.String, pl.Boolean, pl.Categorical) and column.n_unique() <= nodes.height / 2 + 1:
            found.append({"name": title, "values": column.cast(pl.String).to_list()})
    return found


def _note(totals: dict[str, int], nodes: int, edges: int) -> str:
    """What is left out, as a sentence; empty when all is drawn."""
    if nodes == totals["nodes"] and edges == totals["edges"]:
        return ""
    return told(
        say(
            "Drawn are the {nodes:,} largest of {all_nodes:,} nodes and the {edges:,} strongest of {all_edges:,} links."
            " The download has all of them.",
            nodes=nodes,
            all_nodes=totals["nodes"],
            edges=edges,
            all_edges=totals["edges"],
        )
    )
