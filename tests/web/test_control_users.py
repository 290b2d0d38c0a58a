"""Users, tags, requests and messages in the control panel."""

from __future__ import annotations

import io
import re
from datetime import date
from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient

from app.domain.errors import InvalidInput
from app.domain.user import User
from app.services.context import Context
from app.services.password_link import whose_link
from app.services.user import find_user
from app.services.user_table import make_users
from app.storage import dataset as datasets
from tests.conftest import finished_posts
from tests.web.conftest import csrf_of
from workers.switch_off_users import SwitchOffUsers


def link_in(page: str) -> str:
    """The secret of the link to a password that a page shows."""
    found = re.search(r'/new-password/([^"]+)"', page)
    assert found, page
    return found[1]


def test_a_user_is_made_found_changed_and_deleted(ada: FlaskClient, ctx: Context, admin: User) -> None:
    made = ada.change("/control/users/new", name="Bob", email="bob@example.org", tags="students, course")
    bob = find_user(ctx, "bob")
    assert (bob.tags, whose_link(ctx, link_in(made.text)).id) == (("course", "students"), bob.id)
    twice = ada.change("/control/users/new", name="bob", email="other@example.org")
    assert (twice.status_code, 'id="name-error"' in twice.text) == (409, True)
    wrong = ada.change("/control/users/new", name="carl", tags="no/tag")
    assert (wrong.status_code, "cannot be a tag" in wrong.text) == (422, True)
    assert "bob@example.org" in ada.get("/control/users?q=EXAMPLE&tag=course&state=on&sort=seen").text
    assert "Nobody found" in ada.get("/control/users?q=zebra").text
    page = f"/control/users/{bob.id}"
    assert ada.get(page).status_code == 200
    saved = ada.change(page, name="Robert", email="", notes="Leaves in May.", tags="staff", is_active="on")
    assert saved.location == f"{page}?saved=profile"
    assert (find_user(ctx, "robert").tags, find_user(ctx, "robert").email) == (("staff",), None)
    assert "Leaves in May." in ada.get(page).text
    refused = ada.change(f"/control/users/{admin.id}", name="ada", is_active="on")
    assert (refused.status_code, "cannot shut yourself out" in refused.text) == (409, True)
    assert whose_link(ctx, link_in(ada.change(f"{page}/link").text)).name == "Robert"
    kept = finished_posts(ctx, find_user(ctx, "Robert"))
    assert "no other user called nobody" in ada.change(f"{page}/delete", datasets="give", heir="nobody").text
    assert ada.change(f"{page}/delete", datasets="give", heir="Ada").location == "/control/users"
    assert datasets.get(ctx.database, kept.key).owner_id == admin.id
    assert ada.get(page).status_code == 404


