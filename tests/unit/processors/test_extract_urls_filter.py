"""Extracting links, beyond the examples."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from app.plugins import InvalidInput
from app.plugins.testing import MemoryRun, run_processor
from processors.conversion.extract_urls_filter import ExtractUrlsFilter, follow


def found(items: list[dict[str, Any]], **options: Any) -> list[tuple[str, int, str]]:
    rows = run_processor(ExtractUrlsFilter, items, options)
    return [(row["id"], row["number_unique_urls"], row["extracted_urls"]) for row in rows]


def test_links_of_several_columns_are_put_together() -> None:
    items = [{"id": "1", "body": "http://a.org", "bio": "http://b.org http://a.org"}, {"id": "2", "body": None}]
    assert found(items, columns=["body", "bio"]) == [("1", 2, "http://a.org,http://b.org")]


def test_the_text_stands_beside_its_links() -> None:
    row = {"id": "1", "body": "http://a.org", "bio": None}
    assert run_processor(ExtractUrlsFilter, [row], {"columns": ["body", "bio"]}) == [
        {
            "id": "1",
            "number_unique_urls": 1,
            "extracted_urls": "http://a.org",
            "content_body": "http://a.org",
            "content_bio": "",
        }
    ]


def test_links_without_a_scheme_only_when_eager() -> None:
    items = [{"id": "1", "body": "a.org b.com c.nl/x"}]
    assert found(items) == []
    assert found(items, eager=True) == [("1", 3, "a.org,b.com,c.nl/x")]
    assert found(items, eager=True, eager_domains="nl, b.com") == [("1", 2, "b.com,c.nl/x")]


def test_an_ending_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput) as caught:
        found([{"id": "1", "body": "x"}], eager=True, eager_domains="http://a.org")
    assert set(caught.value.fields) == {"eager_domains"}


def test_links_that_are_not_short_are_not_followed(tmp_path: Path) -> None:
    run = MemoryRun(tmp_path)
    items = [{"id": "1", "body": "http://127.0.0.1:1/x"}]
    result = run_processor(ExtractUrlsFilter, items, {"expand_urls": True}, run=run)
    assert result[0]["extracted_urls"] == "http://127.0.0.1:1/x"
    assert run.warnings == []


class Shortener(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(301 if self.path == "/short" else 200)
        if self.path == "/short":
            self.send_header("Location", "/long")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Shortener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_short_links_are_followed(address: str, tmp_path: Path) -> None:
    run = MemoryRun(tmp_path)
    assert follow([f"{address}/short"], run, allow=("127.0.0.1",)) == {f"{address}/short": f"{address}/long"}
    assert run.warnings == []


def test_a_link_that_cannot_be_followed_is_kept_and_counted(address: str, tmp_path: Path) -> None:
    run = MemoryRun(tmp_path)
    assert follow([f"{address}/short"], run) == {}
    assert run.warnings == ["1 of 1 shortened links could not be followed; they are kept as they are."]
    assert "not on the public internet" in run.lines[0]
