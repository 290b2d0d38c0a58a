"""Posts that the browser extension has collected are mapped to the columns of their platform, one line at a time."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from app.plugins.options import NoOptions
from app.plugins.registry import Registry
from app.plugins.testing import MemoryRun
from app.runner.pseudonym import Pseudonyms
from datasources._zeeschuimer import Zeeschuimer
from datasources._zeeschuimer._values import as_moment, as_number
from tests.unit.upload_files import GivenFile

GOLDEN = Path(__file__).parents[1] / "golden"
FOUND = Registry.discover(("datasources",)).datasources
SOURCES = {id_: source for id_, source in FOUND.items() if issubclass(source, Zeeschuimer)}
every_platform = pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)


def records(source: type[Zeeschuimer]) -> list[dict[str, Any]]:
    path = GOLDEN / source.id / "made_up.ndjson"
    return [json.loads(line) for line in path.read_text().splitlines()]


def imported(source: type[Zeeschuimer], path: Path, run: MemoryRun) -> list[dict[str, Any]]:
    return [row for batch in source().import_file(GivenFile(path), NoOptions(), run) for row in batch.to_pylist()]


def test_there_are_fourteen_platforms() -> None:
    assert len(SOURCES) == 14


@every_platform
def test_every_column_has_a_value_in_some_record(source: type[Zeeschuimer]) -> None:
    items = [source.to_item(raw) for raw in records(source)]

    filled = {name for item in items for name, value in item.items() if value not in (None, "", [])}
    assert {"id", "thread_id", "timestamp", "author", "body", *source.columns} - filled == set()


@every_platform
def test_values_have_the_declared_type(source: type[Zeeschuimer]) -> None:
    for raw in records(source):
        item = source.to_item(raw)
        for name, kind in source.columns.items():
            assert item[name] is None or type(item[name]) is kind, name


@every_platform
def test_an_older_line_gives_the_same_post(source: type[Zeeschuimer]) -> None:
    raw = records(source)[0]
    noted = {name: value for name, value in raw.items() if name != "data"}

    assert source.to_item({**raw["data"], "__import_meta": noted}) == source.to_item(raw)


@every_platform
def test_what_cannot_be_mapped_is_set_aside_with_its_line(source: type[Zeeschuimer], tmp_path: Path) -> None:
    good = json.dumps(records(source)[0])
    path = tmp_path / "sent.ndjson"
    path.write_text(f'{good}\n\n{{"data": {{}}}}\nnot JSON\n[]\n{good}')
    run = MemoryRun(tmp_path)

    rows = imported(source, path, run)

    assert len(rows) == 2
    assert [place for place, _, _ in run.quarantined] == [3, 4, 5]
    assert run.quarantined[0][1].startswith("data.")
    assert " is missing" in run.quarantined[0][1]


@pytest.mark.parametrize("name", ["raw_search", "raw_tweet_thread"])
def test_real_posts_of_x_are_mapped(name: str, samples: Path, tmp_path: Path) -> None:
    path = samples / "zeeschuimer" / f"twitter-{name}.ndjson"
    run = MemoryRun(tmp_path)

    rows = imported(SOURCES["twitter"], path, run)

    assert len(rows) == len(path.read_text().splitlines())
    assert run.quarantined == []
    assert all(row["author"] and row["body"] and row["like_count"] is not None for row in rows)


def test_real_posts_of_other_shapes_are_mapped(samples: Path) -> None:
    def mapped(id_: str, posts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [SOURCES[id_].to_item({"data": post, "source_url": "https://example.org"}) for post in posts]

    lists = json.loads((samples / "instagram/wagtail-instagram.3.json").read_text())["items"]
    truths = json.loads((samples / "truth/truth_archive_small.json").read_text())
    tweets = json.loads((samples / "twitter/orange-tweets-test.json").read_text())
    assert all(item["author"] and item["image_urls"] for item in mapped("instagram", lists))
    assert all(item["timestamp"] and "<p>" not in (item["body"] or "") for item in mapped("truthsocial", truths))
    assert all(item["author"] and item["body"] for item in mapped("twitter", tweets))


@pytest.mark.parametrize(("given", "number"), [("12", 12), (3.0, 3), ("1.2万", None), (True, None), ("", None)])
def test_only_exact_numbers_count(given: object, number: int | None) -> None:
    assert as_number(given) == number


def test_moments_of_all_sorts_are_the_same() -> None:
    texts = ["Sun Jun 15 15:06:40 +0000 2025", "2025-06-15T15:06:40Z", "Sun, 15 Jun 2025 15:06:40 +0000"]
    assert len({as_moment(value) for value in (1750000000, "1750000000", 1750000000000, *texts)}) == 1


@every_platform
def test_no_name_is_left_when_names_are_replaced(source: type[Zeeschuimer], tmp_path: Path) -> None:
    batches = source().import_file(GivenFile(GOLDEN / source.id / "made_up.ndjson"), NoOptions(), MemoryRun(tmp_path))
    names = Pseudonyms("a key", anonymise=True)
    rows = [row for batch in names.in_batches(batches, source.personal_columns) for row in batch.to_pylist()]

    known = re.compile(r"(?i)\b(ann|bob|cy|di)\b")
    left = {name: value for row in rows for name, value in row.items() if known.search(str(value))}
    assert set(left) <= {"body", "quote_body"}


@every_platform
def test_an_import_goes_on_behind_a_checkpoint(source: type[Zeeschuimer], tmp_path: Path) -> None:
    lines = (GOLDEN / source.id / "made_up.ndjson").read_text().splitlines()
    path = tmp_path / "sent.ndjson"
    path.write_text("\n".join(lines * 1_200) + "\n")
    first = MemoryRun(tmp_path)

    whole = imported(source, path, first)
    rest = imported(source, path, MemoryRun(tmp_path, resumed=first.checkpoints[0]))

    assert len(whole) == 1_200 * len(lines)
    assert rest == whole[1_000:]


@every_platform
def test_a_card_says_where_a_post_is_and_how_it_was_received(source: type[Zeeschuimer]) -> None:
    items = [source.to_item(raw) for raw in records(source)]
    cards = source.explain(items, None)  # type: ignore[arg-type]
    assert len(cards) == len(items)
    assert any(card["figures"] or card["media"] for card in cards)
    has_link = bool({"url", "post_url", "link", "tiktok_url", "comment_url"} & {*source.columns})
    assert any(str(card["link"]).startswith("https://") for card in cards) is has_link


def test_a_card_reads_amounts_that_came_as_text_and_leads_to_web_pages_alone() -> None:
    item = {"likes": "1234", "comments": "1", "plays": "many", "url": "javascript:alert(1)", "hashtags": "tea, coffee"}
    card = SOURCES["tiktok"].explain([item], None)[0]  # type: ignore[arg-type]
    assert [str(text) for text in card["figures"]] == ["1,234 likes", "1 comment"]
    assert (card["link"], card["tags"]) == (None, ["tea", "coffee"])
