"""Text cut into sentences and tokens, as expressions of the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from app.plugins.columns import as_text

if TYPE_CHECKING:
    import polars as pl

SPACED = ("twitter", "regular")
"""Tokenisers that find words by the spaces and signs between them."""

_ELIDING = ("catalan", "french", "italian")
"""Languages whose apostrophe stands between two words: `l'homme`."""

# Addresses end at a sign or letter of a script that is written without spaces, so that they swallow no text.
_ERASED = r"(?:https?://|www\.)[^\s\p{Han}\p{Hiragana}\p{Katakana}，。！？、]+|&(?:amp|lt|gt|quot|nbsp|#[0-9]+);"

# A word has a letter; digits and underscores may lead, so numbers alone are no words.
_WORD = r"[0-9_]*\p{L}\w*"
_MAIL = r"[\w.+-]+@[\w-]+\.[\w.-]*\w"
_EMOJI = (
    r"\p{RI}{2}|(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}\x{FE0F})[\p{Emoji_Modifier}\x{FE0F}]*"
    r"(?:\x{200D}\p{Extended_Pictographic}[\p{Emoji_Modifier}\x{FE0F}]*)*"
)

# Groups 1, 2 and 4 end a sentence; group 3 begins the next one. A full stop ends one only before a capital, a digit
# or a script without capitals, so that abbreviations within a sentence mostly stay whole.
_SENTENCE_END = (
    r"([!?…؟۔।॥]+[\"'”’»)\]]*)\s+"
    r"|(\.+[\"'”’»)\]]*)\s+([\"'“‘«(\[]*[\p{Lu}\p{Lt}\p{Lo}\p{N}])"
    r"|([。！？｡]+[”’』」）]*)\s*"
    r"|\s*\n+\s*"
)
_CUT = "\x1e"

_NO_SPACES = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"


def text_of(columns: Sequence[str], schema: pl.Schema) -> pl.Expr:
    """The text of these columns together, one below the other."""
    import polars as pl

    parts = [as_text(name, schema) for name in columns]
    return parts[0] if len(parts) == 1 else pl.concat_str(parts, separator="\n")


def sentences(text: pl.Expr) -> pl.Expr:
    """A text as the list of its sentences.

    A sentence ends at a line break; at `!`, `?`, `…` or their like in other scripts before a space; at the full stop of
    Chinese and Japanese; and at a full stop before a space and a capital, a digit or a script without capitals.
    """
    return text.str.replace_all(_SENTENCE_END, f"${{1}}${{2}}${{4}}{_CUT}${{3}}").str.split(_CUT)


def tokens(text: pl.Expr, tokenizer: str, language: str) -> pl.Expr:
    """A text as the list of its tokens in lower case, without addresses of pages, punctuation and numbers alone."""
    import polars as pl

    clean = text.str.to_lowercase().str.replace_all(_ERASED, " ").str.replace_all("’", "'", literal=True)
    if tokenizer in SPACED:
        return clean.str.extract_all(_pattern(tokenizer, language))
    cut = clean.map_batches(_cutter(tokenizer), return_dtype=pl.List(pl.String), is_elementwise=True)
    return only(cut, pl.element().str.contains(r"\p{L}"))


def only(values: pl.Expr, wanted: pl.Expr) -> pl.Expr:
    """Those values of a list that are wanted.

    Others become null first and are dropped then: filtering within lists takes the engine three times as long, and
    five times the memory.
    """
    import polars as pl

    return values.list.eval(pl.when(wanted).then(pl.element())).list.drop_nulls()


def without(values: pl.Expr, words: Iterable[str]) -> pl.Expr:
    """A list without these words."""
    import polars as pl

    unwanted = sorted(words)
    if not unwanted:
        return values
    return only(values, ~pl.element().is_in(pl.Series(unwanted, dtype=pl.String).implode()))


def share_without_spaces(text: pl.LazyFrame) -> float:
    """Which share of the letters of a table of texts belongs to scripts that put no spaces between words."""
    import polars as pl

    counts = text.select(
        pl.all().str.count_matches(_NO_SPACES).sum().alias("dense"),
        pl.all().str.count_matches(r"\p{L}").sum().alias("all"),
    ).collect()
    dense, letters = counts.row(0)
    return float(dense or 0) / max(letters or 0, 1)


def _pattern(tokenizer: str, language: str) -> str:
    word = _WORD if language in _ELIDING else rf"{_WORD}(?:['-]\w+)*"
    if tokenizer == "regular":
        return word
    return rf"{_MAIL}|@\w+|#{_WORD}|{word}|{_EMOJI}"


def _cutter(tokenizer: str) -> Callable[[pl.Series], pl.Series]:
    """A function from texts to lists of tokens, by a library that takes one text at a time."""
    cut = _razdel() if tokenizer == "razdel" else _jieba(tokenizer)

    def in_batches(texts: pl.Series) -> pl.Series:
        import polars as pl

        return pl.Series(texts.name, [cut(text) for text in texts], dtype=pl.List(pl.String))

    return in_batches


def _razdel() -> Callable[[str], list[str]]:
    from razdel import tokenize

    return lambda text: [token.text for token in tokenize(text)]


def _jieba(tokenizer: str) -> Callable[[str], list[str]]:
    import rjieba

    functions: dict[str, Callable[[str], list[str]]] = {
        "jieba-cut": rjieba.cut,
        "jieba-cut-all": rjieba.cut_all,
        "jieba-search": rjieba.cut_for_search,
    }
    return functions[tokenizer]
