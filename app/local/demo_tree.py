"""Choose analyses that fit a dataset: what is in its columns decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.plugins import ITEM_COLUMNS

if TYPE_CHECKING:
    import polars as pl

_TAG_COLUMNS = ("hashtags", "tags", "groups")
_UNITS = (("year", 900), ("month", 60), ("week", 21), ("day", 3), ("hour", 0.2))
_SAMPLE = 20_000


@dataclass(frozen=True)
class Plant:
    """An analysis to run, and those to run on its result."""

    type: str
    options: Mapping[str, Any] = field(default_factory=dict)
    then: Sequence[Plant] = ()


@dataclass(frozen=True)
class Facts:
    """What must be known of a dataset to choose analyses that find something."""

    rows: int
    label: str
    """A column whose values return."""
    value: str
    """The most frequent of them."""
    unit: str | None = None
    """The period in which to count posts, so that there are several; None when there are no dates."""
    word: str | None = None
    """A frequent word of the posts, None when they have no text."""
    has_links: bool = False
    tags: str | None = None
    """A column in which posts have several tags."""


def look(path: Path) -> Facts:
    """Read what matters from the table of a dataset."""
    import polars as pl

    table = pl.scan_parquet(path)
    columns = table.collect_schema()
    rows = int(table.select(pl.len()).collect().item())
    sample = table.head(_SAMPLE).collect()
    label, value = _label(sample)
    has_body = columns.get("body") == pl.String
    return Facts(
        rows=rows,
        label=label,
        value=value,
        unit=_unit(table) if columns.get("timestamp", pl.Null).is_temporal() else None,
        word=_frequent_word(sample["body"]) if has_body else None,
        has_links=has_body and bool(sample["body"].str.contains(r"https?://\w").any()),
        tags=next((name for name in _TAG_COLUMNS if name in columns and _has_pairs(sample[name])), None),
    )


def plan(facts: Facts) -> list[Plant]:
    """The tree of analyses for a dataset."""
    count = Plant("attribute-frequencies", {"columns": [facts.label]})
    if facts.unit:
        count = Plant("count-posts", {"timeframe": facts.unit})
    half = max(1, facts.rows // 2)
    chosen = {"column": facts.label, "match_style": "value-equals", "match_value": facts.value}
    tree = [
        Plant("attribute-frequencies", {"columns": [facts.label], "top": 20}),
        Plant("random-filter", {"sample_size": min(half, 1000)}, [count, Plant("column-filter", _longest(facts))]),
        Plant("unique-filter", {"columns": [_text_column(facts)]}, [count]),
        Plant("column-filter", chosen, [count]),
    ]
    if facts.unit:
        tree.insert(0, Plant("count-posts", {"timeframe": facts.unit}, [Plant("histogram")]))
        tree.append(Plant("preset-histogram", {"timeframe": facts.unit}))
    if facts.word:
        cloud = Plant("vector-ranker", {"top": 60, "top_style": "overall"}, [Plant("wordcloud")])
        tree.insert(1, Plant("tokenise-posts", {}, [Plant("vectorise-tokens", {}, [cloud])]))
        tree.append(Plant("lexical-filter", {"lexicon_custom": facts.word}, [count]))
    if facts.has_links:
        links = Plant("attribute-frequencies", {"columns": ["extracted_urls"], "extract": "hostnames"})
        tree.append(Plant("extract-urls-filter", {}, [links]))
    if facts.tags:
        tree.append(Plant("cotag-network", {"column": facts.tags}))
    return tree


def _longest(facts: Facts) -> dict[str, Any]:
    """A filter by value that always keeps something."""
    return {"column": facts.label, "match_style": "top-top", "top_n": 3}


def _text_column(facts: Facts) -> str:
    return "body" if facts.word else facts.label


def _label(sample: pl.DataFrame) -> tuple[str, str]:
    """The author if there is one, else the column of text with the fewest values, and its most frequent value."""
    import polars as pl

    candidates = []
    for name, kind in sample.schema.items():
        if kind != pl.String:
            continue
        counts = sample[name].drop_nulls().value_counts(sort=True)
        counts = counts.filter((pl.col(name) != "") & ~pl.col(name).str.contains(","))
        if counts.height:
            order = (name != "author", name in ITEM_COLUMNS, counts.height == 1, counts.height)
            candidates.append((order, name, str(counts[name][0])))
    if not candidates:
        return "id", "1"
    _, name, value = min(candidates)
    return name, value


def _unit(table: pl.LazyFrame) -> str | None:
    """The longest period of which the dates fill several."""
    import polars as pl

    moment = pl.col("timestamp")
    first, last = table.select(moment.min().alias("first"), moment.max().alias("last")).collect().row(0)
    if first is None:
        return None
    days = (last - first).total_seconds() / 86_400
    return next((unit for unit, least in _UNITS if days > least), None)


def _frequent_word(bodies: pl.Series) -> str | None:
    import polars as pl

    words = bodies.drop_nulls().head(5000).str.to_lowercase().str.extract_all(r"[\p{L}]{5,}").explode().drop_nulls()
    words = words.filter(~words.is_in(["https", "there", "their", "about", "would", "which"]))
    if not words.len():
        return None
    counts = words.alias("word").value_counts(sort=True)
    return str(counts.sort([pl.col("count"), pl.col("word")], descending=[True, False])["word"][0])


def _has_pairs(values: pl.Series) -> bool:
    import polars as pl

    return values.dtype == pl.String and bool(values.str.contains(r"\w+\s*,\s*\w+").any())
