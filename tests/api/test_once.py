"""`Idempotency-Key`: what is asked twice under one key is done once."""

from __future__ import annotations

import io
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import requests
from flask import Flask
from werkzeug.test import TestResponse

from app.api.once import _Body
from app.domain.dataset import Status
from app.domain.user import User
from app.factory import create_app
from app.services.context import Context
from app.services.idempotency import Claim, begin
from app.services.token import create_token, list_tokens, use_token
from app.storage import dataset as datasets
from app.storage.dataset import Ending
from tests.api.conftest import Call
from tests.conftest import Starter, with_settings
from tests.results import new_dataset, store_table
from tests.serving import serve

CSV = b"id,body\n1,tea\n"
KEY = {"Idempotency-Key": "one"}


def upload(call: Call, content: bytes = CSV, headers: dict[str, str] = KEY, role: str = "owner") -> TestResponse:
    """Send a file as a form; each has a boundary of its own."""
    file = {"file": (io.BytesIO(content), "tea.csv"), "label": "Tea"}
    return call(role, "POST", "/api/datasets/upload", data=file, headers=headers)


def count(ctx: Context, table: str = "datasets") -> int:
    return int(ctx.database.one(f"SELECT count(*) AS n FROM {table}")["n"])


def test_the_same_key_gets_the_first_answer_again(ctx: Context, call: Call, app: Flask, tokens: dict[str, str]) -> None:
    first = upload(call)
    datasets.update(ctx.database, first.json["key"], label="Renamed since", is_private=None)
    again = upload(call)
    assert (first.status_code, "Idempotency-Replayed" in first.headers) == (202, False)
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (202, "true")
    assert (again.json, again.headers["Location"]) == (first.json, first.headers["Location"])
    assert again.content_type == first.content_type
    assert count(ctx) == count(ctx, "uploads") == 1
    restarted = create_app(ctx.settings, with_settings(ctx))
    headers = {"Authorization": f"Bearer {tokens['owner']}", **KEY}
    file = {"file": (io.BytesIO(CSV), "tea.csv"), "label": "Tea"}
    later = restarted.test_client().post("/api/datasets/upload", data=file, headers=headers)
    assert later.json == first.json
    assert count(ctx) == 1


def test_the_same_key_with_something_else_is_refused(ctx: Context, call: Call) -> None:
    upload(call)
    for answer in (
        upload(call, CSV + b"2,coffee\n"),
        call("owner", "POST", "/api/datasets/upload?x=1", data={"file": (io.BytesIO(CSV), "tea.csv")}, headers=KEY),
        call("owner", "POST", "/api/tokens", json={"name": "t"}, headers=KEY),
    ):
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["Idempotency-Key"]), answer.text
    assert upload(call, headers={"Idempotency-Key": "two"}).status_code == 202
    assert upload(call, role="other").status_code == 202, "keys are each user's own"
    assert upload(call, headers={}).status_code == 202
    assert count(ctx) == 4
    ctx.database.run("UPDATE idempotency_keys SET created = created - interval '25 hours'")
    assert "Idempotency-Replayed" not in upload(call).headers, "a day is over"
    assert count(ctx) == 5


def test_a_key_is_a_short_text(call: Call) -> None:
    for key in ("", " ", "x" * 256, "é", "a\tb"):
        answer = call("owner", "POST", "/api/tokens", json={"name": "t"}, headers={"Idempotency-Key": key})
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["Idempotency-Key"])


def test_what_was_refused_leaves_the_key_free(ctx: Context, call: Call) -> None:
    assert upload(call, b"").status_code == 422
    assert call("reader", "POST", "/api/tokens", json={"name": "t"}, headers=KEY).status_code == 403
    assert call("nobody", "POST", "/api/tokens", json={"name": "t"}, headers=KEY).status_code == 401
    assert count(ctx, "idempotency_keys") == 0
    assert upload(call).status_code == 202


def test_the_secret_of_a_token_is_not_kept(ctx: Context, user: User, call: Call) -> None:
    first, again = (call("owner", "POST", "/api/tokens", json={"name": "new"}, headers=KEY) for _ in range(2))
    shown = dict(first.json)
    secret = shown.pop("token")
    assert use_token(ctx, secret).id == user.id
    assert (again.status_code, again.json) == (201, shown)
    assert [token.name for token in list_tokens(ctx, user)].count("new") == 1
    kept = ctx.database.one("SELECT idempotency_keys::text AS row FROM idempotency_keys")["row"]
    assert secret not in kept


