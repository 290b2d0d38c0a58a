"""Links, host names, hashtags and emoji found in text."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from app.domain.errors import InvalidInput
from app.plugins.extract import (
    bare_urls_in,
    check_pattern,
    domain_of,
    emoji_in,
    endings,
    hashtags_in,
    host_of,
    hosts_in,
    urls_in,
)


def found(finder: Callable[[pl.Expr], pl.Expr], text: str | None) -> list[str] | None:
    table = pl.DataFrame({"text": [text]}, schema={"text": pl.String})
    result = table.select(finder(pl.col("text"))).to_series()[0]
    return None if result is None else result.to_list()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see http://a.org.", ["http://a.org"]),
        ("(https://a.org/x_(y)) and (https://a.org/z)", ["https://a.org/x_(y)", "https://a.org/z"]),
        ("https://a.org/1,https://a.org/2", ["https://a.org/1", "https://a.org/2"]),
        ("https://a.org/1,2?q=a,b#c!", ["https://a.org/1,2?q=a,b#c"]),
        ('"http://a.org/x" “http://b.org/y” <http://c.org>', ["http://a.org/x", "http://b.org/y", "http://c.org"]),
        ("HTTP://A.ORG/Path", ["HTTP://A.ORG/Path"]),
        ("https://例え.jp/道 خhttps://a.org", ["https://例え.jp/道", "https://a.org"]),
        ("http:// https://. a.org ftp://x.org", []),
        ("", []),
    ],
)
def test_links(text: str, expected: list[str]) -> None:
    assert found(urls_in, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.org/x, www.b.co.uk and http://c.nl", ["a.org/x", "www.b.co.uk", "http://c.nl"]),
        ("me@a.org mike.me@x.com", []),
        ("e.g. notes.txt v1.2.3 end.So", ["end.So"]),
        ("http://10.0.0.1/x http://localhost:5000/", ["http://10.0.0.1/x", "http://localhost:5000/"]),
    ],
)
def test_links_without_a_scheme(text: str, expected: list[str]) -> None:
    assert found(lambda column: bare_urls_in(column, endings()), text) == expected


def test_links_without_a_scheme_but_with_certain_endings() -> None:
    text = "a.org b.com news.bbc.co.uk notbbc.co.uk http://c.nl"
    assert found(lambda column: bare_urls_in(column, ["org", "bbc.co.uk"]), text) == [
        "a.org",
        "news.bbc.co.uk",
        "http://c.nl",
    ]


def test_host_names_of_links() -> None:
    text = "https://user:pw@News.BBC.co.uk:8080/x?y http://b.org. http://b.org"
    assert found(hosts_in, text) == ["news.bbc.co.uk", "b.org", "b.org"]


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("news.bbc.co.uk", "bbc.co.uk"),
        ("bbc.co.uk", "bbc.co.uk"),
        ("co.uk", "co.uk"),
        ("a.b.example.org", "example.org"),
        ("localhost", "localhost"),
        ("10.0.0.1", "10.0.0.1"),
        ("www.ck", "www.ck"),
        ("a.b.shop.ck", "b.shop.ck"),
        ("x.city.kawasaki.jp", "city.kawasaki.jp"),
        ("a.b.c.kawasaki.jp", "b.c.kawasaki.jp"),
        ("user.github.io", "github.io"),
    ],
)
def test_the_registered_domain(host: str, domain: str) -> None:
    assert pl.select(domain_of(pl.lit(host))).item() == domain


@pytest.mark.parametrize(
    ("url", "host"),
    [("https://A.org/x", "a.org"), ("a.org:80/x", "a.org"), ("http://u@a.org?x", "a.org"), ("/path", None), ("", None)],
)
def test_the_host_of_a_link(url: str, host: str | None) -> None:
    assert pl.select(host_of(pl.lit(url))).item() == host


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#Tag #tag2,#a_b (#c)", ["#Tag", "#tag2", "#a_b", "#c"]),
        ("#1 #2026 #1a #_x", ["#1a", "#_x"]),
        ("http://a.org/#part a#b &#39;", []),
        ("＃日本 #été #עברית #हिन्दी", ["#日本", "#été", "#עברית", "#हिन्दी"]),
    ],
)
def test_hashtags(text: str, expected: list[str]) -> None:
    assert found(hashtags_in, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("👍🏽 ok 👨‍👩‍👧", ["👍🏽", "👨‍👩‍👧"]),
        ("🇳🇱🇧🇪", ["🇳🇱", "🇧🇪"]),
        ("❤ ❤️ 1️⃣ 🏳️‍🌈", ["❤", "❤️", "1️⃣", "🏳️‍🌈"]),
        ("© 12 # * ™", []),
    ],
)
def test_emoji(text: str, expected: list[str]) -> None:
    assert found(emoji_in, text) == expected


def test_missing_text_has_nothing_in_it() -> None:
    assert not found(urls_in, None)
    assert not found(hashtags_in, None)


def test_a_bad_expression_is_refused_by_field() -> None:
    check_pattern("a+", "filter")
    with pytest.raises(InvalidInput, match="unclosed") as caught:
        check_pattern("a(", "filter")
    assert set(caught.value.fields) == {"filter"}
