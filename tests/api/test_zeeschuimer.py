"""The browser extension Zeeschuimer is answered as it expects: who may send, what is refused, how its polling ends."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.dataset import Kind, Result, Status, StoredFile
from app.domain.user import User
from app.services.context import Context
from app.storage import dataset as datasets
from app.storage import upload as uploads
from app.storage.dataset import Ending
from tests.api.conftest import Call
from tests.conftest import PASSWORD
from tests.results import new_dataset

LINE = json.dumps({"item_id": "1", "source_platform": "gab.com", "data": {"id": "1"}}) + "\n"
EXTENSION = "moz-extension://0b7c3a0e-1111-2222-3333-444455556666"
PLATFORMS = {
    "twitter.com": "twitter",
    "x.com": "twitter",
    "instagram.com": "instagram",
    "tiktok.com": "tiktok",
    "tiktok-comments": "tiktok-comments",
    "truthsocial.com": "truthsocial",
    "gab.com": "gab",
    "9gag.com": "ninegag",
    "imgur.com": "imgur",
    "linkedin.com": "linkedin",
    "pinterest.com": "pinterest",
    "threads.net": "threads",
    "douyin.com": "douyin",
    "xiaohongshu.com": "xiaohongshu",
    "rednote.com": "xiaohongshu",
    "xiaohongshu-comments": "xiaohongshu-comments",
}


@pytest.fixture
def browser(app: Flask, user: User) -> FlaskClient:
    """A browser in which somebody has signed in."""
    client = app.test_client()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/login").get_data(as_text=True))
    assert token is not None
    client.post("/login", data={"name": user.name, "password": PASSWORD, "csrf_token": token[1]})
    return client


def send(client: FlaskClient, platform: str = "gab.com", origin: str = EXTENSION, query: str = ""):  # type: ignore[no-untyped-def]
    headers = {"X-Zeeschuimer-Platform": platform} | ({"Origin": origin} if origin else {})
    return client.post(f"/api/import-dataset/{query}", data=LINE, headers=headers, content_type="text/plain")


@pytest.mark.parametrize(("platform", "source"), PLATFORMS.items())
def test_every_platform_becomes_a_dataset_of_its_source(
    ctx: Context, browser: FlaskClient, platform: str, source: str
) -> None:
    answer = send(browser, platform)

    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.json["status"] == "queued"
    assert answer.json["url"] == f"http://localhost/datasets/{answer.json['key']}"
    assert datasets.get(ctx.database, answer.json["key"]).datasource == source
    assert answer.headers["Access-Control-Allow-Origin"] == EXTENSION


@pytest.mark.parametrize("platform", ["myspace.com", "upload", "fourchan", ""])
def test_an_unknown_platform_is_refused_in_words_that_the_extension_knows(browser: FlaskClient, platform: str) -> None:
    answer = send(browser, platform)

    assert answer.status_code == 404
    assert "Unknown platform or source format" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("", 200),
        ("http://localhost", 200),
        ("chrome-extension://abcdefgh", 200),
        ("https://elsewhere.example", 403),
        ("null", 403),
        ("http://localhost.elsewhere.example", 403),
    ],
)
def test_other_web_sites_may_not_send_for_a_signed_in_browser(browser: FlaskClient, origin: str, status: int) -> None:
    answer = send(browser, origin=origin)

    assert answer.status_code == status
    allowed = answer.headers.get("Access-Control-Allow-Origin")
    assert allowed == (origin if origin.startswith("chrome-extension:") else None)


def test_nobody_is_told_that_they_have_not_signed_in(client: FlaskClient, admin: User) -> None:
    assert send(client).status_code == 403
    assert client.get("/api/check-query/?key=x").status_code == 403


def test_an_extension_may_ask_beforehand_and_other_sites_may_not(client: FlaskClient) -> None:
    asked = client.options("/api/import-dataset/", headers={"Origin": EXTENSION})
    other = client.options("/api/import-dataset/", headers={"Origin": "https://elsewhere.example"})

    assert "X-Zeeschuimer-Platform" in asked.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Origin" not in other.headers


def test_polling_says_how_far_it_is(ctx: Context, browser: FlaskClient) -> None:
    key = send(browser, query="?pseudonymise=anonymise").json["key"]
    answer = browser.get(f"/api/check-query/?key={key}").json

    assert {"done": False, "rows": 0, "status": "Waiting to start.", "key": key}.items() <= answer.items()
    assert answer["url"].startswith("http://localhost/datasets/")
    assert datasets.get(ctx.database, key).work["pseudonymise"] == "anonymise"


def test_a_token_works_and_what_is_wrong_is_said(call: Call) -> None:
    headers = {"X-Zeeschuimer-Platform": "gab.com"}
    assert call("owner", "POST", "/api/import-dataset/", data=LINE, headers=headers).status_code == 200
    assert call("owner", "POST", "/api/import-dataset/", data="", headers=headers).status_code == 422
    wrong = call("owner", "POST", "/api/import-dataset/?pseudonymise=maybe", data=LINE, headers=headers)
    assert (wrong.status_code, "pseudonymise" in wrong.json["errors"]) == (422, True)


def test_a_body_that_is_too_large_names_the_limit(app: Flask, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 1 << 20)
    headers = {"X-Zeeschuimer-Platform": "gab.com"}
    answer = call("owner", "POST", "/api/import-dataset/", data=b"x" * (2 << 20), headers=headers)

    assert (answer.status_code, "1 MB" in answer.json["message"]) == (413, True)


def test_a_dataset_is_mapped_again_only_while_its_raw_records_are_kept(ctx: Context, user: User, call: Call) -> None:
    table, raw = StoredFile("datasets/a/table.parquet", 1, "0" * 64), StoredFile("uploads/a.ndjson", 1, "1" * 64)
    statuses = []
    for kept in ({"original": raw}, {}):
        made = replace(new_dataset(user), type="gab", datasource="gab")
        result = Result(Kind.TABLE, {"table": table, **kept})
        with ctx.database.transaction() as tx:
            datasets.insert(tx, made)
            datasets.end(tx, made.key, Ending(Status.FINISHED, "Done.", rows=1, kind=Kind.TABLE, result=result))
        statuses.append(call("owner", "POST", f"/api/datasets/{made.key}/remap").status_code)
        again = datasets.get(ctx.database, made.key)
        upload = uploads.find(ctx.database, again.work.get("upload", ""))
        assert again.status is (Status.WAITING if kept else Status.FINISHED)
        assert (upload.file if upload else None) == kept.get("original")

    assert statuses == [202, 409]
