"""How the API speaks: sessions and tokens, errors, limits, paging, ranges, options."""

from __future__ import annotations

import io
import re
import time
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask

from app.domain.dataset import Dataset, Kind
from app.domain.user import User
from app.factory import create_app
from app.services.context import Context
from app.services.token import create_token, list_tokens
from app.settings import Settings
from tests.api.conftest import Call
from tests.conftest import PASSWORD, with_settings
from tests.results import POSTS, store_bytes, store_table


@pytest.fixture
def posts(ctx: Context, user: User, tmp_path: Path) -> Dataset:
    return store_table(ctx, user, tmp_path)


def test_a_browser_session_needs_its_csrf_token_to_change_something(app: Flask, user: User, posts: Dataset) -> None:
    browser = app.test_client()
    field = r'name="csrf_token"[^>]*value="([^"]+)"'
    token = re.search(field, browser.get("/login").get_data(as_text=True))
    assert token is not None
    signed_in = browser.post("/login", data={"name": user.name, "password": PASSWORD, "csrf_token": token[1]})
    assert signed_in.status_code in (302, 303), signed_in.get_data(as_text=True)[:500]
    address = f"/api/datasets/{posts.key}"
    assert browser.get(address).status_code == 200
    refused = browser.patch(address, json={"label": "Forged"})
    assert (refused.status_code, "X-CSRFToken" in refused.json["message"]) == (400, True)
    page = browser.get("/account").get_data(as_text=True)
    fresh = re.search(r'X-CSRFToken[^}]*?:\s*(?:&#34;|")([^"&]+)', page) or re.search(field, page)
    assert fresh is not None
    changed = browser.patch(address, json={"label": "Mine"}, headers={"X-CSRFToken": fresh[1]})
    assert (changed.status_code, changed.json["label"]) == (200, "Mine")


@pytest.mark.parametrize("sent", ["Bearer wrong", "Bearer", "Basic YTpi", "4cat_x"])
def test_a_wrong_token_is_refused(app: Flask, admin: User, sent: str) -> None:
    answer = app.test_client().get("/api/datasets", headers={"Authorization": sent})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_a_revoked_token_is_refused(ctx: Context, user: User, call: Call) -> None:
    made = call("owner", "POST", "/api/tokens", json={"name": "short", "days": 1}).json
    assert made["token"].startswith("4cat_")
    assert "token" not in call("owner", "GET", "/api/tokens").json[0]
    assert call("owner", "DELETE", f"/api/tokens/{made['id']}").status_code == 204
    assert made["id"] not in [token.id for token in list_tokens(ctx, user)]


def test_administrators_see_and_revoke_everybodys_tokens(ctx: Context, user: User, call: Call) -> None:
    address = "/api/tokens?everyone=true"
    assert call("owner", "GET", address).status_code == 403
    assert {token["owner"] for token in call("owner", "GET", "/api/tokens").json} == {"ursula"}
    first = call("admin", "GET", f"{address}&limit=3")
    following = re.search(r"<http://localhost([^>]+)>; rel=\"next\"", first.headers["Link"])
    assert following is not None
    last = call("admin", "GET", following[1])
    assert "Link" not in last.headers
    found = {token["name"]: token for token in [*first.json, *last.json]}
    assert list(found) == ["admin", "other", "reads", "all"]
    assert [token["owner"] for token in found.values()] == ["ada", "otto", "ursula", "ursula"]
    assert (found["all"]["calls"], found["reads"]["read_only"], found["admin"]["calls"] > 0) == (2, True, True)
    assert [token["name"] for token in call("admin", "GET", f"{address}&q=URS").json] == ["reads", "all"]
    reads, own = (f"/api/tokens/{found[name]['id']}" for name in ("reads", "all"))
    assert call("other", "DELETE", reads).status_code == 404
    assert call("admin", "DELETE", reads).status_code == 204
    assert call("reader", "GET", "/api/account").status_code == 401
    assert (call("owner", "DELETE", own).status_code, list_tokens(ctx, user)) == (204, [])


