"""Uploads in chunks by the protocol tus, and files as the body itself."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Mapping

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.domain.errors import Conflict
from app.domain.user import User
from app.factory import create_app
from app.services import resume_upload
from app.services.context import Context
from app.services.owner_limit import own_usage
from app.services.token import create_token
from app.services.upload import get_upload
from app.storage import setting
from tests.api.conftest import Call
from tests.conftest import POSTS, with_settings

NAMED = {
    "Tus-Resumable": "1.0.0",
    "Upload-Metadata": f"filename {base64.b64encode(b'posts.csv').decode()},filetype dGV4dA==",
}
CHUNK = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}


def begin(call: Call, length: int, role: str = "owner", **headers: str) -> TestResponse:
    return call(role, "POST", "/api/uploads", headers={**NAMED, "Upload-Length": str(length), **headers})


def address(answer: TestResponse) -> str:
    return answer.headers["Location"].removeprefix("http://localhost")


def send(call: Call, to: str, offset: int, content: bytes, **headers: str) -> TestResponse:
    return call("owner", "PATCH", to, data=content, headers={**CHUNK, "Upload-Offset": str(offset), **headers})


def stored(ctx: Context) -> list[str]:
    return [file.name for file in ctx.files.find("uploads")]


@pytest.fixture(autouse=True)
def empty_storage(ctx: Context) -> None:
    """Delete what other tests have left."""
    for name in stored(ctx):
        ctx.files.delete(name)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a chunk be stored in several parts, as a large one is."""
    monkeypatch.setattr(resume_upload, "_PART", 1_000)


def test_a_file_comes_in_chunks_and_becomes_a_dataset(ctx: Context, user: User, call: Call, small_parts: None) -> None:
    begun = begin(call, len(POSTS))
    to = address(begun)
    assert (begun.status_code, begun.headers["Upload-Offset"]) == (201, "0")
    assert begun.headers["Upload-Expires"].endswith("GMT")
    first = send(call, to, 0, POSTS[:2_500])
    assert (first.status_code, first.headers["Upload-Offset"], first.headers["Tus-Resumable"]) == (204, "2500", "1.0.0")
    state = call("owner", "HEAD", to)
    assert {name: state.headers[name] for name in ("Upload-Offset", "Upload-Length", "Cache-Control")} == {
        "Upload-Offset": "2500",
        "Upload-Length": str(len(POSTS)),
        "Cache-Control": "no-store",
    }
    early = call("owner", "POST", "/api/datasets", json={"datasource": "upload", "upload": to})
    assert (early.status_code, early.json["message"][:18]) == (409, "Only 2,500 of the ")
    last = send(call, to, 2_500, POSTS[2_500:])
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, str(len(POSTS)))
    assert "Upload-Expires" not in call("owner", "HEAD", to).headers
    assert send(call, to, len(POSTS), b"").status_code == 204  # whoever missed the last answer may ask again
    upload = get_upload(ctx, user, to.rpartition("/")[2])
    assert ctx.files.local(upload.file).read_bytes() == POSTS
    assert (upload.filename, upload.file.sha256) == ("posts.csv", hashlib.sha256(POSTS).hexdigest())
    assert stored(ctx) == [upload.file.name], "the parts are gone"
    made = call("owner", "POST", "/api/datasets", json={"datasource": "upload", "upload": to, "label": "Mine"})
    assert (made.status_code, made.json["label"], made.json["status"]) == (202, "Mine", "waiting"), made.json
    kept = call("owner", "DELETE", to)
    assert (kept.status_code, "dataset is being made" in kept.json["message"]) == (409, True)


def test_only_the_next_bytes_are_taken(ctx: Context, call: Call) -> None:
    to = address(begin(call, 6))
    assert send(call, to, 0, b"abc").status_code == 204
    for wrong in (0, 2, 4):
        refused = send(call, to, wrong, b"def")
        assert (refused.status_code, "goes on at 3" in refused.json["message"]) == (409, True)
    assert call("owner", "HEAD", to).headers["Upload-Offset"] == "3"
    assert send(call, to, 3, b"defghi").headers["Upload-Offset"] == "6"  # no more than was announced


