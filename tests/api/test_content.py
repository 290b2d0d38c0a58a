"""What is within results, many datasets at once, uploads before they are imported, and one's own account."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from app.domain.dataset import Kind
from app.domain.user import User
from app.services.context import Context
from app.services.dataset import children
from app.services.run import run_processor
from app.services.user import create_user
from tests.api.conftest import Call
from tests.conftest import PASSWORD, finished_posts
from tests.results import store_bytes, store_table

PNG = b"\x89PNG made up"


@pytest.fixture
def archive(ctx: Context, user: User, tmp_path: Path) -> str:
    """The key of a result with two files in folders."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        target.writestr("pictures/a b.png", PNG)
        target.mkdir("empty")
        target.writestr("page.html", "<script>alert(1)</script>")
    return store_bytes(ctx, user, tmp_path, Kind.FILES, "archive", "archive.zip", packed.getvalue()).key


def test_the_files_of_an_archive(call: Call, archive: str) -> None:
    first = call("reader", "GET", f"/api/datasets/{archive}/files?limit=1")
    assert first.json == [{"number": 1, "name": "pictures/a b.png", "size": len(PNG), "picture": "image/png"}]
    second = call("reader", "GET", first.headers["Link"].split(">")[0].removeprefix("<http://localhost"))
    assert [one["name"] for one in second.json or []] == ["page.html"]
    assert "Link" not in second.headers
    picture = call("reader", "GET", f"/api/datasets/{archive}/files/pictures/a%20b.png")
    assert (picture.data, picture.mimetype) == (PNG, "image/png")
    page = call("reader", "GET", f"/api/datasets/{archive}/files/page.html")
    assert page.mimetype == "application/octet-stream"
    assert page.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in page.headers["Content-Security-Policy"]
    for name in ("none.png", "empty/", "../../etc/passwd"):
        assert call("owner", "GET", f"/api/datasets/{archive}/files/{name}").status_code == 404
    assert call("other", "GET", f"/api/datasets/{archive}/files/page.html").status_code == 404


def test_columns_are_counted_and_texts_found(ctx: Context, user: User, call: Call, tmp_path: Path) -> None:
    key = store_table(ctx, user, tmp_path).key
    found = call("reader", "GET", f"/api/datasets/{key}/facet?column=author").json
    assert found is not None
    assert {"label": "ann", "count": 2, "conditions": ["author==ann"]} in found["entries"]
    fewer = call("reader", "GET", f"/api/datasets/{key}/facet?column=author&filter=id<3&find=tea").json
    assert [entry["count"] for entry in (fewer or {})["entries"]] == [1]
    wrong = call("reader", "GET", f"/api/datasets/{key}/facet?column=colour")
    assert (wrong.status_code, list((wrong.json or {})["errors"])) == (422, ["facet"])
    rows = call("reader", "GET", f"/api/datasets/{key}/items?find=TALK").json
    assert [row["id"] for row in (rows or {})["items"]] == ["6"]


def test_an_upload_is_looked_into_before_it_is_imported(call: Call) -> None:
    content = b"name;text\nann;tea\nbob;mate\n"
    sent = {"Upload-Length": str(len(content)), "Content-Type": "application/offset+octet-stream"}
    where = call("owner", "POST", "/api/uploads", data=content, headers=sent).headers["Location"]
    path = where.removeprefix("http://localhost") + "/preview"
    shown = call("owner", "POST", path, json={}).json
    assert shown is not None
    assert (shown["columns"], shown["rows"]) == (["name", "text"], [["ann", "tea"], ["bob", "mate"]])
    assert (shown["dialect"]["delimiter"], shown["guess"]["body"]) == (";", "text")
    other = call("owner", "POST", path, json={"parameters": {"delimiter": ","}}).json
    assert (other or {})["columns"] == ["name;text"]
    assert call("owner", "POST", path, json={"parameters": {"file_format": "pdf"}}).status_code == 422
    assert call("other", "POST", path, json={}).status_code == 404
    begun = call("owner", "POST", "/api/uploads", headers={"Upload-Length": "9"}).headers["Location"]
    early = call("owner", "POST", begun.removeprefix("http://localhost") + "/preview", json={})
    assert early.status_code == 409


def test_many_datasets_at_once(ctx: Context, user: User, call: Call, tmp_path: Path) -> None:
    keys = [store_table(ctx, user, tmp_path).key for _ in range(3)]

    def do(role: str, action: str, **more: object) -> dict[str, object]:
        answer = call(role, "POST", "/api/datasets/bulk", json={"keys": [*keys, "none"], "action": action, **more})
        assert answer.status_code == 200, answer.json
        return answer.json or {}

    tagged = do("owner", "tag", tags=["tea"])
    assert (tagged["done"], tagged["refused"]) == (keys, 1)
    assert call("owner", "GET", "/api/datasets?tag=tea").json["datasets"][2]["key"] == keys[0]  # type: ignore[index]
    assert do("other", "delete")["done"] == []
    assert do("admin", "owner", owner="otto")["done"] == keys
    assert do("other", "delete")["done"] == keys
    assert do("other", "restore")["done"] == keys
    assert call("owner", "POST", "/api/datasets/bulk", json={"keys": keys, "action": "owner"}).status_code == 403
    wrong = call("owner", "POST", "/api/datasets/bulk", json={"keys": [], "action": "eat"})
    assert set((wrong.json or {})["errors"]) == {"keys", "action"}


