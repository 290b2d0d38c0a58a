"""Find links, host names, hashtags and emoji in text, as expressions that run at the engine's speed."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from app.domain.errors import InvalidInput
from app.domain.texts import say

if TYPE_CHECKING:
    import polars as pl

_END = r"[^\s<>\"“”‘’«»{}|\\^`]"

URL = rf"(?i)https?://[\p{{L}}\p{{N}}]{_END}*"
"""A link with its scheme, up to white space or a quotation mark."""

_SCHEME_AND_HOST = r"https?://[\p{L}\p{N}][^\s<>\"“”‘’«»{}|\\^`/?#,]*"

BARE_URL = (
    rf"(?i)https?://[\p{{L}}\p{{N}}]{_END}*"
    rf"|(?:[\w.+-]+@)?(?:[\p{{L}}\p{{N}}_-]+\.)+[\p{{L}}\p{{N}}-]{{2,}}(?::\d+)?(?:[/?#]{_END}*)?"
)
"""What may be a link without its scheme, or an e-mail address: look at the ending of its host name."""

HASHTAG = r"(?:^|[^\w&/])([#＃][\p{N}_]*[\p{L}\p{M}][\w·]*)"
"""A hashtag: at least one letter, and not the fragment of a link or an HTML entity."""

EMOJI = (
    r"\p{RI}\p{RI}|[0-9#*]\x{FE0F}?\x{20E3}|[©®™‼⁉ℹ]\x{FE0F}"
    r"|[\p{ExtPict}--[©®™‼⁉ℹ]](?:\x{FE0F}|\p{EMod}|[\x{E0020}-\x{E007F}])*"
    r"(?:\x{200D}\p{ExtPict}(?:\x{FE0F}|\p{EMod})*)*"
)
"""One emoji as a reader sees it: with its skin tone, joined sequences and flags as a whole (Unicode UTS #51)."""

_CLOSERS = ".,;:!?…'*~]"


def urls_in(text: pl.Expr) -> pl.Expr:
    """The links in a text, in order, as a list; punctuation after a link is not part of it."""
    import polars as pl

    # A comma before a scheme separates two links; elsewhere it may be part of one.
    found = text.str.replace_all(r"(?i),(https?://)", " $1").str.extract_all(URL)
    return found.list.eval(trim_url(pl.element()))


def trim_url(url: pl.Expr) -> pl.Expr:
    """A link without the punctuation that follows it in a sentence; brackets stay when they are opened in the link."""
    import polars as pl

    trimmed = url.str.strip_chars_end(_CLOSERS)
    opened, closed = (trimmed.str.count_matches(sign, literal=True) for sign in "()")
    unopened = (
        pl.when(opened == 0).then(trimmed.str.strip_chars_end(_CLOSERS + ")")).otherwise(trimmed.str.strip_suffix(")"))
    )
    return pl.when(closed > opened).then(unopened).otherwise(trimmed)


def bare_urls_in(text: pl.Expr, endings: list[str]) -> pl.Expr:
    """The links in a text, also those without a scheme when their host name ends in one of `endings`."""
    import polars as pl

    found = text.str.replace_all(r"(?i),(https?://)", " $1").str.extract_all(BARE_URL)
    url = trim_url(pl.element())
    host = host_of(url)
    known = pl.lit(False)
    for parts in sorted({ending.count(".") + 1 for ending in endings}):
        wanted = [ending for ending in endings if ending.count(".") + 1 == parts]
        known |= _last(host, parts).is_in(wanted).fill_null(False)
    schemed = url.str.contains(r"(?i)^https?://")
    mail = pl.element().str.contains(r"^[\w.+-]+@")
    return found.list.eval(url.filter(schemed | (known & ~mail)))


def hosts_in(text: pl.Expr) -> pl.Expr:
    """The host names of the links in a text, in lower case, one for each link."""
    import polars as pl

    found = text.str.to_lowercase().str.extract_all(_SCHEME_AND_HOST)
    host = pl.element().str.strip_prefix("https://").str.strip_prefix("http://")
    host = host.str.replace(r"^.*@", "").str.replace(r":\d*$", "")
    return found.list.eval(host.str.strip_chars_end(_CLOSERS + ")"))


def hashtags_in(text: pl.Expr) -> pl.Expr:
    """The hashtags in a text, each with its #."""
    import polars as pl

    # What stands before a hashtag is part of the match (the engine cannot look behind), so it is cut off again.
    return text.str.extract_all(HASHTAG).list.eval(pl.element().str.replace(r"^[^#＃]+", "").str.replace("＃", "#"))


def emoji_in(text: pl.Expr) -> pl.Expr:
    """The emoji in a text, one by one."""
    return text.str.extract_all(EMOJI)


def host_of(url: pl.Expr) -> pl.Expr:
    """The host name of a link, in lower case; null where there is none."""
    host = url.str.extract(r"(?i)^(?:[a-z][a-z0-9+.-]*://)?(?:[^/?#@\s]*@)?([^/?#:@\s,]+)", 1)
    return host.str.to_lowercase().str.strip_chars(".")


def domain_of(host: pl.Expr) -> pl.Expr:
    """The registered domain of a host name: `bbc.co.uk` for `news.bbc.co.uk`, by the Public Suffix List."""
    import polars as pl

    rules = suffixes()
    exact = {
        size: [rule for rule in rules if rule[0] not in "*!" and rule.count(".") + 1 == size] for size in (2, 3, 4)
    }
    wild = {size: [rule[2:] for rule in rules if rule[0] == "*" and rule.count(".") == size] for size in (1, 2)}
    exceptions = [rule[1:] for rule in rules if rule[0] == "!"]
    last = {size: _last(host, size) for size in (1, 2, 3, 4, 5)}
    is_address = host.str.contains(r"^[0-9.]+$")
    domain = (
        pl.when(is_address)
        .then(host)
        .when(last[3].is_in(exceptions))
        .then(last[3])
        .when(last[2].is_in(exceptions))
        .then(last[2])
        .when(last[4].is_in(exact[4]))
        .then(last[5])
        .when(last[3].is_in(exact[3]) | last[2].is_in(wild[2]))
        .then(last[4])
        .when(last[2].is_in(exact[2]) | last[1].is_in(wild[1]))
        .then(last[3])
        .otherwise(last[2])
    )
    return pl.coalesce(domain, host)


def _last(host: pl.Expr, parts: int) -> pl.Expr:
    """The last parts of a host name; null when it has fewer."""
    return host.str.extract(r"((?:[^.]+\.){" + str(parts - 1) + r"}[^.]+)$", 1)


@cache
def suffixes() -> tuple[str, ...]:
    """The rules of the Public Suffix List, as they come with tldextract; nothing is fetched."""
    from tldextract import TLDExtract

    return tuple(TLDExtract(suffix_list_urls=(), cache_dir=None).tlds)


def endings() -> list[str]:
    """The top-level domains there are: `com`, `org`, `nl`, …"""
    return [rule for rule in suffixes() if "." not in rule and rule[0] not in "*!"]


def check_pattern(pattern: str, field: str) -> None:
    """Refuse a regular expression that the engine cannot read.

    :raises InvalidInput: naming the field
    """
    import polars as pl

    try:
        pl.select(pl.lit("").str.contains(pattern))
    except pl.exceptions.ComputeError as error:
        reason = str(error).partition("\n\n")[0].rpartition("error: ")[2].rstrip(".")
        raise InvalidInput(
            {field: [say("“{pattern}” is not a valid regular expression: {reason}.", pattern=pattern, reason=reason)]}
        ) from None