def test_everything_that_makes_or_starts_something_takes_a_key(
    ctx: Context, user: User, call: Call, tmp_path: Any
) -> None:
    posts, failed = store_table(ctx, user, tmp_path), new_dataset(user)
    with ctx.database.transaction() as tx:
        datasets.insert(tx, failed)
        datasets.end(tx, failed.key, Ending(Status.FAILED, "It broke."))
    platform = {"X-Zeeschuimer-Platform": "gab.com"}
    run = f"/api/datasets/{posts.key}/processors/count-posts?rerun=true"
    older: dict[str, Any] = {"datasource": "upload", "option-x": (io.BytesIO(CSV), "tea.csv")}
    asked: list[tuple[str, dict[str, Any]]] = [
        (run, {"json": {"timeframe": "day"}}),
        (f"/api/datasets/{failed.key}/retry", {}),
        (f"/api/datasets/{failed.key}/cancel", {}),
        ("/api/queue-processor/", {"data": {"key": posts.key, "processor": "count-posts"}}),
        ("/api/import-dataset/", {"data": b"{}\n" * 100_000, "headers": platform}),
        ("/api/queue-query/", {"data": older}),
    ]
    for number, (path, more) in enumerate(asked):
        headers = {**more.pop("headers", {}), "Idempotency-Key": f"key {number}"}
        first = call("owner", "POST", path, headers=headers, **more)
        made = count(ctx)
        if more.get("data") is older:
            older["option-x"] = (io.BytesIO(CSV), "tea.csv")
        again = call("owner", "POST", path, headers=headers, **more)
        assert again.headers.get("Idempotency-Replayed") == "true", (path, first.text, again.text)
        assert (again.status_code, again.json, count(ctx)) == (first.status_code, first.json, made), path
        first.close()


def test_while_one_is_at_work_the_other_is_told_to_come_back(ctx: Context, user: User, call: Call) -> None:
    held = begin(ctx, user, "one", "POST /api/datasets/upload?")
    assert isinstance(held, Claim)
    busy = upload(call)
    assert (busy.status_code, busy.headers["Retry-After"]) == (409, "1")
    held.refused()
    assert upload(call).status_code == 202


def test_a_request_that_died_in_between_makes_the_same_again(ctx: Context, user: User, app: Flask, call: Call) -> None:
    first = upload(call).json
    row = "UPDATE idempotency_keys SET status = NULL, held_until = now()"
    ctx.database.run(row)  # as if the process had been killed before it could keep the answer
    again = upload(call)
    assert (again.status_code, again.json["key"]) == (202, first["key"])
    assert "Idempotency-Replayed" not in again.headers
    assert upload(call).headers["Idempotency-Replayed"] == "true"
    assert count(ctx) == 1
    run = {"json": {"timeframe": "day"}, "headers": {"Idempotency-Key": "run"}}
    path = f"/api/datasets/{first['key']}/processors/count-posts?rerun=true"
    child = call("owner", "POST", path, **run).json
    ctx.database.run(row)
    assert call("owner", "POST", path, **run).json["key"] == child["key"]
    assert count(ctx) == 2


def test_the_hash_of_a_body_does_not_mind_how_it_is_read_nor_its_boundary() -> None:
    chance = Random(1)
    content = bytes(chance.choices(b"ab-\r\n", k=5_000))

    def digest(boundary: str, sizes: list[int], content: bytes = content) -> str:
        form = b"".join(b"--" + boundary.encode() + b"\r\n" + content[at : at + 500] for at in range(0, 5_000, 500))
        body = _Body(io.BytesIO(form), boundary, lambda: None)
        while body.read(chance.choice(sizes)):
            pass
        return body.digest()

    assert len({digest(mark, sizes) for mark in ("XXabX", "--9--a-b") for sizes in ([1], [3, 7], [100_000])}) == 1
    assert digest("XXabX", [64]) != digest("XXabX", [64], content[:-1])


def test_the_document_says_so(app: Flask) -> None:
    paths = app.test_client().get("/api/openapi.json").json["paths"]
    taking = {
        (method, path)
        for path, operations in paths.items()
        for method, operation in operations.items()
        if method != "parameters" and any(p.get("name") == "Idempotency-Key" for p in operation.get("parameters", ()))
    }
    posts = {("post", path) for path, operations in paths.items() if "post" in operations}
    assert taking == posts - {("post", "/api/datasources/{datasource_id}/estimate")}


def test_twenty_at_once_make_one(ctx: Context, user: User, start: Starter) -> None:
    url = serve(start)
    headers = {"Authorization": f"Bearer {create_token(ctx, user, 't')[1]}", **KEY}

    def ask(_: int) -> list[requests.Response]:
        answers = []
        while not answers or answers[-1].status_code == 409:
            files = {"file": ("tea.csv", CSV * 10_000)}
            answers.append(requests.post(f"{url}/api/datasets/upload", files=files, headers=headers, timeout=60))
        return answers

    with ThreadPoolExecutor(20) as pool:
        answers = [answer for client in pool.map(ask, range(20)) for answer in client]
    done = [answer for answer in answers if answer.status_code != 409]
    assert Counter(answer.status_code for answer in done) == {202: 20}
    assert len({answer.json()["key"] for answer in done}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in done) == 1
    assert count(ctx) == count(ctx, "uploads") == 1
