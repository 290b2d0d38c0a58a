"""A forgotten password: the link that is sent, and what becomes of it."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from app.domain.errors import NotAllowed
from app.domain.user import User
from app.factory import create_app
from app.services.context import Context
from app.services.mail import send_queued
from app.services.password_link import give_link
from app.services.sign_in import sign_in
from app.services.user import change_profile
from tests.conftest import with_settings
from tests.mail import MailServer, text_of
from tests.web.conftest import csrf_of

_NEW = "a new long secret"


def ask(browser: FlaskClient, email: str) -> str:
    """Ask for a link; the page that follows, without what differs by the second: the token of its forms."""
    values = {"csrf_token": csrf_of(browser, "/forgotten-password"), "email": email}
    page = browser.post("/forgotten-password", data=values, follow_redirects=True).text
    token = re.search(r'"X-CSRFToken": "([^"]+)"', page)
    assert token, page
    return page.replace(token[1], "the token")


def choose(browser: FlaskClient, path: str, password: str, repeated: str | None = None) -> tuple[int, str]:
    """Choose a password with a link; status and page."""
    values = {"csrf_token": csrf_of(browser, "/login"), "password": password, "repeated": repeated or password}
    answer = browser.post(path, data=values)
    return answer.status_code, answer.text


def test_a_forgotten_password_is_replaced_by_mail(ctx: Context, user: User, mail_server: MailServer) -> None:
    mailing = with_settings(ctx, mail_url=mail_server.url, site_url="https://4cat.example.org")
    change_profile(ctx, user, user.name, "ursula@example.org")
    browser = create_app(mailing.settings, mailing).test_client()
    known, unknown = (ask(browser, address) for address in ("URSULA@example.org", "nobody@example.org"))
    assert known == unknown
    (number,) = [row["id"] for row in ctx.database.many("SELECT id FROM mails")]
    send_queued(mailing, number)
    found = re.search(r"https://4cat\.example\.org(/new-password/\S+)", text_of(mail_server.letters[0]))
    assert found
    path = found[1]
    assert path.rsplit("/", 1)[1] not in str(ctx.database.many("SELECT * FROM password_links"))
    assert "ursula" in browser.get(path).text
    assert choose(browser, path, "short")[0] == 422
    assert "repeated-error" in choose(browser, path, _NEW, "another")[1]
    assert choose(browser, path, _NEW)[0] == 303
    assert browser.get("/datasets").status_code == 200
    assert sign_in(ctx, "ursula", _NEW).id == user.id
    status, page = choose(mailing_browser(mailing), path, "yet another secret")
    assert (status, "used already or has expired" in page) == (404, True)


def mailing_browser(ctx: Context) -> FlaskClient:
    """A browser that nobody has signed in with."""
    return create_app(ctx.settings, ctx).test_client()


def test_three_links_an_hour_are_sent_at_most(ctx: Context, user: User, mail_server: MailServer) -> None:
    mailing = with_settings(ctx, mail_url=mail_server.url, site_url="https://4cat.example.org")
    change_profile(ctx, user, user.name, "ursula@example.org")
    browser = mailing_browser(mailing)
    for _ in range(5):
        ask(browser, "ursula@example.org")
    assert ctx.database.one("SELECT count(*) AS mails FROM mails")["mails"] == 3
    assert browser.post("/forgotten-password").status_code == 400  # the token of the form is missing


def test_a_link_expires_and_only_administrators_give_one(
    ctx: Context, client: FlaskClient, user: User, admin: User
) -> None:
    with pytest.raises(NotAllowed):
        give_link(ctx, user, admin.id)
    path = give_link(ctx, admin, user.id)
    assert client.get(path).status_code == 200
    ctx.database.run("UPDATE password_links SET expires = now() - interval '1 second'")
    assert client.get(path).status_code == 404
    assert "cannot send mail" in client.get("/forgotten-password").text
