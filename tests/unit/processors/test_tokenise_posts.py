"""Tokens: what is one, what is left out, and which document it belongs to."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import snowballstemmer
import stopwordsiso

from app.plugins import InvalidInput
from app.plugins.testing import MemoryRun, run_processor
from processors.text._languages import _CODES, LANGUAGES, LEMMAS, STOP_WORDS, words_in
from processors.text.tokenise_posts import TokenisePosts


def cut(body: str | None, **options: Any) -> list[str]:
    """The tokens of one text, with no word list unless asked for."""
    rows = run_processor(TokenisePosts, [{"id": "1", "body": body}], {"filter": []} | options)
    return [token for row in rows for token in row["tokens"]]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Hello, World!", ["hello", "world"]),
        ("see https://example.org/a?b=c#d now", ["see", "now"]),
        ("www.example.org/x and http://x.y", ["and"]),
        ("I paid 300 or 3.14 in 2026", ["i", "paid", "or", "in"]),
        ("covid-19 is 3rd", ["covid-19", "is", "3rd"]),
        ("don’t won't rock'n'roll", ["don't", "won't", "rock'n'roll"]),
        ("#Coffee #2026x #1 @User_1 @99", ["#coffee", "#2026x", "@user_1", "@99"]),
        ("mail me@example.org now", ["mail", "me@example.org", "now"]),
        ("so good😀😀❤️ 👨‍👩‍👧 🇩🇪🇫🇷", ["so", "good", "😀", "😀", "❤️", "👨‍👩‍👧", "🇩🇪", "🇫🇷"]),
        ("fish &amp; chips &lt;3", ["fish", "chips"]),
        ("Grüße an Ødegård", ["grüße", "an", "ødegård"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("_under_ ... --- 'quoted'", ["_under_", "quoted"]),
    ],
)
def test_social_media_tokens(text: str, tokens: list[str]) -> None:
    assert cut(text) == tokens


def test_words_only_knows_no_tags_and_no_emoji() -> None:
    assert cut("#Tea with @anna 😀", tokenizer_type="regular") == ["tea", "with", "anna"]


def test_an_apostrophe_separates_words_in_french() -> None:
    assert cut("l'homme d’affaires", language="french") == ["l", "homme", "d", "affaires"]
    assert cut("l'homme", language="french", filter=["copy-language"]) == ["homme"]


@pytest.mark.parametrize(
    ("tokenizer", "text", "tokens"),
    [
        ("razdel", "Кошка ест рыбу, 3 раза.", ["кошка", "ест", "рыбу", "раза"]),
        ("jieba-cut", "我来到北京清华大学 2026", ["我", "来到", "北京", "清华大学"]),
        ("jieba-search", "清华大学", ["清华", "华大", "大学", "清华大学"]),
    ],
)
def test_tokenisers_of_other_scripts(tokenizer: str, text: str, tokens: list[str]) -> None:
    assert cut(text, tokenizer_type=tokenizer) == tokens


def test_every_possible_word_includes_those_of_the_usual_cut() -> None:
    assert {"清华大学", "大学"} <= set(cut("清华大学", tokenizer_type="jieba-cut-all"))


def test_an_address_swallows_no_chinese_text() -> None:
    assert cut("看https://t.co/abc北京", tokenizer_type="jieba-cut") == ["看", "北京"]


def test_stop_words_go_except_what_is_always_kept() -> None:
    options = {"filter": ["stopwords-iso-en"], "accept_words": "The, of", "reject_words": "cat\nDOG"}
    assert cut("The end of a cat and a dog story", **options) == ["the", "of", "story"]


def test_repeated_words_stay_unless_asked() -> None:
    assert cut("tea milk tea") == ["tea", "milk", "tea"]
    assert cut("tea milk tea", only_unique=True) == ["tea", "milk"]


def test_stems_and_lemmas_leave_tags_alone() -> None:
    assert cut("running #running @running mice", stem=True) == ["run", "#running", "@running", "mice"]
    assert cut("running #running mice", lemmatise=True) == ["run", "#running", "mouse"]


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "other"])
def test_every_language_has_a_stemmer(language: str) -> None:
    assert language in snowballstemmer.algorithms()
    assert len(cut("abc", language=language, stem=True)) == 1


@pytest.mark.parametrize("language", sorted(LEMMAS))
def test_every_dictionary_of_lemmas_is_there(language: str) -> None:
    data = files("simplemma") / "strategies" / "dictionaries" / "data"
    assert (data / f"{LEMMAS[language]}.plzma").is_file()


def test_a_dictionary_of_lemmas_is_read() -> None:
    assert cut("Häuser", language="german", lemmatise=True) == ["haus"]


def test_every_list_of_stop_words_is_there() -> None:
    assert set(STOP_WORDS) == set(stopwordsiso.langs())
    assert set(_CODES) | {"other"} == set(LANGUAGES)


def test_words_typed_by_a_person() -> None:
    assert words_in(" Tea, milk\n\nDON’T ,") == {"tea", "milk", "don't"}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One. Two! Three? Four", 4),
        ("Say e.g. this, approx. that.", 1),
        ("line one\nline two", 2),
        ("猫です。犬です。", 2),
        ("He said “Go.” Then he went… away", 3),
        ("A. B. C.", 3),
    ],
)
def test_sentences(text: str, count: int) -> None:
    items = [{"id": "1", "body": text}]
    rows = run_processor(TokenisePosts, items, {"filter": [], "grouping_per": "sentence"})
    assert [row["sentence"] for row in rows] == list(range(1, count + 1))


def test_documents_are_dated_by_period_or_thread() -> None:
    items = [
        {"id": "1", "thread_id": "t1", "timestamp": "2026-01-02 10:00:00", "body": "tea"},
        {"id": "2", "thread_id": None, "timestamp": None, "body": "milk"},
    ]
    by = {per: run_processor(TokenisePosts, items, {"docs_per": per}) for per in ("all", "week", "thread")}
    dates = {per: [row["date"] for row in rows] for per, rows in by.items()}
    assert dates == {"all": ["all", "all"], "week": ["2026-01", "unknown_date"], "thread": ["t1", "unknown_thread"]}


def test_several_columns_are_read_as_one_text_and_rows_numbered_without_ids() -> None:
    items = [{"subject": "Tea", "body": None, "likes": 3}, {"subject": None, "body": "milk", "likes": 4}]
    rows = run_processor(TokenisePosts, items, {"columns": ["subject", "body", "likes"]})
    assert rows == [
        {"item_id": "1", "date": "all", "tokens": ["tea"]},
        {"item_id": "2", "date": "all", "tokens": ["milk"]},
    ]


def test_text_in_a_script_without_spaces_is_warned_of(tmp_path: Path) -> None:
    run = MemoryRun(tmp_path)
    run_processor(TokenisePosts, [{"id": "1", "body": "我来到北京清华大学"}], run=run)
    assert any("written without spaces" in text for text in run.warnings)


def test_a_language_without_stop_words_is_warned_of(tmp_path: Path) -> None:
    run = MemoryRun(tmp_path)
    run_processor(TokenisePosts, [{"id": "1", "body": "abc"}], {"language": "tamil"}, run=run)
    assert run.warnings == ["There is no list of stop words for Tamil, so none were left out."]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"docs_per": "month"}, "docs_per"),
        ({"docs_per": "thread"}, "docs_per"),
        ({"language": "other", "stem": True}, "stem"),
        ({"language": "basque", "lemmatise": True}, "lemmatise"),
        ({"columns": []}, "columns"),
    ],
)
def test_what_cannot_be_done_is_refused(options: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        run_processor(TokenisePosts, [{"id": "1", "body": "tea"}], options)
    assert list(refusal.value.fields) == [field]


def test_streaming_and_memory_agree_on_many_rows(tmp_path: Path) -> None:
    words = ["running", "Tea", "#tag", "the", "mice", "42", "😀"]
    bodies = [" ".join(words[(row * step) % 7] for step in range(1, 12)) for row in range(20_000)]
    posts = pl.DataFrame({"id": [str(row) for row in range(20_000)], "body": bodies})
    posts.write_parquet(tmp_path / "posts.parquet", row_group_size=1000)
    options = {"stem": True}
    streamed = run_processor(TokenisePosts, pl.scan_parquet(tmp_path / "posts.parquet"), options)
    alone = [run_processor(TokenisePosts, posts[row : row + 1], options) for row in range(0, 20_000, 1999)]
    by_id = {row["item_id"]: row for row in streamed}
    assert [rows[0] for rows in alone] == [by_id[rows[0]["item_id"]] for rows in alone]
    assert [row["item_id"] for row in streamed] == sorted(by_id, key=int)
