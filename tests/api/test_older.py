"""What scripts written for 4CAT 1 ask, as they ask it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.domain.dataset import Dataset
from app.domain.user import User
from app.services.context import Context
from app.services.dataset import get_dataset
from app.services.token import list_tokens
from tests.api.conftest import Call
from tests.results import store_table


@pytest.fixture
def posts(ctx: Context, user: User, tmp_path: Path) -> Dataset:
    return store_table(ctx, user, tmp_path)


def body(answer: TestResponse) -> Any:
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.json


@pytest.mark.parametrize("way", ["Authentication", "Authentication: Bearer", "access-token"])
def test_a_token_may_be_sent_in_the_older_ways(app: Flask, tokens: dict[str, str], posts: Dataset, way: str) -> None:
    secret = tokens["owner"]
    address, headers = f"/api/dataset/{posts.key}/items/?limit=2", {}
    if way == "access-token":
        address += f"&access-token={secret}"
    else:
        headers["Authentication"] = f"Bearer {secret}" if way.endswith("Bearer") else secret
    assert body(app.test_client().get(address, headers=headers))["returned"] == 2


def test_a_wrong_token_is_refused_however_it_is_sent(app: Flask) -> None:
    for address, headers in (
        ("/api/datasources/", {"Authentication": "no"}),
        ("/api/datasources/?access-token=no", {}),
    ):
        assert app.test_client().get(address, headers=headers).status_code == 401


def test_sources_are_listed_with_where_their_posts_come_from(call: Call) -> None:
    found = {source["id"]: source for source in body(call("reader", "GET", "/api/datasources/"))}
    assert found["gab"] == {"id": "gab", "name": "Gab", "has_map_item": True, "is_from_zeeschuimer": True}
    assert not found["upload"]["is_from_zeeschuimer"]


def test_a_file_becomes_a_dataset(ctx: Context, user: User, call: Call) -> None:
    form = {
        "datasource": "upload-search",
        "label": "Tea",
        "make-private": "false",
        "pseudonymise": "pseudonymise",
        "option-delimiter": ";",
        "option-data_upload": (io.BytesIO(b"id;body\n1;tea\n"), "tea.csv"),
    }
    answer = body(call("owner", "POST", "/api/queue-query/", data=form))
    made = get_dataset(ctx, user, answer["key"])
    assert answer["status"] == "success"
    assert answer["url"].endswith(f"/datasets/{made.key}")
    assert (made.label, made.is_private, made.parameters["delimiter"]) == ("Tea", False, ";")


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({}, "datasource"),
        ({"datasource": "upload", "pseudonymise": "perhaps"}, "pseudonymise"),
        ({"datasource": "fourchan", "option-body_match": "tea", "option-nothing": "1"}, "nothing"),
    ],
)
def test_what_is_wrong_with_a_query_is_named(call: Call, form: dict[str, str], field: str) -> None:
    answer = call("owner", "POST", "/api/queue-query/", data=form)
    assert answer.status_code == 422
    assert answer.json is not None
    assert field in answer.json["errors"]


def test_an_analysis_is_asked_for_once(ctx: Context, user: User, call: Call, posts: Dataset) -> None:
    form = {"key": posts.key, "processor": "count-posts", "option-timeframe": "week", "option-pad": "true"}
    first, again = (body(call("owner", "POST", "/api/queue-processor/", data=form)) for _ in range(2))
    assert first["key"] == again["key"]
    assert again["message"] == "There is a result for these options already."
    assert get_dataset(ctx, user, first["key"]).parameters["timeframe"] == "week"


def test_several_values_of_an_option_are_a_list(ctx: Context, user: User, call: Call, posts: Dataset) -> None:
    form = {"key": posts.key, "processor": "attribute-frequencies", "option-columns": ["author", "body"]}
    made = get_dataset(ctx, user, body(call("owner", "POST", "/api/queue-processor/", data=form))["key"])
    assert list(made.parameters["columns"]) == ["author", "body"]


def test_items_come_in_pages_with_the_older_headers(call: Call, posts: Dataset) -> None:
    address = f"/api/dataset/{posts.key}/items/"
    total = posts.rows or 0
    answer = call("owner", "GET", f"{address}?offset={total - 1}&limit=5&annotations=false&missing_fields=keep")
    page = body(answer)
    assert (page["key"], page["total"], page["returned"], page["next_offset"]) == (posts.key, total, 1, None)
    assert body(call("owner", "GET", f"{address}?limit=1"))["next_offset"] == 1
    assert answer.headers["X-4CAT-Dataset-Num-Rows"] == str(total)
    assert answer.headers["X-4CAT-Dataset-Is-Finished"] == "true"
    head = call("owner", "HEAD", address)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["X-4CAT-Dataset-Key"] == posts.key


def test_all_items_stream_as_ndjson(call: Call, posts: Dataset) -> None:
    answer = call("owner", "GET", f"/api/dataset/{posts.key}/items/?stream=true")
    assert len([json.loads(line) for line in answer.data.splitlines()]) == posts.rows
    assert answer.headers["X-4CAT-Dataset-Datasource"] == posts.datasource


def test_a_requested_token_works_and_ends_the_one_before(ctx: Context, user: User, app: Flask, call: Call) -> None:
    first, second = (body(call("owner", "GET", "/api/request-token/"))["token"] for _ in range(2))
    ask = app.test_client().get
    assert ask("/api/datasources/", headers={"Authentication": first}).status_code == 401
    assert ask("/api/datasources/", headers={"Authentication": second}).status_code == 200
    assert [token.name for token in list_tokens(ctx, user)].count("Older API") == 1


def test_deleting_needs_more_than_reading_an_address(call: Call, posts: Dataset) -> None:
    address = f"/api/delete-dataset/{posts.key}/"
    assert call("owner", "GET", address).status_code == 405
    assert body(call("owner", "POST", address)) == {"status": "success", "key": posts.key}