def test_how_long_a_token_may_live_is_set(ctx: Context, user: User, admin: User) -> None:
    limited = with_settings(ctx, token_max_days=100)
    client = create_app(limited.settings, limited).test_client()
    mine, theirs = ({"Authorization": f"Bearer {create_token(ctx, who, 't')[1]}"} for who in (user, admin))

    def days(headers: dict[str, str], **wanted: object) -> int | str | None:
        made = client.post("/api/tokens", json={"name": "new", **wanted}, headers=headers).json
        if "errors" in made:
            return str(made["errors"]["days"][0])
        ends = made["expires"] and datetime.fromisoformat(made["expires"])
        return ends and round((ends - datetime.fromisoformat(made["created"])).total_seconds() / 86_400)

    assert (days(mine), days(mine, days=100), days(theirs), days(theirs, days=None)) == (100, 100, 365, None)
    assert days(mine, days=101) == "Give a number of days from 1 to 100."
    assert days(mine, days=None) == "A token may be valid for 100 days at most here. Give a number of days."
    assert days(mine, days=0) == "Give a number of days from 1 to 100."
    older = client.get("/api/request-token/", headers=mine).json
    assert 99 < (older["expires"] - time.time()) / 86_400 <= 100
    unlimited = with_settings(ctx, token_max_days=0)
    assert create_token(unlimited, user, "for ever", days=None)[0].expires is None


@pytest.mark.parametrize(
    ("method", "path", "more", "code", "field"),
    [
        ("GET", "/api/nothing", {}, 404, None),
        ("GET", "/api/datasets/unknown", {}, 404, None),
        ("PUT", "/api/datasets", {}, 405, None),
        ("POST", "/api/datasets", {"data": "x=1"}, 415, None),
        ("POST", "/api/datasets", {"data": "{", "content_type": "application/json"}, 400, "body"),
        ("POST", "/api/datasets", {"json": [1]}, 422, "body"),
        ("POST", "/api/datasets", {"json": {"datasource": "upload", "colour": 1}}, 422, "colour"),
        ("POST", "/api/datasets", {"json": {"datasource": "nowhere"}}, 404, None),
        ("POST", "/api/datasets/upload", {"data": {"parameters": "{}"}}, 422, "file"),
        ("GET", "/api/datasets?limit=0", {}, 422, "limit"),
        ("GET", "/api/datasets?colour=red", {}, 422, "colour"),
        ("POST", "/api/tokens", {"json": {"name": " "}}, 422, "name"),
    ],
)
def test_errors_are_json_and_name_the_field(
    call: Call, method: str, path: str, more: dict[str, object], code: int, field: str | None
) -> None:
    answer = call("owner", method, path, **more)
    assert answer.status_code == code, answer.get_data(as_text=True)
    assert answer.json is not None
    assert set(answer.json) == {"code", "status", "message", "errors"}
    assert (list(answer.json["errors"])[:1] or [None]) == [field]
    if code == 405:
        assert "POST" in answer.headers["Allow"]


def test_what_is_too_large_is_refused(ctx: Context, settings: Settings, user: User) -> None:
    small = with_settings(ctx, max_upload_mb=1)
    client = create_app(small.settings, small).test_client()
    secret = create_token(ctx, user, "t")[1]
    answer = client.post(
        "/api/datasets/upload",
        data=b"x" * 4 * 1024**2,
        content_type="multipart/form-data; boundary=x",
        headers={"Authorization": f"Bearer {secret}"},
    )
    assert (answer.status_code, "MB" in answer.json["message"]) == (413, True)


def test_an_unexpected_error_shows_a_number_and_nothing_else(
    ctx: Context, user: User, tmp_path: Path, call: Call
) -> None:
    broken = store_bytes(ctx, user, tmp_path, Kind.TABLE, "table", "table.parquet", b"this is no parquet")
    answer = call("owner", "GET", f"/api/datasets/{broken.key}/items")
    assert answer.status_code == 500
    assert re.fullmatch(
        r"Something went wrong on our side. It is in the log as error [0-9a-f]{8}\.", answer.json["message"]
    )


def test_a_database_that_is_away_is_503(ctx: Context, settings: Settings) -> None:
    away = Settings(**{**vars(settings), "database_url": "postgresql://nobody@127.0.0.1:1/none"})
    client = create_app(away).test_client()
    answer = client.get("/api/datasets", headers={"Authorization": "Bearer x"})
    assert (answer.status_code, answer.json["message"]) == (503, "The database does not answer.")
    state = client.get("/api/status")
    assert (state.status_code, state.json["status"]) == (503, "down")


def test_redis_being_away_changes_little(settings: Settings, ctx: Context, user: User) -> None:
    away = Settings(**{**vars(settings), "redis_url": "redis://127.0.0.1:1/0", "rate_limit": "3 per minute"})
    client = create_app(away).test_client()
    headers = {"Authorization": f"Bearer {create_token(ctx, user, 't')[1]}"}
    answers = [client.get("/api/datasets", headers=headers) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429], "counted by this process alone"
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    state = client.get("/api/status")
    assert (state.status_code, state.json["status"], state.json["redis"]["ok"]) == (200, "degraded", False)


