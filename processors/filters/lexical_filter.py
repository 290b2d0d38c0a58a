"""Keep the posts that hold certain words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from app.domain.texts import say
from app.plugins import Accepts, Example, InvalidInput, Processor, Run, SameTable, Source, Text, Toggle
from app.plugins.columns import as_text
from app.plugins.extract import check_pattern
from processors.filters._lexicon import Lexicon

if TYPE_CHECKING:
    import polars as pl

BODY = "body"
FOUND = "matching_lexicons"


class LexicalFilter(Processor):
    """Keeps the posts whose text holds at least one of the words or phrases given, as whole words. What was found is
    listed in the column `matching_lexicons`; one from an earlier filter is replaced.
    """

    type: ClassVar[str] = "lexical-filter"
    title: ClassVar[str] = "Filter by words"
    category: ClassVar[str] = "Filters"
    accepts = Accepts(items=True, all_columns=(BODY,))
    returns = SameTable(matching_lexicons=str)
    followups = ("count-posts", "attribute-frequencies", "tokenise-posts")
    examples = (
        Example(
            items=[{"body": "I like C++ and tea"}, {"body": "steam"}, {"body": "TEA!"}],
            options={"lexicon_custom": "tea, c++"},
            result=[
                {"body": "I like C++ and tea", "matching_lexicons": "c++,tea"},
                {"body": "TEA!", "matching_lexicons": "tea"},
            ],
        ),
        Example(
            items=[{"body": "gray"}, {"body": "green"}, {"body": None}],
            options={"lexicon_custom": "gr[ae]y", "as_regex": True, "exclude": True},
            result=[{"body": "green", "matching_lexicons": ""}, {"body": None, "matching_lexicons": ""}],
        ),
    )

    @dataclass(frozen=True)
    class Options:
        """Which words, and how they are matched."""

        lexicon_custom: str = Text(
            "Words or phrases",
            required=True,
            long=True,
            help="Separate them by commas or put each on a line of its own. They match as whole words.",
        )
        as_regex: bool = Toggle(
            "They are regular expressions", help="A comma inside brackets or braces belongs to the expression."
        )
        exclude: bool = Toggle("Keep the posts that hold none of them instead")
        case_sensitive: bool = Toggle("Upper and lower case must match")

    def process(self, source: Source, options: Options, run: Run) -> pl.LazyFrame:
        """Search all words at once, then say which were found in the posts that stay."""
        import polars as pl

        lexicon = Lexicon.read(options.lexicon_custom, options.as_regex, options.case_sensitive)
        if not lexicon.terms:
            raise InvalidInput({"lexicon_custom": [say("Give at least one word.")]})
        for term in lexicon.terms if options.as_regex else ():
            check_pattern(term, "lexicon_custom")
        table = source.lazy()
        text = as_text(BODY, table.collect_schema())
        if options.exclude:
            return table.filter(~lexicon.matches(text)).with_columns(pl.lit("").alias(FOUND))
        return table.filter(lexicon.matches(text)).with_columns(lexicon.found(text).alias(FOUND))

    @classmethod
    def summarise(cls, options: Any) -> str:
        """The first words."""
        terms = Lexicon.read(options.lexicon_custom, options.as_regex, options.case_sensitive).terms
        shown = ", ".join(terms[:3]) + (f" and {len(terms) - 3} more" if len(terms) > 3 else "")
        return f"without {shown}" if options.exclude else shown
