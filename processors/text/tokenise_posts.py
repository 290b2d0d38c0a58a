"""Cut posts into tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from app.domain.texts import say
from app.plugins import (
    Choice,
    Choices,
    Columns,
    Example,
    InvalidInput,
    Needs,
    Processor,
    Run,
    Source,
    Table,
    Text,
    Toggle,
)
from app.plugins.periods import COARSE, as_moment, period
from processors.text._languages import (
    LANGUAGES,
    LEMMAS,
    SAME_LANGUAGE,
    has_stop_words,
    list_choices,
    stop_words,
    words_in,
)
from processors.text._roots import lemmas, stems
from processors.text._tokens import SPACED, sentences, share_without_spaces, text_of, tokens, without

if TYPE_CHECKING:
    import polars as pl

_TOKENISERS = {
    "twitter": "Social media: words, #tags, @mentions and emoji",
    "regular": "Words only",
    "razdel": "Razdel, for Russian",
    "jieba-cut": "Jieba, for Chinese",
    "jieba-cut-all": "Jieba, for Chinese: every possible word",
    "jieba-search": "Jieba, for Chinese: long words also in parts",
}


class TokenisePosts(Processor):
    """Cut the text of posts into words, hashtags, mentions and emoji, the first step of most text analyses.

    Text is put in lower case; addresses of pages, punctuation and numbers that stand alone are left out, and so are
    the words of the chosen lists. One row is one document: a post, or a sentence of one. Documents in which nothing
    is left are left out.
    """

    type = "tokenise-posts"
    title = "Tokenise"
    category = "Text analysis"
    returns = Table(open_ended=True, item_id=str, date=str, tokens=list)
    needs = Needs(libraries=("razdel", "rjieba", "simplemma", "snowballstemmer", "stopwordsiso"))
    followups = ("vectorise-tokens",)
    references = (
        "Porter, M. F. (2001). Snowball: a language for stemming algorithms. https://snowballstem.org",
        "Barbaresi, A. (2021). Simplemma: a simple multilingual lemmatizer for Python. https://github.com/adbar/simplemma",
        "Stopwords ISO: the most comprehensive collection of stop words. https://github.com/stopwords-iso",
    )
    examples: ClassVar = (
        Example(
            items=[
                {"id": "1", "timestamp": "2026-01-02", "body": "The cats of @Anna: https://t.co/x #CatLove 😀 2026"},
                {"id": "2", "timestamp": "2026-02-02", "body": "and the 7"},
            ],
            options={"docs_per": "month"},
            result=[{"item_id": "1", "date": "2026-01", "tokens": ["cats", "@anna", "#catlove", "😀"]}],
        ),
        Example(
            items=[{"id": "1", "body": "Cats were running. Dogs ran!"}],
            options={"grouping_per": "sentence", "tokenizer_type": "regular", "lemmatise": True, "filter": []},
            result=[
                {"item_id": "1", "date": "all", "tokens": ["cat", "be", "run"], "sentence": 1},
                {"item_id": "1", "date": "all", "tokens": ["dog", "run"], "sentence": 2},
            ],
        ),
    )

    @dataclass(frozen=True)
    class Options:
        """What to cut, and what to leave out."""

        columns: tuple[str, ...] = Columns("Columns with text", ("body",), help="Several are read as one text.")
        docs_per: str = Choice(
            "Produce documents per",
            COARSE | {"thread": "Thread"},
            help="The period or thread that each document is counted under.",
        )
        tokenizer_type: str = Choice("Tokeniser", _TOKENISERS)
        language: str = Choice("Language", LANGUAGES, "english", help="For stop words, stems and lemmas.")
        grouping_per: str = Choice("One document is", {"item": "A post", "sentence": "A sentence"})
        stem: bool = Toggle("Reduce words to their stem", help="running, runs → run. Done by Snowball.")
        lemmatise: bool = Toggle("Reduce words to their lemma", help="ran, mice → run, mouse. From a dictionary.")
        filter: tuple[str, ...] = Choices("Leave out the words of", list_choices(), (SAME_LANGUAGE,))
        accept_words: str = Text("Always keep", long=True, help="Words, with commas between them.")
        reject_words: str = Text("Always leave out", long=True, help="Words, with commas between them.")
        only_unique: bool = Toggle("Keep each word of a document once")

    def process(self, source: Source, options: Options, run: Run) -> pl.LazyFrame:
        """One row per document, with the list of its tokens."""
        import polars as pl

        posts = _documents(source, options)
        _check_language(posts, options, run)
        text = pl.col("text")
        if options.grouping_per == "sentence":
            posts = _in_sentences(posts)
        found = tokens(text, options.tokenizer_type, options.language)
        found = without(found, _unwanted(options))
        if options.lemmatise:
            found = lemmas(found, options.language)
        if options.stem:
            found = stems(found, options.language)
        if options.only_unique:
            found = found.list.unique(maintain_order=True)
        last = ["sentence"] if options.grouping_per == "sentence" else []
        cut = posts.select("item_id", "date", found.alias("tokens"), *last)
        return cut.filter(pl.col("tokens").list.len() > 0)

    @classmethod
    def summarise(cls, options: Options) -> str:
        """Columns, language and what a document is."""
        parts = [", ".join(options.columns), LANGUAGES[options.language]]
        parts += [f"per {options.docs_per}"] if options.docs_per != "all" else []
        parts += ["by sentence"] if options.grouping_per == "sentence" else []
        parts += ["stems"] if options.stem else []
        parts += ["lemmas"] if options.lemmatise else []
        return " · ".join(parts)


def _documents(source: Source, options: TokenisePosts.Options) -> pl.LazyFrame:
    """The posts as `item_id`, `date` (the period or thread they count under) and `text`."""
    import polars as pl

    table = source.lazy()
    schema = table.collect_schema()
    names = schema.names()
    needed = {"all": None, "thread": "thread_id"}.get(options.docs_per, "timestamp")
    if needed and needed not in names:
        message = f"This dataset has no column {needed}, so documents cannot be made per {options.docs_per}."
        raise InvalidInput({"docs_per": [message]})
    if options.docs_per == "thread":
        date = pl.col("thread_id").cast(pl.String).fill_null("unknown_thread")
    elif needed:
        date = period(as_moment(needed, schema), options.docs_per)
    else:
        date = pl.lit("all")
    if "id" not in names:
        number = "row number"
        while number in names:
            number += "_"
        table = table.with_row_index(number, offset=1)
    item_id = pl.col("id" if "id" in names else number).cast(pl.String)
    text = text_of(options.columns, schema)
    return table.select(item_id.alias("item_id"), date.alias("date"), text.alias("text"))


def _in_sentences(posts: pl.LazyFrame) -> pl.LazyFrame:
    import polars as pl

    split = posts.with_columns(sentences(pl.col("text")).alias("text"))
    counted = split.with_columns(pl.int_ranges(1, pl.col("text").list.len() + 1).alias("sentence"))
    return counted.explode("text", "sentence")


def _unwanted(options: TokenisePosts.Options) -> set[str]:
    """The words to leave out: those of the lists and the rejected ones, but not what is always kept."""
    listed = stop_words(options.filter, options.language)
    return (listed - words_in(options.accept_words)) | words_in(options.reject_words)


def _check_language(posts: pl.LazyFrame, options: TokenisePosts.Options, run: Run) -> None:
    """Refuse what the language has no data for, and warn of what will not come out as expected."""
    language = LANGUAGES[options.language]
    if options.stem and options.language == "other":
        raise InvalidInput(
            {"stem": [say("Choose the language of the text, so that words can be reduced to their stem.")]}
        )
    if options.lemmatise and options.language not in LEMMAS:
        known = ", ".join(LANGUAGES[name] for name in LEMMAS)
        raise InvalidInput(
            {
                "lemmatise": [
                    say(
                        "There is no dictionary of lemmas for {language}. There is one for: {known}.",
                        language=language,
                        known=known,
                    )
                ]
            }
        )
    if SAME_LANGUAGE in options.filter and options.language != "other" and not has_stop_words(options.language):
        run.warn(say("There is no list of stop words for {language}, so none were left out.", language=language))
    if options.tokenizer_type in SPACED and share_without_spaces(posts.select("text").head(1000)) > 0.3:
        run.warn(
            say(
                "Much of this text is in a script that is written without spaces, where this tokeniser takes a phrase "
                "for one word. For Chinese, choose one of the Jieba tokenisers."
            )
        )