def test_limits_are_per_token_and_say_when_to_come_back(ctx: Context, user: User, admin: User) -> None:
    strict = with_settings(ctx, rate_limit="2 per minute", queue_prefix="strict")
    client = create_app(strict.settings, strict).test_client()
    mine, theirs = ({"Authorization": f"Bearer {create_token(ctx, who, 't')[1]}"} for who in (user, admin))
    left = [client.get("/api/tokens", headers=mine).headers for _ in range(2)]
    assert [(head["X-RateLimit-Remaining"], "Retry-After" in head) for head in left] == [("1", False), ("0", False)]
    refused = client.get("/api/datasets", headers=mine)
    assert (refused.status_code, refused.json["code"]) == (429, 429)
    assert 0 < int(refused.headers["Retry-After"]) <= 61
    assert (refused.headers["X-RateLimit-Limit"], refused.headers["X-RateLimit-Remaining"]) == ("2", "0")
    assert client.get("/api/tokens", headers=theirs).status_code == 200


def test_each_kind_of_request_has_its_own_limit(ctx: Context, user: User, posts: Dataset) -> None:
    kinds = ("create", "upload", "download", "estimate")
    limits = {f"rate_limit_{kind}": "1 per minute" for kind in kinds}
    strict = with_settings(ctx, rate_limit="2 per minute; 50 per hour", queue_prefix="kinds", **limits)
    client = create_app(strict.settings, strict).test_client()
    headers = {"Authorization": f"Bearer {create_token(ctx, user, 't')[1]}"}
    file, stream = {"content_type": "multipart/form-data; boundary=x"}, f"/api/dataset/{posts.key}/items/?stream=1"
    asked = {
        "download": [("GET", f"/api/datasets/{posts.key}/download", {}), ("GET", stream, {})],
        "upload": [
            ("POST", path, file) for path in ("/api/datasets/upload", "/api/queue-query/", "/api/import-dataset/")
        ],
        "estimate": [("POST", "/api/datasources/upload/estimate", {"json": {}})] * 2,
        "create": [
            ("POST", "/api/tokens", {"json": {}}),
            ("DELETE", "/api/tokens/7", {}),
            ("PUT", "/api/settings/x", {}),
        ],
        "read": [("GET", f"/api/datasets/{posts.key}{path}", {}) for path in ("", "/items", "/log")],
    }
    for kind, requests in asked.items():
        codes = [
            client.open(path, method=method, headers=headers, **more).status_code for method, path, more in requests
        ]
        free = 2 if kind == "read" else 1
        assert [code == 429 for code in codes] == [n >= free for n in range(len(codes))], (kind, codes)


def test_who_has_signed_in_is_counted_wherever_they_are(app: Flask, ctx: Context, user: User, admin: User) -> None:
    strict = with_settings(ctx, rate_limit="1 per minute", queue_prefix="people")
    limited = create_app(strict.settings, strict)
    browsers = {who.name: limited.test_client() for who in (user, admin)}
    for name, browser in browsers.items():
        field = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get("/login").get_data(as_text=True))
        browser.post("/login", data={"name": name, "password": PASSWORD, "csrf_token": field[1] if field else ""})
    assert [browsers["ursula"].get("/api/account").status_code for _ in range(2)] == [200, 429]
    assert browsers["ada"].get("/api/account").status_code == 200, "from the same address"


def test_who_is_exempt_is_not_limited(ctx: Context, user: User) -> None:
    free = with_settings(ctx, rate_limit="1 per minute", queue_prefix="free", rate_limit_exempt=("127.0.0.0/8",))
    client = create_app(free.settings, free).test_client()
    headers = {"Authorization": f"Bearer {create_token(ctx, user, 't')[1]}"}
    assert {client.get("/api/tokens", headers=headers).status_code for _ in range(3)} == {200}


def test_lists_are_paged_by_cursor(ctx: Context, user: User, call: Call, tmp_path: Path) -> None:
    made = [store_table(ctx, user, tmp_path, label=f"Number {n}").key for n in range(3)]
    first = call("owner", "GET", "/api/datasets?limit=2&status=finished&q=number")
    assert [found["key"] for found in first.json["datasets"]] == made[:0:-1]
    following = re.search(r"<([^>]+)>; rel=\"next\"", first.headers["Link"])
    assert following is not None
    last = call("owner", "GET", following[1].removeprefix("http://localhost"))
    assert ([found["key"] for found in last.json["datasets"]], last.json["next"]) == ([made[0]], None)


def test_items_take_columns_sort_and_filters(call: Call, posts: Dataset) -> None:
    address = f"/api/datasets/{posts.key}/items?columns=id,likes&sort=-likes&filter=author==ann&filter=likes>1&limit=1"
    found = call("owner", "GET", address).json
    assert (found["items"], found["total"], found["columns"]) == ([{"id": "3", "likes": "100"}], 2, ["id", "likes"])