def test_two_who_send_the_same_bytes_at_once_do_not_double_them(
    ctx: Context, user: User, call: Call, small_parts: None
) -> None:
    to = address(begin(call, 4_000))
    upload_id = to.rpartition("/")[2]

    class Meddler(io.BytesIO):
        """A stream during which another process sends the same bytes."""

        def read(self, size: int | None = -1) -> bytes:
            found = super().read(size)
            if self.tell() == 2_000:
                assert send(call, to, 1_000, b"b" * 1_000).status_code == 204
            return found

    with pytest.raises(Conflict, match="goes on at 2000"):
        resume_upload.receive(ctx, user, upload_id, 0, Meddler(b"a" * 4_000))
    assert call("owner", "HEAD", to).headers["Upload-Offset"] == "2000"
    assert send(call, to, 2_000, b"c" * 2_000).status_code == 204
    content = ctx.files.local(get_upload(ctx, user, upload_id).file).read_bytes()
    assert content == b"a" * 1_000 + b"b" * 1_000 + b"c" * 2_000
    assert len(stored(ctx)) == 1


@pytest.mark.parametrize("algorithm", resume_upload.ALGORITHMS)
def test_a_chunk_with_a_wrong_checksum_does_not_count(ctx: Context, call: Call, algorithm: str) -> None:
    to = address(begin(call, 10))
    right = base64.b64encode(hashlib.new(algorithm, b"hello").digest()).decode()
    wrong = send(call, to, 0, b"hullo", **{"Upload-Checksum": f"{algorithm} {right}"})
    assert (wrong.status_code, wrong.json["code"], stored(ctx)) == (460, 460, [])
    assert send(call, to, 0, b"hello", **{"Upload-Checksum": f"{algorithm} {right}"}).headers["Upload-Offset"] == "5"
    unknown = send(call, to, 5, b"hello", **{"Upload-Checksum": "crc32 AAAA"})
    assert (unknown.status_code, list(unknown.json["errors"])) == (422, ["Upload-Checksum"])


def test_what_is_given_up_leaves_nothing(ctx: Context, user: User, call: Call) -> None:
    before = own_usage(ctx, user).stored_bytes
    to, whole = address(begin(call, 10)), address(begin(call, 3))
    send(call, to, 0, b"hello")
    send(call, whole, 0, b"tea")
    assert own_usage(ctx, user).stored_bytes == before + 13
    for given_up in (to, whole):
        assert call("owner", "DELETE", given_up).status_code == 204
        assert call("owner", "HEAD", given_up).status_code == 404
        assert send(call, given_up, 5, b"x").status_code == 404
    assert (stored(ctx), own_usage(ctx, user).stored_bytes) == ([], before)


def test_others_cannot_touch_it(call: Call) -> None:
    to = address(begin(call, 10))
    for role, status in (("other", 404), ("nobody", 401), ("admin", 200), ("reader", 200)):
        assert call(role, "HEAD", to).status_code == status
    headers = {**CHUNK, "Upload-Offset": "0"}
    assert call("other", "PATCH", to, data=b"x", headers=headers).status_code == 404
    assert call("reader", "PATCH", to, data=b"x", headers=headers).status_code == 403
    assert call("other", "DELETE", to).status_code == 404
    theirs = call("other", "POST", "/api/datasets", json={"datasource": "upload", "upload": to})
    assert theirs.status_code == 404


@pytest.mark.parametrize(
    ("headers", "status", "field"),
    [
        ({"Upload-Length": "0"}, 422, "Upload-Length"),
        ({"Upload-Length": "-1"}, 422, "Upload-Length"),
        ({"Upload-Length": "much"}, 422, "Upload-Length"),
        ({"Upload-Length": str(10**15)}, 413, "Upload-Length"),
        ({"Upload-Metadata": "filename !!!"}, 422, "Upload-Metadata"),
        ({"Tus-Resumable": "0.2.2"}, 412, None),
    ],
)
def test_what_cannot_be_begun_says_why(call: Call, headers: Mapping[str, str], status: int, field: str | None) -> None:
    answer = begin(call, 10, **headers)
    assert (answer.status_code, (list(answer.json["errors"]) or [None])[0]) == (status, field), answer.json
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    if status == 413:
        assert "MB, the most this site takes" in answer.json["message"]
    if status == 412:
        assert answer.headers["Tus-Version"] == "1.0.0"


