"""How people come by an account and into it, in a real browser, with a real mail server."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from app.domain.errors import NotSignedIn
from app.domain.user import User
from app.local.leftovers import free_port
from app.services.context import Context
from app.services.mail import send_queued
from app.services.sign_in import sign_in
from app.services.site_setting import change_site_settings
from app.services.user import change_profile
from app.storage import setting
from tests.browser.conftest import open_tab
from tests.browser.test_journey import _sign_in
from tests.conftest import PASSWORD, Starter, with_settings
from tests.mail import MailServer, text_of
from tests.serving import serve_at

pytestmark = pytest.mark.slow
NEW = "a new long secret"


def try_to_sign_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def choose_password(page: Page) -> None:
    page.get_by_label("New password").fill(NEW)
    page.get_by_label("The same password again").fill(NEW)
    page.get_by_role("button", name="Save and sign in").click()
    expect(page.get_by_role("heading", name="Datasets", exact=True)).to_be_visible()


def test_first_run_and_settings(page: Page, ctx: Context) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Welcome to 4CAT")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("root")
    page.get_by_label("Password", exact=True).fill(NEW)
    page.get_by_label("The same password again").fill(NEW)
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("heading", name="Datasets", exact=True)).to_be_visible()
    page.get_by_role("link", name="Control panel").click()
    page.get_by_role("navigation", name="Control panel").get_by_role("link", name="Settings").click()
    page.get_by_label("Find a data source").fill("upload")
    form = page.get_by_role("form", name="Settings of the source upload")
    form.get_by_label("Days until its datasets go").fill("30")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_text("Saved", exact=True)).to_be_visible()
    assert ctx.site_settings()["upload.expire_days"] == 30


def test_lock_out_and_a_forgotten_password(
    browser: Browser, ctx: Context, user: User, start: Starter, mail_server: MailServer
) -> None:
    change_profile(ctx, user, user.name, "ursula@example.org")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    mailing = {"MAIL_URL": mail_server.url, "SITE_URL": url}
    setting.put(ctx.database, "workers.send-mail.max_workers", 0)
    serve_at(port, start, **mailing)
    with open_tab(browser, url) as page:
        for _ in range(9):
            with pytest.raises(NotSignedIn):
                sign_in(ctx, user.name, "a wrong one")
        page.goto("/login")
        try_to_sign_in(page, user.name, "a wrong one")
        expect(page.get_by_role("alert")).to_be_visible()
        try_to_sign_in(page, user.name, PASSWORD)
        expect(page.get_by_role("alert")).to_contain_text("minutes")
        page.get_by_role("link", name="Forgotten password").click()
        page.get_by_label("E-mail address of your account").fill("ursula@example.org")
        page.get_by_role("button", name="Send me a link").click()
        expect(page.get_by_text("a mail with a link is on its way")).to_be_visible()
        (number,) = [row["id"] for row in ctx.database.many("SELECT id FROM mails")]
        send_queued(with_settings(ctx, mail_url=mail_server.url, site_url=url), number)
        found = re.search(r"http://\S+/new-password/\S+", text_of(mail_server.letters[0]))
        assert found
        page.goto(found[0])
        choose_password(page)


def test_a_request_is_approved_and_a_password_chosen(
    page: Page, browser: Browser, site: str, ctx: Context, admin: User
) -> None:
    change_site_settings(ctx, admin, {"accounts.requests": True, "accounts.policy": "For students of the course."})
    page.goto("/login")
    page.get_by_role("link", name="Ask for an account").click()
    expect(page.get_by_text("For students of the course.")).to_be_visible()
    page.get_by_label("Your name").fill("Cleo")
    page.get_by_label("E-mail").fill("cleo@example.org")
    page.get_by_label("What do you want to do here?").fill("A thesis.")
    page.get_by_role("button", name="Send the request").click()
    expect(page.get_by_text("Your request has been sent")).to_be_visible()
    with open_tab(browser, site) as office:
        _sign_in(office, admin)
        office.goto("/control")
        office.get_by_role("link", name="1 person asks for an account").click()
        office.get_by_role("button", name="Approve Cleo").click()
        link = office.get_by_label("Link to a password").input_value()
    page.goto(link)
    choose_password(page)