def test_options_may_be_spelled_with_hyphens_and_are_not_run_twice(call: Call, posts: Dataset) -> None:
    address = f"/api/datasets/{posts.key}/processors/attribute-frequencies"
    first = call("owner", "POST", address, json={"to-lowercase": True, "columns": ["author"]})
    assert first.status_code == 202, first.json
    assert first.headers["Location"].endswith(first.json["key"])
    same = call("owner", "POST", address, json={"to_lowercase": True, "columns": ["author"]})
    assert (same.status_code, same.json["key"]) == (200, first.json["key"])
    again = call("owner", "POST", f"{address}?rerun=true", json={"to_lowercase": True, "columns": ["author"]})
    assert (again.status_code, again.json["key"] != first.json["key"]) == (202, True)
    wrong = call("owner", "POST", address, json={"columns": ["nope"]})
    assert (wrong.status_code, "nope" in wrong.json["errors"]["columns"][0]) == (422, True)
    parent = call("owner", "GET", f"/api/datasets/{posts.key}").json
    assert parent["children"] == [first.json["key"], again.json["key"]]


def test_processors_of_a_dataset_know_its_columns(call: Call, posts: Dataset) -> None:
    found = {fit["type"]: fit for fit in call("owner", "GET", f"/api/datasets/{posts.key}/processors").json}
    assert found["count-posts"]["fits"] is True
    assert found["count-posts"]["options"]["properties"]["column"]["enum"] == POSTS.columns
    assert found["vector-ranker"]["fits"] is False
    assert found["vector-ranker"]["reason"]


def test_a_wrong_upload_leaves_nothing_behind(ctx: Context, call: Call) -> None:
    wrong = {"file": (io.BytesIO(b"id,body\n1,tea\n"), "tea.csv"), "parameters": '{"colour": "red"}'}
    answer = call("owner", "POST", "/api/datasets/upload", data=wrong)
    assert (answer.status_code, "colour" in answer.json["errors"]) == (422, True)
    assert ctx.database.one("SELECT count(*) AS n FROM uploads")["n"] == 0


def test_stored_files_can_be_fetched_in_parts(call: Call, posts: Dataset) -> None:
    address = f"/api/datasets/{posts.key}/download?format=parquet"
    whole = call("owner", "GET", address)
    content = whole.data
    part = call("owner", "GET", address, headers={"Range": "bytes=4-9"})
    assert (part.status_code, part.data) == (206, content[4:10])
    assert part.headers["Content-Range"] == f"bytes 4-9/{len(content)}"
    tail = call("owner", "GET", address, headers={"Range": "bytes=-4", "If-Range": whole.headers["ETag"]})
    assert (tail.status_code, tail.data) == (206, b"PAR1")
    changed = call("owner", "GET", address, headers={"Range": "bytes=0-3", "If-Range": '"other"'})
    assert (changed.status_code, changed.data) == (200, content)
    beyond = call("owner", "GET", address, headers={"Range": f"bytes={len(content)}-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(content)}")
    same = call("owner", "GET", address, headers={"If-None-Match": whole.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")


def test_downloads_cannot_run_in_our_name(ctx: Context, user: User, call: Call, tmp_path: Path) -> None:
    page = store_bytes(ctx, user, tmp_path, Kind.PAGE, "page", "page.html", b"<script>alert(1)</script>")
    answer = call("owner", "GET", f"/api/datasets/{page.key}/download")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="posts-')
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_names_in_other_scripts_survive(ctx: Context, user: User, call: Call, tmp_path: Path) -> None:
    named = store_table(ctx, user, tmp_path, label="Café 東京")
    answer = call("owner", "GET", f"/api/datasets/{named.key}/download?format=csv")
    header = answer.headers["Content-Disposition"]
    assert "filename*=UTF-8''caf%C3%A9-%E6%9D%B1%E4%BA%AC-" in header
    assert header.isascii()


def test_metrics_name_what_waits(call: Call, posts: Dataset) -> None:
    call("owner", "POST", f"/api/datasets/{posts.key}/processors/count-posts")
    text = call("admin", "GET", "/metrics").get_data(as_text=True)
    assert re.search(r'^fourcat_jobs\{type="count-posts",state="(waiting|rung)"\} 1$', text, re.MULTILINE)
    assert 'fourcat_up{part="redis"} 1' in text
    queues = {queue["type"]: queue for queue in call("admin", "GET", "/api/queues").json}
    assert queues["count-posts"]["waiting"] + queues["count-posts"]["rung"] == 1
    assert call("admin", "GET", "/api/jobs").json[0]["type"] == "count-posts"
