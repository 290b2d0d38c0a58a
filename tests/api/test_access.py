"""Every route of the API: who may call it, and that the document says enough about it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.domain.dataset import Dataset, Kind, Result, Status, StoredFile
from app.domain.user import User
from app.services.context import Context
from app.storage import dataset as datasets
from app.storage.dataset import Ending
from tests.api.conftest import Call
from tests.results import new_dataset, store_table

ROLES = ("nobody", "reader", "other", "owner", "admin")
# Per route: the statuses that nobody, a read-only token, another user, the owner and an administrator get.
ACCESS: dict[tuple[str, str], tuple[int, int, int, int, int]] = {
    ("GET", "/api/status"): (200, 200, 200, 200, 200),
    ("GET", "/api/statistics"): (200, 200, 200, 200, 200),  # asked from the machine itself
    ("GET", "/api/about"): (401, 200, 200, 200, 200),
    ("GET", "/api/pages"): (200, 200, 200, 200, 200),
    ("GET", "/api/pages/<page_name>"): (200, 200, 200, 200, 200),
    ("GET", "/api/openapi.json"): (200, 200, 200, 200, 200),
    ("GET", "/api/docs"): (200, 200, 200, 200, 200),
    ("GET", "/api/docs/start.js"): (200, 200, 200, 200, 200),
    ("GET", "/metrics"): (401, 403, 403, 403, 200),
    ("GET", "/api/queues"): (401, 403, 403, 403, 200),
    ("GET", "/api/jobs"): (401, 403, 403, 403, 200),
    ("GET", "/api/workers"): (401, 403, 403, 403, 200),
    ("GET", "/api/repairs"): (401, 403, 403, 403, 200),
    ("GET", "/api/usage"): (401, 403, 403, 403, 200),
    ("GET", "/api/logs"): (401, 403, 403, 403, 200),
    ("GET", "/api/logs/processes"): (401, 403, 403, 403, 200),
    ("GET", "/api/errors"): (401, 403, 403, 403, 200),
    ("GET", "/api/plugins"): (401, 403, 403, 403, 200),
    ("POST", "/api/workers/restart"): (401, 403, 403, 403, 204),
    ("POST", "/api/jobs/<int:job_id>/cancel"): (401, 403, 403, 403, 404),  # none is open
    ("POST", "/api/jobs/<int:job_id>/retry"): (401, 403, 403, 403, 404),  # no job has failed
    ("DELETE", "/api/jobs/<int:job_id>"): (401, 403, 403, 403, 404),
    ("GET", "/api/datasources"): (401, 200, 200, 200, 200),
    ("GET", "/api/datasources/<datasource_id>"): (401, 200, 200, 200, 200),
    ("GET", "/api/datasources/<datasource_id>/overview"): (401, 200, 200, 200, 200),
    ("POST", "/api/datasources/<datasource_id>/estimate"): (401, 403, 200, 200, 200),
    ("GET", "/api/processors"): (401, 200, 200, 200, 200),
    ("GET", "/api/processors/<processor_type>"): (401, 200, 200, 200, 200),
    ("POST", "/api/processors/<processor_type>/run"): (401, 403, 202, 202, 202),
    ("GET", "/api/datasets"): (401, 200, 200, 200, 200),
    ("POST", "/api/datasets"): (401, 403, 422, 422, 422),  # this data source wants a file
    ("POST", "/api/datasets/upload"): (401, 403, 202, 202, 202),
    ("POST", "/api/uploads"): (401, 403, 201, 201, 201),
    ("PATCH", "/api/uploads/<upload_id>"): (401, 403, 404, 404, 404),  # nothing has been begun
    ("DELETE", "/api/uploads/<upload_id>"): (401, 403, 404, 404, 404),
    ("POST", "/api/uploads/<upload_id>/preview"): (401, 404, 404, 404, 404),
    ("POST", "/api/datasets/bulk"): (401, 403, 200, 200, 200),  # what came of each is in the answer
    ("GET", "/api/datasets/<key>/facet"): (401, 200, 404, 200, 200),
    ("GET", "/api/datasets/<key>/files"): (401, 404, 404, 404, 404),  # it is no archive
    ("GET", "/api/datasets/<key>/files/<path:name>"): (401, 404, 404, 404, 404),
    ("GET", "/api/datasets/<key>"): (401, 200, 404, 200, 200),
    ("PATCH", "/api/datasets/<key>"): (401, 403, 404, 200, 200),
    ("GET", "/api/datasets/<key>/items"): (401, 200, 404, 200, 200),
    ("GET", "/api/datasets/<key>/quarantine"): (401, 200, 404, 200, 200),
    ("GET", "/api/datasets/<key>/log"): (401, 200, 404, 200, 200),
    ("GET", "/api/datasets/<key>/provenance"): (401, 200, 404, 200, 200),
    ("GET", "/api/datasets/<key>/download"): (401, 200, 404, 200, 200),
    ("GET", "/api/datasets/<key>/package"): (401, 200, 404, 200, 200),
    ("GET", "/api/datasets/<key>/package/manifest"): (401, 200, 404, 200, 200),
    ("GET", "/api/datasets/<key>/package/members/<path:name>"): (401, 404, 404, 404, 404),  # it has no such file
    ("GET", "/api/datasets/<key>/annotations"): (401, 200, 404, 200, 200),
    ("PUT", "/api/datasets/<key>/annotations"): (401, 403, 404, 403, 403),  # it has no fields
    ("GET", "/api/datasets/<key>/annotations/fields"): (401, 200, 404, 200, 200),
    ("POST", "/api/datasets/<key>/annotations/fields"): (401, 403, 404, 201, 422),  # a name is used once
    ("PATCH", "/api/datasets/<key>/annotations/fields/<int:field_id>"): (401, 404, 404, 404, 404),
    ("DELETE", "/api/datasets/<key>/annotations/fields/<int:field_id>"): (401, 404, 404, 404, 404),
    ("GET", "/api/datasets/<key>/annotations/agreement"): (401, 200, 404, 200, 200),
    ("GET", "/api/datasets/<key>/annotations/file"): (401, 200, 404, 200, 200),
    ("POST", "/api/datasets/<key>/annotations/file"): (401, 403, 404, 403, 403),
    ("GET", "/api/datasets/<key>/processors"): (401, 200, 404, 200, 200),
    ("POST", "/api/datasets/<key>/processors/<processor_type>"): (401, 403, 404, 202, 200),
    ("POST", "/api/datasets/<key>/repeat"): (401, 403, 404, 422, 422),  # of itself
    ("POST", "/api/datasets/<key>/cancel"): (401, 403, 404, 409, 409),  # it has ended already
    ("POST", "/api/datasets/<key>/retry"): (401, 403, 404, 409, 409),
    ("POST", "/api/datasets/<key>/restore"): (401, 404, 404, 404, 404),  # it has not been deleted
    ("POST", "/api/datasets/<key>/remap"): (401, 403, 404, 409, 409),  # no raw records are kept
    ("GET", "/api/datasets/<key>/shares"): (401, 200, 404, 200, 200),
    ("PUT", "/api/datasets/<key>/shares"): (401, 403, 404, 200, 200),
    ("DELETE", "/api/datasets/<key>/shares"): (401, 403, 404, 404, 404),  # it is not shared with them
    ("POST", "/api/import-dataset/"): (
        403,
        403,
        200,
        200,
        200,
    ),  # 403 is how its client learns that nobody is signed in
    ("GET", "/api/check-query/"): (403, 200, 404, 200, 200),
    ("GET", "/api/datasources/"): (401, 200, 200, 200, 200),
    ("POST", "/api/queue-query/"): (401, 403, 200, 200, 200),
    ("POST", "/api/queue-processor/"): (401, 403, 404, 200, 200),
    ("GET", "/api/dataset/<key>/items/"): (401, 200, 404, 200, 200),
    ("DELETE", "/api/delete-dataset/<key>/"): (401, 403, 404, 200, 404),
    ("POST", "/api/delete-dataset/<key>/"): (401, 403, 404, 200, 404),
    ("GET", "/api/request-token/"): (401, 403, 200, 200, 200),
    ("DELETE", "/api/datasets/<key>"): (401, 403, 404, 204, 404),
    ("GET", "/api/settings"): (401, 403, 403, 403, 200),
    ("PUT", "/api/settings/<name>"): (401, 403, 403, 403, 200),
    ("DELETE", "/api/settings/<name>"): (401, 403, 403, 403, 204),
    ("GET", "/api/users"): (401, 403, 403, 403, 200),
    ("POST", "/api/users"): (401, 403, 403, 403, 201),
    ("POST", "/api/users/bulk"): (401, 403, 403, 403, 200),
    ("POST", "/api/users/table"): (401, 403, 403, 403, 200),
    ("GET", "/api/users/<int:user_id>"): (401, 403, 403, 403, 200),
    ("PATCH", "/api/users/<int:user_id>"): (401, 403, 403, 403, 200),
    ("DELETE", "/api/users/<int:user_id>"): (401, 403, 403, 403, 204),
    ("POST", "/api/users/<int:user_id>/password-link"): (401, 403, 403, 403, 201),
    ("GET", "/api/users/<int:user_id>/settings"): (401, 403, 403, 403, 200),
    ("PATCH", "/api/users/<int:user_id>/settings"): (401, 403, 403, 403, 200),
    ("GET", "/api/tags"): (401, 403, 403, 403, 200),
    ("PUT", "/api/tags"): (401, 403, 403, 403, 200),
    ("DELETE", "/api/tags/<tag>"): (401, 403, 403, 403, 404),  # nobody has it
    ("GET", "/api/tags/<tag>/settings"): (401, 403, 403, 403, 200),
    ("PATCH", "/api/tags/<tag>/settings"): (401, 403, 403, 403, 200),
    ("GET", "/api/notifications"): (401, 200, 200, 200, 200),
    ("GET", "/api/notifications/sent"): (401, 403, 403, 403, 200),
    ("POST", "/api/notifications"): (401, 403, 403, 403, 201),
    ("DELETE", "/api/notifications/<int:notification_id>"): (401, 403, 403, 403, 404),
    ("POST", "/api/notifications/<int:notification_id>/dismiss"): (401, 403, 204, 204, 204),
    ("GET", "/api/access-requests"): (401, 403, 403, 403, 200),
    ("POST", "/api/access-requests/<int:request_id>/approve"): (401, 403, 403, 403, 404),
    ("POST", "/api/access-requests/<int:request_id>/refuse"): (401, 403, 403, 403, 404),
    ("GET", "/api/account"): (401, 200, 200, 200, 200),
    ("PATCH", "/api/account"): (401, 403, 200, 200, 200),
    ("PATCH", "/api/account/profile"): (401, 403, 422, 422, 422),  # the password is wrong
    ("PUT", "/api/account/password"): (401, 403, 422, 422, 422),
    ("GET", "/api/tokens"): (401, 200, 200, 200, 200),
    ("POST", "/api/tokens"): (401, 403, 201, 201, 201),
    ("DELETE", "/api/tokens/<int:token_id>"): (401, 403, 404, 204, 404),
}


QUERIES = {"/api/check-query/": "?key={key}", "/api/datasets/<key>/facet": "?column=author"}
"""What some addresses cannot do without."""


@pytest.fixture
def posts(ctx: Context, user: User, tmp_path: Path) -> Dataset:
    return store_table(ctx, user, tmp_path)


def routes(app: Flask) -> set[tuple[str, str]]:
    """Every method and address of the API, as the application serves them."""
    return {
        (method, rule.rule.replace("<string:", "<").replace("<key:", "<"))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(("/api", "/metrics"))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_every_route_has_its_access_rule(app: Flask) -> None:
    assert routes(app) == set(ACCESS)


def body_of(method: str, path: str, key: str) -> dict[str, Any]:
    """What to send so that only the role decides."""
    bodies: dict[tuple[str, str], dict[str, Any]] = {
        ("POST", "/api/datasets"): {"json": {"datasource": "upload"}},
        ("PATCH", "/api/datasets/<key>"): {"json": {"label": "New"}},
        ("PUT", "/api/datasets/<key>/annotations"): {"json": {"values": [{"item": "1", "field": "x", "value": "y"}]}},
        ("POST", "/api/datasets/<key>/annotations/fields"): {"json": {"name": "note", "kind": "text"}},
        ("PATCH", "/api/datasets/<key>/annotations/fields/<int:field_id>"): {"json": {"help": "Look closely."}},
        ("POST", "/api/queue-processor/"): {"data": {"key": key, "processor": "count-posts"}},
        ("PUT", "/api/datasets/<key>/shares"): {"json": {"user": "ada", "role": "viewer"}},
        ("POST", "/api/datasets/bulk"): {"json": {"keys": [key], "action": "favourite"}},
        ("POST", "/api/users/bulk"): {"json": {"users": [3], "action": "on"}},
        ("POST", "/api/users/table"): {"json": {"table": "name\nnora\n"}},
        ("PUT", "/api/tags"): {"json": {"order": ["students"]}},
        ("PATCH", "/api/account"): {"json": {"theme": "dark"}},
        ("PATCH", "/api/account/profile"): {"json": {"present": "a guess", "name": "new"}},
        ("PUT", "/api/account/password"): {"json": {"present": "a guess", "password": "another secret"}},
        ("POST", "/api/uploads/<upload_id>/preview"): {"json": {}},
        ("POST", "/api/tokens"): {"json": {"name": "new"}},
        ("POST", "/api/users"): {"json": {"name": "nina", "tags": ["new"]}},
        ("PATCH", "/api/users/<int:user_id>"): {"json": {"notes": "New."}},
        ("PATCH", "/api/users/<int:user_id>/settings"): {"json": {"limits.open_jobs": 3}},
        ("PATCH", "/api/tags/<tag>/settings"): {"json": {"rights.capture": False}},
        ("POST", "/api/notifications"): {"json": {"text": "Hello"}},
        ("POST", "/api/access-requests/<int:request_id>/approve"): {"json": {}},
        ("POST", "/api/access-requests/<int:request_id>/refuse"): {"json": {}},
        ("POST", "/api/uploads"): {"headers": {"Upload-Length": "3"}},
        ("PATCH", "/api/uploads/<upload_id>"): {
            "data": b"tea",
            "headers": {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"},
        },
        ("PUT", "/api/settings/<name>"): {"json": {"value": 3}},
        ("POST", "/api/datasets/<key>/processors/<processor_type>"): {"json": {"timeframe": "day"}},
        ("POST", "/api/datasets/<key>/repeat"): {"json": {"example": key}},
        ("POST", "/api/processors/<processor_type>/run"): {"json": [{"id": "1", "body": "tea"}]},
    }
    if path == "/api/queue-query/":
        return {"data": {"datasource": "upload", "option-data_upload": (io.BytesIO(b"id,body\n1,tea\n"), "tea.csv")}}
    if path == "/api/datasets/upload":
        return {"data": {"file": (io.BytesIO(b"id,body\n1,tea\n"), "tea.csv")}}
    if path == "/api/datasets/<key>/annotations/file":
        return {"data": {"file": (io.BytesIO(b"id,field,value\n1,x,y\n"), "codes.csv")}} if method == "POST" else {}
    if path == "/api/import-dataset/":
        return {"data": b"{}\n", "headers": {"X-Zeeschuimer-Platform": "gab.com"}}
    return bodies.get((method, path), {})


def path_of(path: str, key: str, method: str) -> str:
    """A route with something for each of its places."""
    address = (
        path.replace("<key>", key)
        .replace("<processor_type>", "count-posts")
        .replace("<datasource_id>", "upload")
        .replace("<name>", "limits.open_jobs")
        .replace("<page_name>", "citing")
        .replace("<upload_id>", "none")
        .replace("<int:job_id>", "7")
        .replace("<int:user_id>", "3")  # the other user
        .replace("<int:notification_id>", "7")
        .replace("<int:request_id>", "7")
        .replace("<tag>", "students")
        .replace("<path:name>", "a.png")
        .replace("<int:field_id>", "7")  # there is none
        .replace("<int:token_id>", "2")  # the read-only token of the owner
    )
    if (path, method) == ("/api/datasets/<key>/shares", "DELETE"):
        address += "?user=ursula2"
    return address + QUERIES.get(path, "").format(key=key)


@pytest.mark.parametrize(("method", "path"), sorted(ACCESS))
def test_access(call: Call, posts: Dataset, method: str, path: str) -> None:
    address = path_of(path, posts.key, method)
    for role, expected in zip(ROLES, ACCESS[method, path], strict=True):
        answer = call(role, method, address, **body_of(method, path, posts.key))
        assert answer.status_code == expected, f"{role}: {answer.get_data(as_text=True)[:300]}"
        if expected >= 400:
            assert answer.json is not None
            assert set(answer.json) == {"code", "status", "message", "errors"}
            assert answer.json["code"] == expected
            assert len(answer.json["message"]) > 10
        answer.close()


def test_shared_datasets_can_be_read_but_not_changed(ctx: Context, user: User, call: Call, tmp_path: Path) -> None:
    shared = store_table(ctx, user, tmp_path, is_private=False)
    assert call("other", "GET", f"/api/datasets/{shared.key}/items").status_code == 200
    assert call("other", "DELETE", f"/api/datasets/{shared.key}").status_code == 403
    listed = call("other", "GET", "/api/datasets?everyone=true").json
    assert listed is not None
    assert [found["key"] for found in listed["datasets"]] == [shared.key]


def test_a_failed_dataset_can_be_asked_to_run_again(ctx: Context, user: User, call: Call) -> None:
    failed = new_dataset(user)
    with ctx.database.transaction() as tx:
        datasets.insert(tx, failed)
        datasets.end(tx, failed.key, Ending(Status.FAILED, "It broke."))
    again = call("owner", "POST", f"/api/datasets/{failed.key}/retry")
    assert (again.status_code, again.json and again.json["status"]) == (202, "waiting")
    stopped = call("owner", "POST", f"/api/datasets/{failed.key}/cancel")
    assert (stopped.status_code, stopped.json and stopped.json["status"]) == (202, "cancelled")


def test_a_result_whose_file_is_gone_says_so(ctx: Context, user: User, call: Call) -> None:
    lost = new_dataset(user)
    result = Result(Kind.TABLE, {"table": StoredFile("datasets/none/table.parquet", 1, "0" * 64)})
    with ctx.database.transaction() as tx:
        datasets.insert(tx, lost)
        datasets.end(tx, lost.key, Ending(Status.FINISHED, "Done.", rows=1, kind=Kind.TABLE, result=result))
    for path in ("items", "download?format=csv"):
        answer = call("owner", "GET", f"/api/datasets/{lost.key}/{path}")
        assert (answer.status_code, "gone" in (answer.json or {}).get("message", "")) == (404, True)