def test_several_users_are_made_and_changed_at_once(ada: FlaskClient, ctx: Context) -> None:
    made = ada.change(
        "/control/users/table", table="name;email;tags\nann;ann@example.org;a b\nbob;no address;\nann;;\n"
    )
    assert made.text.count("/new-password/") == 1
    assert "This is not an e-mail address" in made.text
    assert "There is a user called ann already." in made.text
    assert "names the columns" in ada.change("/control/users/table", table="ann\nbob").text
    ann = find_user(ctx, "ann")
    finished_posts(ctx, ann)
    assert "Choose users first" in ada.change("/control/users", action="off").text
    assert "Done for 1 of 1" in ada.change("/control/users", action="off", user=str(ann.id)).text
    assert not find_user(ctx, "ann").is_active
    assert "Done for 1 of 1" in ada.change("/control/users", action="tag", tag="late", user=str(ann.id)).text
    assert find_user(ctx, "ann").tags == ("a", "b", "late")
    both = [str(ann.id), str(find_user(ctx, "ada").id)]
    asked = ada.change("/control/users", action="delete", user=both)
    assert (asked.status_code, "2 users would be deleted for good." in asked.text) == (422, True)
    assert re.findall(r'name="user" value="(\d+)" checked', asked.text) == sorted(both)
    assert 'name="sure"' in asked.text
    answer = ada.change("/control/users", action="delete", user=both, sure="yes")
    assert "Done for 1 of 2" in answer.text
    assert "cannot shut yourself out" in answer.text
    assert re.findall(r'name="user" value="(\d+)" checked', answer.text) == [str(find_user(ctx, "ada").id)]
    assert '<option value="delete" selected>' in answer.text
    wrong = ada.change("/control/users", action="tag", tag="a b", user=str(ann.id))
    assert (wrong.status_code, f'value="{ann.id}" checked' in wrong.text, 'value="a b"' in wrong.text) == (
        422,
        True,
        True,
    )
    assert "being deleted" in ada.get("/control/users").text
    assert "ann is being deleted, with all datasets; 1 is left." in ada.get(f"/control/users/{ann.id}").text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_users_come_from_a_file(ada: FlaskClient, ctx: Context, encoding: str) -> None:
    content = 'name,tags,notes\r\nZoë,"a,b","in\ntwo lines"\r\n,,\r\nada,,\r\n'.encode(encoding)
    made = ada.change("/control/users/table", file=(io.BytesIO(content), "course.csv"), table="name\nnobody\n")
    assert "1 account made" in made.text
    lines = re.findall(r'<tr><td class="num">(\d+)</td><td><b>(\w+)</b>', made.text)
    assert lines == [("3", "Zoë"), ("5", "ada")]
    assert find_user(ctx, "Zoë").tags == ("a", "b")
    assert ctx.database.many("SELECT 1 FROM users WHERE name = 'nobody'") == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"PK\x03\x04\0\0", "This is no text"),
        (b"ann\nbob\n", "names the columns"),
        (b"name\n" + b"\n".join(b"u%d" % number for number in range(1001)), "at most 1,000 lines"),
        (b"name,password\n" + b"".join(b"u%d,a long secret\n" % number for number in range(201)), "at most 200 lines"),
        (b"name\n" + b"x" * 140_000, "Line 2 cannot be read"),
        (b"", "names the columns"),
    ],
)
def test_a_file_that_is_no_table_of_users(ada: FlaskClient, ctx: Context, content: bytes, problem: str) -> None:
    answer = ada.change("/control/users/table", file=(io.BytesIO(content), "course.csv"))
    assert (answer.status_code, problem in answer.text) == (422, True), answer.text
    assert ctx.database.one("SELECT count(*) AS users FROM users")["users"] == 1


def test_a_table_of_users_has_an_end(ctx: Context, admin: User) -> None:
    with pytest.raises(InvalidInput, match="at most 1,000,000 bytes"):
        make_users(ctx, admin, "name\n" + "x" * 1_000_000)


def test_tags_are_ordered_and_settings_hang_on_them(ada: FlaskClient, ctx: Context, user: User) -> None:
    assert "No tags yet" in ada.get("/control/tags").text
    ada.change(f"/control/users/{user.id}", name=user.name, tags="a b", is_active="on")
    for tag, jobs in (("a", "5"), ("b", "7")):
        assert ada.change(f"/control/tags/{tag}", **{"limits.open_jobs": jobs}).status_code == 303
    page = ada.get(f"/control/users/{user.id}").text
    assert "5, by the tag a" in page
    ada.change("/control/tags", tag="b", move="up")
    assert "7, by the tag b" in ada.get(f"/control/users/{user.id}").text
    wrong = ada.change("/control/tags/a", **{"limits.open_jobs": "many"})
    assert (wrong.status_code, "“many” will not do" in wrong.text) == (422, True)
    own = ada.change(f"/control/users/{user.id}/settings", **{"limits.open_jobs": "9", "rights.tokens": "no"})
    assert own.location == f"/control/users/{user.id}?saved=settings"
    asked = ada.get("/control/tags/b").text.partition('<dialog id="removing"')[2]
    assert "1 user loses it, with the limits and rights that are set for it." in asked
    assert ada.change("/control/tags/b/delete").status_code == 303
    assert find_user(ctx, "ursula").tags == ("a",)
    assert ctx.database.many("SELECT 1 FROM person_settings WHERE tag = 'b'") == []


