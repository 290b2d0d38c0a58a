"""Users, their settings, messages and requests over the API."""

from __future__ import annotations

from app.domain.user import User
from app.services.access_request import request_access
from app.services.context import Context
from app.services.site_setting import set_site_setting
from tests.api.conftest import Call


def test_a_user_is_made_changed_and_deleted(ctx: Context, call: Call) -> None:
    made = call("admin", "POST", "/api/users", json={"name": "nina", "email": "n@example.org", "tags": ["staff"]}).json
    assert made is not None
    assert "/new-password/" in made["link"]
    page = call("admin", "GET", "/api/users?tag=staff&q=EXAMPLE").json
    assert page is not None
    assert (page["total"], page["users"][0]["name"], page["users"][0]["datasets"]) == (1, "nina", 0)
    path = f"/api/users/{made['id']}"
    changed = call("admin", "PATCH", path, json={"tags": ["b", "a"], "is_active": False}).json
    assert changed is not None
    assert (changed["tags"], changed["is_active"], changed["email"]) == (["a", "b"], False, "n@example.org")
    wrong = call("admin", "PATCH", path, json={"email": "nowhere"})
    assert (wrong.status_code, list((wrong.json or {})["errors"])) == (422, ["email"])
    assert call("admin", "DELETE", f"{path}?heir=nobody").status_code == 422
    assert call("admin", "DELETE", path).status_code == 204
    assert call("admin", "GET", path).status_code == 404


def test_what_is_set_for_a_user_counts_before_a_tag_and_that_before_everybody(
    ctx: Context, call: Call, admin: User, user: User
) -> None:
    def limit() -> object:
        answer = call("owner", "GET", "/api/account").json
        return answer and answer["open_jobs_limit"]

    def put(path: str, value: int | None) -> None:
        assert call("admin", "PATCH", path, json={"limits.open_jobs": value}).status_code == 200

    assert limit() == ctx.settings.max_open_jobs
    set_site_setting(ctx, admin, "limits.open_jobs", 50)
    assert limit() == 50
    call("admin", "PATCH", f"/api/users/{user.id}", json={"tags": ["a", "b"]})
    put("/api/tags/a/settings", 20)
    put("/api/tags/b/settings", 30)
    assert limit() == 20
    put(f"/api/users/{user.id}/settings", 0)
    assert limit() is None
    shown = call("admin", "GET", f"/api/users/{user.id}/settings").json
    assert shown is not None
    assert {**shown[0], "help": ""} == {
        "name": "limits.open_jobs", "value": 0, "otherwise": 20, "origin": "tag a", "help": ""
    }  # fmt: skip
    put(f"/api/users/{user.id}/settings", None)
    assert limit() == 20
    assert call("admin", "DELETE", "/api/tags/a").status_code == 204
    assert limit() == 30
    wrong = call("admin", "PATCH", "/api/tags/b/settings", json={"limits.open_jobs": -1})
    assert (wrong.status_code, list((wrong.json or {})["errors"])) == (422, ["limits.open_jobs"])
    assert call("admin", "PATCH", "/api/tags/b/settings", json={"limits.moons": 1}).status_code == 404


def test_rights_are_taken_and_given(ctx: Context, call: Call, user: User) -> None:
    def may() -> list[int]:
        return [
            call("owner", "POST", "/api/datasets", json={"datasource": "upload"}).status_code,
            call("owner", "POST", "/api/tokens", json={"name": "more"}).status_code,
        ]

    assert may() == [422, 201]
    path = f"/api/users/{user.id}/settings"
    call("admin", "PATCH", path, json={"rights.capture": False, "rights.tokens": "no"})
    assert may() == [403, 403]
    call("admin", "PATCH", path, json={"rights.capture": None, "rights.tokens": True})
    assert may() == [422, 201]


def test_messages_and_requests(ctx: Context, call: Call, admin: User) -> None:
    sent = call("admin", "POST", "/api/notifications", json={"text": "Hello", "user": "ursula"}).json
    assert sent is not None
    assert [len(call(role, "GET", "/api/notifications").json or []) for role in ("owner", "other")] == [1, 0]
    assert call("owner", "POST", f"/api/notifications/{sent['id']}/dismiss").status_code == 204
    assert call("owner", "GET", "/api/notifications").json == []
    assert call("admin", "DELETE", f"/api/notifications/{sent['id']}").status_code == 204
    call("admin", "POST", "/api/notifications", json={"text": "Down on Friday.", "stays": True})
    (stays,) = call("other", "GET", "/api/notifications").json or []
    assert call("other", "POST", f"/api/notifications/{stays['id']}/dismiss").status_code == 204
    assert call("other", "GET", "/api/notifications").json == [stays]
    call("admin", "DELETE", f"/api/notifications/{stays['id']}")
    wrong = call("admin", "POST", "/api/notifications", json={"text": " "})
    assert list((wrong.json or {})["errors"]) == ["text"]
    set_site_setting(ctx, admin, "accounts.requests", True)
    request_access(ctx, "Gus", "gus@example.org", "", "A thesis.")
    (asked,) = call("admin", "GET", "/api/access-requests").json or []
    made = call("admin", "POST", f"/api/access-requests/{asked['id']}/approve", json={"name": "gustav"}).json
    assert made is not None
    assert (made["name"], "/new-password/" in made["link"]) == ("gustav", True)
    assert call("admin", "POST", f"/api/access-requests/{asked['id']}/refuse", json={}).status_code == 404
