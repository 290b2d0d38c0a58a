"""The dialog that shares, and what is done to datasets from the overview: marks, bulk actions, undo."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient

from app.domain.dataset import Status
from app.domain.share import Role
from app.domain.user import User
from app.services import run as runs
from app.services.context import Context
from app.services.dataset_list import Wanted, list_datasets
from app.services.mark import marks_of, set_tags
from app.services.share import list_shares, share_with
from app.services.user_tag import assign_tag
from app.storage import dataset as datasets
from app.storage.dataset import Ending
from tests.conftest import finished_posts, import_posts
from tests.web.test_pages import _check


@pytest.fixture
def key(ctx: Context, admin: User) -> str:
    return finished_posts(ctx, admin).key


def test_sharing_in_the_dialog(
    ada: FlaskClient, ursula: FlaskClient, ctx: Context, admin: User, user: User, key: str
) -> None:
    assign_tag(ctx, admin, "ursula", "course-7")
    assert ursula.get(f"/datasets/{key}").status_code == 404
    dialog = ada.piece(f"/datasets/{key}/share").text
    assert 'value="tag:course-7"' in dialog
    assert "Nobody else" in dialog
    changed = ada.change(f"/datasets/{key}/share", names="ursula, tag:course-7", role="viewer", htmx=True).text
    assert "all who have this tag" in changed
    assert 'id="named" hx-swap-oob="true"' in changed
    assert "shared with 1 person and 1 tag" in changed
    assert ursula.get(f"/datasets/{key}").status_code == 200
    ada.change(f"/datasets/{key}/unshare", tag="course-7", htmx=True)
    assert [share.user for share in list_shares(ctx, admin, key)] == ["ursula"]


def test_whom_nobody_knows_is_named_and_what_was_typed_stays(ada: FlaskClient, key: str) -> None:
    answer = ada.change(f"/datasets/{key}/share", names="ursulla, tag:none", htmx=True)
    assert answer.status_code == 422
    assert "There is no user called ursulla. Nobody has the tag “none”." in answer.text
    assert 'value="ursulla, tag:none"' in answer.text


def test_the_dialog_is_a_page_without_scripts(ada: FlaskClient, ctx: Context, key: str) -> None:
    _check(ada.get(f"/datasets/{key}/share").text)
    assert ada.change(f"/datasets/{key}/privacy", private="no").location == f"/datasets/{key}/share"
    assert datasets.get(ctx.database, key).is_private is False


def test_a_viewer_sees_what_they_may_do_and_can_leave(
    ursula: FlaskClient, ctx: Context, admin: User, user: User, key: str
) -> None:
    share_with(ctx, admin, [key], Role.VIEWER, ["ursula"])
    page = ursula.get(f"/datasets/{key}").text
    assert "New analysis" in page
    assert "made" in page
    assert " by ada" in page
    assert f'data-open="delete-{key}"' not in page
    assert "/share" not in page.split("</head>")[1].split('id="house"')[0].replace("/unshare", "")
    assert ursula.get(f"/datasets/{key}/share").status_code == 403
    assert ursula.change(f"/datasets/{key}/unshare", user="ursula").location == "/datasets"
    assert ursula.get(f"/datasets/{key}").status_code == 404


def test_what_is_left_of_a_family_has_a_page(
    ursula: FlaskClient, ctx: Context, admin: User, user: User, key: str
) -> None:
    share_with(ctx, admin, [key], Role.VIEWER, ["ursula"])
    child, _ = runs.run_processor(ctx, user, key, "count-posts", {})
    ursula.change(f"/datasets/{key}/unshare", user="ursula")
    page = ursula.get(f"/datasets/{child.key}")
    assert page.status_code == 200
    assert f"/datasets/{key}" not in page.text


def test_the_lists_of_the_overview(ada: FlaskClient, ursula: FlaskClient, ctx: Context, admin: User, key: str) -> None:
    assert "Nothing is shared with you" in ursula.get("/datasets?whose=shared").text
    assert "No favourites yet" in ada.get("/datasets?whose=favourites").text
    share_with(ctx, admin, [key], Role.VIEWER, ["ursula"])
    shared = ursula.get("/datasets?whose=shared").text
    assert "posts.csv" in shared
    _check(shared)
    star = ursula.change(f"/datasets/{key}/favourite", favourite="yes", htmx=True).text
    assert 'aria-pressed="true"' in star
    assert "posts.csv" in ursula.get("/datasets?whose=favourites").text
    assert "posts.csv" not in ada.get("/datasets?whose=favourites").text


def test_filters_are_chips_that_can_be_taken_away(ada: FlaskClient, ctx: Context, admin: User, key: str) -> None:
    set_tags(ctx, admin, key, ["thesis"])
    page = ada.get("/datasets?tag=thesis&source=upload&since=2020-01-01&order=name").text
    assert "posts.csv" in page
    for chip in ("thesis ×", "from 2020-01-01 ×"):
        assert chip in page
    assert "posts.csv" not in ada.get("/datasets?until=2020-01-01").text
    assert "There is no user called nobody." in ada.get("/datasets?whose=all&owner=nobody").text
    assert ada.get("/datasets?since=soon&order=odd&whose=mars&cursor=x").status_code == 200


def test_analyses_unfold_in_place(ada: FlaskClient, ctx: Context, admin: User, key: str) -> None:
    child, _ = runs.run_processor(ctx, admin, key, "count-posts", {})
    assert "1 analysis" in ada.get("/datasets").text
    unfolded = ada.piece(f"/datasets/{key}/nested")
    assert f"/datasets/{child.key}" in unfolded.text
    assert (unfolded.status_code, "every 1s" in unfolded.text) == (200, True)
    found = ada.get("/datasets?q=count+posts").text
    assert f'<a href="/datasets/{child.key}">' in found


def test_many_are_changed_at_once_and_deletion_is_undone(ada: FlaskClient, ctx: Context, admin: User) -> None:
    keys = [finished_posts(ctx, admin).key, import_posts(ctx, admin).key]
    answer = ada.change("/datasets/bulk", key=keys, action="tag", tags="A, b", back="/datasets?order=name", htmx=True)
    assert "2 datasets tagged." in answer.text
    assert 'name="back" value="/datasets?order=name"' in answer.text
    marks = marks_of(ctx, admin, list_datasets(ctx, admin, Wanted())[0])
    assert marks.tags == {key: ["a", "b"] for key in keys}
    deleted = ada.change("/datasets/bulk", key=keys, action="delete", back="/datasets", htmx=True).text
    assert "2 datasets deleted." in deleted
    assert "Undo" in deleted
    assert "No datasets yet" in deleted
    listed = ada.get("/datasets?whose=deleted").text
    assert "Bring back" in listed
    _check(listed)
    assert ada.change("/datasets/restore", key=keys).location == "/datasets"
    assert ada.get("/datasets").text.count('class="entry"') == 2
    ada.change("/datasets/bulk", key=keys, action="delete")
    ada.change("/datasets/bulk", key=keys, action="purge")
    assert ctx.database.one("SELECT count(*) AS left FROM datasets")["left"] == 0


def test_bulk_says_what_was_left_as_it_is(ursula: FlaskClient, ctx: Context, admin: User, user: User, key: str) -> None:
    share_with(ctx, admin, [key], Role.VIEWER, ["ursula"])
    own = finished_posts(ctx, user).key
    answer = ursula.change("/datasets/bulk", key=[own, key], action="private", back="/datasets", htmx=True).text
    assert "1 dataset made private. 1 dataset left as it is." in answer
    assert "belongs to somebody else" in answer
    assert ursula.change("/datasets/bulk", action="delete", htmx=True).status_code == 422
    assert ursula.change("/datasets/bulk", key=[own], action="burn", htmx=True).status_code == 422


def test_what_was_picked_and_typed_stays_when_it_does_not_work(
    ursula: FlaskClient, ctx: Context, admin: User, user: User, key: str
) -> None:
    share_with(ctx, admin, [key], Role.VIEWER, ["ursula"])
    own = finished_posts(ctx, user).key
    asked = {"action": "share", "names": "bobb", "role": "owner", "back": "/datasets?whose=all"}
    none = ursula.change("/datasets/bulk", key=[own, key], htmx=True, **asked)
    assert (none.status_code, none.headers["HX-Reswap"]) == (422, "none")  # the list stays as it is
    assert "There is no user called bobb." in none.text
    whole = ursula.change("/datasets/bulk", key=[own, key], **asked)
    assert (whole.status_code, "There is no user called bobb." in whole.text) == (422, True)
    assert whole.text.count("data-pick checked") == 2
    assert 'value="bobb"' in whole.text and '<option value="owner" selected>' in whole.text
    _check(whole.text)
    some = ursula.change("/datasets/bulk", key=[own, key], htmx=True, **{**asked, "names": "ada"})
    assert "1 dataset shared. 1 dataset left as it is." in some.text
    assert f'value="{key}" form="bulk" data-pick checked' in some.text
    assert f'value="{own}" form="bulk" data-pick>' in some.text
    assert 'name="names" value="ada"' in some.text


def test_deleting_offers_to_undo(ada: FlaskClient, ctx: Context, admin: User, key: str) -> None:
    where = ada.change(f"/datasets/{key}/delete").location
    page = ada.get(where).text
    assert "“posts.csv” has been deleted." in page
    _check(page)
    assert ada.change("/datasets/restore", key=key).location == f"/datasets/{key}"
    child, _ = runs.run_processor(ctx, admin, key, "count-posts", {})
    told = ada.change(f"/datasets/{child.key}/delete", htmx=True).text
    assert f'name="key" value="{child.key}"' in told


def test_nobody_else_is_told_what_was_deleted(ada: FlaskClient, ursula: FlaskClient, key: str) -> None:
    ada.change(f"/datasets/{key}/delete")
    assert "posts.csv" not in ursula.get(f"/datasets?undo={key}").text
    assert ursula.change("/datasets/restore", key=key).status_code == 422


def test_tags_and_expiry_on_the_page(ada: FlaskClient, ctx: Context, key: str) -> None:
    assert 'class="tag"' in ada.change(f"/datasets/{key}/tags", tags="Thesis, 2026", htmx=True).text
    ada.change(f"/datasets/{key}/expiry", expires="2090-05-04", htmx=True)
    assert "goes on" in ada.get(f"/datasets/{key}").text
    kept = ada.change(f"/datasets/{key}/expiry", expires="2090-05-04", keep="on", htmx=True).text
    assert "<li>kept</li>" in kept
    assert ada.change(f"/datasets/{key}/expiry", expires="2001-01-01").status_code == 422
    assert ada.change(f"/datasets/{key}/expiry", expires="tomorrow").status_code == 422


@pytest.mark.parametrize(
    ("form", "typed", "name", "said"),
    [
        ("rename", {"label": " "}, "label", "Give the dataset a name."),
        ("tags", {"tags": "b" * 51}, "tags", "A tag has at most 50 letters, and no comma."),
        ("expiry", {"expires": "2001-01-01"}, "expires", "Give a day that is yet to come."),
    ],
)
def test_a_change_that_is_refused_comes_back_with_what_was_typed(
    ada: FlaskClient, key: str, form: str, typed: dict[str, str], name: str, said: str
) -> None:
    for htmx in (True, False):
        answer = ada.change(f"/datasets/{key}/{form}", htmx=htmx, target="dialog-body", **typed)
        assert (answer.status_code, "<html" in answer.text) == (422, not htmx)
        assert f'<div class="error" id="{name}-error">{said}</div>' in answer.text
        assert f'value="{typed[name]}"' in answer.text
        assert 'aria-invalid="true"' in answer.text
        assert "HX-Retarget" not in answer.headers, "it stays in the dialog"
        _check(answer.text)


@pytest.mark.parametrize("form", ["rename", "tags", "expiry", "delete"])
def test_each_change_is_a_page_of_its_own_too(
    ada: FlaskClient, ursula: FlaskClient, ctx: Context, admin: User, key: str, form: str
) -> None:
    assert f'href="/datasets/{key}/{form}"' in ada.get(f"/datasets/{key}").text
    page = ada.get(f"/datasets/{key}/{form}").text
    assert f'action="/datasets/{key}/{form}"' in page
    _check(page)
    assert "<html" not in ada.piece(f"/datasets/{key}/{form}").text
    share_with(ctx, admin, [key], Role.VIEWER, ["ursula"])
    assert ursula.get(f"/datasets/{key}/{form}").status_code == 403


def test_the_methods_are_told(ada: FlaskClient, ctx: Context, admin: User) -> None:
    top = finished_posts(ctx, admin)
    made_with = {"4cat": "9.8", "python": "3.11", "libraries": {"polars": "2"}}
    ctx.database.run("UPDATE datasets SET provenance = %(made)s::jsonb", made=json.dumps(made_with))
    child, _ = runs.run_processor(ctx, admin, top.key, "count-posts", {"timeframe": "week"})
    with ctx.database.transaction() as tx:
        datasets.end(tx, child.key, Ending(Status.FINISHED, "Counted.", rows=3))
    page = ada.get(f"/datasets/{child.key}/provenance").text
    assert "which gave 3 rows." in page
    assert "60 items were imported from a file on" in page
    assert "Then “Count posts over time” (count-posts) was applied" in page
    assert "week" in page
    assert "4CAT 9.8 (Python 3.11, Polars 2)" in page
    _check(page)
