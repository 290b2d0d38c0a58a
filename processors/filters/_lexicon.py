"""A list of words to look for in text, and the expressions that find them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

_AT_ONCE = 500
"""How many words are searched by one expression: the engine refuses expressions that grow too large."""

_FEW = 20

_SPECIAL = frozenset(r"\.+*?()|[]{}^$#&-~/")


@dataclass(frozen=True)
class Lexicon:
    """Words, phrases or regular expressions. A word matches as a whole: where it begins or ends with a letter or
    digit, no other may follow there; `c++` and `#tag` have an open end.
    """

    terms: tuple[str, ...]
    as_regex: bool
    case_sensitive: bool

    @classmethod
    def read(cls, text: str, as_regex: bool, case_sensitive: bool) -> Lexicon:
        """Split a text at commas and new lines; in regular expressions not at commas inside brackets."""
        parts = [part for line in text.splitlines() for part in (_outer_parts(line) if as_regex else line.split(","))]
        folded: dict[str, str] = {}
        for part in filter(None, map(str.strip, parts)):
            folded.setdefault(part if as_regex or case_sensitive else part.lower(), part)
        return cls(tuple(folded.values()), as_regex, case_sensitive)

    def matches(self, text: pl.Expr) -> pl.Expr:
        """Whether any of the terms is in a text."""
        import polars as pl

        groups = [self.terms[at : at + _AT_ONCE] for at in range(0, len(self.terms), _AT_ONCE)]
        return pl.any_horizontal([text.str.contains(self._any_of(group)) for group in groups])

    def found(self, text: pl.Expr) -> pl.Expr:
        """The terms that are in a text, in alphabetical order, with commas between them.

        A few terms are looked for one by one. Of many, the single words are found in one pass, since they cannot
        overlap.
        """
        import polars as pl

        if len(self.terms) <= _FEW:
            each = [pl.when(text.str.contains(self._any_of([term]))).then(pl.lit(term)) for term in sorted(self.terms)]
            return pl.concat_str(each, separator=",", ignore_nulls=True)
        words = [] if self.as_regex else [term for term in self.terms if re.fullmatch(r"\w+", term)]
        others = [term for term in self.terms if term not in set(words)]
        lists = [self._words_in(text, words[at : at + _AT_ONCE]) for at in range(0, len(words), _AT_ONCE)]
        for term in others:
            here = text.str.contains(self._any_of([term]))
            lists.append(pl.when(here).then(pl.concat_list(pl.lit(term))).otherwise(pl.lit([], pl.List(pl.String))))
        return pl.concat_list(lists).list.unique().list.sort().list.join(",")

    def _words_in(self, text: pl.Expr, words: list[str]) -> pl.Expr:
        import polars as pl

        hits = text.str.extract_all(self._any_of(words))
        if self.case_sensitive:
            return hits
        spelling = {word.lower(): word for word in reversed(words)}
        found = pl.element().str.to_lowercase()
        return hits.list.eval(found.replace(list(spelling), list(spelling.values())))

    def _any_of(self, terms: list[str] | tuple[str, ...]) -> str:
        flag = "" if self.case_sensitive else "(?i)"
        if self.as_regex:
            return flag + "|".join(f"(?:{term})" for term in terms)
        whole = [term for term in terms if _is_word(term[0]) and _is_word(term[-1])]
        parts = [rf"\b(?:{'|'.join(map(_escape, whole))})\b"] if whole else []
        for term in terms:
            if term not in set(whole):
                before, after = (r"\b" if _is_word(end) else "" for end in (term[0], term[-1]))
                parts.append(before + _escape(term) + after)
        return flag + "|".join(parts)


def _is_word(character: str) -> bool:
    return re.match(r"\w", character) is not None


def _escape(term: str) -> str:
    """A term as a pattern: special characters are taken literally, any white space matches any other."""
    spelled = "".join(f"\\{character}" if character in _SPECIAL else character for character in term)
    return re.sub(r"\s+", r"\\s+", spelled)


def _outer_parts(line: str) -> list[str]:
    """Split at the commas that are outside brackets and not escaped."""
    parts, depth, escaped = [""], 0, False
    for character in line:
        if character == "," and depth <= 0 and not escaped:
            parts.append("")
            continue
        if not escaped:
            depth += (character in "([{") - (character in ")]}")
        escaped = character == "\\" and not escaped
        parts[-1] += character
    return parts