def test_a_chunk_is_of_its_own_type(call: Call) -> None:
    answer = send(call, address(begin(call, 10)), 0, b"x", **{"Content-Type": "text/csv"})
    assert (answer.status_code, list(answer.json["errors"])) == (415, ["Content-Type"])


def test_the_server_says_what_it_can(call: Call) -> None:
    answer = call("owner", "OPTIONS", "/api/uploads")
    assert (answer.status_code, answer.headers["Tus-Version"]) == (204, "1.0.0")
    assert answer.headers["Tus-Extension"] == "creation,creation-with-upload,termination,expiration,checksum"
    assert int(answer.headers["Tus-Max-Size"]) > 1024**2


def test_the_first_bytes_may_come_with_the_beginning(ctx: Context, user: User, call: Call) -> None:
    headers = {**NAMED, **CHUNK, "Upload-Length": str(len(POSTS))}
    begun = call("owner", "POST", "/api/uploads", data=POSTS, headers=headers)
    assert (begun.status_code, begun.headers["Upload-Offset"]) == (201, str(len(POSTS)))
    upload = get_upload(ctx, user, address(begun).rpartition("/")[2])
    assert ctx.files.local(upload.file).read_bytes() == POSTS


def test_who_has_no_room_is_told_before_sending(ctx: Context, call: Call) -> None:
    setting.put(ctx.database, "limits.stored_mb", 1)
    assert begin(call, 900_000).status_code == 201
    refused = begin(call, 200_000)
    assert (refused.status_code, "you have 0 MB left" in refused.json["message"]) == (507, True)


@pytest.mark.parametrize(
    ("headers", "query", "label"),
    [
        ({"Content-Type": "text/csv", "X-File-Name": "caf%C3%A9%20posts.csv"}, "private=false", "café posts.csv"),
        ({"Content-Type": "text/csv", "Content-Disposition": 'attachment; filename="a.csv"'}, "", "a.csv"),
        ({"Content-Type": "application/octet-stream"}, "filename=../b.csv&label=Mine", "Mine"),
        ({"Content-Type": "text/csv"}, "parameters=%7B%22delimiter%22%3A%20%22comma%22%7D", "upload.csv"),
    ],
)
def test_a_file_may_be_the_body_itself(
    ctx: Context, user: User, call: Call, headers: Mapping[str, str], query: str, label: str
) -> None:
    made = call("owner", "POST", f"/api/datasets/upload?{query}", data=POSTS, headers=headers)
    assert (made.status_code, made.json.get("label")) == (202, label), made.json
    assert made.json["is_private"] is ("private" not in query)
    upload = get_upload(ctx, user, ctx.database.one("SELECT id FROM uploads")["id"])
    assert ctx.files.local(upload.file).read_bytes() == POSTS


def test_a_body_that_is_too_large_names_the_limit(ctx: Context, user: User, app: Flask) -> None:
    small = with_settings(ctx, max_upload_mb=1)
    client = create_app(small.settings, small).test_client()
    headers = {"Authorization": f"Bearer {create_token(ctx, user, 't')[1]}", "Content-Type": "text/csv"}
    for size in (2, 8):
        refused = client.post("/api/datasets/upload", data=b"x" * size * 1024**2, headers=headers)
        assert (refused.status_code, "MB, the most this site takes" in refused.json["message"]) == (413, True)
    wrong = client.post("/api/datasets/upload?colour=red", data=b"x", headers=headers)
    assert (wrong.status_code, list(wrong.json["errors"])) == (422, ["colour"])
    assert stored(ctx) == []
