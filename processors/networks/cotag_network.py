"""Make a network of tags used together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from app.domain.texts import say
from app.plugins import (
    Accepts,
    Column,
    EmptyResult,
    Example,
    Graph,
    Needs,
    Number,
    Processor,
    Run,
    Source,
    Text,
    Toggle,
)
from processors.networks._shared import added_up, communities, pair_counts, values_per_row

if TYPE_CHECKING:
    import polars as pl

POSTS_AT_ONCE = 1_000_000
"""How many posts are counted before the counts are added up, which bounds the memory."""

_COLUMNS = ("hashtags", "tags", "groups")


class CotagNetwork(Processor):
    """Make a network of tags: two tags are linked when posts use them together, the stronger the more posts do.

    A post counts once for each of its tags and for each two of them. Communities, found by the Louvain method, are
    groups of tags that are used together more than with others; community 1 has the most tags.
    """

    type = "cotag-network"
    title = "Co-tag network"
    category = "Networks"
    accepts = Accepts(any_columns=_COLUMNS)
    returns = Graph
    needs = Needs(libraries=("igraph",))
    references = (
        "Blondel, V. D., Guillaume, J.-L., Lambiotte, R., & Lefebvre, E. (2008). Fast unfolding of communities in "
        "large networks. Journal of Statistical Mechanics, P10008. https://doi.org/10.1088/1742-5468/2008/10/P10008",
        "Marres, N., & Gerlitz, C. (2016). Interface methods. The Sociological Review, 64(1), 21–46. "
        "https://doi.org/10.1111/1467-954X.12314",
    )
    examples: ClassVar = (
        Example(
            items=[
                {"id": "1", "hashtags": "Tea,milk,tea"},
                {"id": "2", "hashtags": "milk, tea"},
                {"id": "3", "hashtags": "alone"},
                {"id": "4", "hashtags": None},
            ],
            result={
                "nodes": [
                    {"id": "milk", "label": "milk", "frequency": 2, "community": 1},
                    {"id": "tea", "label": "tea", "frequency": 2, "community": 1},
                ],
                "edges": [{"source": "milk", "target": "tea", "weight": 2}],
            },
        ),
    )

    @dataclass(frozen=True)
    class Options:
        """Which tags, and which links."""

        column: str = Column("Column with tags", _COLUMNS, help="Tags in one cell are separated by commas.")
        to_lowercase: bool = Toggle("Put tags in lower case", True)
        ignore_tags: str = Text("Tags to leave out", long=True, help="With commas between them.")
        min_weight: int = Number("Leave out links of fewer posts than", 1, minimum=1)

    def process(self, source: Source, options: Options, run: Run) -> Graph:
        """Tags that stand together at least once, and how often they do."""
        import polars as pl

        rows = source.rows
        written = pl.Categorical(pl.Categories.random())
        tags = pl.DataFrame(schema={"value": written, "frequency": pl.Int64})
        pairs = pl.DataFrame(schema={"source": written, "target": written, "weight": pl.Int64})
        for start in range(0, rows, POSTS_AT_ONCE):
            run.progress(0.8 * start / rows)
            members = _members(source, options, start).with_columns(pl.col("value").cast(written))
            part = members.unique().collect(engine="streaming")
            tags = added_up(tags, part.group_by("value").agg(pl.len().cast(pl.Int64).alias("frequency")))
            pairs = added_up(pairs, pair_counts(part))
        edges = _edges(pairs.filter(pl.col("weight") >= options.min_weight))
        if not edges.height:
            raise EmptyResult(
                say("No two tags in the column {column} stand together often enough for a link.", column=options.column)
            )
        run.progress(0.8)
        nodes = _nodes(tags.select(pl.col("value").cast(pl.String).alias("id"), "frequency"), edges, run.seed)
        run.summary(say("{tags:,} tags and {links:,} links between them.", tags=nodes.height, links=edges.height))
        return Graph(nodes, edges)

    @classmethod
    def summarise(cls, options: Options) -> str:
        """The column, and the limit if there is one."""
        return options.column + (f" · at least {options.min_weight} posts" if options.min_weight > 1 else "")


def _members(source: Source, options: CotagNetwork.Options, start: int) -> pl.LazyFrame:
    """One line per post and tag, `row` and `value`, for some posts."""
    import polars as pl

    table = source.lazy()
    values = values_per_row(options.column, table.collect_schema(), to_lowercase=options.to_lowercase)
    some = table.slice(start, POSTS_AT_ONCE).select(values.alias("value"))
    members = some.with_row_index("row").explode("value")
    ignored = [part.strip() for part in options.ignore_tags.replace("\n", ",").split(",")]
    if options.to_lowercase:
        ignored = [tag.lower() for tag in ignored]
    return members.filter(pl.col("value").is_not_null() & ~pl.col("value").is_in(["", *ignored]))


def _edges(pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs as links between names, strongest first; of two names the first in the alphabet is the source."""
    import polars as pl

    ends = pl.col("source").cast(pl.String), pl.col("target").cast(pl.String)
    named = pairs.select(pl.min_horizontal(*ends).alias("source"), pl.max_horizontal(*ends).alias("target"), "weight")
    return named.sort("weight", "source", "target", descending=[True, False, False])


def _nodes(tags: pl.DataFrame, edges: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The tags that have a link, with their community, most used first."""
    import polars as pl

    used = pl.concat([edges["source"], edges["target"]]).unique().sort()
    place = pl.DataFrame({"id": used}).with_row_index("place")
    numbered = [pl.col(end).replace_strict(place["id"], place["place"]).alias(end) for end in ("source", "target")]
    links = edges.select(*numbered, "weight").sort("source", "target")
    community = pl.Series("community", communities(used.len(), links, seed), dtype=pl.Int64)
    linked = place.join(tags, on="id", maintain_order="left").with_columns(community)
    nodes = linked.select("id", pl.col("id").alias("label"), "frequency", "community")
    return nodes.sort("frequency", "id", descending=[True, False])
