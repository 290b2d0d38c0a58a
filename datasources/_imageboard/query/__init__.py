r"""The search language: parsed once, and said in SQL, in Sphinx's words, or tried on a text.

A query is a list of words, all of which must occur, in any order. In full:

| written | finds posts with |
|---|---|
| `coffee milk` | both words |
| `coffee \| tea` | one of the words; binds closer than the space: `hot coffee \| tea` is `hot (coffee \| tea)` |
| `"hot coffee"` | these words, one after the other |
| `-decaf` or `!decaf` | not this word; something must be wanted beside it |
| `coff*`, `*offee`, `*ffe*`, `c*fee` | words with anything in place of the star; three letters at least beside it |
| `^coffee`, `coffee$` | this word at the very start or end |
| `coffee << milk` | the first somewhere before the second; binds closer than the space, less than the bar |
| `(black coffee) \| tea` | brackets hold together what belongs together |

Case, accents and punctuation do not count. A word that falls into several, such as `covid-19`, is taken as a phrase.
Of one with a star, such as `anti-vax*`, the star stays with the letters that it touches: this is `"anti vax*"`. In a
phrase with another word one letter beside a star is enough. Chinese, Japanese and Korean characters are words by
themselves, and take no star.
"""

from datasources._imageboard.query.matching import matches
from datasources._imageboard.query.sphinx import to_sphinx
from datasources._imageboard.query.sql import Condition, Expand, to_sql, words_like
from datasources._imageboard.query.syntax import InvalidQuery, Node, is_ordered, parse
from datasources._imageboard.query.words import LONGEST, plain_text, spaced, tokens

__all__ = [
    "LONGEST",
    "Condition",
    "Expand",
    "InvalidQuery",
    "Node",
    "is_ordered",
    "matches",
    "parse",
    "plain_text",
    "spaced",
    "to_sphinx",
    "to_sql",
    "tokens",
    "words_like",
]
