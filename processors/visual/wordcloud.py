"""Draw a word cloud."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from app.domain.texts import say
from app.plugins import (
    Accepts,
    Chart,
    Column,
    EmptyResult,
    Example,
    InvalidInput,
    Needs,
    Number,
    Processor,
    Run,
    Source,
    Toggle,
)
from processors.visual._words import FONT, HEIGHT, WIDTH, Place, find_places

if TYPE_CHECKING:
    import polars as pl

COLOURS = 8
"""So many of the colours that the site has for charts are used, in turn."""


def _specification(places: list[Place]) -> dict[str, Any]:
    """The cloud as a Vega specification: text marks, with the word and its count as tooltip."""
    values = [
        {
            "word": place.word,
            "value": place.value,
            "x": round(place.x, 1),
            "y": round(place.y, 1),
            "size": place.size,
            "angle": place.angle,
            "colour": number % COLOURS,
        }
        for number, place in enumerate(places)
    ]
    field = {name: {"field": name} for name in ("x", "y", "angle")}
    mark = {
        "type": "text",
        "from": {"data": "words"},
        "encode": {
            "enter": field
            | {
                "text": {"field": "word"},
                "fontSize": {"field": "size"},
                "fill": {"scale": "colours", "field": "colour"},
                "font": {"value": FONT},
                "align": {"value": "center"},
                "baseline": {"value": "middle"},
                "tooltip": {"signal": "datum.word + ': ' + format(datum.value, ',')"},
            },
            "update": {"fillOpacity": {"value": 1}},
            "hover": {"fillOpacity": {"value": 0.6}},
        },
    }
    return {
        "$schema": "https://vega.github.io/schema/vega/v6.json",
        "description": f"Word cloud; the most frequent word is {places[0].word}.",
        "width": WIDTH,
        "height": HEIGHT,
        "padding": 8,
        "background": "transparent",
        "data": [{"name": "words", "values": values}],
        "scales": [{"name": "colours", "type": "ordinal", "domain": list(range(COLOURS)), "range": "category"}],
        "marks": [mark],
    }


class Wordcloud(Processor):
    """Draw the most frequent words as a cloud, the larger the more often they occur.

    Counts of the same word, for example of several periods, are added up.
    """

    type = "wordcloud"
    title = "Word cloud"
    category = "Visualisation"
    accepts = Accepts(all_columns=("item", "value"))
    returns = Chart
    needs = Needs(libraries=("matplotlib", "wordcloud"))
    references = (
        "Mueller, A. word_cloud: a little word cloud generator in Python. https://github.com/amueller/word_cloud",
    )

    examples: ClassVar = (
        Example(
            items=[{"item": "Tea", "value": 2}, {"item": "tea", "value": 1}],
            result=_specification([Place("tea", 3.0, 480, 280, 104, 0)]),
        ),
    )

    @dataclass(frozen=True)
    class Options:
        """Which words, and how many."""

        word_column: str = Column("Column with words", "item")
        count_column: str = Column("Column with counts", "value")
        to_lower: bool = Toggle("Put words in lower case", True)
        max_words: int = Number("Words at most", 200, minimum=1, maximum=1000)

    def process(self, source: Source, options: Options, run: Run) -> Chart:
        """The cloud, as text at fixed places."""
        counts = _counts(source, options)
        if not counts:
            raise EmptyResult(say("There are no words with a count above zero to draw."))
        places = find_places(counts, run.seed)
        if len(places) < len(counts):
            run.warn(say("{words:,} of the words found no room in the cloud.", words=len(counts) - len(places)))
        run.summary(say("A cloud of {words:,} words.", words=len(places)))
        return Chart(_specification(places), rows=len(places))

    @classmethod
    def summarise(cls, options: Options) -> str:
        """How many words at most."""
        return f"up to {options.max_words} words"


def _counts(source: Source, options: Wordcloud.Options) -> dict[str, float]:
    """The words to draw with their counts, most frequent first."""
    import polars as pl

    table = source.lazy()
    value = pl.col(options.count_column).cast(pl.Float64, strict=False)
    word = pl.col(options.word_column).cast(pl.String).str.strip_chars()
    words = table.select(word.alias("word"), value.alias("value"), pl.col(options.count_column).alias("given"))
    if not _is_number(table, options.count_column):
        wrong = (
            words.filter(pl.col("value").is_null() & pl.col("given").is_not_null()).select("given").head(1).collect()
        )
        if wrong.height:
            message = f"This column holds “{wrong.item()}”, which is not a number. Choose a column with counts."
            raise InvalidInput({"count_column": [message]})
    if options.to_lower:
        words = words.with_columns(pl.col("word").str.to_lowercase())
    totals = words.filter(pl.col("word") != "").group_by("word").agg(pl.col("value").sum())
    best = totals.filter((pl.col("value") > 0) & pl.col("value").is_finite())
    top = best.sort("value", "word", descending=[True, False]).head(options.max_words).collect(engine="streaming")
    return dict(top.iter_rows())


def _is_number(table: pl.LazyFrame, column: str) -> bool:
    return table.collect_schema()[column].is_numeric()
