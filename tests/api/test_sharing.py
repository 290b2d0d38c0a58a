"""Sharing: what people may do with a dataset that is shared with them, over every route, files included."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from app.domain.dataset import Dataset, Kind
from app.domain.errors import InvalidInput, NotFound
from app.domain.share import Role
from app.domain.user import User
from app.services import dataset as datasets
from app.services import run as runs
from app.services import share as shares
from app.services import user_tag as user_tags
from app.services.context import Context
from app.services.user import create_user, find_user
from tests.api.conftest import Call
from tests.results import store_bytes, store_table

# What a stranger, a viewer and an owner get.
MATRIX: list[tuple[str, str, dict[str, object], tuple[int, int, int]]] = [
    ("GET", "", {}, (404, 200, 200)),
    ("GET", "/items", {}, (404, 200, 200)),
    ("GET", "/download?format=csv", {}, (404, 200, 200)),
    ("GET", "/download?format=parquet", {}, (404, 200, 200)),
    ("GET", "/log", {}, (404, 200, 200)),
    ("GET", "/provenance", {}, (404, 200, 200)),
    ("GET", "/quarantine", {}, (404, 200, 200)),
    ("GET", "/processors", {}, (404, 200, 200)),
    ("POST", "/processors/count-posts", {"timeframe": "week"}, (404, 202, 202)),
    ("GET", "/shares", {}, (404, 403, 200)),
    ("PUT", "/shares", {"user": "ada"}, (404, 403, 200)),
    ("DELETE", "/shares?user=ada", {}, (404, 403, 200)),
    ("PATCH", "", {"label": "Mine"}, (404, 403, 200)),
    ("PATCH", "", {"private": True}, (404, 403, 200)),
    ("POST", "/cancel", {}, (404, 403, 409)),
    ("POST", "/retry", {}, (404, 403, 409)),
    ("POST", "/remap", {}, (404, 403, 409)),
    ("DELETE", "", {}, (404, 403, 204)),
]


@pytest.fixture
def posts(ctx: Context, user: User, tmp_path: Path) -> Dataset:
    return store_table(ctx, user, tmp_path)


def by_name(ctx: Context, admin: User, owner: User, key: str, role: Role) -> None:
    shares.share_dataset(ctx, owner, key, role, user="otto")


def by_tag(ctx: Context, admin: User, owner: User, key: str, role: Role) -> None:
    user_tags.assign_tag(ctx, admin, "otto", "Course-7")
    shares.share_dataset(ctx, owner, key, role, tag="course-7")


@pytest.mark.parametrize("share", [by_name, by_tag])
@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.OWNER])
def test_what_a_share_allows(
    ctx: Context,
    admin: User,
    user: User,
    posts: Dataset,
    call: Call,
    role: Role | None,
    share: Callable[[Context, User, User, str, Role], None],
) -> None:
    if role is not None:
        share(ctx, admin, user, posts.key, role)
    place = [None, Role.VIEWER, Role.OWNER].index(role)
    for method, path, body, expected in MATRIX:
        answer = _ask(call, method, f"/api/datasets/{posts.key}{path}", body)
        assert answer.status_code == expected[place], f"{method} {path}: {answer.get_data(as_text=True)[:200]}"
        answer.close()


def _ask(call: Call, method: str, path: str, body: dict[str, object]) -> TestResponse:
    return call("other", method, path, **({"json": body} if body else {}))


def test_what_is_made_from_a_shared_dataset_is_shared_too(
    ctx: Context, user: User, posts: Dataset, call: Call, tmp_path: Path
) -> None:
    child = store_table(ctx, user, tmp_path, parent=posts.key, top=posts.key)
    assert call("other", "GET", f"/api/datasets/{child.key}/items").status_code == 404
    shares.share_dataset(ctx, user, child.key, Role.VIEWER, user="otto")
    for key in (posts.key, child.key):
        assert call("other", "GET", f"/api/datasets/{key}/items").status_code == 200


def test_an_owner_may_change_what_others_made_from_it(ctx: Context, user: User, posts: Dataset, call: Call) -> None:
    shares.share_dataset(ctx, user, posts.key, Role.VIEWER, user="otto")
    child, _ = runs.run_processor(ctx, find_user(ctx, "otto"), posts.key, "count-posts", {})
    assert call("owner", "PATCH", f"/api/datasets/{child.key}", json={"label": "Counted"}).status_code == 200
    assert call("owner", "DELETE", f"/api/datasets/{child.key}").status_code == 204


def test_a_viewer_changes_what_they_made_but_not_who_sees_the_family(
    ctx: Context, user: User, posts: Dataset, call: Call
) -> None:
    shares.share_dataset(ctx, user, posts.key, Role.VIEWER, user="otto")
    child, _ = runs.run_processor(ctx, find_user(ctx, "otto"), posts.key, "count-posts", {})
    path = f"/api/datasets/{child.key}"
    assert call("other", "PATCH", path, json={"label": "Counted"}).status_code == 200
    for answer in (
        call("other", "PATCH", path, json={"private": False}),
        call("other", "PUT", f"{path}/shares", json={"user": "ada"}),
    ):
        assert answer.status_code == 403
        assert answer.json is not None
        assert "owners" in answer.json["message"]
    assert datasets.get_dataset(ctx, user, posts.key).is_private


def test_what_somebody_made_stays_theirs_when_the_share_ends(
    ctx: Context, user: User, posts: Dataset, call: Call
) -> None:
    otto = find_user(ctx, "otto")
    shares.share_dataset(ctx, user, posts.key, Role.VIEWER, user="otto")
    child, _ = runs.run_processor(ctx, otto, posts.key, "count-posts", {})
    shares.unshare_dataset(ctx, user, posts.key, user="otto")
    assert call("other", "GET", f"/api/datasets/{posts.key}").status_code == 404
    assert call("other", "GET", f"/api/datasets/{child.key}").status_code == 200
    assert [found.key for found in datasets.lineage(ctx, otto, child.key)] == [child.key]


def test_lists_hold_what_is_shared(ctx: Context, admin: User, user: User, posts: Dataset, call: Call) -> None:
    def listed() -> list[str]:
        answer = call("other", "GET", "/api/datasets?everyone=true").json
        assert answer is not None
        return [found["key"] for found in answer["datasets"]]

    assert listed() == []
    by_tag(ctx, admin, user, posts.key, Role.VIEWER)
    assert listed() == [posts.key]
    user_tags.remove_tag(ctx, admin, "otto", "COURSE-7")
    assert listed() == []


def test_roles_change_and_shares_end(ctx: Context, user: User, posts: Dataset, call: Call) -> None:
    path = f"/api/datasets/{posts.key}/shares"
    assert call("owner", "GET", path).json == {"shares": []}
    call("owner", "PUT", path, json={"user": "OTTO"})
    changed = call("owner", "PUT", path, json={"user": "otto", "role": "owner"}).json
    assert changed is not None
    assert [(share["user"], share["tag"], share["role"]) for share in changed["shares"]] == [("otto", None, "owner")]
    assert call("owner", "DELETE", f"{path}?user=otto").json == {"shares": []}
    again = call("owner", "DELETE", f"{path}?user=otto")
    assert (again.status_code, again.json and again.json["message"]) == (404, "This is not shared with otto.")


def test_a_viewer_may_give_up_their_share(ctx: Context, user: User, posts: Dataset, call: Call) -> None:
    shares.share_dataset(ctx, user, posts.key, Role.VIEWER, user="otto")
    assert call("other", "DELETE", f"/api/datasets/{posts.key}/shares?user=otto").status_code == 200
    assert call("other", "GET", f"/api/datasets/{posts.key}").status_code == 404


def test_the_maker_stays_an_owner(ctx: Context, user: User, posts: Dataset, call: Call) -> None:
    shares.share_dataset(ctx, user, posts.key, Role.OWNER, user="otto")
    answer = call("other", "DELETE", f"/api/datasets/{posts.key}/shares?user=ursula")
    assert answer.status_code == 409
    call("other", "PUT", f"/api/datasets/{posts.key}/shares", json={"user": "ursula", "role": "viewer"})
    assert call("owner", "PATCH", f"/api/datasets/{posts.key}", json={"label": "Still mine"}).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"user": "nobody here"}, "user"),
        ({"tag": "no-such-tag"}, "tag"),
        ({}, "user"),
        ({"user": "otto", "tag": "staff"}, "user"),
        ({"user": "otto", "role": "boss"}, "role"),
    ],
)
def test_bad_shares_are_refused_by_name(posts: Dataset, call: Call, body: dict[str, str], field: str) -> None:
    answer = call("owner", "PUT", f"/api/datasets/{posts.key}/shares", json=body)
    assert answer.status_code == 422
    assert answer.json is not None
    assert list(answer.json["errors"]) == [field]


def test_several_are_shared_with_at_once_or_none(ctx: Context, user: User, admin: User, posts: Dataset) -> None:
    create_user(ctx, "vera")
    user_tags.assign_tag(ctx, admin, "vera", "staff")
    with pytest.raises(InvalidInput, match="no user called nobody"):
        shares.share_with(ctx, user, [posts.key], Role.VIEWER, ["vera", "nobody"])
    assert shares.list_shares(ctx, user, posts.key) == []
    found = shares.share_with(ctx, user, [posts.key], Role.VIEWER, ["vera", "tag:staff"])[posts.key]
    assert [(share.user, share.tag) for share in found] == [("vera", None), (None, "staff")]


def test_tags_are_given_and_taken(ctx: Context, admin: User, user: User) -> None:
    assert user_tags.assign_tag(ctx, admin, "ursula", " Staff ").tags == ("staff",)
    user_tags.assign_tag(ctx, admin, "ada", "staff")
    user_tags.assign_tag(ctx, admin, "ada", "course-7")
    assert user_tags.list_tags(ctx, admin) == {"course-7": 1, "staff": 2}
    assert user_tags.members_of(ctx, admin, "staff") == ["ada", "ursula"]
    assert user_tags.remove_tag(ctx, admin, "ada", "staff").tags == ("course-7",)
    with pytest.raises(NotFound, match="does not have the tag"):
        user_tags.remove_tag(ctx, admin, "ada", "staff")
    for wrong in ("", "two words", "-x", "x" * 51, "a,b"):
        with pytest.raises(InvalidInput, match="cannot be a tag"):
            user_tags.assign_tag(ctx, admin, "ada", wrong)


def test_a_deleted_tag_shares_nothing_any_more(ctx: Context, admin: User, user: User, posts: Dataset) -> None:
    create_user(ctx, "otto")
    by_tag(ctx, admin, user, posts.key, Role.VIEWER)
    user_tags.delete_tag(ctx, admin, "course-7")
    assert shares.list_shares(ctx, user, posts.key) == []
    user_tags.assign_tag(ctx, admin, "otto", "course-7")
    with pytest.raises(NotFound):
        datasets.get_dataset(ctx, find_user(ctx, "otto"), posts.key)


def test_pages_of_files_are_shared_too(ctx: Context, user: User, tmp_path: Path, call: Call) -> None:
    page = store_bytes(ctx, user, tmp_path, Kind.PAGE, "page", "page.html", b"<p>tea</p>")
    assert call("other", "GET", f"/api/datasets/{page.key}/download").status_code == 404
    shares.share_dataset(ctx, user, page.key, Role.VIEWER, user="otto")
    assert call("other", "GET", f"/api/datasets/{page.key}/download").data == b"<p>tea</p>"