def test_ones_own_account(ctx: Context, user: User, call: Call) -> None:
    assert call("owner", "PATCH", "/api/account", json={"theme": "dark"}).json["theme"] == "dark"  # type: ignore[index]
    changed = call("owner", "PATCH", "/api/account", json={"time_zone": "Europe/Amsterdam"}).json
    assert changed is not None
    assert (changed["theme"], changed["time_zone"]) == ("dark", "Europe/Amsterdam")
    for wrong in ({"theme": "pink"}, {"time_zone": "Mars"}, {}):
        assert call("owner", "PATCH", "/api/account", json=wrong).status_code == 422
    guess = call("owner", "PATCH", "/api/account/profile", json={"present": "a guess", "email": "u@example.org"})
    assert (guess.status_code, list((guess.json or {})["errors"])) == (422, ["present"])
    mail = call("owner", "PATCH", "/api/account/profile", json={"present": PASSWORD, "email": "u@example.org"}).json
    assert mail is not None
    assert (mail["name"], mail["email"]) == ("ursula", "u@example.org")
    new = {"present": PASSWORD, "password": "quite another one"}
    assert call("owner", "PUT", "/api/account/password", json=new).status_code == 204
    assert call("owner", "PUT", "/api/account/password", json=new).status_code == 422  # it counts no longer
    assert call("owner", "GET", "/api/account").status_code == 200  # the token does
    half = b'{"present": "\\ud800", "password": "quite another one"}'
    assert call("owner", "PUT", "/api/account/password", data=half, content_type="application/json").status_code == 400


def test_users_are_paged_in_every_order_while_others_come_and_go(ctx: Context, call: Call) -> None:
    made = [create_user(ctx, f"Ä {n:02}" if n % 2 else f"user {n:02}") for n in range(11)]
    for sort in ("name", "new", "seen"):
        address, seen = f"/api/users?limit=4&sort={sort}", []
        while address:
            answer = call("admin", "GET", address)
            seen += [one["name"] for one in (answer.json or {})["users"]]
            last = (answer.json or {})["users"][-1]
            if last["name"].startswith(("user", "Ä")):
                ctx.database.run("DELETE FROM users WHERE id = %(id)s", id=last["id"])  # where the next page begins
            create_user(ctx, f"!{sort} {len(seen)}")
            address = answer.headers.get("Link", "").split(">")[0].removeprefix("<http://localhost")
        there = {user.name for user in made if ctx.database.find("SELECT 1 FROM users WHERE id = %(id)s", id=user.id)}
        assert there <= set(seen)
        assert len(seen) == len(set(seen))
    for cursor in ("nonsense", "WyJhIiwgInkiXQ", "WyJub3doZXJlIiwgMV0"):
        assert call("admin", "GET", f"/api/users?sort=seen&cursor={cursor}").status_code == 422


def test_users_at_once(ctx: Context, call: Call, user: User) -> None:
    table = "name,email,tags\nnina,n@example.org,staff new\nursula,,\n"
    made = call("admin", "POST", "/api/users/table", json={"table": table}).json
    assert made is not None
    assert ("/new-password/" in made[0]["link"], made[1]["problem"]) == (True, "There is a user called ursula already.")
    done = call("admin", "POST", "/api/users/bulk", json={"users": [user.id, 999], "action": "tag", "tag": "new"}).json
    assert done is not None
    assert (done["done"], done["refused"], done["problems"]) == ([user.id], 1, ["There is no user 999."])
    tags = call("admin", "PUT", "/api/tags", json={"order": ["staff", "new"]}).json
    assert tags == [{"tag": "staff", "users": 1}, {"tag": "new", "users": 2}]


def test_what_administrators_look_through(ctx: Context, call: Call, user: User, admin: User) -> None:
    usage = call("admin", "GET", "/api/usage").json
    assert usage is not None
    assert (len(usage["days"]), usage["sizes"]["users"], usage["free_bytes"] > 0) == (30, 3, True)
    plugins = call("admin", "GET", "/api/plugins").json or []
    assert {"analysis", "data source", "standing task"} == {one["kind"] for one in plugins}
    ctx.database.run("INSERT INTO error_reports (id, place, owner, text) VALUES ('ab', 'GET /', '', 'Traceback: tea')")
    assert [one["id"] for one in call("admin", "GET", "/api/errors?q=TEA").json or []] == ["ab"]
    assert call("admin", "GET", "/api/errors?q=mate").json == []
    assert call("admin", "GET", "/api/logs").json == []
    call("admin", "POST", "/api/notifications", json={"text": "Hello", "user": "ursula"})
    sent = call("admin", "GET", "/api/notifications/sent").json or []
    assert [(one["text"], one["user"], one["dismissed"]) for one in sent] == [("Hello", "ursula", 0)]


def test_the_analyses_of_another_dataset(ctx: Context, call: Call, admin: User) -> None:
    example, other = finished_posts(ctx, admin), finished_posts(ctx, admin)
    path = f"/api/datasets/{other.key}/repeat"
    for timeframe in ("day", "week"):
        run_processor(ctx, admin, example.key, "count-posts", {"timeframe": timeframe})
    first, second = (child.key for child in children(ctx, admin, example.key))
    done = call("admin", "POST", path, json={"example": example.key, "analyses": [first]}).json or {}
    assert [(one["repeated"], one["new"]) for one in done["asked"]] == [(first, True)]
    everything = call("admin", "POST", path, json={"example": example.key}).json or {}
    assert [(one["repeated"], one["new"]) for one in everything["asked"]] == [(first, False), (second, True)]
    assert everything["refused"] == []
    refused = call("admin", "POST", path, json={"example": other.key})
    assert (refused.status_code, (refused.json or {})["errors"]["example"]) == (
        422,
        ["Choose another dataset than this one."],
    )