def test_who_asks_for_an_account_gets_one_or_not(ada: FlaskClient, client: FlaskClient, ctx: Context) -> None:
    assert client.get("/request-access").status_code == 404
    ada.change("/control/settings/people/accounts", requests="yes", policy="For students only.")
    page = client.get("/request-access").text
    assert "For students only." in page
    assert "/request-access" in client.get("/login").text
    token = csrf_of(client, "/request-access")
    asked = {"csrf_token": token, "name": "Fatima", "email": "f@example.org", "reason": "My thesis."}
    assert 'id="reason-error"' in client.post("/request-access", data={**asked, "reason": " "}).text
    for name in ("Fatima", "Fatima", "Gus"):
        values = {**asked, "name": name, "email": f"{name}@example.org"}
        assert client.post("/request-access", data=values).location == "/request-access?sent=1"
    first, second = (row["id"] for row in ctx.database.many("SELECT id FROM access_requests ORDER BY id"))
    assert "My thesis." in ada.get("/control/requests").text
    taken = ada.change(f"/control/requests/{first}/approve", name="ada")
    assert (taken.status_code, taken.text.count('value="ada" aria-invalid="true"')) == (409, 1)
    assert 'name="name" value="Gus"' in taken.text
    approved = ada.change(f"/control/requests/{first}/approve", name="fatima")
    assert whose_link(ctx, link_in(approved.text)).email == "Fatima@example.org"
    assert ada.change(f"/control/requests/{second}/refuse").status_code == 303
    assert ada.change(f"/control/requests/{second}/approve").status_code == 404
    assert "refused by ada" in ada.get("/control/requests").text


def test_messages_are_shown_until_they_are_dismissed(ada: FlaskClient, ursula: FlaskClient, user: User) -> None:
    ada.change(f"/control/users/{user.id}", name=user.name, tags="a", is_active="on")
    for text, values in {
        "To all": {},
        "To a **now** <i>": {"to": "tag", "tag": "a"},
        "To b": {"to": "tag", "tag": "b"},
        "To her": {"to": "user", "user": "ursula", "days": "2"},
    }.items():
        assert ada.change("/control/messages", text=text, **values).status_code == 303
    assert 'id="user-error"' in ada.change("/control/messages", text="To whom?", to="user", user="nobody").text
    for to in ("user", "tag"):
        wrong = ada.change("/control/messages", text="", to=to, days="soon")
        assert wrong.status_code == 422, "an empty name is not everybody"
        assert all(f'id="{name}-error"' in wrong.text for name in ("text", "days", to)), "all at once"
    sent = ada.get("/control/messages").text
    assert sent.count("which nobody has") == 1
    page = ursula.get("/datasets").text
    assert "To whom?" not in page
    assert [text in page for text in ("To all", "To a <strong>now</strong> &lt;i&gt;<", "To b", "To her")] == [
        True,
        True,
        False,
        True,
    ]
    number = re.findall(r"/messages/(\d+)/dismiss", page)[0]
    assert ursula.change(f"/messages/{number}/dismiss", next="/account").location == "/account"
    assert "To her" not in ursula.get("/datasets").text
    shown = ada.get("/control/messages").text
    assert "dismissed by 1" in shown
    taken = re.findall(r"/control/messages/(\d+)/delete", shown)[-1]
    ada.change(f"/control/messages/{taken}/delete")
    assert "To all" not in ursula.get("/datasets").text
    for path in ("users", "users/new", "users/1", "tags", "tags/a", "requests", "messages", "jobs", "datasets", "logs"):
        assert ursula.get(f"/control/{path}").status_code == 403, path


def test_an_account_has_a_last_day(ada: FlaskClient, ctx: Context, admin: User) -> None:
    table = "name,expires,notes\nann,2126-01-31,of the course\nbob,2020-01-01,\ncarl,soon,\ndora,,\n"
    made = ada.change("/control/users/table", table=table)
    assert ("This day is over." in made.text, "Write a day such as 2027-01-31" in made.text) == (True, True)
    ann, dora = find_user(ctx, "ann"), find_user(ctx, "dora")
    assert (ann.expires, dora.expires) == (date(2126, 1, 31), None)
    page = ada.get(f"/control/users/{ann.id}").text
    assert ('value="2126-01-31"' in page, "of the course" in page) == (True, True)
    ctx.database.run("UPDATE users SET expires = '2020-01-31' WHERE name IN ('ann', 'ada')")
    said: list[str] = []
    SwitchOffUsers().work(None, SimpleNamespace(database=ctx.database, log=said.append))  # type: ignore[arg-type]
    assert said == ["switched off accounts whose last day was over: 1"]
    assert [find_user(ctx, name).is_active for name in ("ann", "dora", "ada")] == [False, True, True]
    same = {"name": "ann", "tags": "", "notes": "x", "expires": "2020-01-31"}
    assert ada.change(f"/control/users/{ann.id}", **same).status_code == 303
    again = ada.change(f"/control/users/{ann.id}", **same, is_active="on")
    assert (again.status_code, 'id="expires-error"' in again.text) == (422, True)
    ada.change("/control/users", action="on", user=str(ann.id))
    assert (find_user(ctx, "ann").is_active, find_user(ctx, "ann").expires) == (True, None)
