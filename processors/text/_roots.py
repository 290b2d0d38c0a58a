"""Words reduced to their stem or lemma, each distinct word once."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING

from processors.text._languages import LEMMAS

if TYPE_CHECKING:
    import polars as pl

_KEPT = 1_000_000
"""How many words a lookup remembers: about 150 MB."""


def stems(values: pl.Expr, language: str) -> pl.Expr:
    """Lists of words with each reduced to its stem by the language's Snowball stemmer."""
    import snowballstemmer

    stemmer = snowballstemmer.stemmer(language)
    return _mapped(values, stemmer.stemWord)


def lemmas(values: pl.Expr, language: str) -> pl.Expr:
    """Lists of words with each reduced to its lemma, from the language's dictionary."""
    import simplemma

    code = LEMMAS[language]
    return _mapped(values, lambda word: simplemma.lemmatize(word, lang=code).lower())


def _mapped(values: pl.Expr, function: Callable[[str], str]) -> pl.Expr:
    """Lists with a function applied to their words: looked up once for each distinct word, tags and mentions left."""
    import polars as pl

    known: dict[str, str] = {}
    turn = Lock()  # stemmers keep the word they work on in themselves, and the engine calls from several threads

    def look_up(words: pl.Series) -> pl.Series:
        distinct = words.unique().drop_nulls()
        with turn:
            roots = roots_of(distinct)
        return words.replace_strict(distinct, roots, default=None, return_dtype=pl.String)

    def roots_of(distinct: pl.Series) -> pl.Series:
        if len(known) > _KEPT:
            known.clear()
        found = []
        for word in distinct:
            root = known.get(word)
            if root is None:
                root = known[word] = word if word[0] in "#@" else function(word) or word
            found.append(root)
        return pl.Series(found, dtype=pl.String)

    return values.list.eval(pl.element().map_batches(look_up, return_dtype=pl.String, is_elementwise=True))
