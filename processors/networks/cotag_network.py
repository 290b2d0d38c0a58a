"""Make a network of tags used together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

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
from processors.networks._shared import communities, pair_counts, values_per_row

if TYPE_CHECKING:
    import polars as pl

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

        members = _members(source, options).collect(engine="streaming")
        run.progress(0.3)
        tags = members.group_by("tag").agg(pl.len().cast(pl.Int64).alias("frequency")).sort("tag")
        tags = tags.with_row_index("value")
        coded = members.join(tags.select("tag", "value"), on="tag").select("row", "value")
        pairs = pair_counts(coded, options.min_weight)
        if not pairs.height:
            raise EmptyResult(f"No two tags in the column {options.column} stand together often enough for a link.")
        run.progress(0.6)
        nodes = _with_communities(tags, pairs, run.seed)
        names = tags["tag"]
        edges = pairs.select(
            names.gather(pairs["source"]).alias("source"),
            names.gather(pairs["target"]).alias("target"),
            pl.col("weight").cast(pl.Int64),
        )
        run.summary(f"{nodes.height:,} tags and {edges.height:,} links between them.")
        return Graph(nodes, edges.sort("weight", "source", "target", descending=[True, False, False]))

    @classmethod
    def summarise(cls, options: Options) -> str:
        """The column, and the limit if there is one."""
        return options.column + (f" · at least {options.min_weight} posts" if options.min_weight > 1 else "")


def _members(source: Source, options: CotagNetwork.Options) -> pl.LazyFrame:
    """One line per post and tag, none twice: `row` and `tag`."""
    import polars as pl

    table = source.lazy()
    values = values_per_row(options.column, table.collect_schema(), to_lowercase=options.to_lowercase)
    members = table.select(values.alias("tag")).with_row_index("row").explode("tag")
    ignored = [part.strip() for part in options.ignore_tags.replace("\n", ",").split(",")]
    if options.to_lowercase:
        ignored = [tag.lower() for tag in ignored]
    wanted = pl.col("tag").is_not_null() & ~pl.col("tag").is_in(["", *ignored])
    return members.filter(wanted).unique()


def _with_communities(tags: pl.DataFrame, pairs: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The tags that have a link, as nodes, most used first."""
    import polars as pl

    used = pl.concat([pairs["source"], pairs["target"]]).unique().sort()
    place = pl.DataFrame({"value": used}).with_row_index("place")
    ends = pairs.sort("source", "target").select(
        pl.col(end).replace_strict(place["value"], place["place"]).alias(end) if end != "weight" else pl.col(end)
        for end in ("source", "target", "weight")
    )
    community = pl.Series("community", communities(used.len(), ends, seed), dtype=pl.Int64)
    linked = place.join(tags, on="value", maintain_order="left").with_columns(community)
    nodes = linked.select(pl.col("tag").alias("id"), pl.col("tag").alias("label"), "frequency", "community")
    return nodes.sort("frequency", "id", descending=[True, False])
